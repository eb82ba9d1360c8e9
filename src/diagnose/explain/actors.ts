// Who did it: the sender of a signal, the writer of a freezer file, the tracer, who had the CPU, who should have read.

import { instantOf, millisecond, second, type Instant, type Window } from '../../time/instant.ts'
import type { Columns, Row } from '../../store/table.ts'
import type { signalColumns } from '../../store/store.ts'
import { fileNameOf } from './kernel-course.ts'
import { clipped, lengthOf } from './stretches.ts'
import type { Subject } from './subject.ts'

export interface Actor {
  readonly pid: number
  readonly comm: string
}

export interface Stop {
  readonly window: Window
  readonly signal: number
  readonly by: Actor | undefined
  /** SIGCONT was seen. */
  readonly isEnded: boolean
}

type SignalRow = Row<typeof signalColumns & Columns>

const stopping = new Set([19, 20, 21, 22])
const cont = 18
const sent = 0
/** How far back the signal that stopped a process is looked for. */
export const longestStop = 120 * second

const actorOf = (subject: Subject, row: SignalRow): Actor | undefined =>
  row.from > 0 ? { pid: row.from, comm: subject.store.names.textOf(row.fromName) } : undefined

/** When `pid` was stopped by signals, up to the late advert. */
export function stopsBySignal(subject: Subject, pids: ReadonlySet<number>): Stop[] {
  const range = { from: instantOf(subject.late.at - longestStop), to: subject.late.at }
  const rows = subject.store.signals.rows(range).filter((row) => pids.has(row.to))
  const stops: Stop[] = []
  let open: { from: Instant; signal: number; by: Actor | undefined; isDelivered: boolean } | undefined
  for (const row of rows) {
    if (stopping.has(row.signal)) {
      const by = actorOf(subject, row)
      const isDelivered = row.step !== sent
      // A stopped process takes no further stop: what went before must have ended, its SIGCONT unseen.
      const isNew: boolean = open === undefined || (isDelivered && open.isDelivered) || row.at - open.from > 10 * second
      if (open === undefined || isNew) open = { from: row.at, signal: row.signal, by, isDelivered }
      // It acts when it is delivered: a thread asleep is woken for that first.
      else if (isDelivered && !open.isDelivered) open = { ...open, from: row.at, isDelivered }
      else open.by ??= by
    } else if (
      (row.signal === cont || row.signal === 9) &&
      open !== undefined &&
      (row.step === sent || row.signal === cont)
    ) {
      stops.push({ window: { from: open.from, to: row.at }, signal: open.signal, by: open.by, isEnded: true })
      open = undefined
    }
  }
  if (open !== undefined)
    stops.push({ window: { from: open.from, to: subject.late.at }, signal: open.signal, by: open.by, isEnded: false })
  return stops
}

interface Toucher extends Actor {
  readonly at: Instant
  readonly file: string
}

/** Calls of `names` on files that match, near a moment; not the sender's own. */
export function callersNear(
  subject: Subject,
  window: Window,
  matches: (call: string, file: string) => boolean,
): Toucher[] {
  const { names, calls } = subject.store
  const own = new Set(subject.sender?.tids ?? [])
  const verdicts = new Map<number, boolean>()
  const found: Toucher[] = []
  for (const { at, cells, from, to } of calls.slices(window)) {
    for (let i = from; i < to; i++) {
      const call = cells.callName[i] ?? 0
      const file = cells.fileName[i] ?? 0
      const key = call * 2 ** 32 + file
      let is = verdicts.get(key)
      if (is === undefined) {
        is = matches(names.textOf(call), names.textOf(file))
        verdicts.set(key, is)
      }
      if (!is || own.has(cells.tid[i] ?? 0)) continue
      found.push({
        pid: cells.pid[i] ?? 0,
        comm: names.textOf(cells.commName[i] ?? 0),
        at: instantOf(at[i] ?? 0),
        file: fileNameOf(names.textOf(file)),
      })
    }
  }
  return found
}

/** Who spoke to the kernel's network settings in a window, in a sentence each: two at most. */
export function networkChanges(subject: Subject, window: Window, when: string): string[] {
  const callers = callersNear(subject, window, (call, file) => call === 'bind' && /netlink|NETLINK/.test(file))
  const lines = callers.map(({ comm, pid }) => `${comm} (${pid}) spoke to the kernel's network settings ${when}`)
  return [...new Set(lines)].slice(0, 2)
}

const writingCalls: ReadonlySet<string> = new Set(['write', 'pwrite64', 'pwrite'])
const openingCalls: ReadonlySet<string> = new Set(['open', 'openat', 'openat2'])

const around = (at: Instant, by: number): Window => ({ from: instantOf(at - by), to: instantOf(at + by) })

/** `/a/b/cgroup.freeze` freezes what lies in `/a/b`. Mounts differ, so what counts is the folder's own name. */
function isFreezerOf(path: string | undefined, file: string): boolean {
  const folder = file.trim().split('/').at(-2)
  return path === undefined || folder === undefined || path.split('/').includes(folder)
}

