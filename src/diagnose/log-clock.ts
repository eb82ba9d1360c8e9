// How far a log's clock is from ours, told by its content: keepalived says how late its loop ran, to the microsecond, and
// so does the wire. A line and a late advert of the same length, seen so far apart, are a vote for that distance.
//
//   our clock    ──────────────|due─────── 3.272 s ───────sent|────        late by 3.272 s
//   its clock    ──────────| A thread timer expired 3.268874 … |───        1.5 s behind
//
// A guest's clock is seldom further off than seconds; a zone that was not told is off by hours, and takes two votes.

import type { LogLine } from '../events/log.ts'
import { instantOf, millisecond, second, type Instant, type Span } from '../time/instant.ts'
import type { LogEvidence } from './evidence.ts'
import type { LateAdvert } from './finding.ts'

export interface LogClock {
  /** Where a stamp of the log lies on our clock. */
  here(stamp: Instant): Instant
  /** Its content said so, or the adverts of its guest; else its stamps are believed as they are. */
  readonly isProven: boolean
}

/** Two clocks of one machine and the scheduler lie between the timer's account and the wire's. */
const alike = (expired: Span, overrun: Span): boolean =>
  Math.abs(expired - overrun) <= Math.max(100 * millisecond, 0.05 * overrun)
/** Between the line and its advert: what the loop does in between, and half a stamp. */
export const aroundSent = 0.7 * second
const usualOffset = 3 * second
const mostVotes = 400

/** The middle of a line's stamp, by the log's own clock. */
const middleOf = (line: LogLine): Instant => instantOf(line.at + line.width / 2)
/** And by ours. */
export const momentOf = (line: LogLine, clock: LogClock): Instant => clock.here(middleOf(line))

function votesOf(lines: readonly LogLine[], late: readonly LateAdvert[]): { by: number; line: LogLine }[] {
  const votes: { by: number; line: LogLine }[] = []
  for (const line of lines)
    for (const one of late)
      if (line.expired !== undefined && alike(line.expired, one.overrun) && votes.length < mostVotes)
        votes.push({ by: one.at - middleOf(line), line })
  return votes
}

export function clockOfLog(file: string, log: LogEvidence, late: readonly LateAdvert[]): LogClock {
  const guest = log.clockOf?.(file)
  if (guest !== undefined) return { here: (stamp) => guest.here(stamp), isProven: true }
  const own = log.lines.filter((line) => line.file === file && line.expired !== undefined)
  const votes = votesOf(own, late)
  let best = { by: 0, count: 0 }
  for (const { by } of votes) {
    const agreeing = votes.filter((other) => Math.abs(other.by - by) <= aroundSent)
    const count = new Set(agreeing.map((other) => other.line)).size
    const isBetter = count > best.count || (count === best.count && Math.abs(by) < Math.abs(best.by))
    const mean = agreeing.reduce((sum, other) => sum + other.by, 0) / agreeing.length
    if (isBetter) best = { by: mean, count }
  }
  const isProven = best.count >= (Math.abs(best.by) <= usualOffset ? 1 : 2)
  const offset = isProven ? best.by : 0
  return { here: (stamp) => instantOf(stamp + offset), isProven }
}

/** Does this line tell of this advert's lateness? */
export function isAccountOf(line: LogLine, one: LateAdvert, clock: LogClock): boolean {
  if (line.expired === undefined || !alike(line.expired, one.overrun)) return false
  return Math.abs(momentOf(line, clock) - one.at) <= aroundSent + line.width / 2
}
