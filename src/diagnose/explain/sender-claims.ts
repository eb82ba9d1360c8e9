// Everything that claims to know where the sender was: one list, from every source.
//
// keepalived is one thread: its own course is the sender's. qemu is many, and is put together in qemu-state.ts.

import { formatSpan } from '../../time/format.ts'
import { instantOf, millisecond, spanOf, type Window } from '../../time/instant.ts'
import { signalName } from '../life-facts.ts'
import type { Claim } from './claim.ts'
import type { Courses } from './courses.ts'
import type { KernelCourse } from './kernel-course.ts'
import { loopWaits } from './loop-waits.ts'
import { withThrottling } from './quota.ts'
import { pagingDetail, stopsOf, waitsOf } from './sampled-course.ts'
import { intersection, lengthOf, without } from './stretches.ts'
import type { Subject } from './subject.ts'

export const callPhrase = (call: { readonly name: string; readonly file: string; readonly fd: number }): string =>
  `in ${call.name}${call.file === '' ? (call.fd >= 0 ? ` of fd ${call.fd}` : '') : ` of ${call.file}`}`

function blockedCalls(subject: Subject, course: KernelCourse | undefined): Claim[] {
  const waits = loopWaits[subject.sender?.kind ?? 'keepalived']
  const least = Math.max(millisecond, 0.02 * lengthOf(subject.lateness))
  return (course?.calls ?? [])
    .filter((call) => !waits.has(call.name) && lengthOf(call.window) >= least && call.window.from < subject.late.at)
    .map((call) => ({
      state: 'blocked',
      window: call.window,
      detail: callPhrase(call),
      source: 'calls',
      isCoarse: false,
    }))
}

const offWords = {
  stopped: 'stopped by a signal',
  traced: 'stopped by a tracer',
  uninterruptible: 'in the kernel, not to be interrupted',
} as const

function offClaims(course: KernelCourse | undefined): Claim[] {
  return (course?.off ?? []).flatMap(({ window, reason, woken, isFault }): Claim[] => {
    const claim = { window, source: 'switches', isCoarse: false } as const
    if (reason === 'stopped' || reason === 'traced') return [{ ...claim, state: 'stopped', detail: offWords[reason] }]
    if (reason === 'preempted') return [{ ...claim, state: 'runnable', detail: 'ready to run, without a CPU' }]
    const asleep = woken === undefined ? window : { from: window.from, to: woken }
    const waiting: Claim[] =
      woken === undefined
        ? []
        : [
            {
              ...claim,
              state: 'runnable',
              window: { from: woken, to: window.to },
              detail: 'ready to run, without a CPU',
            },
          ]
    if (isFault) return [...waiting, { ...claim, window: asleep, state: 'paging', detail: pagingDetail }]
    if (reason === 'uninterruptible')
      return [...waiting, { ...claim, window: asleep, state: 'blocked', detail: offWords.uninterruptible }]
    return waiting
  })
}

/** Where a switch said why the thread was off its CPU, a sample's counter says nothing more. */
function besides(sampled: readonly Claim[], course: KernelCourse | undefined): Claim[] {
  const told = (course?.off ?? []).filter((one) => one.reason !== 'unknown').map((one) => one.window)
  return sampled.flatMap((one) =>
    one.state === 'paging' || one.state === 'running'
      ? [one]
      : without([one.window], told).map((window) => ({ ...one, window })),
  )
}

/**
 * On a CPU from a switch to the next one, of which one may not have been seen: the kernel engine lost it, or was started
 * anew. Where samples found the thread stopped and nothing was seen of it at work, it was not.
 */
function runningOf(course: KernelCourse | undefined, stops: readonly Claim[]): Window[] {
  if (course === undefined || stops.length === 0) return [...(course?.running ?? [])]
  const margin = 5 * millisecond
  const isAtWork = ({ from, to }: Window): boolean =>
    course.activity.some((at) => at > from + margin && at < to - margin)
  const stopped = stops.map((one) => one.window)
  return course.running.flatMap((window) =>
    without(
      [window],
      intersection([window], stopped).filter((one) => !isAtWork(one)),
    ),
  )
}

export function threadClaims(subject: Subject, courses: Courses, tid: number): Claim[] {
  const kernel = courses.kernel.get(tid)
  const samples = courses.sampled.get(tid) ?? []
  const stops = stopsOf(samples, kernel)
  return [
    ...runningOf(kernel, stops).map((window): Claim => ({
      state: 'running',
      window,
      detail: 'on a CPU',
      source: 'switches',
      isCoarse: false,
    })),
    ...offClaims(kernel),
    ...blockedCalls(subject, kernel),
    ...stops,
    ...besides(waitsOf(samples, kernel, subject.late.at, subject.gap), kernel),
  ]
}

export function processClaims(courses: Courses): Claim[] {
  return [
    ...courses.stops.map((stop): Claim => ({
      state: 'stopped',
      window: stop.window,
      detail: `stopped by ${signalName(stop.signal)}${stop.by === undefined ? '' : ` of ${stop.by.comm} (${stop.by.pid})`}`,
      source: 'signals',
      isCoarse: false,
    })),
    ...courses.frozen.map(({ path, window }): Claim => ({
      state: 'frozen',
      window,
      detail: `cgroup ${path} was frozen`,
      source: 'cgroups',
      isCoarse: true,
    })),
  ]
}

/** In such a state in every one of these threads at the same time, told as the first one tells it. */
export function together(perThread: readonly (readonly Claim[])[], is: (claim: Claim) => boolean): Claim[] {
  const [first, ...others] = perThread.map((claims) => claims.filter(is))
  if (first === undefined || others.length === 0) return first ?? []
  const common = others.reduce<readonly Window[] | undefined>((left, set) => {
    const windows = set.map((one) => one.window)
    return left === undefined ? windows : intersection(left, windows)
  }, undefined)
  return first.flatMap((claim) => intersection([claim.window], common ?? []).map((window) => ({ ...claim, window })))
}

export function keepalivedClaims(subject: Subject, courses: Courses, lateness: Window): Claim[] {
  const tid = subject.sender?.pid ?? -1
  return withThrottling([...processClaims(courses), ...threadClaims(subject, courses, tid)], courses, lateness)
}

/** The same claims, moved on by one interval: a timer that was armed late fires late by as much. */
export function movedOn(claims: readonly Claim[], by: number): Claim[] {
  return claims.map((one) => ({
    ...one,
    window: { from: instantOf(one.window.from + by), to: instantOf(one.window.to + by) },
    detail: `${one.detail}, before it could arm its timer`,
  }))
}

/**
 * How late the timer itself was armed, when that is where the lateness began: keepalived arms it after the send, so what
 * stops it between the two delays the advert after. undefined when it was armed in time.
 */
export function armedLateBy(subject: Subject, courses: Courses): number | undefined {
  const { late, flow, lateness } = subject
  const timers = courses.kernel.get(subject.sender?.pid ?? -1)?.timers ?? []
  const armed = timers.find(
    (at) =>
      at > late.previousAt &&
      Math.abs(at + flow.interval - late.at) < Math.max(5 * millisecond, 0.02 * lengthOf(lateness)),
  )
  if (armed === undefined) return undefined
  const delay = armed - late.previousAt
  return delay >= 0.5 * lengthOf(lateness) ? delay : undefined
}

export const spanText = (ns: number): string => formatSpan(spanOf(ns))
