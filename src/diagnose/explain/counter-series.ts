// Counters of the host as series of samples: pressure, steal, run delay, throttling, freezing. They only say how much
// between two samples, so the stretches told are as coarse as those.

import type { Columns, Slice, Table } from '../../store/table.ts'
import { instantOf, millisecond, type Instant, type Window } from '../../time/instant.ts'
import type { Store } from '../../store/store.ts'
import type { Feature } from './feature.ts'
import { lengthOf, union } from './stretches.ts'

/** The sampler speaks of the time before it: what it says this soon after a window is about the window. */
const sampledAfter = 100 * millisecond
/** /proc/stat counts in ticks of 10 ms. */
const tick = 10 * millisecond
const isFrozen = 1

/** Counters in ns: their growth over a window, as a part of it, from which on they are out of the ordinary. */
export interface Counter {
  readonly key: string
  readonly group: string
  readonly kind: Feature['kind']
  readonly high: number
  readonly say: (percent: string) => string
}

const hostCounters = [
  {
    column: 'cpuSomeUs',
    ns: 1e3,
    key: 'host/cpu pressure',
    group: 'cpu',
    kind: 'host',
    high: 0.2,
    say: (percent) => `CPU pressure: some thread waited for a CPU for ${percent} of the time`,
  },
  {
    column: 'stealTicks',
    ns: tick,
    key: 'host/steal',
    group: 'cpu',
    kind: 'host',
    high: 0.05,
    say: (percent) => `steal: others had the CPUs of this machine for ${percent} of the time`,
  },
  {
    column: 'ioSomeUs',
    ns: 1e3,
    key: 'host/io pressure',
    group: 'io',
    kind: 'host',
    high: 0.2,
    say: (percent) => `I/O pressure: some thread waited for a disk for ${percent} of the time`,
  },
  {
    column: 'memorySomeUs',
    ns: 1e3,
    key: 'host/memory pressure',
    group: 'memory',
    kind: 'host',
    high: 0.02,
    say: (percent) => `memory pressure: some thread waited for memory for ${percent} of the time`,
  },
] as const satisfies readonly (Counter & { readonly column: string; readonly ns: number })[]

const runDelay: Counter = {
  key: 'sender/run delay',
  group: 'cpu',
  kind: 'host',
  high: 0.1,
  say: (percent) => `run delay: a thread of the sender waited for a CPU for ${percent} of the time`,
}

const throttled = (path: string): Counter => ({
  key: `cgroup/${path} throttled`,
  group: `cgroup/${path}`,
  kind: 'cgroup',
  high: 0.02,
  say: (percent) => `cgroup ${path} was throttled for ${percent} of the time`,
})

const frozen = (path: string): Counter => ({
  key: `cgroup/${path} frozen`,
  group: `cgroup/${path}`,
  kind: 'cgroup',
  high: 0.02,
  say: (percent) => `cgroup ${path} was frozen for ${percent} of the time`,
})

export interface Sample {
  readonly at: Instant
  readonly total: number
}

/** All samples of one counter around a window. */
export interface Series {
  readonly counter: Counter
  readonly samples: Sample[]
}

/** What is read of one row: to which series it belongs, and the counter's value there. */
type Pick<S extends Columns> = (slice: Slice<S>, i: number) => readonly [id: number, total: number] | undefined

function samplesBy<S extends Columns>(table: Table<S>, window: Window, pick: Pick<S>): Map<number, Sample[]> {
  const found = new Map<number, Sample[]>()
  const range = { from: instantOf(window.from - 2 * sampledAfter), to: instantOf(window.to + sampledAfter) }
  for (const slice of table.slices(range))
    for (let i = slice.from; i < slice.to; i++) {
      const one = pick(slice, i)
      if (one === undefined || !Number.isFinite(one[1])) continue
      const sample = { at: instantOf(slice.at[i] ?? 0), total: one[1] }
      const known = found.get(one[0])
      if (known === undefined) found.set(one[0], [sample])
      else known.push(sample)
    }
  return found
}

/** Growth over the window; undefined where two samples do not enclose most of it. */
export function growthOf(samples: readonly Sample[], window: Window): number | undefined {
  const first = samples.findLast((one) => one.at <= window.from) ?? samples[0]
  const last = samples.at(-1)
  if (first === undefined || last === undefined || last.at - first.at < 0.5 * lengthOf(window)) return undefined
  return Math.max(0, last.total - first.total)
}

/**
 * Where it grew: right before the sample that shows it, for as long as it grew. That may be longer than the time between
 * two samples: a cgroup's throttled time is added up when the throttling ends.
 */
export function grownIn(samples: readonly Sample[]): Window[] {
  const stretches = samples.flatMap((now, i): Window[] => {
    const before = samples[i - 1]
    if (before === undefined) return []
    const grown = now.total - before.total
    return grown > millisecond ? [{ from: instantOf(now.at - grown), to: now.at }] : []
  })
  return union(stretches, millisecond)
}

function frozenTotals(samples: readonly Sample[]): Sample[] {
  let total = 0
  return samples.map((one, i) => {
    const before = samples[i - 1]
    if (before?.total === isFrozen && one.total === isFrozen) total += one.at - before.at
    return { at: one.at, total }
  })
}

/** The thread of the sender that waited longest: a sum over all would count one wait many times. */
function runDelayOf(store: Store, tids: ReadonlySet<number>, window: Window): Series[] {
  const threads = samplesBy(store.threads, window, ({ cells }, i) => {
    const tid = cells.tid[i] ?? 0
    return tids.has(tid) ? [tid, cells.runDelayNs[i] ?? Number.NaN] : undefined
  })
  const [most] = [...threads.values()].toSorted((a, b) => (growthOf(b, window) ?? 0) - (growthOf(a, window) ?? 0))
  return most === undefined ? [] : [{ counter: runDelay, samples: most }]
}

export function seriesOf(store: Store, tids: ReadonlySet<number>, window: Window): Series[] {
  const host = hostCounters.flatMap((counter): Series[] => {
    const samples = samplesBy(store.pressure, window, ({ cells }, i) => [
      0,
      (cells[counter.column][i] ?? Number.NaN) * counter.ns,
    ]).get(0)
    return samples === undefined ? [] : [{ counter, samples }]
  })
  const throttling = samplesBy(store.cgroups, window, ({ cells }, i) => [
    cells.pathName[i] ?? 0,
    cells.throttledNs[i] ?? Number.NaN,
  ])
  const freezing = samplesBy(store.cgroups, window, ({ cells }, i) =>
    cells.frozen[i] === undefined || cells.frozen[i] > isFrozen ? undefined : [cells.pathName[i] ?? 0, cells.frozen[i]],
  )
  return [
    ...host,
    ...runDelayOf(store, tids, window),
    ...[...throttling].map(([path, samples]) => ({ counter: throttled(store.names.textOf(path)), samples })),
    ...[...freezing].map(([path, samples]) => ({
      counter: frozen(store.names.textOf(path)),
      samples: frozenTotals(samples),
    })),
  ]
}
