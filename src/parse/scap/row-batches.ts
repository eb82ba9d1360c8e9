// Rows on their way to whoever takes them: calls and switches are gathered and handed over by the thousand, column by
// column. Who takes single rows gets each at once.

import type { CallRows, KernelSink, NameId, SwitchRows } from '../../events/kernel.ts'
import type { Instant, Span } from '../../time/instant.ts'

const rowsAtOnce = 1024

type Writable<T> = { -readonly [K in keyof T]: T[K] }

function callRows(rows: number): Writable<CallRows> {
  return {
    length: 0,
    at: new Float64Array(rows),
    latency: new Float64Array(rows),
    cpu: new Uint16Array(rows),
    tid: new Int32Array(rows),
    pid: new Int32Array(rows),
    comm: new Int32Array(rows),
    call: new Int32Array(rows),
    result: new Float64Array(rows),
    fd: new Int32Array(rows),
    file: new Int32Array(rows),
  }
}

function switchRows(rows: number): Writable<SwitchRows> {
  return {
    length: 0,
    at: new Float64Array(rows),
    cpu: new Uint16Array(rows),
    from: new Int32Array(rows),
    to: new Int32Array(rows),
    fromComm: new Int32Array(rows),
    toComm: new Int32Array(rows),
    reason: new Uint8Array(rows),
    majorFaults: new Int32Array(rows),
  }
}

export class RowBatches {
  readonly #sink: KernelSink
  readonly #calls = callRows(rowsAtOnce)
  readonly #switches = switchRows(rowsAtOnce)
  readonly #takesCalls: boolean
  readonly #takesSwitches: boolean

  constructor(sink: KernelSink) {
    this.#sink = sink
    this.#takesCalls = sink.calls !== undefined
    this.#takesSwitches = sink.switches !== undefined
  }

  /** As `KernelSink.call`. */
  call(
    at: Instant,
    latency: Span,
    cpu: number,
    tid: number,
    pid: number,
    comm: NameId,
    call: NameId,
    result: number,
    fd: number,
    file: NameId,
  ): void {
    if (!this.#takesCalls) return this.#sink.call(at, latency, cpu, tid, pid, comm, call, result, fd, file)
    const rows = this.#calls
    const i = rows.length++
    rows.at[i] = at
    rows.latency[i] = latency
    rows.cpu[i] = cpu
    rows.tid[i] = tid
    rows.pid[i] = pid
    rows.comm[i] = comm
    rows.call[i] = call
    rows.result[i] = result
    rows.fd[i] = fd
    rows.file[i] = file
    if (i === rowsAtOnce - 1) this.#flushCalls()
    return undefined
  }

  /** As `KernelSink.switched`. */
  switched(
    at: Instant,
    cpu: number,
    from: number,
    to: number,
    fromComm: NameId,
    toComm: NameId,
    reason: number,
    majorFaults: number,
  ): void {
    if (!this.#takesSwitches) return this.#sink.switched(at, cpu, from, to, fromComm, toComm, reason, majorFaults)
    const rows = this.#switches
    const i = rows.length++
    rows.at[i] = at
    rows.cpu[i] = cpu
    rows.from[i] = from
    rows.to[i] = to
    rows.fromComm[i] = fromComm
    rows.toComm[i] = toComm
    rows.reason[i] = reason
    rows.majorFaults[i] = majorFaults
    if (i === rowsAtOnce - 1) this.#flushSwitches()
    return undefined
  }

  /** Hands over what is gathered. */
  flush(): void {
    if (this.#calls.length > 0) this.#flushCalls()
    if (this.#switches.length > 0) this.#flushSwitches()
  }

  #flushCalls(): void {
    this.#sink.calls?.(this.#calls)
    this.#calls.length = 0
  }

  #flushSwitches(): void {
    this.#sink.switches?.(this.#switches)
    this.#switches.length = 0
  }
}
