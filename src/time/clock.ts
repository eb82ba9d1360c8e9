// Two clocks of one kernel, held together.
//
// tcpdump and sysdig stamp with CLOCK_REALTIME, bpftrace with CLOCK_MONOTONIC. The host sampler reads both once a
// second; from those pairs a monotonic stamp becomes an instant, and a jump of their distance is a clock step: an event
// of its own, because a step looks exactly like a late packet to whoever has one clock only.

import { instantOf, spanOf, type Instant, type Span } from './instant.ts'

/** CLOCK_REALTIME, as an instant of this session, and CLOCK_MONOTONIC in ns, read at the same moment. */
export interface ClockPair {
  readonly real: Instant
  readonly monotonicNs: number
}

export interface ClockStep {
  readonly at: Instant
  /** How far CLOCK_REALTIME jumped; positive: forward. */
  readonly by: Span
}

/** Slewing moves the clocks apart by at most 500 ppm; what is more between two pairs is a step. */
const slewLimit = 500e-6
/** A pair is read to well under this, also on a busy machine. */
const readingErrorNs = 2e6

/** A stamp that is older than the oldest of these is placed by it: hours of slewing at full speed. */
const stretchesKept = 65_536

export interface ClockMap {
  /** Takes a pair; returns the step it reveals, if any. Pairs come in order of their monotonic stamp. */
  add(pair: ClockPair): ClockStep | undefined
  /** The instant of a monotonic stamp, by the pairs around it; undefined before the first pair. */
  instantAt(monotonicNs: number): Instant | undefined
}

export function createClockMap(): ClockMap {
  // Offsets REALTIME - MONOTONIC, one per stretch without a step: [monotonic since, offset].
  const since: number[] = []
  const offsets: number[] = []
  let last: ClockPair | undefined
  return {
    add(pair) {
      const offset = pair.real - pair.monotonicNs
      const known = offsets.at(-1)
      if (known === undefined || last === undefined) {
        since.push(pair.monotonicNs)
        offsets.push(offset)
        last = pair
        return undefined
      }
      const passed = Math.max(0, pair.monotonicNs - last.monotonicNs)
      const moved = offset - (last.real - last.monotonicNs)
      const isStep = Math.abs(moved) > readingErrorNs + passed * slewLimit
      // A slewed offset is followed in small stretches, so that a day of slewing does not turn into milliseconds.
      if (isStep || Math.abs(offset - known) > 100e3) {
        since.push(pair.monotonicNs)
        offsets.push(offset)
        if (since.length > stretchesKept) {
          since.shift()
          offsets.shift()
        }
      }
      last = pair
      return isStep ? { at: pair.real, by: spanOf(moved) } : undefined
    },
    instantAt(monotonicNs) {
      let at = since.length - 1
      while (at > 0 && (since[at] ?? 0) > monotonicNs) at--
      const offset = offsets[at]
      return offset === undefined ? undefined : instantOf(monotonicNs + offset)
    },
  }
}
