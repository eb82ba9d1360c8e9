// What a probe gives, whoever it is: bytes as they came, and notices about itself. A recording is exactly this, on disk.

import type { ProbeName, ProbeNotice } from '../events/probe.ts'
import type { Instant } from '../time/instant.ts'

export interface ProbeBytes {
  readonly kind: 'bytes'
  readonly probe: ProbeName
  /** When they arrived here, by our clock. */
  readonly at: Instant
  /** A restarted child begins a new stream (a new pcap header): its number, from 0. */
  readonly life: number
  /** Which of several children of the same probe; '' for the only one. */
  readonly part: string
  readonly bytes: Uint8Array
}

export type ProbeOutput = ProbeBytes | ProbeNotice

/** Must return at once: whoever waits here makes the tool at the other end drop. */
export type OutputListener = (output: ProbeOutput) => void
