// One line of probes/kernel.bt, already known to be one, into the events that it stands for.
//
// Numbers come first and are checked; names come last and may be anything, so a name can spoil a name and nothing else.
// Two kinds of line belong together: E (a call began; only senders have it) is kept until its C (it ended) brings the
// length; U (a long uninterruptible wait) is kept until it is clear that no F (the whole call around it) follows.

import { noName, unknown, type KernelSink, type NameId } from '../../events/kernel.ts'
import { spanOf, type Instant, type Span } from '../../time/instant.ts'
import { fileNameOf, pathMode } from './file-name.ts'
import { isFdCall, syscallNameOf } from './syscall-name.ts'
import { change, delivered, exitOf, operationOf, reason, reasonOf, requestOf, resultOf, sent } from './word.ts'

/** What bpftrace tells that no other probe does. */
export interface CpuTimeSink {
  /** Thread `tid` used `ns` of CPU in the `span` that ends at `at`. */
  cpuTime(at: Instant, span: Span, tid: number, pid: number, comm: NameId, ns: number): void
}
export type BpftraceSink = KernelSink & Partial<CpuTimeSink>

/** A call of a sender that has begun and not ended. */
export interface PendingCall {
  readonly tid: number
  readonly pid: number
  readonly call: string
  readonly since: Instant
  /** The same by CLOCK_MONOTONIC: its identity. */
  readonly sinceNs: number
  readonly fd: number
  /** '' when not known. */
  readonly file: string
}

/** The parts that every line has, and how its own stamps become instants. */
export interface EventLine {
  readonly kind: string
  readonly cpu: number
  readonly at: Instant
  readonly numbers: readonly number[]
  readonly names: readonly string[]
  readonly stampNs: number
  readonly toInstant: (monotonicNs: number) => Instant
}

/** How many numbers and names follow `kind key cpu seq at`. */
export const shapes: Readonly<Record<string, readonly [numbers: number, names: number]>> = {
  E: [9, 2],
  C: [5, 1],
  F: [11, 3],
  S: [4, 2],
  O: [6, 2],
  W: [3, 1],
  U: [2, 1],
  A: [4, 1],
  N: [4, 1],
  X: [3, 2],
  D: [5, 1],
  M: [2, 2],
  G: [6, 2],
  L: [3, 1],
  T: [4, 1],
  P: [2, 2],
  R: [6, 2],
}

/** More threads than any host has; beyond it the oldest is forgotten. */
const keptThreads = 65_536
/** Longer than the rings of two CPUs are apart; a call that goes on after its wait is rare and told twice then. */
const waitKept = 1e9

interface LongWait {
  readonly at: Instant
  readonly since: Instant
  readonly cpu: number
  readonly comm: NameId
}

export interface EventLines {
  take(line: EventLine): void
  /** Time has come as far as `now`. */
  settle(now: Instant): void
  /** Whatever waits for its other half goes out as it is. */
  end(): void
  pendingCalls(): readonly PendingCall[]
  /** Sets 1 at the names that wait for their other half. */
  markNames(used: Uint8Array): void
}

export interface Naming {
  /** A descriptor that was open before the probe began, where the kernel gave no name. */
  readonly fileOf?: ((pid: number, fd: number) => string | undefined) | undefined
  /** `sda` for 8, 0. */
  readonly deviceOf?: ((major: number, minor: number) => string | undefined) | undefined
}

