// Is the second recording's rate really lower, or was it only shorter?
//
// Under one and the same rate, each of the faults of both recordings falls into the second with the probability of its
// share of the time: a binomial test (Przyborowski and Wilenski 1940), as a mid-p, since the counts are small.

/** P(X = k) of `n` draws. */
function binomial(k: number, n: number, share: number): number {
  let log = 0
  for (let i = 1; i <= k; i++) log += Math.log((n - k + i) / i)
  return Math.exp(log + k * Math.log(share) + (n - k) * Math.log1p(-share))
}

export interface Exposure {
  readonly events: number
  /** Time watched, any unit, the same for both. */
  readonly length: number
}

/** Chance of so few in the second, or fewer, had nothing changed. One-sided mid-p; 1 where nothing happened in either. */
export function chanceOfFewer(first: Exposure, second: Exposure): number {
  const n = first.events + second.events
  const whole = first.length + second.length
  if (n === 0 || whole <= 0) return 1
  const share = second.length / whole
  if (share <= 0 || share >= 1) return 1
  let p = 0.5 * binomial(second.events, n, share)
  for (let k = 0; k < second.events; k++) p += binomial(k, n, share)
  return Math.min(1, p)
}

/** How long the second has to be without any event before chance explains that with at most `limit`. */
export function lengthToTell(first: Exposure, limit: number): number | undefined {
  if (first.events === 0) return undefined
  // 0.5 * (L1 / (L1 + L2))^n = limit
  return first.length * ((2 * limit) ** (-1 / first.events) - 1)
}
