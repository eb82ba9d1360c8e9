// Did the guest as a whole go on? Any event of any of its threads is a beat; the recorder itself wakes thirty times a second.
//
//   events     |||| ||| ||||||                      ||||| |||
//   standstill                |------ 2.003 s ------|          and who had its CPUs as it began
//
// A standstill has two causes that look the same from the inside: the guest was taken off its CPUs (stopped, frozen, short
// of CPU), or a thread that makes no calls would not give them up. A standstill with idle CPUs is always the first.

import { instantOf, millisecond, second, type Instant, type Window } from '../../time/instant.ts'
import type { Store } from '../../store/store.ts'
import type { Columns, Table } from '../../store/table.ts'
import { clipped, lengthOf, sumOf } from '../explain/stretches.ts'
import type { Actor } from '../explain/actors.ts'

export interface Standstill {
  readonly window: Window
  /** The threads that had a CPU when it began; idle ones left out. */
  readonly owners: readonly Actor[]
}

const bucketNs = 5 * millisecond

interface Beats {
  readonly first: Float64Array
  readonly last: Float64Array
  readonly from: Instant
}

function openBeats({ from, to }: Window): Beats {
  const buckets = Math.max(1, Math.ceil((to - from) / bucketNs) + 1)
  return { first: new Float64Array(buckets).fill(Infinity), last: new Float64Array(buckets).fill(-Infinity), from }
}

function beat({ first, last, from }: Beats, at: number): void {
  const i = Math.floor((at - from) / bucketNs)
  if (i < 0 || i >= first.length) return
  if (at < (first[i] ?? Infinity)) first[i] = at
  if (at > (last[i] ?? -Infinity)) last[i] = at
}

function beatAll<S extends Columns>(beats: Beats, table: Table<S>, window: Window): void {
  for (const { at, from, to } of table.slices(window)) for (let i = from; i < to; i++) beat(beats, at[i] ?? 0)
}

/** Who was on each CPU at a moment, by the last switch on it. */
function ownersAt(store: Store, at: Instant): Actor[] {
  const onCpu = new Map<number, Actor>()
  for (const { cells, from, to } of store.switches.slices({ from: instantOf(at - 2 * second), to: at }))
    for (let i = from; i < to; i++)
      onCpu.set(cells.cpu[i] ?? 0, { pid: cells.to[i] ?? 0, comm: store.names.textOf(cells.toName[i] ?? 0) })
  return [...onCpu.values()].filter((one) => one.pid !== 0)
}

/** Stretches of at least `least` in which no thread of this kernel did anything. */
export function standstillsOf(store: Store, window: Window, least: number): Standstill[] {
  const beats = openBeats(window)
  const { calls } = store
  for (const { at, cells, from, to } of calls.slices(window)) {
    for (let i = from; i < to; i++) {
      const end = at[i] ?? 0
      const latency = cells.latencyNs[i] ?? Number.NaN
      beat(beats, end)
      if (latency >= 0) beat(beats, end - latency)
    }
  }
  beatAll(beats, store.switches, window)
  beatAll(beats, store.signals, window)
  beatAll(beats, store.processes, window)
  const found: Window[] = []
  let last: number = window.from
  for (let i = 0; i < beats.first.length; i++) {
    const first = beats.first[i] ?? Infinity
    if (!Number.isFinite(first)) continue
    if (first - last >= least) found.push({ from: instantOf(last), to: instantOf(first) })
    last = beats.last[i] ?? last
  }
  if (window.to - last >= least) found.push({ from: instantOf(last), to: window.to })
  return found.map((one) => ({ window: one, owners: ownersAt(store, one.from) }))
}

export interface Pulse {
  readonly standstills: readonly Standstill[]
  /** Of the lateness, how much of it was one. */
  readonly share: number
  /** The guest went on all the while. */
  readonly isAlive: boolean
}

const around = 5 * second

/** What the recorder's own wakeups do not reach: longer than this nothing is still by chance. */
export const leastStandstill = (lateness: Window): number =>
  Math.max(60 * millisecond, Math.min(150 * millisecond, 0.35 * lengthOf(lateness)))

export function pulseOf(store: Store, lateness: Window, gap: Window): Pulse {
  const window = { from: instantOf(gap.from - around), to: instantOf(gap.to + around) }
  const standstills = standstillsOf(store, window, leastStandstill(lateness))
  const inside = standstills.flatMap((one) => clipped(one.window, lateness) ?? [])
  const share = sumOf(inside) / Math.max(1, lengthOf(lateness))
  return { standstills, share, isAlive: share < 0.35 }
}
