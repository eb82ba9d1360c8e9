// From the painted ledger to a cause: which state covers most of the lateness, and what every ruling on one needs.

import { millisecond, type Window } from '../../time/instant.ts'
import type { Cause, Confidence, Culprit, LedgerState } from '../explanation.ts'
import { windowsOf, type Claim, type Painted } from './claim.ts'
import { confidenceOfShare, lesserOf } from './ruling.ts'
import type { Courses } from './courses.ts'
import { lengthOf, sumOf } from './stretches.ts'
import type { Subject } from './subject.ts'
import { threadName } from '../thread-name.ts'

/** What one state says: the stretch that it covers, and the claims behind it. */
export interface Dominant {
  readonly cause: Cause
  readonly share: number
  readonly windows: readonly Window[]
  readonly claims: readonly Claim[]
}

export interface Reading {
  readonly subject: Subject
  readonly courses: Courses
  readonly painted: readonly Painted[]
  readonly lateness: Window
}

export function dominantOf(
  reading: Reading,
  cause: Cause,
  states: readonly LedgerState[],
  is: (claim: Claim) => boolean = () => true,
): Dominant {
  const chosen = reading.painted.filter((one) => states.includes(one.claim.state) && is(one.claim))
  const windows = windowsOf(chosen, states)
  return {
    cause,
    share: sumOf(windows) / Math.max(1, lengthOf(reading.lateness)),
    windows,
    claims: chosen.flatMap((one) => one.claims),
  }
}

export const senderName = (subject: Subject): string => {
  const { sender } = subject
  if (sender === undefined) return 'the sender'
  return sender.name === sender.comm
    ? `${sender.comm} (${sender.pid})`
    : `${sender.name} (${sender.comm} ${sender.pid})`
}

/** The sender, as whoever is named. */
export function namedSender({ sender }: Subject): Culprit | undefined {
  if (sender === undefined) return undefined
  const { pid, comm, name, kind } = sender
  return { kind: kind === 'qemu' ? 'vm' : 'process', pid, comm, name }
}

/** The sender, where nobody was seen to do it. */
export function victimOf(subject: Subject): Culprit | undefined {
  const named = namedSender(subject)
  return named && { ...named, isVictim: true }
}

export const guestStood = (subject: Subject): string =>
  subject.sender?.kind === 'qemu' ? 'the guest stood still because ' : ''

export const baseName = (path: string): string => path.split('/').findLast((part) => part !== '') ?? path

/** How far the edges of a state may lie from the edges of the lateness: paths of some milliseconds, samples of 100. */
const slackOf = ({ subject, lateness }: Reading, claims: readonly Claim[]): number =>
  (subject.sender?.kind === 'qemu' ? 60 : 25) * millisecond +
  (claims.some((one) => one.isCoarse) ? 120 * millisecond : 0) +
  0.05 * lengthOf(lateness)

/**
 * What makes an advert late has begun before it is due, and lasts until it leaves. What begins later can only prolong
 * it, and what ended long before cannot be why it left just now. `grain`: of what comes in pieces, as quotas do.
 */
export function isAlignedWith(
  reading: Reading,
  windows: readonly Window[],
  claims: readonly Claim[],
  grain = 0,
): boolean {
  const first = windows[0]
  const last = windows.at(-1)
  if (first === undefined || last === undefined) return false
  const slack = Math.max(slackOf(reading, claims), grain)
  return (
    reading.lateness.to - last.to <= slack &&
    first.from - reading.lateness.from <= Math.max(slack, 0.2 * lengthOf(reading.lateness))
  )
}

export function graded(reading: Reading, dominant: Dominant, cap: Confidence): Confidence {
  const base = lesserOf(confidenceOfShare(dominant.share), cap)
  // A quota's turns come each period, with turns on a CPU between them.
  const grain = dominant.cause === 'sender-throttled' ? 0.3 * lengthOf(reading.lateness) : 0
  return isAlignedWith(reading, dominant.windows, dominant.claims, grain) ? base : lesserOf(base, 'possible')
}

export function sampleEvidence({ subject, courses, lateness }: Reading): string[] {
  const letters = [...courses.sampled].flatMap(([tid, samples]) => {
    const inside = samples.filter((one) => one.at >= lateness.from && one.at <= lateness.to)
    const stopped = inside.filter((one) => one.state === 'T' || one.state === 't')
    return stopped.length === 0
      ? []
      : [{ tid, state: stopped[0]?.state ?? 'T', count: stopped.length, of: inside.length }]
  })
  const [first] = letters
  if (first === undefined) return []
  const others = (subject.sender?.tids.length ?? 1) - letters.length
  return [
    `${letters.length === 1 ? threadName(subject.sender, first.tid) : `${letters.length} threads`} of it in state ${first.state} in ${first.count} of ${first.of} samples${others > 0 && letters.length === 1 && subject.sender?.kind === 'qemu' ? ', its other threads not' : ''}`,
  ]
}
