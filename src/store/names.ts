// Every text of the store, kept once, for as long as a row or a parser holds its id.
//
// Names come from the host and are hostile: there may be millions, each as long as a path, and a busy host makes new ones all
// night. So their bytes count and are bounded. When little room is left, whoever holds ids marks those that it holds, and the
// others are let go: their ids are given out again.
//
//   id      0    1            2        3          4
//   text    ''   (not kept)   read     /tmp/17    -        4 was let go and is the next to be given out
//   used    -    -            1        1          0
//
// What comes while there is no room is "not kept", and the owner of the table tells.

import { nameNotKept, noName, type NameId } from '../events/kernel.ts'

/** Sets 1 at each id that a holder still needs. */
export type MarkNames = (used: Uint8Array) => void

export interface Names {
  idOf(text: string): NameId
  /** The id of a text that is already known; undefined otherwise. */
  find(text: string): NameId | undefined
  textOf(id: number): string
  readonly bytes: number
  /** Texts kept now. */
  readonly count: number
  readonly budgetBytes: number
  /** Names that found no room. */
  readonly refused: number
  /** Whoever keeps ids for longer than a moment. */
  addHolder(holder: MarkNames): void
  /** Lets go of every name that no holder marks. */
  sweep(): void
}

const notKept = '(name not kept: no room)'
/** A Map entry, an array slot and a string header, roughly. */
const overheadBytes = 72
const longestName = 4096
/** Ids that mean the same for ever. */
const fixed = 2

export function openNames(budgetBytes: number): Names {
  const ids = new Map<string, NameId>([['', noName]])
  const texts: (string | undefined)[] = ['', notKept]
  const free: number[] = []
  const holders: MarkNames[] = []
  let bytes = 0
  let refused = 0

  const costOf = (text: string): number => overheadBytes + text.length

  return {
    idOf(text) {
      if (text.length > longestName) return this.idOf(`${text.slice(0, longestName - 1)}…`)
      const known = ids.get(text)
      if (known !== undefined) return known
      // What was cut out of a line would keep the whole line: it is copied.
      const kept = ` ${text}`.slice(1)
      const cost = costOf(kept)
      if (bytes + cost > budgetBytes) {
        refused++
        return nameNotKept
      }
      const id = (free.pop() ?? texts.length) as NameId
      texts[id] = kept
      ids.set(kept, id)
      bytes += cost
      return id
    },
    find: (text) => ids.get(text),
    textOf: (id) => texts[id] ?? '',
    get bytes() {
      return bytes
    },
    get count() {
      return ids.size - 1
    },
    budgetBytes,
    get refused() {
      return refused
    },
    addHolder(holder) {
      holders.push(holder)
    },
    sweep() {
      const used = new Uint8Array(texts.length)
      for (const mark of holders) mark(used)
      for (let id = fixed; id < texts.length; id++) {
        const text = texts[id]
        if (used[id] === 1 || text === undefined) continue
        ids.delete(text)
        texts[id] = undefined
        free.push(id)
        bytes -= costOf(text)
      }
    },
  }
}
