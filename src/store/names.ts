// Every text of the store, kept once.
//
// Names come from the host and are hostile: there may be millions, each as long as a path. So their bytes count and are
// bounded; when the room is used up a new name is "not kept", and the owner of the table tells.

import { noName, type NameId } from '../events/kernel.ts'

export interface Names {
  idOf(text: string): NameId
  /** The id of a text that is already known; undefined otherwise. */
  find(text: string): NameId | undefined
  textOf(id: number): string
  readonly bytes: number
  /** Names that found no room. */
  readonly refused: number
}

const notKept = '(name not kept: no room)'
/** A Map entry, an array slot and a string header, roughly. */
const overheadBytes = 72
const longestName = 4096

export function openNames(budgetBytes: number): Names {
  const ids = new Map<string, NameId>([['', noName]])
  const texts: string[] = ['', notKept]
  let bytes = 0
  let refused = 0
  return {
    idOf(text) {
      const known = ids.get(text)
      if (known !== undefined) return known
      const kept = text.length > longestName ? `${text.slice(0, longestName)}…` : text
      const cost = overheadBytes + kept.length
      if (bytes + cost > budgetBytes) {
        refused++
        return 1 as NameId
      }
      const id = texts.length as NameId
      texts.push(kept)
      ids.set(kept, id)
      bytes += cost
      return id
    },
    find: (text) => ids.get(text),
    textOf: (id) => texts[id] ?? '',
    get bytes() {
      return bytes
    },
    get refused() {
      return refused
    },
  }
}
