// What was measured, not seen happening: counters of the host (counter-series.ts), and how busy each disk was.

import { instantOf, second, type Window } from '../../time/instant.ts'
import type { Store } from '../../store/store.ts'
import { grownIn, growthOf, seriesOf } from './counter-series.ts'
import type { Feature } from './feature.ts'
import { clipped, lengthOf, union } from './stretches.ts'

/** What a source says of one window. */
export interface Reading {
  readonly group: string
  readonly value: number
  /** Out of the ordinary by itself. */
  readonly isHigh: boolean
}

const busyPercent = 60
const slowAwaitMs = 20

interface DiskPart {
  readonly awaitMs: number
  readonly utilisation: number
  readonly part: Window
}

const isBusy = (row: DiskPart): boolean => row.utilisation >= busyPercent || row.awaitMs >= slowAwaitMs

/** iostat's rows are averages over whole seconds: each counts by the part of the window that it covers. */
function diskPartsOf(store: Store, window: Window): Map<string, DiskPart[]> {
  const found = new Map<string, DiskPart[]>()
  for (const row of store.disks.rows({ from: window.from, to: instantOf(window.to + second) })) {
    const part = clipped({ from: instantOf(row.at - row.spanNs), to: row.at }, window)
    if (part === undefined) continue
    const name = store.names.textOf(row.deviceName)
    const known = found.get(name) ?? []
    found.set(name, known)
    known.push({ awaitMs: Math.max(row.readAwaitMs, row.writeAwaitMs), utilisation: row.utilisation, part })
  }
  return found
}

/** By key. A key that is missing was not measured there. */
export function readingsOf(store: Store, tids: ReadonlySet<number>, window: Window): Map<string, Reading> {
  const found = new Map<string, Reading>()
  for (const { counter, samples } of seriesOf(store, tids, window)) {
    const growth = growthOf(samples, window)
    if (growth === undefined) continue
    const value = growth / Math.max(1, lengthOf(window))
    found.set(counter.key, { group: counter.group, value, isHigh: value >= counter.high })
  }
  for (const [name, parts] of diskPartsOf(store, window)) {
    const length = parts.reduce((sum, row) => sum + lengthOf(row.part), 0)
    if (length < 0.5 * lengthOf(window)) continue
    const value = parts.reduce((sum, row) => sum + row.awaitMs * lengthOf(row.part), 0) / length
    found.set(`disk/${name}`, { group: `disk/${name}`, value, isHigh: parts.some(isBusy) })
  }
  return found
}

const percentOf = (share: number): string => `${(100 * Math.min(1, share)).toFixed(0)} %`

/** What of it is out of the ordinary in this window, in words, and when. */
export function highOf(store: Store, tids: ReadonlySet<number>, window: Window): Feature[] {
  const counters = seriesOf(store, tids, window).flatMap(({ counter, samples }): Feature[] => {
    const share = (growthOf(samples, window) ?? 0) / Math.max(1, lengthOf(window))
    if (share < counter.high) return []
    const { key, group, kind } = counter
    const stretches = grownIn(samples)
    return [{ key, group, kind, pids: [], what: counter.say(percentOf(share)), stretches, amount: undefined }]
  })
  const disks = [...diskPartsOf(store, window)].flatMap(([name, parts]): Feature[] => {
    const busy = parts.filter(isBusy)
    if (busy.length === 0) return []
    const utilisation = Math.max(...busy.map((row) => row.utilisation))
    const awaitMs = Math.max(...busy.map((row) => row.awaitMs))
    const key = `disk/${name}`
    return [
      {
        key,
        group: key,
        kind: 'device',
        pids: [],
        what: `disk ${name}: util ${utilisation.toFixed(0)} %, await ${awaitMs.toFixed(1)} ms`,
        stretches: union(busy.map((row) => row.part)),
        amount: undefined,
      },
    ]
  })
  return [...counters, ...disks]
}
