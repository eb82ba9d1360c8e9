// A guest behind a tap: the state of all its vCPUs together, of qemu's main loop, and of the VM.
//
// The guest runs while a vCPU thread runs. A stalled main loop (timers, virtio without vhost, the big lock) or a stopped
// VM takes it down with every thread healthy, so both are read beside the vCPUs.

import { instantOf, millisecond, second, type Instant, type Window } from '../../time/instant.ts'
import type { Claim } from './claim.ts'
import { silencesOf } from './kernel-course.ts'
import { processClaims, threadClaims, together } from './sender-claims.ts'
import { withThrottling } from './quota.ts'
import type { Courses } from './courses.ts'
import { clipped, intersection, lengthOf, sumOf, union, without } from './stretches.ts'
import { tidsOf, type Subject } from './subject.ts'

export interface QemuState {
  readonly claims: readonly Claim[]
  /** Where the main loop was held up, and the VM with it. */
  readonly stalls: readonly Claim[]
  /** Stretches in which all vCPUs stood still in their wait while qemu itself was healthy. */
  readonly standstill: readonly Window[]
  /** The monitor's thread was at work at both ends of the standstill. */
  readonly isBracketed: boolean
  /** One vCPU of several was away. */
  readonly stuck: { readonly tid: number; readonly claims: readonly Claim[] } | undefined
  /** The vCPUs were seen to run all through the lateness. */
  readonly isAlive: boolean
}

/** How the claims begin in which the vCPUs were stopped and qemu's main loop was not. */
export const vcpuOnly = 'its vCPU alone'

/** A guest that is up wakes more often than this, for its own timers if for nothing else. */
const longSilence = 250 * millisecond

const isAway = (claim: Claim): boolean =>
  claim.state === 'stopped' || claim.state === 'runnable' || claim.state === 'paging' || claim.state === 'blocked'

