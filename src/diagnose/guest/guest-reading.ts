// What the guest's own transcript says of one late advert, before it is held against what the host saw.
//
//   lost-time   no time passed in it: qemu had stopped it
//   held        it had handed the advert over in time, and went on
//   standing    it stood still as a whole: whatever its threads were doing then is not theirs to answer for
//   process     it went on, and keepalived was stopped, blocked, paging, or had no CPU
//   ordinary    it went on, and nothing of the kind was seen
//   unseen      its recording does not cover this
//
// States of keepalived are read as on a host; only where the guest stood still as a whole nothing is believed of it.

import type { Span } from '../../time/instant.ts'
import { millisecond, spanOf } from '../../time/instant.ts'
import { formatSpan } from '../../time/format.ts'
import { guestTitle } from './guest-title.ts'
import type { GuestView } from '../evidence.ts'
import { painted, windowsOf, type Claim } from '../explain/claim.ts'
import { lesserOf, type Ruling } from '../explain/ruling.ts'
import { keepalivedReading } from '../explain/keepalived-reading.ts'
import { blindnessOf } from '../explain/blindness.ts'
import { coursesOf, type Courses } from '../explain/courses.ts'
import { clipped, lengthOf, sumOf, union, without } from '../explain/stretches.ts'
import { subjectOf, type Subject } from '../explain/subject.ts'
import { lostTimeOf, type LostTime } from './guest-clock.ts'
import { pulseOf, type Pulse, type Standstill } from './pulse.ts'
import { idleShare, starvationOf, type Starvation } from './starvation.ts'

interface Seen {
  readonly guest: GuestView
  /** The late advert as a case of the guest's own kernel. */
  readonly inside: Subject
}

export type GuestReading =
  | { readonly kind: 'unseen' }
  | (Seen & { readonly kind: 'lost-time'; readonly lost: LostTime })
  | (Seen & { readonly kind: 'held'; readonly by: Span; readonly claims: readonly Claim[]; readonly pulse: Pulse })
  | (Seen & { readonly kind: 'standing'; readonly standstills: readonly Standstill[]; readonly share: number })
  | (Seen & {
      readonly kind: 'process'
      readonly ruling: Ruling
      readonly claims: readonly Claim[]
      readonly rest: string
      readonly pulse: Pulse
      readonly starvation: Starvation | undefined
    })
  | (Seen & { readonly kind: 'ordinary'; readonly claims: readonly Claim[]; readonly pulse: Pulse })

/** Sooner the difference of two clocks is in the bar of error. */
const leastHold = 20 * millisecond

function holdOf(inside: Subject, guest: GuestView, pulse: Pulse): { by: Span; claims: Claim[] } | undefined {
  const { late, lateness, evidence } = inside
  const issued = evidence.issued?.(late.advert)
  if (issued === undefined || issued.result < 0 || issued.at < late.previousAt) return undefined
  const by = spanOf(late.at - issued.at)
  if (by < Math.max(leastHold, 3 * guest.clock.error)) return undefined
  const stretch = clipped({ from: issued.at, to: late.at }, lateness)
  const windows = without(
    stretch === undefined ? [] : [stretch],
    pulse.standstills.map((one) => one.window),
  )
  if (sumOf(windows) < 0.5 * lengthOf(lateness)) return undefined
  return {
    by,
    claims: windows.map((window) => ({
      state: 'held',
      window,
      detail: `handed over inside ${guestTitle(guest.name)}, and not yet on the link`,
      source: 'calls',
      isCoarse: false,
    })),
  }
}

/** Away for a reason of its own: not to be taken for waiting for a CPU. */
const isElsewhere = (claim: Claim): boolean => claim.state !== 'running' && claim.state !== 'runnable'

function starvedRuling(inside: Subject, starvation: Starvation): Ruling {
  const { by, claims, isProved } = starvation
  const { sender, lateness } = inside
  const waited = sumOf(union(claims.flatMap((one) => clipped(one.window, lateness) ?? [])))
  const share = waited / Math.max(1, lengthOf(lateness))
  return {
    cause: 'sender-starved',
    confidence: !isProved || share < 0.5 ? 'possible' : share < 0.7 ? 'likely' : 'certain',
    summary: `Never issued in time: ${sender?.comm ?? 'keepalived'} (${sender?.pid ?? '?'}) was ready to run and waited ${formatSpan(waited)} for a CPU, which ${by.comm} (${by.pid}) had.`,
    culprit: { kind: 'process', pid: by.pid, comm: by.comm, name: by.comm },
    evidence: [
      `${by.comm} (${by.pid}) was on its CPU for ${formatSpan(spanOf(by.ns))} of ${formatSpan(waited)}, by the switches at both ends`,
    ],
    settledBy: [`chrt -p ${by.pid}; taskset -p ${by.pid}: why it outranks keepalived; vrrp_rt_priority`],
  }
}

