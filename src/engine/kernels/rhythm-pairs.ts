// IPv6 has no identification: which passing belongs to which sendmsg is told by the rhythm. keepalived starts its timer anew
// with each advert, so that every interval is a little longer or shorter than the last, and on both clocks alike.
//
//   sent      |    |     |    |        |    |      right: passed - sent scatters as little as the way does
//   passed      |    |     |    |        |    |    by one: it scatters as the intervals do, and a late advert sticks out
//
//   1. of a stretch of adverts the offset that explains their stamps best; none, where another one does nearly as well
//   2. from there forth and back, advert by advert: clocks drift
//   3. where the track is lost (a clock was stepped), what is left is asked anew
//   4. what was held lies between two that were not: as many sent as passed, in order

export interface RhythmPair {
  /** Indices of what was given. */
  readonly sent: number
  readonly passed: number
}

const fewest = 10
/** As long a stretch as is looked at for the offset. */
const looked = 150
const anchors = 3
/** Clocks that are further apart are not found: each offset that could be takes 50 µs to judge. */
const mostOff = 300e9
/** Of two offsets closer to each other than this the better one is taken for both. */
const alike = 50e6
/** Of an advert that was not held. */
const near = 20e6
const finest = 0.01e6
/** Two intervals that are the same differ by less. */
const leastAlike = 1e6
const mostAlike = 5e6
/** Of the adverts of a stretch: both recordings are of the same time. */
const leastCaptured = 0.8
const lostAfter = 3
/** Better than nothing is no proof. */
const fewestRivals = 3

const medianOf = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** Index of the passing that is nearest to this moment; -1 where there is none at all. */
function nearest(passed: readonly number[], moment: number): number {
  let low = 0
  let high = passed.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((passed[middle] ?? 0) < moment) low = middle + 1
    else high = middle
  }
  const before = moment - (passed[low - 1] ?? -Infinity)
  const after = (passed[low] ?? Infinity) - moment
  return before <= after ? low - 1 : low < passed.length ? low : -1
}

/** How long after this moment the nearest packet passed; negative: before. */
const distance = (passed: readonly number[], moment: number): number =>
  (passed[nearest(passed, moment)] ?? Infinity) - moment

const isCaptured = (passed: readonly number[], moment: number): boolean =>
  moment >= (passed[0] ?? Infinity) - near && moment <= (passed.at(-1) ?? -Infinity) + near

interface Candidate {
  readonly offset: number
  /** How much what is left changes from one to the next, in ns: a robust standard deviation. Drift does not count. */
  readonly scatter: number
  /** Of the intervals that stick out on the sending side: so many are the same on the other. */
  readonly matched: number
  readonly count: number
}

function candidateAt(first: number, sent: readonly number[], passed: readonly number[]): Candidate | undefined {
  // What was sent before the capture began or after it ended speaks neither for an offset nor against it.
  const captured = sent.filter((stamp) => isCaptured(passed, stamp + first))
  if (captured.length < Math.max(fewest, leastCaptured * sent.length)) return undefined
  const left = captured.map((stamp) => distance(passed, stamp + first))
  // What was held or lost sticks out under any offset: a median does not mind.
  const changes = left.slice(1).map((one, i) => Math.abs(one - (left[i] ?? 0)))
  const scatter = Math.max(finest, 1.48 * medianOf(changes))
  const same = Math.min(mostAlike, Math.max(leastAlike, 5 * scatter))
  const matched = outstandingOf(captured).filter((i) => (changes[i - 1] ?? Infinity) < same).length
  return { offset: first + medianOf(left), scatter, matched, count: changes.length }
}

/** In standard errors of such a scatter's logarithm, which is known to about 1.2 / sqrt(n); few stamps scatter little by chance. */
const clearBy = (count: number): number => 8 + 20 / Math.sqrt(count)
const hintedBy = 3

function isClearlyBetter(one: Candidate, other: Candidate): boolean {
  const count = Math.min(one.count, other.count)
  const less = Math.log(other.scatter / one.scatter) * Math.sqrt(count)
  const more = one.matched - other.matched
  return (less > clearBy(count) && more >= 0) || (less > hintedBy && more >= 1) || (less > 0 && more >= 2)
}

/** Intervals, by the index of the advert at their end, and how far each is from the usual one. */
function intervalsOf(sent: readonly number[]): { readonly at: number; readonly by: number }[] {
  const intervals = sent.slice(1).map((stamp, i) => stamp - (sent[i] ?? 0))
  const usual = medianOf(intervals)
  return intervals.map((interval, i) => ({ at: i + 1, by: Math.abs(interval - usual) }))
}

/** Those that no timer makes by itself: an advert was late, or sent at once. */
function outstandingOf(sent: readonly number[]): number[] {
  const intervals = intervalsOf(sent)
  const least = Math.max(20e6, 10 * medianOf(intervals.map(({ by }) => by)))
  return intervals.flatMap(({ at, by }) => (by > least ? [at] : []))
}

/** Those behind the most unusual intervals tell most. */
const tellingOf = (sent: readonly number[]): number[] =>
  intervalsOf(sent)
    .toSorted((a, b) => b.by - a.by)
    .map(({ at }) => at)

