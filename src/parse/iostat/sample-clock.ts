// From the stamps of successive samples to the stretch that each one covers.
//
// iostat is clocked by alarm(1), re-armed at each report: no catch-up. Stopped for 3.4 s its stamps went 49 50 51 54 55,
// and the row of 54 covers three seconds. So the distance to the stamp before is the stretch, good to one second, because
// stamps are whole seconds. A stamp that repeats or goes back (a clock step) says nothing: then it is the period.

import type { Instant, Span } from '../../time/instant.ts'

export interface SampleClock {
  /** The next sample is the first of its run. */
  restart(): void
  spanOf(at: Instant): Span
}

export function createSampleClock(period: Span): SampleClock {
  let last: Instant | undefined
  return {
    restart() {
      last = undefined
    },
    spanOf(at) {
      const passed = last === undefined ? 0 : at - last
      last = at
      return passed > 0 ? (passed as Span) : period
    },
  }
}
