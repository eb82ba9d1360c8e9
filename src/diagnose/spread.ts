// How punctual a flow usually is: median and MAD of its last on-time adverts.
//
// keepalived's timer is relative and drifts by 0.1 to 3 ms an advert, so "late" is measured from the usual distance,
// and against the usual spread. Only what came before an advert judges it: live and replay must agree.

import { millisecond, spanOf, type Span } from '../time/instant.ts'
import { createSortedWindow } from './sorted-window.ts'

export interface Spread {
  add(distance: Span): void
  readonly median: Span
  /** Median absolute deviation from the median. */
  readonly deviation: Span
  readonly count: number
  /** The last adverts scatter far more than the first ones did (W5): contention, not one stall. */
  readonly isGrowing: boolean
}

const kept = 101
/** Below this many adverts nothing is known about what is usual. */
const enough = 3
/** As many as say how a flow scatters now, and how it did at first. */
const recentCount = 30

export function createSpread(): Spread {
  const usual = createSortedWindow(kept)
  const recent = createSortedWindow(recentCount)
  let firstDeviation: number | undefined
  let isGrowing = false

  const isKnown = (): boolean => usual.count >= enough

  return {
    add(distance) {
      usual.add(distance)
      recent.add(distance)
      if (recent.count < recentCount) return
      const now = recent.deviation
      firstDeviation ??= now
      isGrowing = now > Math.max(5 * millisecond, 4 * firstDeviation)
    },
    get isGrowing() {
      return isGrowing
    },
    get median() {
      return spanOf(isKnown() ? usual.median : 0)
    },
    get deviation() {
      return spanOf(isKnown() ? usual.deviation : 0)
    },
    get count() {
      return usual.count
    },
  }
}

/** From here on an advert is late: design section 5. */
export function lateFrom(spread: Spread, fixed: Span | undefined): Span {
  return fixed ?? spanOf(Math.max(50 * millisecond, 8 * spread.deviation))
}

/** Within this, two moments are the same phase. */
export function jitterOf(spread: Spread): Span {
  return spanOf(Math.max(20 * millisecond, 8 * spread.deviation))
}
