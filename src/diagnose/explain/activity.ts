// What processes did in a window, as features:
//
//   process/NAME         it made calls or had a CPU (by name: a cron job is another pid each time; a guest by its own, where
//                        it is known: to its host all qemus are called alike)
//   call/NAME CALL FILE  a call of it lasted for long
//   signal/…             a stopping, continuing or ending signal

import { unknown } from '../../events/kernel.ts'
import type { Numbers } from '../../store/table.ts'
import { instantOf, millisecond, type Window } from '../../time/instant.ts'
import { signalName } from '../life-facts.ts'
import type { Feature, Lens } from './feature.ts'
import { fileNameOf } from './kernel-course.ts'
import { callPhrase } from './sender-claims.ts'
import { lengthOf, union } from './stretches.ts'

const pidsKept = 8
const anyTid = -Infinity

interface Seen {
  readonly name: string
  readonly isVm: boolean
  readonly pids: Set<number>
  readonly pieces: Uint8Array
}

const nothingSeen: Seen = { name: '', isVm: false, pids: new Set(), pieces: new Uint8Array() }

/** `pieces`: the window is cut into so many; a process covers those in which it was seen. */
export function processes(lens: Lens, window: Window, pieces: number): Feature[] {
  const { store, sender, stride } = lens
  const piece = Math.max(1, lengthOf(window) / pieces)
  /** Of programs by the number of their name, of guests by the name itself. */
  const byName = new Map<number | string, Seen>()
  let last = { comm: -1, tid: -1, seen: nothingSeen }
  const find = (comm: number, tid: number): Seen => {
    const vm = lens.vmOf(tid)
    const known = byName.get(vm ?? comm)
    if (known !== undefined) return known
    const name = vm ?? store.names.textOf(comm)
    const made = { name, isVm: vm !== undefined, pids: new Set<number>(), pieces: new Uint8Array(pieces) }
    byName.set(vm ?? comm, made)
    return made
  }
  const see = (comm: number, tid: number, pid: number, moment: number): void => {
    const one = last.comm === comm && last.tid === tid ? last.seen : find(comm, tid)
    last = { comm, tid, seen: one }
    one.pieces[Math.min(pieces - 1, Math.floor((moment - window.from) / piece))] = 1
    if (pid > 0 && one.pids.size < pidsKept) one.pids.add(pid)
  }
  for (const { at, cells, from, to } of store.calls.slices(window)) {
    const { tid: tids, commName: comms, pid: pids } = cells
    for (let i = from; i < to; i += stride) {
      const tid = tids[i] ?? 0
      if (!sender.has(tid)) see(comms[i] ?? 0, tid, pids[i] ?? 0, at[i] ?? 0)
    }
  }
  // Who only burns a CPU makes no call, but leaves it now and then.
  for (const { at, cells, from, to } of store.switches.slices(window)) {
    const { from: leavers, fromName: names } = cells
    for (let i = from; i < to; i += stride) {
      const tid = leavers[i] ?? 0
      if (tid > 0 && !sender.has(tid)) see(names[i] ?? 0, leavers[i] ?? 0, 0, at[i] ?? 0)
    }
  }
  return [...byName.values()].flatMap((one): Feature[] => {
    const { name, isVm } = one
    if (name === '') return []
    const pids = [...one.pids]
    const stretches = [...one.pieces].flatMap((isSeen, i): Window[] =>
      isSeen === 0 ? [] : [{ from: instantOf(window.from + i * piece), to: instantOf(window.from + (i + 1) * piece) }],
    )
    const ours = pids.some((pid) => lens.isOurs(pid)) ? ' (whylate’s own)' : ''
    return [
      {
        key: `process/${name}`,
        group: `process/${name}`,
        what: `${isVm ? `guest ${name}` : name}${ours} was at work`,
        kind: 'process',
        pids,
        stretches,
        amount: undefined,
      },
    ]
  })
}

/** By the id of a name, in which of the windows it was seen last: many windows are looked at for one verdict. */
export class Marks {
  #windowOf = new Uint32Array(1024)
  #window = 0

  nextWindow(): void {
    this.#window++
  }

  has(name: number): boolean {
    return this.#windowOf[name] === this.#window
  }

