// A guest behind a tap: the state of all its vCPUs together, of qemu's main loop, and of the VM.
//
// The guest runs while a vCPU thread runs. A stalled main loop (timers, virtio without vhost, the big lock) or a stopped
// VM takes it down with every thread healthy, so both are read beside the vCPUs.

import { instantOf, millisecond, second, type Window } from '../../time/instant.ts'
import type { Claim } from './claim.ts'
import type { Courses } from './courses.ts'
import { isBracketed, mainStalls, mainWaits } from './main-loop.ts'
import { processClaims, threadClaims, together } from './sender-claims.ts'
import { clipped, intersection, lengthOf, sumOf, union, without } from './stretches.ts'
import { tidsOf, type Subject } from './subject.ts'
import { allStops, guestOff, insideGuest, longestOf, stillTogether, vcpuOf } from './vcpus.ts'

/** A stretch in which all vCPUs stood still in their wait while qemu itself was healthy. */
export interface Standstill {
  readonly window: Window
  /** The monitor's thread was at work at both ends of it. */
  readonly isBracketed: boolean
  /**
   * It is as long as the overrun, and need not lie where that does: a guest that was stopped sees no time pass, and its
   * timer goes off later by just as much. One that was frozen or had no CPU is late from due on only.
   */
  readonly isShift: boolean
}

export interface QemuState {
  readonly claims: readonly Claim[]
  /** Where the main loop was held up, and the VM with it. */
  readonly stalls: readonly Claim[]
  readonly standstill: readonly Standstill[]
  /** A pause of the guest somewhere in the gap is nearly as long as the lateness: its clock may have stood still. */
  readonly isPauseOpen: boolean
  /** One vCPU of several was away. */
  readonly stuck: { readonly tid: number; readonly claims: readonly Claim[] } | undefined
  /** The vCPUs were seen to run all through the lateness. */
  readonly isAlive: boolean
}

/** How the claims begin in which the vCPUs were stopped and qemu's main loop was not. */
export const vcpuOnly = 'its vCPU alone'

/** A guest that is up wakes more often than this, for its own timers if for nothing else. */
const longSilence = 250 * millisecond

/** How long all vCPUs are usually still, in the seconds before. */
function usualStillness(subject: Subject, courses: Courses, vcpus: readonly number[]): number {
  const before = { from: instantOf(subject.gap.from - 3 * second), to: subject.gap.from }
  return longestOf(stillTogether(courses, vcpus, before).flatMap((one) => clipped(one, before) ?? []))
}

/** The one vCPU that was off its work for most of the lateness, if it is exactly one. */
function stuckOf(alone: ReadonlyMap<number, readonly Claim[]>, lateness: Window): QemuState['stuck'] {
  const long = [...alone].filter(
    ([, claims]) =>
      sumOf(union(claims.flatMap((claim) => clipped(claim.window, lateness) ?? []))) >= 0.5 * lengthOf(lateness),
  )
  const [only] = long
  return only === undefined || long.length > 1 ? undefined : { tid: only[0], claims: only[1] }
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
  const tids = tidsOf(subject, 'vcpu')
  const vcpus = tids.map((tid) => vcpuOf(subject, courses, tid))
  const isStop = (one: Claim): boolean => one.state === 'stopped'
  // Which thread is a vCPU is not known without names: then nothing less than all of them is the guest's stop.
  const whole =
    tids.length > 0 && !subject.isVcpuGuessed ? [...tids, ...tidsOf(subject, 'main')] : [...courses.sampled.keys()]
  const allStopped = together(
    whole.map((tid) => threadClaims(subject, courses, tid)),
    isStop,
  )
  const base = [...processClaims(courses), ...allStopped]
  const standing = union(base.map((one) => one.window))
  const off = guestOff(vcpus, courses, lateness)
  const stops = allStops(vcpus).flatMap((one) =>
    without([one.window], standing).map((window) => ({ ...one, window, detail: `${vcpuOnly}, ${one.detail}` })),
  )
  const still = stillTogether(courses, tids, lateness)
  const usual = usualStillness(subject, courses, tids)
  // A main loop that is held up matters where the guest stood still meanwhile, or where frames were held.
  const matters = (one: Claim): boolean =>
    subject.late.wire === 'W2' ||
    (sumOf(intersection([one.window], still)) >= 0.5 * lengthOf(clipped(one.window, lateness) ?? one.window) &&
      longestOf(intersection([one.window], still)) >= Math.max(2 * usual, 150 * millisecond))
  const stalls = mainStalls(subject, courses, standing).filter(matters)
  const away = [...off.claims, ...stops, ...mainWaits(subject, courses).filter(matters)]
  // Stood still by a command: with every thread healthy, and no vCPU in its guest.
  const ill = vcpus.flatMap((one) => [...one.stops, ...one.wants])
  const taken = [
    ...standing,
    ...union([...away, ...stalls, ...ill].map((one) => one.window)),
    ...insideGuest(courses, tids),
  ]
  const pauses = without(stillTogether(courses, tids, subject.gap), taken)
  const standstill = pauses.flatMap((window): Standstill[] => {
    const length = lengthOf(window)
    if (length < Math.max(150 * millisecond, 0.3 * L)) return []
    const isToggled = isBracketed(subject, courses, window)
    const isShift = Math.abs(length - L) <= Math.max(60 * millisecond, 0.05 * L) && window.to <= subject.late.at
    return (isToggled || length >= 3 * usual) && (isShift || clipped(window, lateness) !== undefined)
      ? [{ window, isBracketed: isToggled, isShift }]
      : []
  })
  const running = vcpus.flatMap((one) => one.claims.filter((claim) => claim.state === 'running'))
  const inside = still.flatMap((one) => clipped(one, lateness) ?? [])
  // A vCPU that was asleep, and not waiting for a CPU, is idle however long: run delay or a switch's reason tells.
  const isRunDelaySeen = subject.sees.samples || subject.sees.reasons
  return {
    claims: [...base, ...away, ...stalls, ...running],
    stalls,
    standstill,
    isPauseOpen: longestOf(pauses) >= Math.max(150 * millisecond, 0.7 * L),
    stuck: stuckOf(off.alone, lateness),
    isAlive:
      tids.length > 0 &&
      longestOf(inside) < 0.35 * L &&
      (isRunDelaySeen || sumOf(inside.filter((one) => lengthOf(one) >= longSilence)) < 0.35 * L),
  }
}
