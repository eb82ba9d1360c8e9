// One line of iostat: what one device did over one interval. It covers the interval, never a moment in it.

import type { Instant, Span } from '../time/instant.ts'
import type { Outcomes } from './outcome.ts'

export interface DiskRow {
  /** When iostat reported it; stamped in whole seconds, so good to one second. */
  readonly at: Instant
  /** Length of the interval it averages over, from the stamps: longer than the period when iostat itself was held up. */
  readonly span: Span
  readonly device: string
  readonly readsPerSecond: number
  readonly writesPerSecond: number
  readonly readKbPerSecond: number
  readonly writeKbPerSecond: number
  readonly readAwaitMs: number
  readonly writeAwaitMs: number
  /** undefined in sysstat before 12.1, which has no flush columns. */
  readonly flushAwaitMs: number | undefined
  readonly queue: number
  readonly utilisation: number
}

export interface DiskSink extends Outcomes {
  disk(row: DiskRow): void
}
