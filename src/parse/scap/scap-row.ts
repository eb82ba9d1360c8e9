// One event as a row, for drill-down and for the comparison with other readers: enters included, one object each.
//
// Slower than the sinks, and optional. The columns are those of the reference reader, test/reference/scap/scap_dump.py.

import type { Instant } from '../../time/instant.ts'

export interface ScapRow {
  readonly at: Instant
  readonly cpu: number
  readonly tid: number
  /** undefined: the capture has not introduced this thread. */
  readonly pid: number | undefined
  readonly comm: string | undefined
  /** `>` enter, `<` exit; tracepoints are single and count as enters. */
  readonly direction: '>' | '<'
  readonly type: string
  /** Number of the event type. */
  readonly typeNumber: number
  /** PPM_SC code of a generic event. */
  readonly code: number | undefined
  /** Return value of an exit, negative = -errno. */
  readonly result: number | undefined
  readonly fd: number | undefined
  readonly fdName: string | undefined
  /** Exit minus enter, ns; undefined without an enter. */
  readonly latencyNs: number | undefined
}

export interface ScapRowSink {
  row(row: ScapRow): void
}
