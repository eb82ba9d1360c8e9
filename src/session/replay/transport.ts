// How a replay is moved about: what the keys of the screen do to it.

import type { Instant } from '../../time/instant.ts'

export interface Transport {
  /** Plays, or pauses; from the end it begins anew. */
  play(): void
  seek(to: Instant): void
  /** To the next or the previous event of note: an advert, a note, the begin of a blind spot. Pauses there. */
  step(by: 1 | -1): void
  setSpeed(speed: number): void
  /** While it is being read: what has been read until now is all. */
  stopReading(): void
}
