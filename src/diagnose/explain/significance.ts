// Is it rarer in on-time windows than chance would have it? Fisher's exact test (mid-p) and Benjamini-Hochberg.
//
// The counts are small (3 to 20 late adverts, 20 to 50 on-time ones), so sums of logarithms of factorials are exact to
// ten digits. A library was looked for: the two that have the hypergeometric distribution bring 11 packages and native
// add-ons, or no types; this is shorter than the code that would call them.

const logFactorials = [0]

function logFactorial(n: number): number {
  for (let i = logFactorials.length; i <= n; i++) logFactorials[i] = (logFactorials[i - 1] ?? 0) + Math.log(i)
  return logFactorials[n] ?? 0
}

const logChoose = (n: number, k: number): number => logFactorial(n) - logFactorial(k) - logFactorial(n - k)

/** P(X = k): `k` marked among `draws` of `total`, of which `marked` are marked. */
export function hypergeometric(k: number, total: number, marked: number, draws: number): number {
  if (k < Math.max(0, draws - (total - marked)) || k > Math.min(marked, draws)) return 0
  return Math.exp(logChoose(marked, k) + logChoose(total - marked, draws - k) - logChoose(total, draws))
}

export interface Table2x2 {
  readonly lateHits: number
  readonly late: number
  readonly baselineHits: number
  readonly baseline: number
}

/** One-sided mid-p: more hits among the late ones than chance gives. Lancaster 1961. */
export function fisherMidP({ lateHits, late, baselineHits, baseline }: Table2x2): number {
  const total = late + baseline
  const marked = lateHits + baselineHits
  let p = 0.5 * hypergeometric(lateHits, total, marked, late)
  for (let k = lateHits + 1; k <= Math.min(marked, late); k++) p += hypergeometric(k, total, marked, late)
  return Math.min(1, p)
}

/** Rate among the late ones over rate among the others, with half a window added to each cell. */
export function liftOf({ lateHits, late, baselineHits, baseline }: Table2x2): number {
  return (lateHits + 0.5) / (late + 1) / ((baselineHits + 0.5) / (baseline + 1))
}

/** Benjamini-Hochberg: the false discovery rate at which each would be shown. Same order as given. */
export function falseDiscoveryRates(ps: readonly number[]): number[] {
  const order = ps.map((p, i) => ({ p, i })).toSorted((a, b) => b.p - a.p)
  const qs: number[] = []
  let least = 1
  order.forEach(({ p, i }, place) => {
    least = Math.min(least, (p * ps.length) / (ps.length - place))
    qs[i] = least
  })
  return qs
}
