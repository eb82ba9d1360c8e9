// The bytes of `sysdig -w -`, or of an unpacked .scap file, to what the kernel did.
//
// Reads every layout that sysdig has written since 2014, enter-and-exit captures (libs to 0.21: sysdig 0.29, 0.36) and
// exit-only ones (libs 0.22 on: sysdig 0.38, 0.41) alike; what kind it is shows from event to event, never from a
// version, because the format has none. Times are CLOCK_REALTIME of the recording kernel. Calls are told when they
// end, with the time between enter and exit; without enters, with the time off the CPU (waits.ts).
//
//   bytes → block-reader ─┬→ plain-events: nine of ten events, the short way ──────┬→ row-batches → KernelSink
//                         ├→ scap-event → tracker: all others, and what is odd ────┤
//                         └→ process-list, fd-list → thread-table, descriptors ────┘
//
// The tracker also tells SentAdvertSink and ScapRowSink.
//
// Left out on purpose and counted as ignored: page faults, /proc samples, users and groups, containers, interfaces.
// Events that a filtering recorder keeps for their effect only (STATE_ONLY) are applied and not told.

import { noName, unknown, type KernelSink, type NameId } from '../../events/kernel.ts'
import type { StreamParser } from '../../events/outcome.ts'
import { instantOf, type Epoch, type Instant } from '../../time/instant.ts'
import { createBlockReader, type Bytes } from './block-reader.ts'
import type { BlockType } from './block-types.ts'
import { CallNames } from './call-names.ts'
import { readFdList } from './fd-list.ts'
import { LossWatch, type Oddities } from './loss-watch.ts'
import { readProcessList } from './process-list.ts'
import { PlainEvents } from './plain-events.ts'
import { RowBatches } from './row-batches.ts'
import { ScapEvent } from './scap-event.ts'
import type { ScapRowSink } from './scap-row.ts'
import { Enter, type Scene } from './scene.ts'
import { faultOfSection, readMachine, type Machine } from './section.ts'
import type { SentAdvertSink } from './sent-advert-sink.ts'
import { stateBlocks } from './state-blocks.ts'
import { none, ThreadTable, type Thread } from './thread-table.ts'
import { Tracker } from './tracker.ts'

export interface ScapParserOptions {
  readonly origin: Epoch
  readonly sink: KernelSink
  readonly adverts?: SentAdvertSink
  readonly rows?: ScapRowSink
}

/** A call that was entered and has not come back. */
export interface PendingCall {
  readonly tid: number
  readonly call: NameId
  readonly since: Instant
  /** unknown (-1): none, or not told. */
  readonly fd: number
  readonly file: NameId
}

export interface ThreadFacts {
  readonly tid: number
  /** unknown (-1) and noName for a thread that the capture has not introduced. */
  readonly pid: number
  readonly comm: NameId
  /** Since when it has been off the CPU; undefined while it runs, or when its switches are not in the capture. */
  readonly offCpuSince: Instant | undefined
}

export interface ScapCounts extends Oddities {
  readonly events: number
  readonly sections: number
  /** Threads forgotten because the table was full. */
  readonly forgotten: number
}

export interface ScapParser extends Required<StreamParser> {
  /** All calls that are open now. Captures without enters have none: ask `threadOf` how long a thread has been away. */
  pendingCalls(): PendingCall[]
  pendingCall(tid: number): PendingCall | undefined
  threadOf(tid: number): ThreadFacts | undefined
  readonly machine: Machine | undefined
  /** Whether the events say on which CPU they were. The modern BPF recorder writes CPU 0 for all of them. */
  readonly tellsCpus: boolean
  readonly counts: ScapCounts
  /** All that is known of threads and descriptors now, as the blocks that a section begins with; undefined before any. */
  introduction(): Uint8Array | undefined
}

/** What lies around a block's body: its type and length, and its length again. */
const frameBytes = 8
const trailerBytes = 4

