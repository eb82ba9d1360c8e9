// One thread as the ten-a-second samples saw it: state letters, and counters whose steps say how much, not when.
//
//   sample   S     S     T     T     T     R     S
//            |-----|-----|=====|=====|-----|-----|        stopped: from the first T to the last, no further
//   run delay    0     0     0     0   312 ms             a wait of 312 ms that ended before this sample

import { instantOf, millisecond, second, type Instant, type Window } from '../../time/instant.ts'
import type { LedgerState } from '../explanation.ts'
import type { KernelCourse } from './kernel-course.ts'
import type { Claim } from './claim.ts'
import { clipped, lengthOf, sumOf } from './stretches.ts'
import type { Subject } from './subject.ts'

export interface Sample {
  readonly at: Instant
  readonly state: string
  readonly onCpuNs: number
  readonly runDelayNs: number
  readonly slices: number
  readonly cpu: number
  readonly majorFaults: number
}

export const pagingDetail = 'waiting for its memory to be read back (major faults)'

/** The sampler's period, twice and a half: what encloses a stretch lies within it. */
export const reach = 0.25e9
const longestPeriod = 0.5e9

/** Samples further apart than this have a hole between them: ten a second is usual, and one a second happens. */
function longestPeriodOf(rows: readonly { readonly at: Instant }[]): number {
  const spans = rows.slice(1).map((row, i) => row.at - (rows[i]?.at ?? row.at))
  const median = spans.toSorted((a, b) => a - b)[spans.length >> 1] ?? 0
  return Math.min(3 * second, Math.max(longestPeriod, 2.5 * median))
}

/** Which part of this stretch lies between two samples that follow each other as they should. */
export function sampledShare(samples: readonly Sample[], stretch: Window): number {
  const longest = longestPeriodOf(samples)
  const pieces = samples.slice(1).flatMap((next, i) => {
    const from = samples[i]?.at ?? next.at
    return next.at - from > longest ? [] : (clipped({ from, to: next.at }, stretch) ?? [])
  })
  return sumOf(pieces) / Math.max(1, lengthOf(stretch))
}

export function sampledCourses(subject: Subject): Map<number, Sample[]> {
  const courses = new Map<number, Sample[]>((subject.sender?.tids ?? []).map((tid) => [tid, []]))
  // What kept the sender from a CPU may keep the sampler from its work: the next sample may come late, and is taken still.
  const range = { from: instantOf(subject.gap.from - 3 * second), to: instantOf(subject.gap.to + 3 * second) }
  for (const { at, cells, from, to } of subject.store.threads.slices(range)) {
    for (let i = from; i < to; i++) {
      const course = courses.get(cells.tid[i] ?? 0)
      if (course === undefined || (course.at(-1)?.at ?? 0) > subject.gap.to + reach) continue
      if ((at[i] ?? 0) > subject.gap.to + reach && (course.at(-1)?.at ?? Infinity) > subject.gap.to) continue
      course.push({
        at: instantOf(at[i] ?? 0),
        state: String.fromCharCode(cells.state[i] ?? 0),
        onCpuNs: cells.onCpuNs[i] ?? 0,
        runDelayNs: cells.runDelayNs[i] ?? 0,
        slices: cells.slices[i] ?? 0,
        cpu: cells.cpu[i] ?? 0,
        majorFaults: cells.majorFaults[i] ?? 0,
      })
    }
  }
  return courses
}

/** Runs of samples for which `is` holds, as windows from the first to the last of each. */
export function runsOf<R extends { readonly at: Instant }>(rows: readonly R[], is: (row: R) => boolean): Window[] {
  const runs: Window[] = []
  const longest = longestPeriodOf(rows)
  let from: Instant | undefined
  let last: Instant | undefined
  for (const row of rows) {
    if (is(row) && (last === undefined || row.at - last < longest)) {
      from ??= row.at
      last = row.at
      continue
    }
    if (from !== undefined && last !== undefined) runs.push({ from, to: last })
    from = is(row) ? row.at : undefined
    last = from
  }
  if (from !== undefined && last !== undefined) runs.push({ from, to: last })
  return runs
}

/**
 * A run of samples, carried on to where the kernel engine last saw the thread at work before, and first after: within a
 * sampling period, or over a hole of the samples. `others`: samples that do not belong to it, where they are at hand.
 */
