// The session's two clocks, held together: from the sampler's pairs a monotonic stamp becomes an instant, and a step of
// CLOCK_REALTIME becomes a blind spot, because stamps before and after it do not compare.

import type { Flows } from '../diagnose/flows.ts'
import { createClockMap, type ClockPair, type ClockStep } from '../time/clock.ts'
import { after, before, second, spanOf, type Instant } from '../time/instant.ts'
import type { BlindSpots } from './blind-spots.ts'

export interface SessionClock {
  note(pair: ClockPair): void
  instantAt(monotonicNs: number): Instant | undefined
  readonly steps: readonly ClockStep[]
}

/** A fast slew is ten steps a second. */
const stepsKept = 4096

export function createSessionClock(flows: Flows, blindSpots: BlindSpots): SessionClock {
  const clock = createClockMap()
  const steps: ClockStep[] = []
  return {
    steps,
    instantAt: (ns) => clock.instantAt(ns),
    note(pair) {
      const step = clock.add(pair)
      if (step === undefined) return
      steps.push(step)
      if (steps.length > stepsKept) steps.shift()
      flows.clockStep(step)
      blindSpots.add({
        source: 'clock',
        from: before(step.at, second),
        // Set back, it gives the stamps of this stretch a second time.
        to: after(step.at, spanOf(Math.max(0, 0 - step.by))),
        reason: 'CLOCK_REALTIME was stepped: stamps before and after do not compare',
        remedy: undefined,
      })
    },
  }
}