export function createScapParser(options: ScapParserOptions): ScapParser {
  const { origin, sink } = options
  const event = new ScapEvent(origin)
  const names = new CallNames((text) => sink.name(text))
  const batches = new RowBatches(sink)
  const loss = new LossWatch((at, events) => {
    batches.flush()
    sink.lost(at, events)
  })
  let threads = new ThreadTable()
  let { tracker, plain } = openSection()
  let machine: Machine | undefined
  let machineBlock = new Uint8Array(0)
  let events = 0
  let sections = 0
  let forgotten = 0
  let isRefused = false
  let isOnOtherCpus = false

  /** A section knows nothing of the one before. */
  function openSection(): { tracker: Tracker; plain: PlainEvents } {
    const { adverts, rows } = options
    threads = new ThreadTable()
    const scene: Scene = { event, enter: new Enter(), threads, sink, batches, adverts, rows }
    const reader = new Tracker(scene, names, loss)
    return { tracker: reader, plain: new PlainEvents(scene, names, loss, reader, origin) }
  }

  function beginSection(memory: Bytes, from: number, to: number): string | undefined {
    loss.flush()
    forgotten += threads.forgotten
    events += plain.events
    ;({ tracker, plain } = openSection())
    machine = undefined
    isOnOtherCpus = false
    sections++
    const fault = faultOfSection(memory, from, to)
    isRefused = fault?.isRefused ?? false
    return fault?.reason
  }

  function takeProcesses(memory: Bytes, from: number, to: number, version: number): string | undefined {
    return readProcessList(memory, from, to, version, (listed) => {
      const thread = threads.add(listed.tid, listed.pid)
      thread.parent = listed.parent
      thread.flags = listed.flags
      thread.cwd = listed.cwd
      tracker.nameThread(thread, listed.comm)
    })
  }

  function takeFiles(memory: Bytes, from: number, to: number, version: number): string | undefined {
    return readFdList(memory, from, to, version, (tid, fd, entry) => {
      const thread = threads.find(tid)
      if (thread !== undefined) threads.filesOf(thread).set(fd, entry)
    })
  }

  /** Returns what is wrong with the block, if anything. */
  function take(type: BlockType, memory: Bytes, from: number, to: number): string | undefined {
    switch (type.kind) {
      case 'section':
        return beginSection(memory, from, to)
      case 'machine':
        machine = readMachine(memory, from, to)
        machineBlock = memory.bytes.slice(from - frameBytes, to + trailerBytes)
        return undefined
      case 'processes':
        return takeProcesses(memory, from, to, type.version)
      case 'files':
        return takeFiles(memory, from, to, type.version)
      case 'event':
      case 'largeEvent':
        return takeEvent(type, memory, from, to)
      case 'interfaces':
      case 'users':
      case 'unknown':
        return leaveOut(type.kind)
      default:
        return type.kind satisfies never
    }
  }

  function leaveOut(kind: string): undefined {
    sink.ignored(`scap block: ${kind}`)
    return undefined
  }

  function takeEvent(type: BlockType, memory: Bytes, from: number, to: number): string | undefined {
    const fault = event.read(type, memory, from, to)
    if (fault !== undefined) return fault
    events++
    if (event.cpu !== 0) isOnOtherCpus = true
    tracker.feed()
    return undefined
  }

  const reader = createBlockReader({
    block(type, memory, from, to, where) {
      if (isRefused && type.kind !== 'section') return
      const reason = type.isEvent ? takeEvent(type, memory, from, to) : take(type, memory, from, to)
      if (reason !== undefined) sink.malformed({ reason, where })
    },
    malformed: (complaint) => sink.malformed(complaint),
    // Rows of all events are told by the reader of the whole format alone.
    plainEvents: (view, from, to) => (isRefused || options.rows !== undefined ? from : plain.read(view, from, to)),
  })

  function pendingOf(thread: Thread): PendingCall {
    const { tid, lastFd: fd } = thread
    const entry = fd >= 0 ? threads.filesOf(thread).find(fd) : undefined
    return {
      tid,
      call: tracker.openNameOf(thread),
      since: instantOf(thread.openAt),
      fd: fd >= 0 ? fd : unknown,
      file: entry === undefined ? noName : tracker.nameIdOf(entry),
    }
  }

  return {
    push(bytes) {
      reader.push(bytes)
      batches.flush()
    },
    end() {
      reader.end()
      loss.flush()
      batches.flush()
    },
    pendingCall(tid) {
      const thread = threads.find(tid)
      return thread === undefined || thread.openType === none ? undefined : pendingOf(thread)
    },
    pendingCalls() {
      const pending: PendingCall[] = []
      for (const thread of threads.values()) if (thread.openType !== none) pending.push(pendingOf(thread))
      return pending
    },
    threadOf(tid) {
      const thread = threads.find(tid)
      if (thread === undefined) return undefined
      const { pid, commId, leftCpuAt, gotCpuAt, lastEventAt, openAt } = thread
      const isBack = gotCpuAt >= leftCpuAt || lastEventAt > leftCpuAt || openAt > leftCpuAt
      const isAway = !Number.isNaN(leftCpuAt) && !isBack
      return { tid, pid, comm: commId, offCpuSince: isAway ? instantOf(leftCpuAt) : undefined }
    },
    markNames(used) {
      names.markNames(used)
      threads.markNames(used)
      tracker.markNames(used)
    },
    introduction: () => (sections === 0 ? undefined : stateBlocks(threads, machineBlock)),
    get machine() {
      return machine
    },
    get tellsCpus() {
      return isOnOtherCpus || plain.isOnOtherCpus || machine?.cpus === 1
    },
    get counts() {
      const { loneExits, openEnters, brokenChains } = loss
      return {
        events: events + plain.events,
        sections,
        forgotten: forgotten + threads.forgotten,
        loneExits,
        openEnters,
        brokenChains,
      }
    },
  }
}
