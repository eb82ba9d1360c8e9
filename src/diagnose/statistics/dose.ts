// The longer the cause, the later the advert? Spearman's rank correlation over the late adverts of one suspect, and how
// much later an advert is for each second more of it: 1 for what stops the sender for as long as it lasts.

import { linearRegression, sampleRankCorrelation } from 'simple-statistics'

export interface Dose {
  readonly rho: number
  readonly slope: number
  readonly n: number
  /** So strong by chance in at most one case of twenty. */
  readonly isSignificant: boolean
}

/** Least rho that is significant one-sided at 5 % for n = 4, 5, … 12 (Zar 1972); no three can be. */
const critical = [1, 0.9, 0.829, 0.714, 0.643, 0.6, 0.564, 0.536, 0.503]
const fewest = 4

/** `pairs`: how long or how much of it, and the overrun. undefined for fewer than four, or where nothing varies. */
export function doseOf(pairs: readonly (readonly [amount: number, overrun: number])[]): Dose | undefined {
  if (pairs.length < fewest) return undefined
  const rho = sampleRankCorrelation(
    pairs.map(([amount]) => amount),
    pairs.map(([, overrun]) => overrun),
  )
  if (!Number.isFinite(rho)) return undefined
  const { m: slope } = linearRegression(pairs.map(([amount, overrun]) => [amount, overrun]))
  const least = critical[Math.min(pairs.length, fewest + critical.length - 1) - fewest] ?? 1
  // Its table is rounded to three digits.
  return { rho, slope, n: pairs.length, isSignificant: rho >= least - 5e-4 }
}
