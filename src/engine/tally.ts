// What one probe's parser has said so far, in numbers: read, left out, unreadable.

import type { Malformed, Outcomes } from '../events/outcome.ts'

export interface Tally extends Outcomes {
  events: number
  readonly malformedCount: number
  readonly ignoredByKind: ReadonlyMap<string, number>
  /** The last thing that could not be read. */
  readonly lastComplaint: Malformed | undefined
}

const kindsKept = 64

/** `onMalformed` is told of each one: a run of them is a stretch in which this probe could not be heard. */
export function createTally(onMalformed: (complaint: Malformed) => void): Tally {
  const kinds = new Map<string, number>()
  let malformedCount = 0
  let lastComplaint: Malformed | undefined
  return {
    events: 0,
    get malformedCount() {
      return malformedCount
    },
    get lastComplaint() {
      return lastComplaint
    },
    ignoredByKind: kinds,
    malformed(complaint) {
      malformedCount++
      lastComplaint = complaint
      onMalformed(complaint)
    },
    ignored(kind) {
      const known = kinds.get(kind)
      if (known !== undefined || kinds.size < kindsKept) kinds.set(kind, (known ?? 0) + 1)
    },
  }
}
