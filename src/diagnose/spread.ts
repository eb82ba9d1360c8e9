// How punctual a flow usually is: median and MAD of its last on-time adverts.
//
// keepalived's timer is relative and drifts by 0.1 to 3 ms an advert, so "late" is measured from the usual distance,
// and against the usual spread. Only what came before an advert judges it: live and replay must agree.

import { millisecond, spanOf, type Span } from '../time/instant.ts'

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

function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

export function createSpread(): Spread {
  const recent: number[] = []
  let next = 0
  let median = 0
  let deviation = 0
  let firstDeviation: number | undefined
  let isGrowing = false
  const deviationOf = (distances: readonly number[], centre: number): number =>
    medianOf(distances.map((one) => Math.abs(one - centre)).toSorted((a, b) => a - b))

  /** The newest `recentCount` distances, whatever the place of the ring's end. */
  function newest(): readonly number[] {
    return Array.from({ length: Math.min(recentCount, recent.length) }, (_, i) => recent.at(next - 1 - i) ?? 0)
  }

  function judgeGrowth(): void {
    if (recent.length < recentCount) return
    const last = newest()
    const now = deviationOf(last, medianOf(last.toSorted((a, b) => a - b)))
    firstDeviation ??= now
    isGrowing = now > Math.max(5 * millisecond, 4 * firstDeviation)
  }

  return {
    add(distance) {
      recent[next] = distance
      next = (next + 1) % kept
      if (recent.length < enough) return
      median = medianOf(recent.toSorted((a, b) => a - b))
      deviation = deviationOf(recent, median)
      judgeGrowth()
    },
    get isGrowing() {
      return isGrowing
    },
    get median() {
      return spanOf(median)
    },
    get deviation() {
      return spanOf(deviation)
    },
    get count() {
      return recent.length
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
