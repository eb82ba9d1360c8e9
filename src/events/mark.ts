// What the operator noted, and when: "switched the disk off here".

import type { Instant } from '../time/instant.ts'

export interface Mark {
  readonly at: Instant
  /** As it was typed, or as a bundle says: escape when shown. */
  readonly text: string
}

/** A note is a sentence, not a file. */
export const longestMark = 500
