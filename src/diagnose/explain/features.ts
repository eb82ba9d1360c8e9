// What went on in one window, as features that can be counted in any other window of the same length.
//
//   process/NAME         it made calls (by name: a cron job is another pid each time)
//   call/NAME CALL FILE  a call of it lasted through a good part of the window
//   signal/…             a stopping, continuing or ending signal
//   disk/…               util or await out of the ordinary, by iostat's whole seconds
//   cgroup/…             throttled or frozen

import { instantOf, millisecond, second, type Instant, type Window } from '../../time/instant.ts'
import type { Store } from '../../store/store.ts'
import type { Culprit } from '../explanation.ts'
import { signalName } from '../life-facts.ts'
import { callPhrase } from './sender-claims.ts'
import { fileNameOf } from './kernel-course.ts'
import { clipped, lengthOf } from './stretches.ts'

export interface Feature {
  readonly key: string
  readonly what: string
  readonly kind: Culprit['kind']
  readonly pid: number | undefined
  /** Part of the window it overlaps, 0 to 1. */
  readonly covers: number
  readonly from: Instant
  readonly to: Instant
}

/** A window is cut into this many pieces; a process covers those in which it was seen. */
const pieces = 30
const decisive = new Set([9, 15, 18, 19, 20])
const busyPercent = 60
const slowAwaitMs = 20

/** `stride`: every so many calls only; the same for all windows that are compared. */
export interface Lens {
  readonly store: Store
  readonly excluded: ReadonlySet<number>
  readonly stride: number
}

interface Activity {
  pid: number
  mask: number
  from: number
  to: number
}

function bits(mask: number): number {
  let count = 0
  for (let left = mask; left !== 0; left &= left - 1) count++
  return count
}

function processes({ store, excluded, stride }: Lens, window: Window): Feature[] {
  const piece = Math.max(1, lengthOf(window) / pieces)
  const seen = new Map<number, Activity>()
  for (const { at, cells, from, to } of store.calls.slices(window)) {
    for (let i = from; i < to; i += stride) {
      if (excluded.has(cells.tid[i] ?? 0)) continue
      const comm = cells.commName[i] ?? 0
      const moment = at[i] ?? 0
      let one = seen.get(comm)
      if (one === undefined) seen.set(comm, (one = { pid: cells.pid[i] ?? 0, mask: 0, from: moment, to: moment }))
      one.mask |= 1 << Math.min(pieces - 1, Math.floor((moment - window.from) / piece))
      one.to = moment
    }
  }
  return [...seen].map(([comm, one]) => {
    const name = store.names.textOf(comm)
    return {
      key: `process/${name}`,
      what: `${name} was at work`,
      kind: 'process',
      pid: one.pid,
      covers: bits(one.mask) / pieces,
      from: instantOf(one.from),
      to: instantOf(one.to),
    }
  })
}

const idle =
  /^(epoll_|p?poll|p?select|futex|nanosleep|clock_nanosleep|wait|pause|rt_sig|accept|io_getevents|io_uring|restart_syscall|read|recv|sigreturn|semop|msgrcv)/

function longCalls({ store, excluded, stride }: Lens, window: Window): Feature[] {
  const least = Math.max(20 * millisecond, 0.2 * lengthOf(window))
  const found = new Map<string, Feature>()
  const ending = { from: window.from, to: instantOf(window.to + 2 * second) }
  for (const { at, cells, from, to } of store.calls.slices(ending)) {
    for (let i = from; i < to; i += stride) {
      const latency = cells.latencyNs[i] ?? Number.NaN
      if (!(latency >= least) || excluded.has(cells.tid[i] ?? 0)) continue
      const end = at[i] ?? 0
      const part = clipped({ from: instantOf(end - latency), to: instantOf(end) }, window)
      const name = store.names.textOf(cells.callName[i] ?? 0)
      if (part === undefined || idle.test(name)) continue
      const file = fileNameOf(store.names.textOf(cells.fileName[i] ?? 0))
      const comm = store.names.textOf(cells.commName[i] ?? 0)
      const key = `call/${comm} ${name} ${file}`
      const covers = lengthOf(part) / Math.max(1, lengthOf(window)) + (found.get(key)?.covers ?? 0)
      found.set(key, {
        key,
        what: `${comm} ${callPhrase({ name, file, fd: cells.fd[i] ?? -1 })}`,
        kind: 'process',
        pid: cells.pid[i] ?? 0,
        covers: Math.min(1, covers),
        from: part.from,
        to: instantOf(end),
      })
    }
  }
  return [...found.values()]
}

