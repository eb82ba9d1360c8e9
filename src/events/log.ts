// What keepalived wrote to its own log, and what of it speaks about late adverts.

import type { Instant, Span } from '../time/instant.ts'
import type { Outcomes } from './outcome.ts'

export const logKinds = [
  /** `A thread timer expired 1.885454 seconds ago` (2.1.0 on, above 1 s): its loop ran late by so much. */
  'timer-expired',
  /** `(VI_1) Received advert from 192.0.2.3 with lower priority 100, ours 101, forcing new election` */
  'lower-priority',
  /** `(VI_1) Master received advert from 192.0.2.2 with higher priority 101, ours 100` */
  'higher-priority',
  /** `(VI_1) Receive advertisement timeout`: a backup's Master_Down_Interval ran out. */
  'down-timeout',
  /** `(VI_1) Entering MASTER STATE`, and into BACKUP or FAULT. */
  'state',
  /** `(VI_1) received an invalid passwd!`, and other adverts of the VRID that are not of this pair. */
  'foreign',
  /** `(VI_1) send advert error 1 (Operation not permitted)` */
  'send-error',
  /** A script or a priority that it changed, priority 0, a reload, a child that died. */
  'planned',
  /** `Track script chk is already running, expect idle - skipping run` and other signs of a slow machine. */
  'slow',
] as const
export type LogKind = (typeof logKinds)[number]

export interface LogLine {
  /** By the clock of the machine that logged, which may be another's and off. */
  readonly at: Instant
  /** How wide the stamp is: a whole second, mostly. */
  readonly width: Span
  /** Its zone was told; without one it is taken for UTC. */
  readonly hasZone: boolean
  /** The log it is from. */
  readonly file: string
  readonly kind: LogKind
  /** Of `timer-expired`: by how much. */
  readonly expired: Span | undefined
  /** Of `lower-priority`: whose advert, and both priorities. */
  readonly rival: { readonly source: string; readonly theirs: number; readonly ours: number } | undefined
  /** What it says, without stamp and program. Raw: escape when shown. */
  readonly text: string
}

export interface LogSink extends Outcomes {
  line(line: LogLine): void
  /** A line with a stamp that says nothing of lateness: the log goes on at this time. */
  passed(at: Instant, file: string): void
  /** tcpdump's last words: so many packets dropped. */
  captureDrops(packets: number): void
}
