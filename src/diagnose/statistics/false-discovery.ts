// Many suspects are tried at once, so some look unusual by chance: Benjamini and Hochberg 1995.

/** The false discovery rate at which each would be shown. Same order as given. */
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