/** undefined: the rhythm does not tell. */
function offsetOf(sent: readonly number[], passed: readonly number[]): number | undefined {
  const candidates = tellingOf(sent)
    .slice(0, anchors)
    .flatMap((anchor) => {
      const stamp = sent[anchor] ?? 0
      return passed.flatMap((moment) =>
        Math.abs(moment - stamp) <= mostOff ? (candidateAt(moment - stamp, sent, passed) ?? []) : [],
      )
    })
  const [best, ...others] = candidates.toSorted((a, b) => b.matched - a.matched || a.scatter - b.scatter)
  if (best === undefined) return undefined
  const rivals = others.filter((one) => Math.abs(one.offset - best.offset) >= alike)
  return rivals.length >= fewestRivals && rivals.every((one) => isClearlyBetter(best, one)) ? best.offset : undefined
}

/** From an advert whose offset is known, one by one in one direction, as far as the track is not lost. */
function tracked(
  sent: readonly number[],
  passed: readonly number[],
  from: number,
  by: 1 | -1,
  first: number,
): { readonly pairs: readonly RhythmPair[]; readonly until: number } {
  const pairs: RhythmPair[] = []
  let offset = first
  let missed = 0
  let until = from
  for (let i = from; i >= 0 && i < sent.length && missed < lostAfter; i += by) {
    const moment = (sent[i] ?? 0) + offset
    const found = nearest(passed, moment)
    const off = (passed[found] ?? Infinity) - moment
    if (Math.abs(off) > near) {
      missed += isCaptured(passed, moment) ? 1 : 0
      continue
    }
    missed = 0
    until = i
    pairs.push({ sent: i, passed: found })
    offset += 0.2 * off
  }
  return { pairs, until }
}

/** In each hole between two pairs: as many that were sent as that passed, in order. */
function withHeld(pairs: readonly RhythmPair[]): RhythmPair[] {
  const isBetween = (a: RhythmPair, b: RhythmPair): boolean => b.sent - a.sent === b.passed - a.passed
  // Of a burst that was let go the first is near the moment at which the last was due.
  const kept = pairs.filter((one, i) => {
    const before = pairs[i - 1]
    const behind = pairs[i + 1]
    if (before === undefined || behind === undefined || isBetween(before, one)) return true
    return !isBetween(before, behind)
  })
  return kept.flatMap((one, i) => {
    const next = kept[i + 1]
    const length = next !== undefined && isBetween(one, next) ? next.sent - one.sent : 1
    return Array.from({ length }, (_, k) => ({ sent: one.sent + k, passed: one.passed + k }))
  })
}

/** Where the offset is looked for: around the most unusual interval, which tells most; then in the halves of that. */
function stretchesOf(sent: readonly number[]): { readonly from: number; readonly to: number }[] {
  const middle = tellingOf(sent)[0] ?? 0
  const from = Math.max(0, Math.min(sent.length - looked, middle - looked / 2))
  const to = Math.min(sent.length, from + looked)
  const half = (from + to) >> 1
  // A clock that was stepped in the midst of it has two offsets, and neither is clear.
  return [
    { from, to },
    { from, to: half },
    { from: half, to },
  ]
}

/**
 * `sent` and `passed`: stamps in ns by two clocks, each in order, of one flow. In order; none where the rhythm does not
 * tell which is which.
 */
export function rhythmPairs(sent: readonly number[], passed: readonly number[]): RhythmPair[] {
  if (sent.length < fewest || passed.length < fewest) return []
  for (const { from, to } of stretchesOf(sent)) {
    const offset = offsetOf(sent.slice(from, to), passed)
    if (offset !== undefined) return pairsFrom(bestBetween(from, to, offset, sent, passed), offset, sent, passed)
  }
  return []
}

/** The advert of this stretch that lies closest to where the offset wants it. */
function bestBetween(from: number, to: number, offset: number, sent: readonly number[], passed: readonly number[]) {
  const offOf = (i: number): number => Math.abs(distance(passed, (sent[i] ?? 0) + offset))
  let best = from
  for (let i = from; i < to; i++) if (offOf(i) < offOf(best)) best = i
  return best
}

function pairsFrom(start: number, offset: number, sent: readonly number[], passed: readonly number[]): RhythmPair[] {
  const back = tracked(sent, passed, start, -1, offset)
  const forth = tracked(sent, passed, start, 1, offset)
  const own = withHeld([...back.pairs.slice(1).toReversed(), ...forth.pairs])
  const firstPassed = own[0]?.passed ?? 0
  const lastPassed = own.at(-1)?.passed ?? 0
  const before = sent.slice(0, back.until)
  const behind = sent.slice(forth.until + 1)
  const first = rhythmPairs(before, passed.slice(0, firstPassed))
  const last = rhythmPairs(behind, passed.slice(lastPassed + 1)).map((pair) => ({
    sent: pair.sent + forth.until + 1,
    passed: pair.passed + lastPassed + 1,
  }))
  // Where the track was lost within the capture, and what is left has no clear rhythm, nobody knows what that clock did.
  const isLost = (rest: readonly number[], found: readonly RhythmPair[]): boolean =>
    found.length === 0 && rest.filter((stamp) => isCaptured(passed, stamp + offset)).length >= lostAfter
  return isLost(before, first) || isLost(behind, last) ? [] : [...first, ...own, ...last]
}
