// Steps of the clock that the adverts are stamped by: a gap can be one, and no advert late at all.

import type { ClockStep } from '../time/clock.ts'
import { millisecond, spanOf, type Span } from '../time/instant.ts'
import type { LateAdvert } from './finding.ts'

/** A step is noticed up to a sample after it happened: the sampler's period, and then some. */
export const noticedWithin = spanOf(0.2e9)
/** A fast slew is ten steps a second. */
const stepsKept = 4096

export interface ClockSteps {
  add(step: ClockStep): void
  /**
   * The steps in this gap are as long as the lateness. The first one may belong to the advert before, the last one to
   * the advert after. A fast slew is many small steps.
   */
  explains(gap: Pick<LateAdvert, 'previousAt' | 'at' | 'overrun'>, jitter: Span): boolean
}

export function createClockSteps(): ClockSteps {
  const steps: ClockStep[] = []
  return {
    add(step) {
      steps.push(step)
      if (steps.length > stepsKept) steps.shift()
    },
    explains({ previousAt, at, overrun }, jitter) {
      const inGap = steps.filter((step) => step.at > previousAt && step.at < at + noticedWithin)
      const sumFrom = (from: number, to: number): number => inGap.slice(from, to).reduce((sum, one) => sum + one.by, 0)
      const tolerance = Math.max(jitter, 25 * millisecond) + 0.01 * overrun
      const ends = [0, -1].map((drop) => inGap.length + drop)
      return (
        inGap.length > 0 && [0, 1].some((from) => ends.some((to) => Math.abs(sumFrom(from, to) - overrun) < tolerance))
      )
    },
  }
}
