// keepalived's timer had run out, nothing stopped or blocked it, and another thread had its CPU until it was sent.
//
// sysdig tells no wakeups. But a guest that is alive wakes keepalived when its timer is due, so from then on it is ready to
// run; and the switches tell who ran instead. A standstill under one thread is only believed to be that thread's doing when
// the host saw the guest's CPUs run meanwhile, or when the same thread, and no other, did it several times over.

import type { Claim } from '../explain/claim.ts'
import { cpuOwners, type CpuOwner } from '../explain/actors.ts'
import type { Courses } from '../explain/courses.ts'
import { clipped, lengthOf, sumOf, without } from '../explain/stretches.ts'
import type { Subject } from '../explain/subject.ts'
import { second, type Window } from '../../time/instant.ts'
import type { Pulse } from './pulse.ts'

export interface Starvation {
  readonly by: CpuOwner
  readonly claims: readonly Claim[]
  /** The host saw that the guest's CPUs ran, or the guest went on. */
  readonly isProved: boolean
}

const repeats = 3
/** A thread that does not give its CPU up may have come to it long before. */
const longestTurn = 10 * second

/** Every standstill around is under this thread, and there are several: nothing from outside picks its victims so. */
function isHabit({ standstills }: Pulse, tid: number): boolean {
  const own = standstills.filter(({ owners }) => owners.some((one) => one.pid === tid))
  return own.length >= repeats && own.length === standstills.length
}

function readySince(subject: Subject, courses: Courses): Window | undefined {
  const tid = subject.sender?.pid ?? -1
  const arrivals = courses.kernel.get(tid)?.arrivals ?? []
  const last = arrivals.findLast((one) => one.at > subject.lateness.from && one.at <= subject.late.at)
  return last === undefined ? undefined : clipped({ from: subject.lateness.from, to: last.at }, subject.lateness)
}

/** `taken`: where something else is known of it. `hasRun`: the host saw the guest's CPUs run all the while. */
export function starvationOf(
  subject: Subject,
  courses: Courses,
  pulse: Pulse,
  taken: readonly Window[],
  hasRun: boolean,
): Starvation | undefined {
  const ready = readySince(subject, courses)
  if (ready === undefined) return undefined
  const tid = subject.sender?.pid ?? -1
  const cpu = courses.kernel.get(tid)?.arrivals.findLast((one) => one.at <= ready.to)?.cpu
  const waits = without([ready], taken)
  const owners = cpuOwners(subject, waits, cpu, longestTurn)
  const waited = sumOf(waits)
  const had = owners.reduce((sum, one) => sum + one.ns, 0)
  const [by] = owners
  if (by === undefined || waited <= 0 || had < 0.8 * waited || by.ns < 0.5 * waited) return undefined
  const isBelieved = hasRun || isHabit(pulse, by.pid)
  const standing = pulse.standstills.map((one) => one.window)
  const windows = isBelieved ? waits : without(waits, standing)
  const detail = `ready to run, its CPU had by ${by.comm} (${by.pid})`
  return {
    by,
    claims: windows
      .filter((one) => lengthOf(one) > 0)
      .map((window) => ({ state: 'runnable', window, detail, source: 'switches', isCoarse: false })),
    isProved: hasRun || pulse.isAlive,
  }
}

/** How much of these stretches the CPU on which it last was lay idle: what is idle keeps nobody waiting. */
export function idleShare(subject: Subject, windows: readonly Window[]): number {
  const busy = cpuOwners(subject, windows, undefined, longestTurn).reduce((sum, one) => sum + one.ns, 0)
  const whole = sumOf(windows)
  return whole <= 0 ? 0 : Math.max(0, 1 - busy / whole)
}
