// qemu's main loop: timers, the monitor's commands, and without vhost every frame. Was it held up, or told to stop the VM?

import { millisecond, second, type Instant, type Window } from '../../time/instant.ts'
import type { Claim } from './claim.ts'
import type { Courses } from './courses.ts'
import { withThrottling } from './quota.ts'
import { threadClaims } from './sender-claims.ts'
import { lengthOf, without } from './stretches.ts'
import { tidsOf, type Subject } from './subject.ts'

const isHeldUp = (one: Claim): boolean => one.state === 'stopped' || one.state === 'blocked' || one.state === 'paging'

/** Its natural wait is ppoll. In a futex it waits for a lock, and longest for the big one that a vCPU holds. */
function lockWaits(subject: Subject, courses: Courses, tid: number): Claim[] {
  const least = Math.max(100 * millisecond, 0.1 * lengthOf(subject.lateness))
  return (courses.kernel.get(tid)?.calls ?? [])
    .filter((call) => call.name === 'futex' && lengthOf(call.window) >= least && call.window.from < subject.late.at)
    .map((call) => ({
      state: 'blocked',
      window: call.window,
      detail: 'in futex, for a lock',
      source: 'calls',
      isCoarse: false,
    }))
}

/** Where it was held up, but for the stretches in which all of qemu was. */
export function mainStalls(subject: Subject, courses: Courses, all: readonly Window[]): Claim[] {
  return tidsOf(subject, 'main').flatMap((tid) =>
    [...threadClaims(subject, courses, tid).filter(isHeldUp), ...lockWaits(subject, courses, tid)].flatMap((one) =>
      without([one.window], all).map((window): Claim => ({
        ...one,
        window,
        state: 'blocked',
        detail: `qemu's main loop ${one.detail.startsWith('in ') ? 'was ' : ''}${one.detail}`,
      })),
    ),
  )
}

/** Where it was ready to run and had no CPU, or no quota left. */
export function mainWaits(subject: Subject, courses: Courses): Claim[] {
  const waits = tidsOf(subject, 'main').flatMap((tid) =>
    threadClaims(subject, courses, tid).filter((one) => one.state === 'runnable'),
  )
  return withThrottling(waits, courses, subject.lateness).map((one) => ({
    ...one,
    detail: one.state === 'throttled' ? one.detail : `qemu's main loop was ${one.detail}`,
  }))
}

const bracketWithin = 10 * millisecond
const pollLookBack = 3 * second

/** One conversation is many calls within some milliseconds. */
function conversations(activity: readonly number[]): number {
  return activity.filter((at, i) => at - (activity[i - 1] ?? -Infinity) > 20 * millisecond).length
}

/**
 * The monitor's thread was at work as the stretch began and as it ended, and hardly else: stop … cont. A monitor that is
 * asked all the time brackets everything, the more so as its answers wait for whatever holds qemu up.
 */
export function isBracketed(subject: Subject, courses: Courses, stretch: Window): boolean {
  return tidsOf(subject, 'monitor').some((tid) => {
    const activity = courses.kernel.get(tid)?.activity ?? []
    const at = (moment: Instant): boolean => activity.some((one) => Math.abs(one - moment) < bracketWithin)
    if (!at(stretch.from) || !at(stretch.to)) return false
    const inside = activity.filter((one) => one > stretch.from + bracketWithin && one < stretch.to - bracketWithin)
    const before = activity.filter((one) => one > stretch.from - pollLookBack && one < stretch.from - 5 * bracketWithin)
    return inside.length < 20 && conversations(before) < 3
  })
}