export function carriedOn(
  run: Window,
  course: KernelCourse | undefined,
  others: readonly { readonly at: Instant }[] = [],
): Window {
  if (course === undefined || course.activity.length === 0) return run
  const before = course.activity.findLast((at) => at <= run.from)
  const behind = course.activity.find((at) => at >= run.to)
  const isAlone = others.length === 0
  const earlier = isAlone ? run.from : (others.findLast((one) => one.at < run.from)?.at ?? -Infinity)
  const later = isAlone ? run.to : (others.find((one) => one.at > run.to)?.at ?? Infinity)
  const earliest = earlier - reach
  const latest = later + reach
  return {
    from: before !== undefined && before > earliest ? instantOf(before) : run.from,
    to: behind !== undefined && behind < latest ? instantOf(behind) : run.to,
  }
}

const claimOf = (state: LedgerState, window: Window, detail: string): Claim => ({
  state,
  window,
  detail,
  source: 'samples',
  isCoarse: true,
})

export function stopsOf(samples: readonly Sample[], course: KernelCourse | undefined): Claim[] {
  return (
    [
      ['T', 'stopped by a signal (state T)'],
      ['t', 'stopped by a tracer (state t)'],
    ] as const
  ).flatMap(([letter, detail]) =>
    runsOf(samples, (one) => one.state === letter).map((run) => claimOf('stopped', carriedOn(run, course), detail)),
  )
}

/** Where a step of the run delay lay: it is booked when the thread gets its CPU. */
function waitEnd(first: Sample, next: Sample, course: KernelCourse | undefined, sentAt: Instant): Instant {
  const arrival = course?.arrivals.findLast((one) => one.at > first.at && one.at <= next.at)
  if (arrival !== undefined) return arrival.at
  return sentAt > first.at && sentAt < next.at ? sentAt : next.at
}

/** One uninterruptible wait. A major fault is counted when it is over: one that lasts a second is counted at its end. */
function waitOf(first: Sample, next: Sample): Claim {
  const stretch = { from: first.at, to: next.at }
  return next.majorFaults > first.majorFaults
    ? claimOf('paging', stretch, pagingDetail)
    : claimOf('blocked', stretch, 'in the kernel, not to be interrupted (state D)')
}

export function waitsOf(
  samples: readonly Sample[],
  course: KernelCourse | undefined,
  sentAt: Instant,
  lateness: Window,
): Claim[] {
  const claims: Claim[] = []
  const longest = longestPeriodOf(samples)
  let previous: Sample | undefined
  let asleep: Sample | undefined
  for (const next of samples) {
    const first = previous
    previous = next
    if (first === undefined) continue
    const delay = next.runDelayNs - first.runDelayNs
    if (next.at - first.at > longest) {
      asleep = undefined
      // Whatever kept the sampler from its work: who waited for a CPU all that time was in no other state.
      if (delay >= 0.9 * (next.at - first.at) && clipped({ from: first.at, to: next.at }, lateness) !== undefined)
        claims.push(claimOf('runnable', { from: first.at, to: next.at }, 'ready to run, without a CPU'))
      continue
    }
    if (delay >= millisecond) {
      const end = waitEnd(first, next, course, sentAt)
      // Short waits of one sampling interval are one stretch in it; a long one reaches back as far as it lasted.
      const window = { from: instantOf(end - delay), to: end }
      if (clipped(window, lateness) !== undefined)
        claims.push({
          ...claimOf('runnable', window, 'ready to run, without a CPU'),
          pieces: Math.max(1, next.slices - first.slices),
        })
    }
    if (first.state === 'D') asleep ??= first
    // It ran again, or the samples end: what it waited for is told by what is counted then.
    if (asleep !== undefined && (next.slices > asleep.slices || next.state !== 'D' || next === samples.at(-1))) {
      claims.push(waitOf(asleep, next))
      asleep = next.state === 'D' ? next : undefined
    }
    const ran = next.onCpuNs - first.onCpuNs
    if (ran >= millisecond)
      claims.push(
        claimOf('running', { from: instantOf(next.at - Math.min(ran, next.at - first.at)), to: next.at }, 'on a CPU'),
      )
  }
  return claims
}
