// One thread as the kernel engine saw it around a late advert: when it was at work, on a CPU, off it and why, in a call.

import { leaveReasons, type LeaveReason } from '../../events/kernel.ts'
import { instantOf, millisecond, second, type Instant, type Window } from '../../time/instant.ts'
import type { Subject } from './subject.ts'

export interface TimedCall {
  readonly window: Window
  readonly name: string
  readonly file: string
  readonly fd: number
}

export interface KernelCourse {
  /** Moments at which it was seen at work: calls begun and ended, switches. Sorted. */
  readonly activity: readonly number[]
  readonly running: readonly Window[]
  readonly off: readonly {
    readonly window: Window
    readonly reason: LeaveReason
    readonly woken: Instant | undefined
    /** It waited for its own memory: a major fault was counted by the time it left the CPU again. */
    readonly isFault: boolean
  }[]
  /** Calls of a millisecond or more. */
  readonly calls: readonly TimedCall[]
  /** Moments at which it got a CPU, and which. */
  readonly arrivals: readonly { readonly at: Instant; readonly cpu: number }[]
  /** When it last armed a timer (timerfd_settime), in order. */
  readonly timers: readonly Instant[]
}

interface Draft {
  readonly activity: number[]
  readonly running: Window[]
  readonly off: { window: Window; reason: LeaveReason; woken: Instant | undefined; isFault: boolean }[]
  readonly calls: TimedCall[]
  readonly arrivals: { at: Instant; cpu: number }[]
  readonly timers: Instant[]
  readonly callEnds: number[]
  onSince: number | undefined
  left: { at: number; reason: number } | undefined
  /** Counted when it left the CPU last; undefined before, and where nobody counts. */
  faults: number | undefined
  wokenAt: number | undefined
}

/** How far before the gap a thread is followed: what was usual just before. */
export const lookBack = 3 * second
const lookAhead = 50 * millisecond

/** sysdig names a unix socket by two kernel pointers and its path; only the path means something to a person. */
export const fileNameOf = (text: string): string => text.replace(/^[0-9a-f]{8,16}->[0-9a-f]{8,16} ?/, '').trim()

const draft = (): Draft => ({
  activity: [],
  running: [],
  off: [],
  calls: [],
  arrivals: [],
  timers: [],
  callEnds: [],
  onSince: undefined,
  left: undefined,
  faults: undefined,
  wokenAt: undefined,
})

function takeCalls(subject: Subject, range: Window, drafts: ReadonlyMap<number, Draft>): void {
  const { names, calls } = subject.store
  const timer = names.find('timerfd_settime')
  for (const { at, cells, from, to } of calls.slices(range)) {
    for (let i = from; i < to; i++) {
      const one = drafts.get(cells.tid[i] ?? 0)
      if (one === undefined) continue
      const end = at[i] ?? 0
      const latency = cells.latencyNs[i] ?? Number.NaN
      one.activity.push(end)
      one.callEnds.push(end)
      if (cells.callName[i] === timer) one.timers.push(instantOf(end))
      if (!(latency >= 0)) continue
      one.activity.push(end - latency)
      if (latency < millisecond) continue
      one.calls.push({
        window: { from: instantOf(end - latency), to: instantOf(end) },
        name: names.textOf(cells.callName[i] ?? 0),
        file: fileNameOf(names.textOf(cells.fileName[i] ?? 0)),
        fd: cells.fd[i] ?? -1,
      })
    }
  }
}

function takeSwitches(subject: Subject, range: Window, drafts: ReadonlyMap<number, Draft>): void {
  const wakeups = subject.store.wakeups.rows(range)
  let w = 0
  for (const { at, cells, from, to } of subject.store.switches.slices(range)) {
    for (let i = from; i < to; i++) {
      const moment = at[i] ?? 0
      for (let wakeup = wakeups[w]; wakeup !== undefined && wakeup.at <= moment; wakeup = wakeups[++w]) {
        const woken = drafts.get(wakeup.tid)
        if (woken !== undefined) woken.wokenAt = wakeup.at
      }
      const coming = drafts.get(cells.to[i] ?? 0)
      if (coming !== undefined) arrive(coming, moment, cells.cpu[i] ?? 0)
      const leaving = drafts.get(cells.from[i] ?? 0)
      if (leaving !== undefined) leave(leaving, moment, cells.reason[i] ?? 0, cells.majorFaults[i] ?? -1)
    }
  }
}

function arrive(one: Draft, at: number, cpu: number): void {
  one.activity.push(at)
  one.arrivals.push({ at: instantOf(at), cpu })
  close(one, at)
  one.onSince = at
}

function leave(one: Draft, at: number, reason: number, faults: number): void {
  one.activity.push(at)
  // It was not seen to come back: what lies between is not known.
  if (one.onSince !== undefined) one.running.push({ from: instantOf(one.onSince), to: instantOf(at) })
  one.onSince = undefined
  if (one.faults !== undefined && faults > one.faults) markFault(one)
  one.faults = faults < 0 ? undefined : faults
  one.left = { at, reason }
  one.wokenAt = undefined
}

/**
 * The wait that has just ended was a major fault, which is counted at its end. The uninterruptible waits before it, back
 * to the last call that ended, were the same one (the page was locked, then read), unless they were inside a call.
 */
function markFault(one: Draft): void {
  const last = one.off.at(-1)
  if (last === undefined) return
  last.isFault = last.reason !== 'preempted'
  const worked = one.callEnds.findLast((at) => at <= last.window.to) ?? -Infinity
  for (let i = one.off.length - 2; i >= 0; i--) {
    const wait = one.off[i]
    if (wait === undefined || wait.isFault || wait.window.from < worked || wait.reason === 'sleeping') return
    if (one.calls.some((call) => call.window.from <= wait.window.from && call.window.to >= wait.window.to)) return
    wait.isFault = wait.reason !== 'preempted'
  }
}

function close(one: Draft, at: number): void {
  if (one.left === undefined) return
  one.off.push({
    window: { from: instantOf(one.left.at), to: instantOf(at) },
    reason: leaveReasons[one.left.reason] ?? 'unknown',
    woken: one.wokenAt !== undefined && one.wokenAt >= one.left.at ? instantOf(one.wokenAt) : undefined,
    isFault: false,
  })
  one.left = undefined
}

export function kernelCourses(subject: Subject): Map<number, KernelCourse> {
  const drafts = new Map((subject.sender?.tids ?? []).map((tid) => [tid, draft()]))
  const range = {
    from: instantOf(subject.gap.from - lookBack),
    to: instantOf(subject.gap.to + lookAhead),
  }
  takeCalls(subject, range, drafts)
  takeSwitches(subject, range, drafts)
  for (const one of drafts.values()) {
    if (one.onSince !== undefined) one.running.push({ from: instantOf(one.onSince), to: subject.gap.to })
    else close(one, subject.gap.to)
    one.activity.sort((a, b) => a - b)
  }
  return drafts
}

/** Stretches without any activity that overlap `window`, and reach beyond it as far as the thread was followed. */
export function silencesOf(course: KernelCourse, window: Window, least: number): Window[] {
  const found: Window[] = []
  let last: number = window.from
  const first = course.activity.findLast((at) => at <= window.from)
  if (first !== undefined) last = first
  for (const at of course.activity) {
    if (at <= last) continue
    if (at - last >= least && last < window.to) found.push({ from: instantOf(last), to: instantOf(at) })
    last = at
    if (last >= window.to) break
  }
  if (last < window.to && window.to - last >= least) found.push({ from: instantOf(last), to: window.to })
  return found
}