/** Stretches in which a vCPU neither worked nor waited for a CPU, as the best source there is saw it. */
function stillness(courses: Courses, tid: number, window: Window): Window[] {
  const kernel = courses.kernel.get(tid)
  if (kernel !== undefined && kernel.activity.length > 0)
    return without(silencesOf(kernel, window, 50 * millisecond), kernel.running)
  const samples = courses.sampled.get(tid) ?? []
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

function longest(windows: readonly Window[]): number {
  return windows.reduce((most, one) => Math.max(most, lengthOf(one)), 0)
}

/** How long all vCPUs are usually still, in the seconds before. */
function usualStillness(subject: Subject, courses: Courses, vcpus: readonly number[]): number {
  const before = { from: instantOf(subject.gap.from - 3 * second), to: subject.gap.from }
  const sets = vcpus.map((tid) =>
    union(
      stillness(courses, tid, before).flatMap((one) => clipped(one, before) ?? []),
      1,
    ),
  )
  const [first, ...others] = sets
  return longest(others.reduce<readonly Window[]>((left, set) => intersection(left, set), first ?? []))
}

function mainStalls(subject: Subject, courses: Courses, all: readonly Window[]): Claim[] {
  return tidsOf(subject, 'main').flatMap((tid) =>
    threadClaims(subject, courses, tid)
      .filter((one) => one.state === 'stopped' || one.state === 'blocked' || one.state === 'paging')
      .flatMap((one) =>
        without([one.window], all).map((window): Claim => ({
          ...one,
          window,
          state: 'blocked',
          detail: `qemu's main loop ${one.detail.startsWith('in ') ? 'was ' : ''}${one.detail}`,
        })),
      ),
  )
}

const bracketWithin = 10 * millisecond

function isBracketed(subject: Subject, courses: Courses, stretch: Window): boolean {
  return tidsOf(subject, 'io').some((tid) => {
    const activity = courses.kernel.get(tid)?.activity ?? []
    const at = (moment: Instant): boolean => activity.some((one) => Math.abs(one - moment) < bracketWithin)
    // A monitor that is always busy brackets everything.
    const inside = activity.filter((one) => one > stretch.from + bracketWithin && one < stretch.to - bracketWithin)
    return at(stretch.from) && at(stretch.to) && inside.length < 20
  })
}

/** Its vCPUs were on a CPU for nearly all of the lateness: a guest that did nothing then had a thread that would not stop. */
export function hasRun(subject: Subject, courses: Courses): boolean {
  const windows = tidsOf(subject, 'vcpu').flatMap((tid) =>
    threadClaims(subject, courses, tid).flatMap((one) =>
      one.state === 'running' ? (clipped(one.window, subject.lateness) ?? []) : [],
    ),
  )
  return sumOf(union(windows)) >= 0.6 * lengthOf(subject.lateness)
}

export function qemuStateOf(subject: Subject, courses: Courses): QemuState {
  const { lateness } = subject
  const L = lengthOf(lateness)
  const vcpus = tidsOf(subject, 'vcpu')
  const perVcpu = vcpus.map((tid) => threadClaims(subject, courses, tid))
  const process = processClaims(courses)
  const main = tidsOf(subject, 'main').map((tid) => threadClaims(subject, courses, tid))
  const isStop = (one: Claim): boolean => one.state === 'stopped'
  // Which thread is a vCPU is not known without names: then nothing less than all of them is the guest's stop.
  const whole =
    vcpus.length > 0
      ? [...perVcpu, ...main]
      : [...courses.sampled.keys()].map((tid) => threadClaims(subject, courses, tid))
  const allStopped = together(whole, isStop)
  const base = [...process, ...allStopped]
  const standing = union(base.map((one) => one.window))
  const away = withThrottling(together(perVcpu, isAway), courses, lateness).flatMap((one) =>
    isStop(one)
      ? without([one.window], standing).map((window) => ({ ...one, window, detail: `${vcpuOnly}, ${one.detail}` }))
      : [one],
  )
  const stillNow = vcpus.map((tid) => union(stillness(courses, tid, lateness), 1))
  const [firstStill, ...otherStill] = stillNow
  const still = otherStill.reduce<readonly Window[]>((left, set) => intersection(left, set), firstStill ?? [])
  const usual = usualStillness(subject, courses, vcpus)
  // A main loop that is held up matters where the guest stood still meanwhile, or where frames were held.
  const stalls = mainStalls(subject, courses, standing).filter(
    (one) =>
      subject.late.wire === 'W2' ||
      (sumOf(intersection([one.window], still)) >= 0.5 * lengthOf(clipped(one.window, lateness) ?? one.window) &&
        longest(intersection([one.window], still)) >= Math.max(3 * usual, 150 * millisecond)),
  )
  const taken = [...standing, ...union([...away, ...stalls].map((one) => one.window))]
  const exceptional = still.filter((one) => lengthOf(one) >= Math.max(0.3 * L, 3 * usual, 150 * millisecond))
  const standstill = without(exceptional, taken).filter((one) => lengthOf(one) >= 0.3 * L)
  const running = perVcpu.flatMap((claims) => claims.filter((one) => one.state === 'running'))
  const stuck =
    vcpus.length < 2
      ? undefined
      : vcpus
          .map((tid, i) => ({ tid, claims: (perVcpu[i] ?? []).filter(isAway) }))
          .filter(
            (one) => sumOf(union(one.claims.flatMap((claim) => clipped(claim.window, lateness) ?? []))) >= 0.5 * L,
          )
  const inside = still.flatMap((one) => clipped(one, lateness) ?? [])
  return {
    claims: [...base, ...away, ...stalls, ...running],
    stalls,
    standstill,
    isBracketed: standstill.some((one) => isBracketed(subject, courses, one)),
    stuck: stuck?.length === 1 && stuck.length < vcpus.length ? stuck[0] : undefined,
    isAlive:
      vcpus.length > 0 &&
      longest(inside) < 0.35 * L &&
      sumOf(inside.filter((one) => lengthOf(one) >= longSilence)) < 0.35 * L,
  }
}