  add(name: number): void {
    if (name >= this.#windowOf.length) {
      const grown = new Uint32Array(2 * name)
      grown.set(this.#windowOf)
      this.#windowOf = grown
    }
    this.#windowOf[name] = this.#window
  }
}

/** The keys of `processes` in a window, where nobody asks when and by which process. */
export function processKeys({ store, sender, stride, vmOf }: Lens, window: Window, marks: Marks): string[] {
  const found: number[] = []
  const vms = new Set<string>()
  marks.nextWindow()
  const look = (tids: Numbers, names: Numbers, from: number, to: number, leastTid: number): void => {
    // The last thread of the sender, or of a guest that has been found.
    let doneTid = unknown
    for (let i = from; i < to; i += stride) {
      const name = names[i] ?? 0
      if (marks.has(name)) continue
      const tid = tids[i] ?? 0
      // Rows of one thread come in runs.
      if (tid < leastTid || tid === doneTid) continue
      const vm = vmOf(tid)
      if (vm !== undefined || sender.has(tid)) {
        if (vm !== undefined && !sender.has(tid)) vms.add(vm)
        doneTid = tid
        continue
      }
      marks.add(name)
      found.push(name)
    }
  }
  for (const { cells, from, to } of store.calls.slices(window)) look(cells.tid, cells.commName, from, to, anyTid)
  for (const { cells, from, to } of store.switches.slices(window)) look(cells.from, cells.fromName, from, to, 1)
  const programs = found.map((name) => store.names.textOf(name)).filter((name) => name !== '')
  return [...vms, ...programs].map((name) => `process/${name}`)
}

const idle =
  /^(epoll_|p?poll|p?select|futex|nanosleep|clock_nanosleep|wait|pause|rt_sig|accept|io_getevents|io_uring|restart_syscall|read|recv|sigreturn|semop|msgrcv)/

const mostNeeded = 100 * millisecond

/** Long enough to matter to a window of this length. */
const leastOf = (window: Window): number => Math.max(20 * millisecond, Math.min(mostNeeded, 0.2 * lengthOf(window)))

export interface LongCall {
  readonly window: Window
  readonly tells: Pick<Feature, 'key' | 'group' | 'what'>
  readonly pid: number
}

/** The first of latencies[from, to) that is at least as long, or `to`; NaN never is. */
function nextLong(latencies: Numbers, from: number, to: number, least: number): number {
  let i = from
  while (i < to && !((latencies[i] ?? 0) >= least)) i++
  return i
}

/** Long calls that may touch one of the windows, which are all equally long. One pass, however they overlap. */
export function longCallsOf(lens: Lens, windows: readonly Window[]): LongCall[] {
  const { store, sender, ahead } = lens
  const least = Math.min(...windows.map(leastOf))
  const isIdle = new Map<number, boolean>()
  const found: LongCall[] = []
  for (const range of union(windows.map(({ from, to }) => ({ from, to: instantOf(to + ahead) }))))
    for (const { at, cells, from, to } of store.calls.slices(range)) {
      const { latencyNs } = cells
      for (let i = nextLong(latencyNs, from, to, least); i < to; i = nextLong(latencyNs, i + 1, to, least)) {
        const latency = latencyNs[i] ?? Number.NaN
        const call = cells.callName[i] ?? 0
        if (isIdle.get(call) === true || sender.has(cells.tid[i] ?? 0)) continue
        const name = store.names.textOf(call)
        if (!isIdle.has(call)) isIdle.set(call, idle.test(name))
        if (isIdle.get(call) === true) continue
        const end = at[i] ?? 0
        const file = fileNameOf(store.names.textOf(cells.fileName[i] ?? 0))
        const comm = lens.vmOf(cells.pid[i] ?? 0) ?? store.names.textOf(cells.commName[i] ?? 0)
        found.push({
          window: { from: instantOf(end - latency), to: instantOf(end) },
          tells: {
            key: `call/${comm} ${name} ${file}`,
            group: `process/${comm}`,
            what: `${comm} ${callPhrase({ name, file, fd: cells.fd[i] ?? -1 })}`,
          },
          pid: cells.pid[i] ?? 0,
        })
      }
    }
  return found
}

/** Those that waited in the window, though they may have begun before it and ended behind it. */
export function longCallFeatures(calls: readonly LongCall[], window: Window): Feature[] {
  const found = new Map<string, LongCall[]>()
  for (const one of calls) {
    if (one.window.from >= window.to || one.window.to < window.from) continue
    const known = found.get(one.tells.key)
    if (known === undefined) found.set(one.tells.key, [one])
    else known.push(one)
  }
  return [...found.values()].flatMap((same): Feature[] => {
    const [first] = same
    if (first === undefined) return []
    return [
      {
        ...first.tells,
        kind: 'process',
        pids: [...new Set(same.map((one) => one.pid))].slice(0, pidsKept),
        stretches: same.map((one) => one.window).toSorted((a, b) => a.from - b.from),
        amount: Math.max(...same.map((one) => lengthOf(one.window))),
      },
    ]
  })
}

const decisive = new Set([9, 15, 18, 19, 20])
const stopping = new Set([19, 20])
const cont = 18

/** A stop lasts until its SIGCONT; any other signal is a moment. */
export function signals(lens: Lens, window: Window): Feature[] {
  const { store, ahead } = lens
  const found = new Map<string, Feature>()
  const rows = store.signals.rows({ from: window.from, to: instantOf(window.to + ahead) })
  const isSent = new Set(rows.flatMap((row) => (row.from > 0 ? [`${row.signal} ${row.to}`] : [])))
  for (const row of rows) {
    if (row.at > window.to) break
    // Where it was seen to be sent, its delivery is no second signal.
    const isDelivery = row.from <= 0 && isSent.has(`${row.signal} ${row.to}`)
    if (!decisive.has(row.signal) || isDelivery) continue
    const by = row.from > 0 ? store.names.textOf(row.fromName) : ''
    const vm = lens.vmOf(row.to)
    const to = vm ?? store.names.textOf(row.toName)
    const key = `signal/${row.signal} ${to} ${by}`
    const known = found.get(key)
    const end = stopping.has(row.signal)
      ? (rows.find((one) => one.signal === cont && one.to === row.to && one.at > row.at)?.at ??
        instantOf(window.to + ahead))
      : row.at
    const from = known?.stretches[0]?.from ?? row.at
    found.set(key, {
      key,
      group: by === '' ? key : `process/${by}`,
      what: `${signalName(row.signal)} to ${vm ?? `${to} (${row.to})`} by ${by === '' ? 'the kernel' : by}`,
      kind: 'process',
      pids: row.from > 0 ? [row.from] : (known?.pids ?? []),
      stretches: [{ from, to: end }],
      amount: end > from ? end - from : undefined,
    })
  }
  return [...found.values()]
}
