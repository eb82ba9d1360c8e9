// From the kernel engine's parser into the columns. Nothing is made here: numbers in, numbers stored.

import type { CallRows, SwitchRows } from '../../events/kernel.ts'
import { instantOf, type Instant } from '../../time/instant.ts'
import type { BpftraceSink } from '../../parse/bpftrace/event-line.ts'
import { noResult, type callColumns, type Store, type switchColumns } from '../../store/store.ts'
import type { Cells } from '../../store/table.ts'
import type { Tally } from '../tally.ts'

export interface KernelIntake extends Required<BpftraceSink> {
  /** Stamp of the newest event: what the stream is complete up to. */
  readonly lastAt: Instant | undefined
}

const codeOf = (result: number): number =>
  Number.isNaN(result) ? noResult : Math.max(-2147483647, Math.min(2147483647, result))

function codesOf(results: Float64Array, count: number): Int32Array {
  const codes = new Int32Array(count)
  for (let i = 0; i < count; i++) codes[i] = codeOf(results[i] ?? 0)
  return codes
}

function callCells({
  latency,
  cpu,
  tid,
  pid,
  comm,
  call,
  result,
  fd,
  file,
  length,
}: CallRows): Cells<typeof callColumns> {
  return {
    latencyNs: latency,
    tid,
    pid,
    resultCode: codesOf(result, length),
    fd,
    commName: comm,
    fileName: file,
    callName: call,
    cpu,
  }
}

function switchCells({
  cpu,
  from,
  to,
  fromComm,
  toComm,
  reason,
  majorFaults,
}: SwitchRows): Cells<typeof switchColumns> {
  return { from, to, fromName: fromComm, toName: toComm, majorFaults, cpu, reason }
}

/** `onLost`: the stream lost events between its last one and `at`. */
export function createKernelIntake(
  store: Store,
  tally: Tally,
  onLost: (from: Instant, to: Instant, events: number) => void,
): KernelIntake {
  let lastAt = -Infinity
  const seen = (at: number): void => {
    tally.events++
    if (at > lastAt) lastAt = at
  }
  const seenAll = (at: Float64Array, count: number): void => {
    tally.events += count
    for (let i = 0; i < count; i++) if ((at[i] ?? 0) > lastAt) lastAt = at[i] ?? 0
  }
  return {
    get lastAt() {
      return Number.isFinite(lastAt) ? instantOf(lastAt) : undefined
    },
    malformed: (complaint) => tally.malformed(complaint),
    ignored: (kind) => tally.ignored(kind),
    name: (text) => store.names.idOf(text),
    call(at, latency, cpu, tid, pid, comm, call, result, fd, file) {
      seen(at)
      const cells = store.calls.place(at)
      if (cells === undefined) return
      const i = store.calls.index
      cells.latencyNs[i] = latency
      cells.tid[i] = tid
      cells.pid[i] = pid
      cells.resultCode[i] = codeOf(result)
      cells.fd[i] = fd
      cells.commName[i] = comm
      cells.fileName[i] = file
      cells.callName[i] = call
      cells.cpu[i] = cpu
    },
    calls(rows) {
      seenAll(rows.at, rows.length)
      store.calls.append(rows.at, callCells(rows), rows.length)
    },
    switches(rows) {
      seenAll(rows.at, rows.length)
      store.switches.append(rows.at, switchCells(rows), rows.length)
    },
    switched(at, cpu, from, to, fromComm, toComm, reason, majorFaults) {
      seen(at)
      const cells = store.switches.place(at)
      if (cells === undefined) return
      const i = store.switches.index
      cells.from[i] = from
      cells.to[i] = to
      cells.fromName[i] = fromComm
      cells.toName[i] = toComm
      cells.majorFaults[i] = majorFaults
      cells.cpu[i] = cpu
      cells.reason[i] = reason
    },
    woken(at, cpu, tid, by, byComm) {
      seen(at)
      const cells = store.wakeups.place(at)
      if (cells === undefined) return
      const i = store.wakeups.index
      cells.tid[i] = tid
      cells.by[i] = by
      cells.byName[i] = byComm
      cells.cpu[i] = cpu
    },
    process(at, change, tid, pid, parent, comm, detail) {
      seen(at)
      const cells = store.processes.place(at)
      if (cells === undefined) return
      const i = store.processes.index
      cells.change[i] = change
      cells.tid[i] = tid
      cells.pid[i] = pid
      cells.parent[i] = parent
      cells.commName[i] = comm
      cells.detailName[i] = detail
    },
    signal(at, step, signal, from, fromComm, to, toComm) {
      seen(at)
      const cells = store.signals.place(at)
      if (cells === undefined) return
      const i = store.signals.index
      cells.step[i] = step
      cells.signal[i] = signal
      cells.from[i] = from
      cells.fromName[i] = fromComm
      cells.to[i] = to
      cells.toName[i] = toComm
    },
    blockRequest(at, latency, device, operation, bytes, pid, comm) {
      seen(at)
      const cells = store.blockRequests.place(at)
      if (cells === undefined) return
      const i = store.blockRequests.index
      cells.latencyNs[i] = latency
      cells.deviceName[i] = device
      cells.operationName[i] = operation
      cells.bytes[i] = bytes
      cells.pid[i] = pid
      cells.commName[i] = comm
    },
    cpuTime(at, span, tid, pid, comm, ns) {
      seen(at)
      const cells = store.cpuTimes.place(at)
      if (cells === undefined) return
      const i = store.cpuTimes.index
      cells.spanNs[i] = span
      cells.tid[i] = tid
      cells.pid[i] = pid
      cells.commName[i] = comm
      cells.onCpuNs[i] = ns
    },
    lost(at, events, since) {
      const newest = Number.isFinite(lastAt) ? Math.min(lastAt, at) : at
      onLost(instantOf(since === undefined ? newest : Math.min(since, at)), at, events)
    },
  }
}
