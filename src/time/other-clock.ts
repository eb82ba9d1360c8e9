// Another kernel's clock, seen from here: where an instant of one lies on the other.
//
//   here - there (ms)
//     5316                          ·  ·  · ·  ·      stretch 2: that clock fell behind by 4.2 s, and stayed behind
//                                 /
//     1114   ·  · ·  ·  ·  ·  · -/                    stretch 1
//            └── line from the first packet to the last, bent a little where the drift changes
//
// Between two stretches that clock was stepped, or stood still; where exactly is not known, so nothing in between can be
// placed. Outside all of them the nearest line goes on.

import { instantOf, spanOf, type Instant, type Span, type Window } from './instant.ts'

/** A point of the line: at this instant of the other clock, `here - there`. */
export interface Knot {
  readonly there: Instant
  readonly offset: Span
}

/** A stretch without a step. `knots`: at least one, in order. */
export interface ClockStretch {
  readonly knots: readonly Knot[]
  /** Offset gained per ns outside the knots. */
  readonly drift: number
  /** Half a width that holds most packets; the least delay on the way is unknown and is in the offset. */
  readonly error: Span
  readonly pairs: number
  /** First and last pair, by our clock. */
  readonly seen: Window
}

/** Between two stretches: by how much the other clock fell behind (positive), somewhere in this window of our clock. */
export interface OtherStep {
  readonly window: Window
  readonly by: Span
}

export interface OtherClock {
  readonly stretches: readonly ClockStretch[]
  readonly steps: readonly OtherStep[]
  /** Of the first stretch, at its first packet: how far our clock is ahead of the other. */
  readonly offset: Span
  readonly drift: number
  readonly error: Span
  here(there: Instant): Instant
  there(here: Instant): Instant
}

function offsetIn({ knots, drift }: ClockStretch, there: number): number {
  const first = knots[0]
  const last = knots.at(-1)
  if (first === undefined || last === undefined) return 0
  if (there <= first.there) return first.offset + (there - first.there) * drift
  if (there >= last.there) return last.offset + (there - last.there) * drift
  const next = knots.findIndex((one) => one.there > there)
  const a = knots[next - 1] ?? first
  const b = knots[next] ?? last
  return a.offset + ((there - a.there) / (b.there - a.there)) * (b.offset - a.offset)
}

const beginOf = (stretch: ClockStretch): number => stretch.knots[0]?.there ?? 0
const endOf = (stretch: ClockStretch): number => stretch.knots.at(-1)?.there ?? 0

/** `stretches`: at least one, in order. */
export function otherClock(stretches: readonly [ClockStretch, ...ClockStretch[]]): OtherClock {
  const [head] = stretches
  const steps = stretches.slice(1).map((next, i): OtherStep => {
    const before = stretches[i] ?? head
    return {
      window: { from: before.seen.to, to: next.seen.from },
      by: spanOf(offsetIn(next, beginOf(next)) - offsetIn(before, endOf(before))),
    }
  })
  /** Between two stretches the earlier one holds up to the middle: nothing there is certain. */
  const limits = stretches
    .slice(1)
    .map((next, i) => ({ there: (endOf(stretches[i] ?? head) + beginOf(next)) / 2, window: steps[i]?.window }))

  function hereOf(stamp: number): number {
    if (!Number.isFinite(stamp)) return stamp
    const found = limits.findIndex((one) => stamp < one.there)
    const index = found === -1 ? stretches.length - 1 : found
    const stretch = stretches[index] ?? head
    const at = stamp + offsetIn(stretch, stamp)
    // Order is kept: what lies in a step's window stays in it.
    const least = limits[index - 1]?.window?.from ?? -Infinity
    const most = limits[index]?.window?.to ?? Infinity
    return Math.max(least, Math.min(most, at))
  }

  function thereOf(at: number): number {
    if (!Number.isFinite(at)) return at
    const index = steps.findIndex((step) => at < step.window.to)
    const stretch = stretches[index === -1 ? stretches.length - 1 : index] ?? head
    // The offset changes by parts in a million: two rounds are exact to a nanosecond.
    let guess = at - offsetIn(stretch, at)
    guess = at - offsetIn(stretch, guess)
    return at - offsetIn(stretch, guess)
  }

  return {
    stretches,
    steps,
    offset: spanOf(offsetIn(head, beginOf(head))),
    drift: head.drift,
    error: spanOf(Math.max(...stretches.map((one) => one.error))),
    here: (at) => instantOf(hereOf(at)),
    there: (at) => instantOf(thereOf(at)),
  }
}
