// Is a measured value (await, pressure, run delay) higher before late adverts than before punctual ones? The rank-sum
// test of Wilcoxon, one-sided. Values tie often (a disk at rest waits 0 ms), so its distribution is counted over the ranks
// as they are, not taken from a table that knows no ties. No mid-p here: load comes in bursts, so neighbouring windows are
// alike, and the test is optimistic enough as it is.

import { errorFunction } from 'simple-statistics'

/** Tied values share the mean of their ranks; all ranks are doubled, so that they stay whole numbers. */
function doubledRanks(values: readonly number[]): number[] {
  const order = values.map((value, i) => ({ value, i })).toSorted((a, b) => a.value - b.value)
  const ranks: number[] = []
  for (let from = 0; from < order.length;) {
    let to = from
    while (order[to + 1]?.value === order[from]?.value && to + 1 < order.length) to++
    for (let k = from; k <= to; k++) ranks[order[k]?.i ?? 0] = from + to + 2
    from = to + 1
  }
  return ranks
}

/** In how many ways `draws` of the ranks sum to s, for each s: `ways[s]` over all of them is the chance of s. */
function sumsOf(ranks: readonly number[], draws: number): Float64Array {
  const most = ranks
    .toSorted((a, b) => b - a)
    .slice(0, draws)
    .reduce((a, b) => a + b, 0)
  const ways = Array.from({ length: draws + 1 }, () => new Float64Array(most + 1))
  const none = ways[0]
  if (none !== undefined) none[0] = 1
  for (const rank of ranks)
    for (let k = draws; k >= 1; k--) {
      const [with_, without] = [ways[k], ways[k - 1]]
      if (with_ === undefined || without === undefined) continue
      for (let s = most; s >= rank; s--) with_[s] = (with_[s] ?? 0) + (without[s - rank] ?? 0)
    }
  return ways[draws] ?? new Float64Array()
}

function countedP(ranks: readonly number[], draws: number, sum: number): number {
  const ways = sumsOf(ranks, draws)
  let [all, above] = [0, 0]
  ways.forEach((count, s) => {
    all += count
    above += s >= sum ? count : 0
  })
  return above / all
}

/** Its normal limit, with the variance that the ties leave, and half a rank (1, doubled) for the steps between sums. */
function limitP(ranks: readonly number[], draws: number, sum: number): number {
  const n = ranks.length
  const mean = ranks.reduce((a, b) => a + b, 0) / n
  const spread = ranks.reduce((total, rank) => total + (rank - mean) ** 2, 0) / (n - 1)
  const deviation = Math.sqrt(spread * draws * (1 - draws / n))
  return 0.5 * (1 - errorFunction((sum - 1 - draws * mean) / (deviation * Math.SQRT2)))
}

/** Beyond this counting takes longer than a verdict may, and the limit is good. */
const countedDraws = 6
const countedValues = 50

/** Chance that values as high as `late`, or higher, are drawn from all of them. 1 where all are the same. */
export function rankSumP(late: readonly number[], baseline: readonly number[]): number {
  const ranks = doubledRanks([...late, ...baseline])
  if (late.length === 0 || baseline.length === 0 || ranks.every((rank) => rank === ranks[0])) return 1
  const sum = ranks.slice(0, late.length).reduce((a, b) => a + b, 0)
  const isCounted = late.length <= countedDraws || ranks.length <= countedValues
  return (isCounted ? countedP : limitP)(ranks, late.length, sum)
}
