// Is it more frequent in late windows than in on-time ones? Fisher's exact test of the table
//
//               seen   not seen
//     late        k     late - k          one-sided: so many of the late ones, or more
//     on time     b     on time - b
//
// as a mid-p (Lancaster 1961), because plain Fisher is too cautious with three to ten late adverts.

import { gammaln } from 'simple-statistics'

export interface Table2x2 {
  readonly lateHits: number
  readonly late: number
  readonly baselineHits: number
  readonly baseline: number
}

const logChoose = (n: number, k: number): number => gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)

/** P(X = k): `k` marked among `draws` of `total`, of which `marked` are marked. */
export function hypergeometric(k: number, total: number, marked: number, draws: number): number {
  if (k < Math.max(0, draws - (total - marked)) || k > Math.min(marked, draws)) return 0
  return Math.exp(logChoose(marked, k) + logChoose(total - marked, draws - k) - logChoose(total, draws))
}

export function fisherMidP({ lateHits, late, baselineHits, baseline }: Table2x2): number {
  const total = late + baseline
  const marked = lateHits + baselineHits
  let p = 0.5 * hypergeometric(lateHits, total, marked, late)
  for (let k = lateHits + 1; k <= Math.min(marked, late); k++) p += hypergeometric(k, total, marked, late)
  return Math.min(1, p)
}

/**
 * The least p that so many hits in all could have had, wherever they fell. What cannot be significant even at its best
 * need not be corrected for (Tarone 1990): the choice rests on the sum of both rows, never on how it is split.
 */
export function leastMidP({ lateHits, late, baselineHits, baseline }: Table2x2): number {
  const marked = lateHits + baselineHits
  const most = Math.min(marked, late)
  return fisherMidP({ lateHits: most, late, baselineHits: marked - most, baseline })
}

/** Rate among the late ones over rate among the others, with half a window added to each cell. */
export function liftOf({ lateHits, late, baselineHits, baseline }: Table2x2): number {
  return (lateHits + 0.5) / (late + 1) / ((baselineHits + 0.5) / (baseline + 1))
}
