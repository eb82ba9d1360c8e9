// The last seconds of what was said, in memory, until it is clear what of it is wanted.
//
//   push ─▶ | piece | piece | piece | piece | piece |          more than the budget: the oldest goes, unwritten
//                     └─ wanted ─┘  drain ─▶ written            older ones that were not wanted go with it
//
// Pieces leave in the order in which they came: a file only grows at its end. So a stretch that is asked for when a later one
// has been written cannot be had any more. Therefore only what cannot wait (a late advert) is written at once; a baseline
// waits until no late advert can reach back to it. What was complete is told as a claim, which never says too much: it
// begins where nothing is missing any more, and ends a little before now, for what is on its way.

import { instantOf, second, spanOf, type Instant, type Span, type Window } from '../../time/instant.ts'
import type { KeptBecause, Want } from './flight-plan.ts'

/** Whole units of one probe's words. */
export interface Piece {
  readonly at: Instant
  readonly bytes: Uint8Array
  /** By the kernel engine's pieces a want's bytes are counted. */
  readonly isKernel: boolean
  /** No piece: here something is missing. */
  readonly isHole?: boolean
}

export interface Claim extends Window {
  readonly because: KeptBecause
}

export interface RingOut<P extends Piece> {
  /** False: it could not be. */
  write(piece: P): boolean
  /** It is gone, unwritten. */
  leave(piece: P): void
  /** No more for now, please. */
  isFull(): boolean
  /** Everything of this stretch has been written. */
  claim(claim: Claim): void
  /** A want of which more is gone than it can do without. */
  fallShort(want: Want, from: Instant): void
}

export interface FlightRing<P extends Piece> {
  push(piece: P): void
  want(want: Want): void
  /** Writes what is wanted of what is there. */
  drain(now: Instant): void
  /** Nothing more is on its way: what is wanted ends here. */
  end(now: Instant): void
  readonly bytes: number
  /** How far back it reaches. */
  readonly reach: Span
}

interface Active {
  readonly want: Want
  /** Cut where its bytes are spent. */
  to: Instant
  left: number
  /** Up to where it has been claimed. */
  claimed: Instant
  isShort: boolean
}

/** A word is this old at most when it gets here: the engines push theirs out each 100 ms. */
const lag = 1.5 * second
/** A baseline waits as long: an advert that was due within it, its lead, and the nearby baseline before it. */
const patience = 30 * second
/** Older than anything that could be asked for. */
const longest = 90 * second
const isUrgent = ({ because }: Want): boolean => because === 'late' || because === 'overdue'

export function createFlightRing<P extends Piece>(
  budgetBytes: number,
  out: RingOut<P>,
  startedAt: Instant,
): FlightRing<P> {
  let pieces: (P | undefined)[] = []
  /** Of `pieces`: those before it have left. */
  let first = 0
  let bytes = 0
  /** From here on nothing is missing of what is here or was written. */
  let intactSince = startedAt
  let active: Active[] = []

  function shift(): P | undefined {
    const piece = pieces[first]
    if (piece === undefined) return undefined
    pieces[first++] = undefined
    bytes -= piece.bytes.length
    if (first > 1024 && first * 2 > pieces.length) {
      pieces = pieces.slice(first)
      first = 0
    }
    return piece
  }

  /** All that came before `limit` has left, and what was wanted of it is written. */
  function settle(limit: Instant, onItsWay: number): void {
    for (const one of active) {
      const from = Math.max(one.claimed, intactSince)
      const to = Math.min(one.to, limit - onItsWay)
      if (to <= from) continue
      out.claim({ from: instantOf(from), to: instantOf(to), because: one.want.because })
      one.claimed = instantOf(to)
    }
  }

  function miss(at: Instant): void {
    settle(at, lag)
    // Its words may be of that very moment.
    intactSince = instantOf(Math.max(intactSince, at + 1))
  }

  function forget(piece: P): void {
    miss(piece.at)
    out.leave(piece)
  }

  function isWanted(piece: P): boolean {
    let is = false
    for (const one of active) {
      if (piece.at < one.want.from || piece.at >= one.to + lag) continue
      is = true
      if (!piece.isKernel) continue
      one.left -= piece.bytes.length
      if (one.left <= 0) one.to = instantOf(Math.min(one.to, piece.at - lag))
    }
    return is
  }

  /** Index behind the last piece that is wanted now. */
  function wantedUntil(now: Instant, isOver: boolean): number {
    for (let i = pieces.length - 1; i >= first; i--) {
      const at = pieces[i]?.at ?? 0
      const isDue = (one: Active): boolean => isOver || isUrgent(one.want) || at < now - patience
      if (active.some((one) => at >= one.want.from && at < one.to + lag && isDue(one))) return i + 1
    }
    return first
  }

  /** The oldest piece leaves, one way or the other. */
  function pass(): void {
    const piece = shift()
    if (piece === undefined) return
    if (piece.isHole === true) miss(piece.at)
    else if (!isWanted(piece)) forget(piece)
    else if (!out.write(piece)) miss(piece.at)
  }

  function drain(now: Instant, isOver: boolean): void {
    for (const one of active) {
      if (one.isShort || one.want.needsFrom >= intactSince) continue
      one.isShort = true
      out.fallShort(one.want, intactSince)
    }
    for (let count = wantedUntil(now, isOver) - first; count > 0 && (isOver || !out.isFull()); count--) pass()
    const limit = pieces[first]?.at ?? now
    settle(limit, isOver ? 0 : lag)
    active = isOver ? [] : active.filter((one) => limit < one.to + lag)
  }

  return {
    push(piece) {
      pieces.push(piece)
      bytes += piece.bytes.length
      while (bytes > budgetBytes || (pieces[first]?.at ?? piece.at) < piece.at - longest) pass()
    },
    want(want) {
      // The same one, seen to go on: an advert that is overdue still.
      const same = active.find(
        (one) => one.want.because === want.because && want.from <= one.to && want.from >= one.want.from,
      )
      if (same === undefined)
        active.push({ want, to: want.to, left: want.mostBytes, claimed: want.from, isShort: false })
      else if (same.left > 0) same.to = instantOf(Math.max(same.to, want.to))
    },
    drain: (now) => drain(now, false),
    end: (now) => drain(now, true),
    get bytes() {
      return bytes
    },
    get reach() {
      const [oldest, newest] = [pieces[first], pieces.at(-1)]
      return spanOf(oldest === undefined || newest === undefined ? 0 : newest.at - oldest.at)
    },
  }
}
