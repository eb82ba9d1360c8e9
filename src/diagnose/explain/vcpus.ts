// The vCPU threads of a guest, side by side: which of them were off their work, and whether the guest was with them.
//
//   CPU 0    waits for a CPU ==========================        the guest is off where nobody of them runs ...
//   CPU 1    runs  --  runs --------- runs -- runs             ... and one alone is stuck where another one went on

import { millisecond, type Window } from '../../time/instant.ts'
import type { Claim } from './claim.ts'
import type { Courses } from './courses.ts'
import { silencesOf } from './kernel-course.ts'
import { withThrottling } from './quota.ts'
import { reach, type Sample } from './sampled-course.ts'
import { threadClaims, together } from './sender-claims.ts'
import { clipped, intersection, lengthOf, sumOf, union, without } from './stretches.ts'
import type { Subject } from './subject.ts'

export interface Vcpu {
  readonly tid: number
  readonly claims: readonly Claim[]
  /** It wanted to run and could not: no CPU, its memory or the kernel not ready. */
  readonly wants: readonly Claim[]
  readonly stops: readonly Claim[]
  readonly running: readonly Window[]
}

const isWanting = (claim: Claim): boolean =>
  claim.state === 'runnable' || claim.state === 'paging' || claim.state === 'blocked'

export function vcpuOf(subject: Subject, courses: Courses, tid: number): Vcpu {
  const claims = threadClaims(subject, courses, tid)
  return {
    tid,
    claims,
    wants: claims.filter(isWanting),
    stops: claims.filter((one) => one.state === 'stopped'),
    running: union(claims.filter((one) => one.state === 'running').map((one) => one.window)),
  }
}

const windowsOf = (claims: readonly Claim[]): Window[] => claims.map((one) => one.window)

/** Another one ran while this one wanted to, and got its CPU when it wanted it. */
function isAlone(one: Vcpu, all: readonly Vcpu[], wants: readonly Window[]): boolean {
  return all.some((other) => {
    if (other === one) return false
    const waits = sumOf(intersection(windowsOf(other.wants), wants))
    return sumOf(intersection(other.running, wants)) >= 2 * millisecond && waits < 0.2 * sumOf(wants)
  })
}

/** The parts of it in which none of these, sorted and apart, ran. */
function bare(claim: Claim, others: readonly Window[]): Claim[] {
  const first = lowerBound(others.length, (i) => (others[i]?.to ?? Infinity) > claim.window.from)
  const behind = lowerBound(others.length, (i) => (others[i]?.from ?? Infinity) >= claim.window.to)
  return without([claim.window], others.slice(first, behind)).map((window) => ({ ...claim, window }))
}

/** The first index for which `is` holds; it holds for all behind it. */
function lowerBound(length: number, is: (index: number) => boolean): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >> 1
    if (is(middle)) high = middle
    else low = middle + 1
  }
  return low
}

export interface GuestOff {
  /** What kept the guest as a whole off its work. */
  readonly claims: readonly Claim[]
  /** What kept single vCPUs off it, while another one ran or could have. */
  readonly alone: ReadonlyMap<number, readonly Claim[]>
}

export function guestOff(all: readonly Vcpu[], courses: Courses, lateness: Window): GuestOff {
  const claims: Claim[] = []
  const alone = new Map<number, readonly Claim[]>()
  for (const one of all) {
    const wants = withThrottling(one.wants, courses, lateness)
    const inside = wants.flatMap((claim) => clipped(claim.window, lateness) ?? [])
    // A quota is the group's, whoever of it happened to run.
    const isQuota = wants.some((claim) => claim.state === 'throttled')
    if (!isQuota && isAlone(one, all, union(inside))) {
      alone.set(one.tid, [...one.wants, ...one.stops])
      continue
    }
    const others = union(all.filter((other) => other !== one).flatMap((other) => other.running))
    claims.push(...(others.length === 0 ? wants : wants.flatMap((claim) => bare(claim, others))))
    if (all.length > 1 && one.stops.length > 0) alone.set(one.tid, one.stops)
  }
  return { claims, alone }
}

export const allStops = (all: readonly Vcpu[]): Claim[] =>
  together(
    all.map((one) => one.claims),
    (claim) => claim.state === 'stopped',
  )

/** Ten a second are looked at: within so many of them a thread that works must have been seen to. */
function busyStretches(samples: readonly Sample[]): Window[] {
  return samples.flatMap((next, i) => {
    const first = samples[i - 1]
    return first !== undefined && next.slices > first.slices ? [{ from: first.at, to: next.at }] : []
  })
}

function stillBySamples(samples: readonly Sample[]): Window[] {
  return samples.flatMap((next, i) => {
    const first = samples[i - 1]
    return first !== undefined &&
      first.state === 'S' &&
      next.slices === first.slices &&
      next.onCpuNs - first.onCpuNs < millisecond
      ? [{ from: first.at, to: next.at }]
      : []
  })
}

/**
 * Stretches in which a vCPU neither worked nor waited for a CPU. A recording that holds some of its events only must not
 * pass its silence for stillness: deep inside it, the samples must not have seen it at work.
 */
export function stillnessOf(courses: Courses, tid: number, window: Window): Window[] {
  const kernel = courses.kernel.get(tid)
  const samples = courses.sampled.get(tid) ?? []
  if (kernel === undefined || kernel.activity.length === 0) return stillBySamples(samples)
  const silences = without(silencesOf(kernel, window, 50 * millisecond), kernel.running)
  const busy = busyStretches(samples)
  return silences.flatMap((silence) => {
    const deep = busy.filter((one) => one.from >= silence.from + 0.4 * reach && one.to <= silence.to - 0.4 * reach)
    return without([silence], deep)
  })
}

/** The stretches in which all of them were still. */
export function stillTogether(courses: Courses, tids: readonly number[], window: Window): Window[] {
  const [first, ...others] = tids.map((tid) => union(stillnessOf(courses, tid, window), 1))
  return [...others.reduce<readonly Window[]>((left, set) => intersection(left, set), first ?? [])]
}

/**
 * Stretches that a vCPU spent in one ioctl: KVM_RUN. It was in its guest, and be it halted there; a guest that was stopped
 * by a command has its vCPUs outside, in a futex.
 */
export function insideGuest(courses: Courses, tids: readonly number[]): Window[] {
  return tids.flatMap((tid) =>
    (courses.kernel.get(tid)?.calls ?? []).filter((call) => call.name === 'ioctl').map((call) => call.window),
  )
}

export const longestOf = (windows: readonly Window[]): number =>
  windows.reduce((most, one) => Math.max(most, lengthOf(one)), 0)