/**
 * Who wrote the freezer's file when the freeze began (or, not seen beginning, when it ended). `path`: of the cgroup. bpftrace tells who opened it
 * for writing; sysdig tells every open, so an open counts only where the same process did it at both ends.
 */
export function freezerOf(subject: Subject, stretch: Window, path?: string): Toucher | undefined {
  const edge = 0.25 * second
  const touching = (calls: ReadonlySet<string>, at: Instant): Toucher[] =>
    callersNear(
      subject,
      around(at, edge),
      (call, file) =>
        calls.has(call) && /(cgroup\.freeze|freezer\.state)$/.test(file.trim()) && isFreezerOf(path, file),
    )
  const written = touching(writingCalls, stretch.from).at(-1) ?? touching(writingCalls, stretch.to)[0]
  if (written !== undefined) return written
  const ends = touching(openingCalls, stretch.to)
  return touching(openingCalls, stretch.from).findLast((one) =>
    ends.some((other) => other.pid === one.pid && other.file === one.file),
  )
}

/**
 * Who traced. bpftrace tells whom a ptrace call is about: `ATTACH of 4711`. sysdig does not: then it has to be one who
 * called as the stop began and as it ended, and the only such one; somebody else may be traced at the same time.
 */
export function tracerOf(subject: Subject, stretch: Window, tids: ReadonlySet<number>): Actor | undefined {
  const targetOf = (file: string): number | undefined => {
    const target = /of (\d+)/.exec(file)?.[1]
    return target === undefined ? undefined : Number(target)
  }
  const isPtrace = (call: string, file: string): boolean => {
    const target = targetOf(file)
    return call === 'ptrace' && (target === undefined || tids.has(target))
  }
  const first = callersNear(subject, around(stretch.from, 0.25 * second), isPtrace)
  const last = callersNear(subject, around(stretch.to, 0.15 * second), isPtrace)
  const told = [...first, ...last].filter((one) => targetOf(one.file) !== undefined)
  const both = first.filter((one) => last.some((other) => other.pid === one.pid))
  const candidates = new Map((told.length > 0 ? told : both).map((one) => [one.pid, one]))
  return candidates.size === 1 ? [...candidates.values()][0] : undefined
}

export interface CpuOwner extends Actor {
  readonly ns: number
}

/** Who was on a CPU in these stretches, most first. `cpu` undefined: on any. `lookBack`: for the switch that brought them. */
export function cpuOwners(
  subject: Subject,
  stretches: readonly Window[],
  cpu: number | undefined,
  lookBack: number = 0.1 * second,
): CpuOwner[] {
  const { names, switches } = subject.store
  const own = new Set(subject.sender?.tids ?? [])
  const busy = new Map<number, { ns: number; name: number }>()
  for (const stretch of stretches) {
    const lastOn = new Map<number, { at: number; tid: number; name: number }>()
    const range = { from: instantOf(stretch.from - lookBack), to: instantOf(stretch.to + 0.1 * second) }
    for (const { at, cells, from, to } of switches.slices(range)) {
      for (let i = from; i < to; i++) {
        const here = cells.cpu[i] ?? 0
        const tid = cells.from[i] ?? 0
        const before = lastOn.get(here)
        const moment = at[i] ?? 0
        // Filtered streams leave switches out: what came in between and was not told had this CPU. But who leaves it
        // without having been seen to come had come before: a loop that outranks everybody comes once.
        const since = before === undefined ? range.from : before.tid === tid ? before.at : undefined
        if (since !== undefined && tid !== 0 && !own.has(tid) && (cpu === undefined || cpu === here)) {
          const part = clipped({ from: instantOf(since), to: instantOf(moment) }, stretch)
          const known = busy.get(tid) ?? { ns: 0, name: before?.name ?? 0 }
          known.ns += part === undefined ? 0 : lengthOf(part)
          // It may have become another program since; one that ended in this very turn has no name any more.
          if (names.textOf(cells.fromName[i] ?? 0) !== '') known.name = cells.fromName[i] ?? 0
          busy.set(tid, known)
        }
        lastOn.set(here, { at: moment, tid: cells.to[i] ?? 0, name: cells.toName[i] ?? 0 })
      }
    }
  }
  return [...busy]
    .filter(([, one]) => one.ns >= millisecond)
    .map(([tid, one]) => ({ pid: tid, comm: names.textOf(one.name), ns: one.ns }))
    .toSorted((a, b) => b.ns - a.ns)
}

const readingCalls = new Set(['read', 'recvfrom', 'recvmsg', 'recv', 'recvmmsg', 'accept', 'accept4'])

export const isReadingCall = (call: string): boolean => readingCalls.has(call)

/** The process that reads at the other end of a unix socket with this path. */
export function readerOf(subject: Subject, path: string): Actor | undefined {
  if (!path.startsWith('/')) return undefined
  const window = { from: instantOf(subject.gap.from - 30 * second), to: instantOf(subject.gap.to + second) }
  const readers = callersNear(subject, window, (call, file) => readingCalls.has(call) && fileNameOf(file) === path)
  const pids = new Set(readers.map((one) => one.pid))
  return pids.size === 1 ? readers[0] : undefined
}
