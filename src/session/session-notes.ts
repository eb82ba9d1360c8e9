// The operator's notes of a live session: kept while it lasts, and shown with its snapshots.

import { longestMark, type Mark } from '../events/mark.ts'
import type { Instant } from '../time/instant.ts'
import type { Snapshot } from '../engine/snapshot.ts'

export interface SessionNotes {
  readonly all: readonly Mark[]
  add(at: Instant, text: string): void
  /** The snapshot with the notes: the same object for the same snapshot, until there is another note. */
  with(snapshot: Snapshot): Snapshot
}

export function createSessionNotes(): SessionNotes {
  let all: readonly Mark[] = []
  let known: { readonly bare: Snapshot; readonly noted: Snapshot } | undefined
  return {
    get all() {
      return all
    },
    add(at, text) {
      all = [...all, { at, text: text.slice(0, longestMark) }].toSorted((a, b) => a.at - b.at)
      known = undefined
    },
    with(bare) {
      if (all.length === 0) return bare
      if (known?.bare !== bare) known = { bare, noted: { ...bare, marks: all } }
      return known.noted
    },
  }
}
