// The sender around one late advert, from every source: its threads' courses, its stops, and what its cgroups say.

import { instantOf, millisecond, type Window } from '../../time/instant.ts'
import { longestStop, stopsBySignal, type Stop } from './actors.ts'
import { kernelCourses, type KernelCourse } from './kernel-course.ts'
import {
  isUsual,
  throttledIn,
  throttlingsOf,
  usualLookBack,
  wasThrottledShortlyBefore,
  type CgroupRow,
  type Throttling,
} from './quota.ts'
import { carriedOn, reach, runsOf, sampledCourses, type Sample } from './sampled-course.ts'
import { canBeOurs, isStill, provenStops } from './standing.ts'
import { sentBefore, type Subject } from './subject.ts'

export interface Frozen {
  readonly path: string
  readonly window: Window
}

export interface Courses {
  readonly kernel: ReadonlyMap<number, KernelCourse>
  readonly sampled: ReadonlyMap<number, readonly Sample[]>
  readonly stops: readonly Stop[]
  readonly frozen: readonly Frozen[]
  readonly throttled: readonly Throttling[]
  /** Whose cgroups these are was not told, and they fit others as well: several of them, or throttled all the time. */
  readonly isThrottlingAmbiguous: boolean
  /** It was not throttled: it has no quota, or its counters did not rise meanwhile or within two periods before. */
  readonly isQuotaOut: boolean
  /** Counters of a quota were sampled to the end: what did not rise was not throttled. */
  readonly isQuotaSeen: boolean
}

const isAncestor = (one: string, other: string): boolean => other.startsWith(`${one}/`)

function cgroupRows(subject: Subject): Map<string, CgroupRow[]> {
  const { store, gap, sender, evidence } = subject
  const own = sender === undefined ? undefined : evidence.cgroupsOf?.(sender.pid)
  const byPath = new Map<string, CgroupRow[]>()
  for (const row of store.cgroups.rows({ from: instantOf(gap.from - usualLookBack), to: instantOf(gap.to + reach) })) {
    const path = store.names.textOf(row.pathName)
    if (own !== undefined && !own.some((one) => one === path || isAncestor(path, one))) continue
    const rows = byPath.get(path) ?? []
    rows.push({ at: row.at, throttledNs: row.throttledNs, periods: row.throttledPeriods, frozen: row.frozen })
    byPath.set(path, rows)
  }
  return byPath
}

/** Time is booked as it ends: a group that is gone by then takes with it what it did not book. */
function isQuotaSeen(groups: readonly (readonly CgroupRow[])[], { late }: Subject): boolean {
  const quotas = groups.filter((all) => all.some((row) => !Number.isNaN(row.throttledNs)))
  return quotas.length > 0 && quotas.every((all) => (all.at(-1)?.at ?? 0) >= late.at)
}

export function coursesOf(subject: Subject): Courses {
  const kernel = kernelCourses(subject)
  const sampled = sampledCourses(subject)
  const seen = { kernel, sampled }
  const pids = new Set([subject.sender?.pid ?? -1, ...(subject.sender?.tids ?? [])])
  const rows = cgroupRows(subject)
  const whole = [...kernel.values()].reduce<KernelCourse | undefined>(
    (busiest, one) => (busiest === undefined || one.activity.length > busiest.activity.length ? one : busiest),
    undefined,
  )
  const isTold = subject.sender !== undefined && subject.evidence.cgroupsOf?.(subject.sender.pid) !== undefined
  const frozen = [...rows].flatMap(([path, all]) =>
    runsOf(all, (row) => row.frozen === 1)
      .filter((run) => isStill(seen, run))
      .map((run) => ({ path, window: carriedOn(run, whole, all) }))
      .filter((one) => isTold || canBeOurs(seen, one.window, subject.late.at)),
  )
  const quotas = throttlingsOf(rows)
  const isSeen = isQuotaSeen([...rows.values()], subject)
  const throttled = quotas
    .filter((one) => throttledIn(one, subject.gap).ns >= 5 * millisecond)
    .toSorted((a, b) => throttledIn(b, subject.gap).ns - throttledIn(a, subject.gap).ns)
  const unrelated = throttled.some((one) =>
    throttled.some(
      (other) => one.path !== other.path && !isAncestor(one.path, other.path) && !isAncestor(other.path, one.path),
    ),
  )
  return {
    kernel,
    sampled,
    stops: provenStops(seen, stopsBySignal(subject, pids), sentBefore(subject, longestStop)),
    frozen,
    throttled,
    isThrottlingAmbiguous: !isTold && (unrelated || throttled.some((one) => isUsual(subject, one))),
    isQuotaSeen: isSeen,
    // Where its cgroups are known and none of them counts, it has no quota.
    isQuotaOut: (isSeen || isTold) && !quotas.some((one) => wasThrottledShortlyBefore(one, subject.lateness)),
  }
}
