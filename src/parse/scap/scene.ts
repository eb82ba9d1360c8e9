// What the parts of the reader share while one event is looked at.

import type { KernelSink } from '../../events/kernel.ts'
import { Params, type KeptEnter } from './params.ts'
import type { ScapEvent } from './scap-event.ts'
import type { RowBatches } from './row-batches.ts'
import type { ScapRowSink } from './scap-row.ts'
import type { SentAdvertSink } from './sent-advert-sink.ts'
import type { ThreadTable } from './thread-table.ts'

/** The enter that belongs to the exit at hand. */
export class Enter extends Params {
  isSeen = false
  /** NaN when it was not seen. */
  at: number = Number.NaN

  /** Takes it from its thread; `kept` is undefined for calls whose parameters are not needed. */
  take(at: number, kept: KeptEnter | undefined): void {
    this.isSeen = true
    this.at = at
    if (kept === undefined) this.count = 0
    else this.recall(kept)
  }

  miss(): void {
    this.isSeen = false
    this.at = Number.NaN
    this.count = 0
  }
}

export interface Scene {
  readonly event: ScapEvent
  readonly enter: Enter
  readonly threads: ThreadTable
  readonly sink: KernelSink
  /** Where calls and switches go. */
  readonly batches: RowBatches
  readonly adverts: SentAdvertSink | undefined
  readonly rows: ScapRowSink | undefined
}
