// CPU quotas: how long a cgroup was throttled, when, and how much of the sender's wait that explains.
//
//   samples        |    |    |    |    |    |
//   throttled      0    0    80   180  180  180 ms       booked when a turn of it ends
//   waits for CPU       |=========|                      as much as it waited: then the quota is why

import { instantOf, millisecond, second, type Instant, type Window } from '../../time/instant.ts'
import type { Claim } from './claim.ts'
import { reach } from './sampled-course.ts'
import { clipped, lengthOf, sumOf, union } from './stretches.ts'
import { sentBefore, type Subject } from './subject.ts'

export interface Throttling {
  readonly path: string
  /** How the counters rose from one sample to the next; throttled time is booked when it ends. */
  readonly steps: readonly Step[]
  /** As the steps tell it; 0 where fewer than two did. */
  readonly periodNs: number
}

interface Step {
  readonly window: Window
  readonly ns: number
  readonly periods: number
}

export interface CgroupRow {
  readonly at: Instant
  readonly throttledNs: number
  readonly periods: number
  readonly frozen: number
}

export function throttlingsOf(rows: ReadonlyMap<string, readonly CgroupRow[]>): Throttling[] {
  return [...rows].map(([path, all]) => {
    const steps = all.flatMap((row, i) => {
      const before = all[i - 1]
      const ns = before === undefined ? Number.NaN : row.throttledNs - before.throttledNs
      const periods = before === undefined ? 0 : row.periods - before.periods
      if (before === undefined || !(ns > 0 || periods > 0)) return []
      return [{ window: { from: before.at, to: row.at }, ns, periods }]
    })
    return { path, steps, periodNs: periodOf(steps) }
  })
}

function periodOf(steps: readonly Step[]): number {
  const counted = steps.filter((one) => one.periods > 0)
  const apart = counted.slice(1).map((one, i) => (one.window.to - (counted[i]?.window.to ?? 0)) / one.periods)
  return apart.toSorted((a, b) => a - b)[apart.length >> 1] ?? 0
}

/** How much of it was booked in this stretch, or right behind it. */
export function throttledIn(
  { steps, periodNs }: Throttling,
  stretch: Window,
): { readonly ns: number; readonly periods: number } {
  const told = { from: stretch.from, to: instantOf(stretch.to + reach) }
  const inside = steps.filter((one) => clipped(one.window, told) !== undefined)
  const booked = inside.reduce((sum, one) => sum + one.ns, 0)
  // A period that ends throttled and books nothing was throttled throughout, and goes on into the next one: it may be
  // booked much later, or never, when the quota is lifted or the cgroup goes.
  const unbooked = inside.reduce((sum, one) => sum + (one.ns > 0 ? 0 : one.periods), 0)
  return {
    ns: Math.max(booked, unbooked === 0 ? 0 : (unbooked + 1) * periodNs),
    periods: inside.reduce((sum, one) => sum + one.periods, 0),
  }
}

/** Then it may be throttled still: what is booked when it ends is missing when the quota is lifted, or the cgroup goes. */
export function wasThrottledShortlyBefore({ steps, periodNs }: Throttling, stretch: Window): boolean {
  const from = stretch.from - 2 * periodNs
  return periodNs > 0 && steps.some((one) => one.window.to > from && one.window.to <= stretch.from)
}

/** The one that was throttled most in this stretch. */
export function quotaOf({ throttled }: { readonly throttled: readonly Throttling[] }, stretch: Window) {
  const [most] = throttled
    .map((one) => ({ path: one.path, ...throttledIn(one, stretch) }))
    .toSorted((a, b) => b.ns - a.ns)
  return most === undefined || most.ns < 5 * millisecond ? undefined : most
}

export const usualLookBack = 12 * second

/** It was throttled at half this rate or more in three or more intervals at whose ends the adverts came in time. */
export function isUsual(subject: Subject, one: Throttling): boolean {
  const { late, lateness, evidence } = subject
  const lates = new Set((evidence.late ?? []).filter((other) => other.flow === late.flow).map((other) => other.at))
  const rate = throttledIn(one, lateness).ns / Math.max(1, lengthOf(lateness))
  const adverts = sentBefore(subject, usualLookBack)
  const alike = adverts.filter((at, i) => {
    const before = adverts[i - 1]
    if (before === undefined || lates.has(at)) return false
    return throttledIn(one, { from: before, to: instantOf(at - reach) }).ns / (at - before) >= 0.5 * rate
  })
  return alike.length >= 3
}

/** The waits that a quota explains: as much of them as the cgroup was throttled for. */
export function withThrottling(
  claims: readonly Claim[],
  quotas: { readonly throttled: readonly Throttling[] },
  lateness: Window,
): Claim[] {
  const waits = union(
    claims.filter((one) => one.state === 'runnable').flatMap((one) => clipped(one.window, lateness) ?? []),
  )
  const [first] = waits
  const last = waits.at(-1)
  if (first === undefined || last === undefined) return [...claims]
  const quota = quotaOf(quotas, { from: first.from, to: last.to })
  if (quota === undefined || quota.ns < mostOf * sumOf(waits)) return [...claims]
  const detail = `cgroup ${quota.path} had used up its CPU quota`
  return claims.map((one) =>
    one.state === 'runnable' ? { ...one, state: 'throttled', detail, source: 'cgroups' } : one,
  )
}
/** So much of a wait has to be booked as throttled. */
const mostOf = 0.8
