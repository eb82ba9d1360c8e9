// What the two capture formats have in common: a header, then records one behind the other, and a way to find the next
// record after a damaged one. A stream may hold several sections: somebody wrote `cat a.pcap b.pcap`.

import type { PacketSink } from '../../events/packet.ts'
import type { Epoch } from '../../time/instant.ts'
import type { CapturedPacket } from '../packet/captured-packet.ts'
import type { Held } from './byte-queue.ts'

export type Answer = 'yes' | 'no' | 'wait'

export type Step =
  /** A whole record: it ends before the index `end`. */
  | { readonly kind: 'record'; readonly end: number }
  | { readonly kind: 'wait' }
  | { readonly kind: 'damaged'; readonly reason: string }

export interface Section {
  readonly format: 'pcap' | 'pcapng'
  /** What begins at an index at which a record has to begin. */
  stepAt(held: Held, at: number): Step
  /** Could a record begin here? Asked at each byte behind damage, so it wants more proof than `stepAt`. */
  isRecordAt(held: Held, at: number): Answer
  /** Takes the record that `stepAt` or `isRecordAt` found there. */
  take(held: Held, at: number): void
}

export interface SectionSettings {
  readonly origin: Epoch
  readonly sink: PacketSink
  readonly maxRecordBytes: number
  readonly decode: (packet: CapturedPacket) => void
}

export const waiting: Step = { kind: 'wait' }
export const damaged = (reason: string): Step => ({ kind: 'damaged', reason })