/** A call that a thread without a CPU would look blocked in, too, unless its CPU lay idle meanwhile. */
function blockedSure(ruling: Ruling, inside: Subject, claims: readonly Claim[]): Ruling {
  if (ruling.cause !== 'sender-blocked' || ruling.confidence !== 'possible') return ruling
  const blocked = claims.filter((one) => one.state === 'blocked').map((one) => one.window)
  return idleShare(inside, union(blocked)) > 0.3 ? { ...ruling, confidence: 'likely' } : ruling
}

function processOf(
  inside: Subject,
  courses: Courses,
  pulse: Pulse,
  hasRun: boolean,
): Pick<Extract<GuestReading, { kind: 'process' }>, 'ruling' | 'claims' | 'rest' | 'starvation'> | undefined {
  const standing = pulse.standstills.map((one) => one.window)
  const read = keepalivedReading(inside, courses, standing)
  const L = lengthOf(inside.lateness)
  const taken = windowsOf(painted(read.claims.filter(isElsewhere), inside.lateness), [
    'stopped',
    'frozen',
    'paging',
    'blocked',
  ])
  const starvation = starvationOf(inside, courses, pulse, taken, hasRun)
  const starved = sumOf(union((starvation?.claims ?? []).flatMap((one) => clipped(one.window, inside.lateness) ?? [])))
  const known = { rest: 'in its event loop, or not seen', starvation } as const
  if (starvation !== undefined && starved >= Math.max(0.25 * L, sumOf(taken)))
    return { ...known, ruling: starvedRuling(inside, starvation), claims: [...read.claims, ...starvation.claims] }
  if (read.ruling.cause === 'unknown' || read.ruling.cause === 'tx-held') return undefined
  return { ...known, ruling: blockedSure(read.ruling, inside, read.claims), claims: read.claims }
}

const covers = (guest: GuestView, { gap }: Subject): boolean =>
  guest.covered.from <= gap.from && guest.covered.to >= gap.to

/** `outside`: as the host sees it. `hasRun`: the host saw the guest's CPUs run all through the lateness. */
export function guestReading(outside: Subject, guest: GuestView, hasRun: boolean): GuestReading {
  const { late, flow } = outside
  const inside = subjectOf(late, flow, guest.evidence)
  if (!covers(guest, outside) || inside.sender === undefined) return { kind: 'unseen' }
  const seen = { guest, inside } as const
  const lost = lostTimeOf(outside, guest)
  if (lost !== undefined) return { ...seen, kind: 'lost-time', lost }
  // What the guest's recorder lost here, or could not be placed, may have been the very thing.
  if (blindnessOf(inside).cap === 'possible') return { kind: 'unseen' }
  const pulse = pulseOf(inside.store, inside.lateness, inside.gap)
  const hold = holdOf(inside, guest, pulse)
  if (hold !== undefined) return { ...seen, kind: 'held', ...hold, pulse }
  const courses = coursesOf(inside)
  const process = processOf(inside, courses, pulse, hasRun)
  const isBelieved = process?.starvation !== undefined && process.ruling.cause === 'sender-starved'
  if (pulse.share >= 0.5 && !isBelieved) {
    const standstills = pulse.standstills.filter((one) => clipped(one.window, inside.lateness) !== undefined)
    return { ...seen, kind: 'standing', standstills, share: pulse.share }
  }
  if (process !== undefined)
    return {
      ...seen,
      kind: 'process',
      ...process,
      pulse,
      ruling:
        pulse.isAlive || hasRun
          ? process.ruling
          : { ...process.ruling, confidence: lesserOf(process.ruling.confidence, 'possible') },
    }
  return { ...seen, kind: 'ordinary', claims: keepalivedReading(inside, courses, []).claims, pulse }
}
