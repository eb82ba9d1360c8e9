// Everything that claims to know where the sender was: one list, from every source.
//
// keepalived is one thread: its own course is the sender's. qemu is many, and is put together in qemu-state.ts.

import { formatSpan } from '../../time/format.ts'
import { instantOf, millisecond, spanOf, type Instant, type Window } from '../../time/instant.ts'
import { signalName } from '../life-facts.ts'
import { stopsBySignal, type Stop } from './actors.ts'
import type { Claim } from './claim.ts'
import { kernelCourses, type KernelCourse } from './kernel-course.ts'
import { carriedOn, reach, runsOf, sampledCourses, stopsOf, waitsOf, type Sample } from './sampled-course.ts'
import { clipped, intersection, lengthOf, sumOf, union } from './stretches.ts'
import type { Subject } from './subject.ts'

export interface Frozen {
  readonly path: string
  readonly window: Window
}

export interface Throttling {
  readonly path: string
  readonly ns: number
  readonly periods: number
}

export interface Courses {
  readonly kernel: ReadonlyMap<number, KernelCourse>
  readonly sampled: ReadonlyMap<number, readonly Sample[]>
  readonly stops: readonly Stop[]
  readonly frozen: readonly Frozen[]
  readonly throttled: readonly Throttling[]
  /** More than one cgroup besides its ancestors was throttled, and whose it is was not told. */
  readonly isThrottlingAmbiguous: boolean
}

const isAncestor = (one: string, other: string): boolean => other.startsWith(`${one}/`)

function cgroupRows(
  subject: Subject,
): Map<string, { at: Instant; throttledNs: number; periods: number; frozen: number }[]> {
  const { store, gap, sender, evidence } = subject
  const own = sender === undefined ? undefined : evidence.cgroupsOf?.(sender.pid)
  const byPath = new Map<string, { at: Instant; throttledNs: number; periods: number; frozen: number }[]>()
  for (const row of store.cgroups.rows({ from: instantOf(gap.from - reach), to: instantOf(gap.to + reach) })) {
    const path = store.names.textOf(row.pathName)
    if (own !== undefined && !own.some((one) => one === path || isAncestor(path, one))) continue
    const rows = byPath.get(path) ?? []
    rows.push({ at: row.at, throttledNs: row.throttledNs, periods: row.throttledPeriods, frozen: row.frozen })
    byPath.set(path, rows)
  }
  return byPath
}

/** Nothing of it ran or worked in this stretch. */
function isStill(courses: Pick<Courses, 'kernel' | 'sampled'>, stretch: Window): boolean {
  const margin = 5 * millisecond
  for (const course of courses.kernel.values())
    if (course.activity.some((at) => at > stretch.from + margin && at < stretch.to - margin)) return false
  for (const samples of courses.sampled.values()) {
    const inside = samples.filter((one) => one.at >= stretch.from && one.at <= stretch.to)
    const first = inside[0]
    const last = inside.at(-1)
    if (first !== undefined && last !== undefined && last.slices - first.slices > 1) return false
  }
  return true
}

/** A stop holds only until the sender was seen at work again. */
function untilActive(stop: Stop, courses: ReadonlyMap<number, KernelCourse>): Stop {
  const settle = 5 * millisecond
  const seen = [...courses.values()].flatMap(
    (course) => course.activity.find((at) => at > stop.window.from + settle) ?? [],
  )
  const first = Math.min(...seen, stop.window.to)
  return { ...stop, window: { from: stop.window.from, to: instantOf(Math.max(stop.window.from, first)) } }
}

export function coursesOf(subject: Subject): Courses {
  const kernel = kernelCourses(subject)
  const sampled = sampledCourses(subject)
  const pids = new Set([subject.sender?.pid ?? -1, ...(subject.sender?.tids ?? [])])
  const rows = cgroupRows(subject)
  const whole = [...kernel.values()].reduce<KernelCourse | undefined>(
    (busiest, one) => (busiest === undefined || one.activity.length > busiest.activity.length ? one : busiest),
    undefined,
  )
  const frozen = [...rows].flatMap(([path, all]) =>
    runsOf(all, (row) => row.frozen === 1)
      .filter((run) => isStill({ kernel, sampled }, run))
      .map((run) => ({ path, window: carriedOn(run, whole) })),
  )
  const throttled = [...rows].flatMap(([path, all]) => {
    const first = all[0]
    const last = all.at(-1)
    const ns = first === undefined || last === undefined ? Number.NaN : last.throttledNs - first.throttledNs
    const periods = first === undefined || last === undefined ? 0 : last.periods - first.periods
    return ns >= 5 * millisecond ? [{ path, ns, periods }] : []
  })
  const told = subject.sender !== undefined && subject.evidence.cgroupsOf?.(subject.sender.pid) !== undefined
  const unrelated = throttled.some((one) =>
    throttled.some(
      (other) => one.path !== other.path && !isAncestor(one.path, other.path) && !isAncestor(other.path, one.path),
    ),
  )
  return {
    kernel,
    sampled,
    stops: stopsBySignal(subject, pids).map((stop) => untilActive(stop, kernel)),
    frozen,
    throttled: throttled.toSorted((a, b) => b.ns - a.ns),
    isThrottlingAmbiguous: !told && unrelated,
  }
}

/** Calls in which an event loop waits by nature. What a keepalived polls besides is a wait for somebody. */
const loopWaits = {
  keepalived: new Set([
    'epoll_wait',
    'epoll_pwait',
    'epoll_pwait2',
    'select',
    'pselect6',
    '_newselect',
    'restart_syscall',
  ]),
  qemu: new Set([
    'ppoll',
    'poll',
    'epoll_wait',
    'epoll_pwait',
    'select',
    'pselect6',
    'futex',
    'ioctl',
    'rt_sigtimedwait',
    'io_getevents',
    'io_uring_enter',
    'restart_syscall',
  ]),
} as const

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
  return (course?.off ?? []).flatMap(({ window, reason, woken }): Claim[] => {
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
    if (reason === 'uninterruptible')
      return [...waiting, { ...claim, window: asleep, state: 'blocked', detail: offWords.uninterruptible }]
    return waiting
  })
}

export function threadClaims(subject: Subject, courses: Courses, tid: number): Claim[] {
  const kernel = courses.kernel.get(tid)
  const samples = courses.sampled.get(tid) ?? []
  const hasReasons = subject.sees.reasons && (kernel?.off.length ?? 0) > 0
  return [
    ...(kernel?.running ?? []).map((window): Claim => ({
      state: 'running',
      window,
      detail: 'on a CPU',
      source: 'switches',
      isCoarse: false,
    })),
    ...offClaims(kernel),
    ...blockedCalls(subject, kernel),
    ...stopsOf(samples, kernel),
    ...waitsOf(samples, kernel, subject.late.at, subject.gap).filter((one) => !hasReasons || one.state === 'paging'),
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

/** The waits that a quota explains: as much of them as the cgroup was throttled for. */
export function withThrottling(claims: readonly Claim[], courses: Courses, lateness: Window): Claim[] {
  const [quota] = courses.throttled
  if (quota === undefined) return [...claims]
  const waits = union(
    claims.filter((one) => one.state === 'runnable').flatMap((one) => clipped(one.window, lateness) ?? []),
  )
  const share = Math.min(1, quota.ns / Math.max(1, sumOf(waits)))
  const detail = `cgroup ${quota.path} had used up its CPU quota`
  return claims.map((one) => {
    if (one.state !== 'runnable') return one
    if (share >= 0.8) return { ...one, state: 'throttled', detail, source: 'cgroups' }
    return one
  })
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
