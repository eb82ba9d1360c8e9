// The wire signature of a late advert: what the wire alone says about where its lateness arose.
//
//   W1  gap, one packet, next spacing = I            the sender's timer started late: never issued in time
//   W2  next spacing = I - L, or a burst that no     the timer ran on: issued on time, held before the capture point
//       foreign advert explains
//   W3  gap = k * I on the old phase, IPv4 ID + k    sent and lost, on the way or by the capture
//   W4r punctual by the re-armed timer only          foreign adverts of the same VRID held the timer back
//   W8  ID starts again                              another process: restart or reload. (A priority that moves is no W8
//                                                    here: a check script does that and stops no timer.)

import type { Advert } from '../events/packet.ts'
import { between, millisecond, type Instant, type Span } from '../time/instant.ts'
import type { LateAdvert, Wire } from './finding.ts'
import type { Lateness } from './flow-state.ts'

/** What can be said the moment it arrives; W1 may still become W2 when the adverts after it show the phase. */
export function wireAtArrival(lateness: Lateness, advert: Advert, isLate: boolean): Wire {
  const { previous, interval, jitter, usualIdStep } = lateness
  if (!isLate) return 'W4r'
  const step = lateness.isCounting ? idStep(previous, advert) : undefined
  if (step === undefined) return 'W1'
  if (hasRestarted(lateness, advert)) return 'W8'
  if (step > usualIdStep) {
    const gap = between(previous.at, advert.at)
    const intervals = Math.round(gap / interval)
    const lost = Math.round(step / usualIdStep)
    if (intervals === lost && Math.abs(gap - intervals * interval) <= jitter + intervals * driftAllowance) return 'W3'
    if (isLostUntilTakeover(lateness, advert, lost - 1)) return 'W3'
  }
  return 'W1'
}

/**
 * The old phase ends where the backup speaks, which the sender answers at once:
 *
 *   sent     lost    lost    lost   backup + lost answer    sent          ID + 5
 *   |-- I -->|-- I ->|-- I ->|-----.|-------- I ----------->|
 *
 * As many IDs were used as adverts were due before that, and since then it is punctual: it never was late.
 */
function isLostUntilTakeover({ previous, interval, jitter, foreign }: Lateness, advert: Advert, lost: number): boolean {
  const [first] = foreign
  const last = foreign.at(-1)
  if (first === undefined || last === undefined || foreign.some((one) => one.outranks)) return false
  const due = Math.floor((between(previous.at, first.at) + jitter) / interval)
  const since = between(last.at, advert.at)
  return due >= 1 && lost >= due && since <= interval + jitter + driftAllowance
}

/** Slow drift, per interval, that the phase may have moved by: 3 ms in a guest under TCG. */
const driftAllowance = 4 * millisecond

export function idStep(previous: Advert, advert: Advert): number | undefined {
  return previous.ipId === undefined || advert.ipId === undefined
    ? undefined
    : (advert.ipId - previous.ipId + 65_536) % 65_536
}

/** So far a process may have counted before its first advert was captured. */
const early = 64

/**
 * keepalived counts the IPv4 ID from 1 in each process: a step back is a new process, not 65,000 lost packets, and so is
 * a small ID that lies farther ahead than adverts can have been sent meanwhile. Whose ID does not count (the kernel's own,
 * another maker's router) says nothing.
 */
export function hasRestarted(
  {
    previous,
    interval,
    usualIdStep,
    isCounting,
  }: Pick<Lateness, 'previous' | 'interval' | 'usualIdStep' | 'isCounting'>,
  advert: Advert,
): boolean {
  const step = idStep(previous, advert)
  if (step === undefined || !isCounting) return false
  if (step > 32_768) return true
  const sent = interval > 0 ? between(previous.at, advert.at) / interval : 0
  return (advert.ipId ?? 0) <= early && step > (2 * sent + early) * usualIdStep
}

export interface Phase {
  readonly late: LateAdvert
  readonly interval: Span
  readonly jitter: Span
  /** The last advert that came within the burst behind the late one, or the late one itself. */
  readonly burstEnd: Instant
  /** Adverts in that burst that no foreign advert explains. */
  readonly unexplained: number
  /** The late advert announces another interval than the one before: the next one follows that. */
  readonly isIntervalNew: boolean
}

/** What the next advert, or the lack of it, says about the phase. */
export function wireByPhase(phase: Phase, nextAt: Instant | undefined): Wire {
  const { late, interval, jitter } = phase
  if (late.wire !== 'W1') return late.wire
  if (phase.unexplained > 0) return 'W2'
  if (nextAt === undefined || late.reactions > 0 || late.foreignInGap > 0) return 'W1'
  const spacing = between(phase.burstEnd, nextAt)
  const next = phase.isIntervalNew ? late.advert.interval : interval
  if (spacing >= next - jitter) return 'W1'
  const intervals = Math.round((nextAt - late.previousAt) / interval)
  const offPhase = Math.abs(nextAt - late.previousAt - intervals * interval)
  return offPhase <= jitter + intervals * driftAllowance ? 'W2' : 'W1'
}
