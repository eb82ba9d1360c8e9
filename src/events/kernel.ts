// What the kernel did: calls, switches, process life, signals, block requests, wakeups.
//
// These come by the hundred thousand a second, so they are never objects: a parser hands each one over as plain numbers
// and the store puts them into columns. Texts (process, call and file names) are interned once and travel as ids.

import type { Instant, Span } from '../time/instant.ts'
import type { Outcomes } from './outcome.ts'

declare const nameId: unique symbol
/** A text that the store keeps once. 0 is the empty text and means "not known". */
export type NameId = number & { readonly [nameId]: true }
export const noName = 0 as NameId
/** There was no room for the text; later there may be. */
export const nameNotKept = 1 as NameId

/** Stands for "the probe did not say" in numeric columns. */
export const unknown = -1

export const processChanges = ['fork', 'thread', 'exec', 'exit', 'rename'] as const
export type ProcessChange = (typeof processChanges)[number]

export const signalSteps = ['sent', 'delivered'] as const

/** Why a thread left its CPU, where the probe says so (bpftrace); sysdig does not. */
export const leaveReasons = [
  'unknown',
  'preempted',
  'sleeping',
  'uninterruptible',
  'stopped',
  'traced',
  'dead',
] as const

export type LeaveReason = (typeof leaveReasons)[number]

/** Finished calls, a column for each number that `KernelSink.call` has. */
export interface CallRows {
  readonly length: number
  readonly at: Float64Array
  readonly latency: Float64Array
  readonly cpu: Uint16Array
  readonly tid: Int32Array
  readonly pid: Int32Array
  readonly comm: Int32Array
  readonly call: Int32Array
  readonly result: Float64Array
  readonly fd: Int32Array
  readonly file: Int32Array
}

/** The same of `KernelSink.switched`. */
export interface SwitchRows {
  readonly length: number
  readonly at: Float64Array
  readonly cpu: Uint16Array
  readonly from: Int32Array
  readonly to: Int32Array
  readonly fromComm: Int32Array
  readonly toComm: Int32Array
  readonly reason: Uint8Array
  readonly majorFaults: Int32Array
}

export interface KernelSink extends Outcomes {
  name(text: string): NameId

  /**
   * A finished system call. `at` is its end. `latency` is NaN when its beginning was not seen.
   * `result`: the return value, negative = -errno; NaN when the probe does not tell. `fd`: unknown (-1) if it has none.
   */
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
  ): void

  /** The same of `length` calls, in the order of the stream. Good until it returns. */
  calls?(rows: CallRows): void

  /** CPU goes from one thread to another; tid 0 is idle. `reason` indexes `leaveReasons`. */
  switched(
    at: Instant,
    cpu: number,
    from: number,
    to: number,
    fromComm: NameId,
    toComm: NameId,
    reason: number,
    majorFaults: number,
  ): void

  /** The same of `length` switches. */
  switches?(rows: SwitchRows): void

  /** A watched thread was made runnable by `by`. */
  woken(at: Instant, cpu: number, tid: number, by: number, byComm: NameId): void

  /** `change` indexes `processChanges`. `detail`: new comm, executable or exit status, as the change has it. */
  process(at: Instant, change: number, tid: number, pid: number, parent: number, comm: NameId, detail: NameId): void

  /** `step` indexes `signalSteps`; `from` and `to` are thread ids, unknown (-1) when not told. */
  signal(at: Instant, step: number, signal: number, from: number, fromComm: NameId, to: number, toComm: NameId): void

  /** A finished block request. `at` is its completion. */
  blockRequest(
    at: Instant,
    latency: Span,
    device: NameId,
    operation: NameId,
    bytes: number,
    pid: number,
    comm: NameId,
  ): void

  /** The probe itself says that it lost events before `at`; not before `since`, where that is known, or just before. */
  lost(at: Instant, events: number, since?: Instant): void
}
