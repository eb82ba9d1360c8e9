// The two clocks of a sample: CLOCK_MONOTONIC as it is, and CLOCK_REALTIME to a few microseconds.
//
// Node reads CLOCK_REALTIME in whole milliseconds only. So an exact pair is taken once a second, and in between the wall
// is the monotonic clock plus the last offset. A step of the wall clock would hide for up to a second: Date.now() is
// compared at each tick, and when it is off by more than 3 ms a new pair is taken at once.

import type { OwnClock } from '../own-clock.ts'
import { epochAt, instantOf, type Instant } from '../../time/instant.ts'

export interface Reading {
  readonly at: Instant
  /** CLOCK_REALTIME and CLOCK_MONOTONIC in ns, as digits. */
  readonly ns: string
  readonly mono: string
}

export interface SamplerClock {
  read(): Reading
  /** Takes a new pair if the last one is a second old. Spins up to 3 ms: not to be called in the middle of a sample. */
  refresh(): void
}

const pairEveryNs = 1e9
const stepMs = 3

export function createSamplerClock(clock: OwnClock): SamplerClock {
  const originMs = Number(clock.origin / 1_000_000n)
  let pair = clock.pair()
  return {
    read() {
      let monotonicNs = process.hrtime.bigint()
      let at = instantOf(pair.real + (Number(monotonicNs) - pair.monotonicNs))
      if (Math.abs(Date.now() - originMs - at / 1e6) > stepMs) {
        pair = clock.pair()
        monotonicNs = process.hrtime.bigint()
        at = instantOf(pair.real + (Number(monotonicNs) - pair.monotonicNs))
      }
      return { at, ns: String(epochAt(at, clock.origin)), mono: String(monotonicNs) }
    },
    refresh() {
      if (Number(process.hrtime.bigint()) - pair.monotonicNs >= pairEveryNs) pair = clock.pair()
    },
  }
}