export function createEventLines(sink: BpftraceSink, naming: Naming): EventLines {
  const pending = new Map<number, PendingCall>()
  /** When the last call that ended had begun, by thread. */
  const endedNs = new Map<number, number>()
  const waits = new Map<number, LongWait>()

  function keep<T>(map: Map<number, T>, tid: number, value: T): void {
    map.delete(tid)
    map.set(tid, value)
    if (map.size <= keptThreads) return
    const oldest = map.keys().next().value
    if (oldest !== undefined) map.delete(oldest)
  }

  function tellWait(tid: number, { at, since, cpu, comm }: LongWait): void {
    const length = spanOf(at - since)
    sink.call(at, length, cpu, tid, unknown, comm, sink.name('uninterruptible wait'), Number.NaN, unknown, noName)
  }

  /** `from` = where mode, family, protocol, port and address stand. */
  function fileOf(line: EventLine, from: number, pid: number, call: string): { fd: number; file: string } {
    const [first = unknown, mode = 0, family = 0, protocol = 0, port = 0, address = 0] = line.numbers.slice(from)
    const isPath = mode === pathMode
    const fd = isFdCall(call) && first < 2 ** 31 ? first : unknown
    if (fd === unknown && !isPath) return { fd, file: '' }
    const [parent = '', name = ''] = line.names
    const said = fileNameOf({ mode, family, protocol, port, address, parent, name })
    const isBare = said === '' || said === 'unix socket'
    return { fd, file: (isBare && fd !== unknown ? naming.fileOf?.(pid, fd) : undefined) ?? said }
  }

  function begun(line: EventLine): void {
    const [pid = 0, tid = 0, id = 0] = line.numbers
    const call = syscallNameOf(id)
    // Its end can overtake it when the thread changed its CPU in between.
    if ((endedNs.get(tid) ?? -1) >= line.stampNs) return
    keep(pending, tid, { tid, pid, call, since: line.at, sinceNs: line.stampNs, ...fileOf(line, 3, pid, call) })
  }

  function ended({ at, cpu, numbers, names, toInstant }: EventLine): void {
    const [pid = 0, tid = 0, id = 0, result = 0, sinceNs = 0] = numbers
    const since = toInstant(sinceNs)
    const begin = pending.get(tid)
    const isSame = begin?.sinceNs === sinceNs
    if (begin !== undefined && begin.sinceNs <= sinceNs) pending.delete(tid)
    keep(endedNs, tid, sinceNs)
    const call = sink.name(syscallNameOf(id))
    const same = isSame ? begin : undefined
    const file = same === undefined || same.file === '' ? noName : sink.name(same.file)
    const fd = same?.fd ?? unknown
    sink.call(at, spanOf(at - since), cpu, tid, pid, sink.name(names[0] ?? ''), call, resultOf(result), fd, file)
  }

  function slowCall(line: EventLine): void {
    const [pid = 0, tid = 0, id = 0, result = 0, sinceNs = 0] = line.numbers
    const since = line.toInstant(sinceNs)
    const call = syscallNameOf(id)
    const { fd, file } = fileOf(line, 5, pid, call)
    const wait = waits.get(tid)
    if (wait !== undefined && wait.since >= since && wait.at <= line.at) waits.delete(tid)
    const comm = sink.name(line.names.at(-1) ?? '')
    const fileName = file === '' ? noName : sink.name(file)
    const length = spanOf(line.at - since)
    sink.call(line.at, length, line.cpu, tid, pid, comm, sink.name(call), resultOf(result), fd, fileName)
  }

  function offCpu({ at, cpu, numbers, names, toInstant }: EventLine): void {
    const [tid = 0, outNs = 0, state = 0, readyNs = 0, by = 0, from = 0] = numbers
    const [fromComm = '', comm = ''] = names
    const isToldBefore = (state & 0x3e) !== 0
    const own = sink.name(comm)
    if (outNs > 0 && !isToldBefore)
      sink.switched(toInstant(outNs), unknown, tid, unknown, own, noName, reasonOf(state), 0)
    if (readyNs > 0 && state !== 0 && state !== 0x100) sink.woken(toInstant(readyNs), cpu, tid, by, noName)
    sink.switched(at, cpu, from, tid, sink.name(fromComm), own, reason('unknown'), 0)
  }

  function exited({ at, numbers, names, toInstant }: EventLine): void {
    const [pid = 0, tid = 0, code = 0, ranNs = 0, sinceNs = 0] = numbers
    const comm = sink.name(names[0] ?? '')
    pending.delete(tid)
    endedNs.delete(tid)
    if (ranNs > 0) sink.cpuTime?.(at, spanOf(Math.max(0, at - toInstant(sinceNs))), tid, pid, comm, ranNs)
    sink.process(at, change('exit'), tid, pid, unknown, comm, sink.name(exitOf(code)))
  }

  function blockRequest({ at, numbers, names, toInstant }: EventLine): void {
    const [sinceNs = 0, major = 0, minor = 0, bytes = 0, , tid = 0] = numbers
    const device = sink.name(naming.deviceOf?.(major, minor) ?? `${major}:${minor}`)
    const operation = sink.name(operationOf(names[0] ?? ''))
    sink.blockRequest(at, spanOf(at - toInstant(sinceNs)), device, operation, bytes, tid, sink.name(names[1] ?? ''))
  }

  /** Only its beginning was seen: who did what, when. */
  function momentary(line: EventLine, call: string, file: string): void {
    const [pid = 0, tid = 0] = line.numbers
    const comm = sink.name(line.names.at(-1) ?? '')
    const no = Number.NaN
    sink.call(line.at, spanOf(no), line.cpu, tid, pid, comm, sink.name(call), no, unknown, sink.name(file))
  }

  function take(line: EventLine): void {
    const { at, cpu, numbers: n, names } = line
    const [a = 0, b = 0, c = 0, d = 0] = n
    const first = (): NameId => sink.name(names[0] ?? '')
    const second = (): NameId => sink.name(names[1] ?? '')
    switch (line.kind) {
      case 'E':
        return begun(line)
      case 'C':
        return ended(line)
      case 'F':
        return slowCall(line)
      case 'S':
        return sink.switched(at, cpu, a, c, first(), second(), reasonOf(b), d)
      case 'O':
        return offCpu(line)
      case 'W':
        return sink.woken(at, b, a, c, first())
      case 'U':
        return keep(waits, a, { at, since: line.toInstant(b), cpu, comm: first() })
      case 'A':
        return sink.cpuTime?.(at, spanOf(at - line.toInstant(c)), b, a, first(), d)
      case 'N':
        return sink.process(at, change(d === 0 ? 'fork' : 'thread'), c, d === 0 ? c : a, a, first(), noName)
      case 'X':
        pending.delete(b)
        return sink.process(at, change('exec'), b, a, c, second(), first())
      case 'D':
        return exited(line)
      case 'M':
        return sink.process(at, change('rename'), b, a, unknown, first(), second())
      case 'G':
        return sink.signal(at, sent, c, b, first(), n[4] ?? unknown, second())
      case 'L':
        return sink.signal(at, delivered, c, unknown, noName, b, first())
      case 'T':
        return momentary(line, 'ptrace', `${requestOf(c)} of ${d}`)
      case 'P':
        return momentary(line, 'openat', names[0] ?? '')
      case 'R':
        return blockRequest(line)
      default:
        return sink.ignored(`line of kind ${line.kind}`)
    }
  }

  return {
    take,
    settle(now) {
      for (const [tid, wait] of waits) {
        if (now - wait.at < waitKept) break
        waits.delete(tid)
        tellWait(tid, wait)
      }
    },
    end() {
      for (const [tid, wait] of waits) tellWait(tid, wait)
      waits.clear()
    },
    markNames(used) {
      for (const { comm } of waits.values()) used[comm] = 1
    },
    pendingCalls: () => [...pending.values()],
  }
}
