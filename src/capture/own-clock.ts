// Our own clock: CLOCK_MONOTONIC, tied to the wall once and read again each second.
//
// Node has no clock_gettime. `process.hrtime` is CLOCK_MONOTONIC in ns; `Date.now()` is CLOCK_REALTIME in whole
// milliseconds. The edge at which Date.now() changes gives the wall time of one monotonic stamp to well under 10 µs:
//
//   Date.now()  ...41 41 41 41|42 42
//   hrtime          a  b  c  d|e        -> wall 42.000000 ms is between d and e
//
// The wait for an edge is at most 1 ms of spinning, once a second: 0.05 % of a core.

import { epochOf, instantOf, type Epoch, type Instant } from '../time/instant.ts'
import type { ClockPair } from '../time/clock.ts'

export interface OwnClock {
  readonly origin: Epoch
  /** The wall clock by the last pair: a step of it is followed when the next pair is read. */
  now(): Instant
  /** Reads both clocks at an edge. Spins up to 1 ms; once a second is enough. */
  pair(): ClockPair
}

const monotonicNs = (): number => Number(process.hrtime.bigint())

/** [wall ms, monotonic ns] at an edge of Date.now(); the tightest of at most three. */
function edge(): readonly [number, number] {
  let best: readonly [number, number] = [0, 0]
  let bestWidth = Infinity
  for (let attempt = 0; attempt < 3 && bestWidth > 5e3; attempt++) {
    const start = Date.now()
    let earlier = monotonicNs()
    for (;;) {
      const wall = Date.now()
      const later = monotonicNs()
      if (wall !== start) {
        if (later - earlier < bestWidth) {
          best = [wall, Math.round((earlier + later) / 2)]
          bestWidth = later - earlier
        }
        break
      }
      earlier = later
    }
  }
  return best
}

/** `origin`: of the session that is already open; without it, the whole second that has begun. */
export function openOwnClock(origin?: Epoch): OwnClock {
  const [wallMs, baseNs] = edge()
  const start = origin ?? epochOf(BigInt(Math.floor(wallMs / 1000)) * 1_000_000_000n)
  const startMs = Number(start / 1_000_000n)
  const startRestNs = Number(start % 1_000_000n)
  const instantOfWall = (ms: number): number => (ms - startMs) * 1e6 - startRestNs
  let base = instantOfWall(wallMs) - baseNs
  return {
    origin: start,
    now: () => instantOf(Math.round(base + monotonicNs())),
    pair() {
      const [ms, ns] = edge()
      base = instantOfWall(ms) - ns
      return { real: instantOf(instantOfWall(ms)), monotonicNs: ns }
    },
  }
}