function signals({ store }: Lens, window: Window): Feature[] {
  const found = new Map<string, Feature>()
  for (const row of store.signals.rows(window)) {
    if (!decisive.has(row.signal)) continue
    const by = row.from > 0 ? store.names.textOf(row.fromName) : 'the kernel'
    const key = `signal/${row.signal} ${store.names.textOf(row.toName)} ${by}`
    found.set(key, {
      key,
      what: `${signalName(row.signal)} to ${store.names.textOf(row.toName)} (${row.to}) by ${by}`,
      kind: 'process',
      pid: row.from > 0 ? row.from : undefined,
      covers: 0,
      from: found.get(key)?.from ?? row.at,
      to: row.at,
    })
  }
  return [...found.values()]
}

function disks({ store }: Lens, window: Window): Feature[] {
  const found = new Map<string, Feature>()
  for (const row of store.disks.rows({ from: window.from, to: instantOf(window.to + second) })) {
    const awaitMs = Math.max(row.readAwaitMs, row.writeAwaitMs)
    const part = clipped({ from: instantOf(row.at - row.spanNs), to: row.at }, window)
    if (part === undefined || (row.utilisation < busyPercent && awaitMs < slowAwaitMs)) continue
    const device = store.names.textOf(row.deviceName)
    const key = `disk/${device}`
    const covers = lengthOf(part) / Math.max(1, lengthOf(window)) + (found.get(key)?.covers ?? 0)
    found.set(key, {
      key,
      what: `disk ${device}: util ${row.utilisation.toFixed(0)} %, await ${awaitMs.toFixed(1)} ms`,
      kind: 'device',
      pid: undefined,
      covers: Math.min(1, covers),
      from: found.get(key)?.from ?? part.from,
      to: row.at,
    })
  }
  return [...found.values()]
}

function cgroups({ store }: Lens, window: Window): Feature[] {
  const found = new Map<string, Feature>()
  const first = new Map<number, number>()
  for (const row of store.cgroups.rows({ from: window.from, to: instantOf(window.to + 0.2 * second) })) {
    const path = store.names.textOf(row.pathName)
    const before = first.get(row.pathName) ?? row.throttledNs
    first.set(row.pathName, before)
    const throttled = row.throttledNs - before
    const isFrozen = row.frozen === 1
    if (!isFrozen && !(throttled >= 20 * millisecond)) continue
    const key = `cgroup/${path} ${isFrozen ? 'frozen' : 'throttled'}`
    const at = instantOf(Math.min(row.at, window.to))
    const known = found.get(key)
    const from = known?.from ?? (isFrozen ? at : window.from)
    const L = Math.max(1, lengthOf(window))
    found.set(key, {
      key,
      what: `cgroup ${path} was ${isFrozen ? 'frozen' : 'throttled'}`,
      kind: 'cgroup',
      pid: undefined,
      covers: Math.min(1, isFrozen ? (at - from) / L : throttled / L),
      from,
      to: at,
    })
  }
  return [...found.values()]
}

export function featuresOf(lens: Lens, window: Window): Feature[] {
  return [
    ...processes(lens, window),
    ...longCalls(lens, window),
    ...signals(lens, window),
    ...disks(lens, window),
    ...cgroups(lens, window),
  ]
}
