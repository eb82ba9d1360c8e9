// How far another clock is off, from packets that were stamped on both: there as they were sent, here as they passed.
//
// A packet takes time on its way and never arrives before it left, so `here - there` is the offset plus a delay that is
// never negative: the low edge of the points is the offset, and what lies far above it was held on its way.
//
//   1. a point from which the next one falls was held (or the first of a burst): left out
//   2. the rest is cut where the low edge moves and stays: the other clock was stepped, or stood still
//   3. each stretch gets a line along its low edge, robustly (median of slopes, low quantile of what is left)
//
// A drift that is not larger than its own uncertainty is taken as none.

import { otherClock, type ClockStretch, type Knot, type OtherClock } from './other-clock.ts'
import { instantOf, millisecond, second, spanOf, type Instant } from './instant.ts'

export interface StampPair {
  readonly there: Instant
  readonly here: Instant
}

interface Point {
  readonly there: number
  readonly here: number
  /** here - there. */
  readonly off: number
}

/** Less than this is the scatter of a busy machine; no step is told below it. */
const leastStep = 20 * millisecond
const leastPairs = 3
/** A line is bent after so long: drift is not constant over hours. */
const pieceNs = 120 * second
/** Shorter than this no drift can be told from scatter. */
const leastForDrift = 20 * second
/** An oscillator, slewed at its fastest, is off by no more. */
const mostDrift = 1e-3
const recent = 20
const slopePoints = 60
const leastError = 0.1 * millisecond

function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) return Number.NaN
  const place = q * (sorted.length - 1)
  const low = Math.floor(place)
  const a = sorted[low] ?? 0
  const b = sorted[Math.min(sorted.length - 1, low + 1)] ?? a
  return a + (place - low) * (b - a)
}

const sortedOf = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)

/** A held packet is behind its time, and the next one, or the last of its burst, is less so. */
function withoutHeld(points: readonly Point[]): Point[] {
  return points.filter((one, i) => {
    const next = points[i + 1]
    return next === undefined || one.off - next.off <= leastStep
  })
}

function stretchesOf(points: readonly Point[]): Point[][] {
  const stretches: Point[][] = []
  let current: Point[] = []
  const close = (): void => {
    if (current.length >= leastPairs) stretches.push(current)
    current = []
  }
  points.forEach((one, i) => {
    const floor = quantile(sortedOf(current.slice(-recent).map((point) => point.off)), 0.1)
    const ahead = points.slice(i, i + leastPairs)
    const isShort = current.length === 0 || ahead.length < leastPairs
    // So far behind, and everything after it as well.
    const isUp = !isShort && ahead.every((point) => point.off > floor + leastStep)
    const isDown = !isShort && ahead.every((point) => point.off < floor - leastStep)
    if (isUp || isDown) close()
    else if (current.length > 0 && Math.abs(one.off - floor) > leastStep) return
    current.push(one)
  })
  close()
  return stretches
}

/** Median of the slopes between all of them, and how sure it is. */
function slopeOf(points: readonly Point[]): number {
  const step = Math.max(1, Math.ceil(points.length / slopePoints))
  // Of each handful the one that was least delayed.
  const low: Point[] = []
  for (let i = 0; i < points.length; i += step) {
    const [least] = points.slice(i, i + step).toSorted((a, b) => a.off - b.off)
    if (least !== undefined) low.push(least)
  }
  const slopes: number[] = []
  low.forEach((one, i) => {
    for (const other of low.slice(i + 1))
      if (other.there - one.there >= 0.25 * ((low.at(-1)?.there ?? 0) - (low[0]?.there ?? 0)))
        slopes.push((other.off - one.off) / (other.there - one.there))
  })
  const first = points[0]
  const last = points.at(-1)
  const length = first === undefined || last === undefined ? 0 : last.there - first.there
  if (slopes.length < 3 || length < leastForDrift) return 0
  const sorted = sortedOf(slopes)
  const slope = quantile(sorted, 0.5)
  const spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / Math.sqrt(low.length)
  return Math.abs(slope) > spread && Math.abs(slope) < mostDrift ? slope : 0
}

interface Line {
  readonly slope: number
  /** Offset at `there` = 0 of the line. */
  readonly at: (there: number) => number
  readonly error: number
}

/** `edge`: the quantile that stands for an undelayed packet. */
function lineOf(points: readonly Point[], edge: number): Line {
  const origin = points[0]?.there ?? 0
  const slope = slopeOf(points)
  const left = sortedOf(points.map((one) => one.off - slope * (one.there - origin)))
  const base = quantile(left, edge)
  const error = Math.max(leastError, quantile(left, 0.5) - base, base - quantile(left, 0.02))
  return { slope, at: (there) => base + slope * (there - origin), error }
}

function piecesOf(points: readonly Point[]): Point[][] {
  const first = points[0]
  const last = points.at(-1)
  if (first === undefined || last === undefined) return []
  const count = Math.max(1, Math.round((last.there - first.there) / pieceNs))
  const length = (last.there - first.there) / count
  const pieces = Array.from({ length: count }, (_, i) =>
    points.filter(
      (one) => one.there >= first.there + i * length && (i === count - 1 || one.there < first.there + (i + 1) * length),
    ),
  )
  return pieces.filter((one) => one.length >= leastPairs)
}

function stretchOf(points: readonly Point[], edge: number): ClockStretch | undefined {
  const first = points[0]
  const last = points.at(-1)
  if (first === undefined || last === undefined) return undefined
  const lines = piecesOf(points).map((piece) => ({
    line: lineOf(piece, edge),
    from: piece[0]?.there ?? 0,
    to: piece.at(-1)?.there ?? 0,
  }))
  const [head] = lines
  if (head === undefined) return undefined
  const knots: Knot[] = [{ there: instantOf(head.from), offset: spanOf(head.line.at(head.from)) }]
  lines.forEach((one, i) => {
    const next = lines[i + 1]
    const end = next === undefined ? one.to : (one.to + next.from) / 2
    const offset = next === undefined ? one.line.at(end) : (one.line.at(end) + next.line.at(end)) / 2
    if (end > (knots.at(-1)?.there ?? 0)) knots.push({ there: instantOf(end), offset: spanOf(offset) })
  })
  const slopes = sortedOf(lines.map(({ line }) => line.slope))
  return {
    knots,
    drift: quantile(slopes, 0.5),
    error: spanOf(Math.max(...lines.map(({ line }) => line.error))),
    pairs: points.length,
    seen: { from: instantOf(first.here), to: instantOf(last.here) },
  }
}

/** `hasLeft`: `there` is from before the packet left (it may have been delayed, never hastened); else from about then. */
export function fitClock(pairs: readonly StampPair[], hasLeft: boolean): OtherClock | undefined {
  const points = pairs
    .map(({ there, here }): Point => ({ there, here, off: here - there }))
    .toSorted((a, b) => a.there - b.there)
  const edge = hasLeft ? 0.1 : 0.5
  const [first, ...others] = stretchesOf(withoutHeld(points)).flatMap((one) => stretchOf(one, edge) ?? [])
  return first === undefined ? undefined : otherClock([first, ...others])
}
