// One kernel as its engine saw it: sysdig's stream (scap, or its text) into columns, and what its senders said they sent.

import type { StreamParser } from '../events/outcome.ts'
import { createScapParser } from '../parse/scap/scap-parser.ts'
import { createSniffingParser } from '../parse/sniffing-parser.ts'
import { createSysdigTextParser } from '../parse/sysdig-text.ts'
import type { Store } from '../store/store.ts'
import type { Epoch, Instant } from '../time/instant.ts'
import { createIssuedAdverts, type IssuedAdverts } from './issued-adverts.ts'
import { createKernelIntake } from './kernel-intake.ts'
import { createSentSources, type SentSources } from './sent-sources.ts'
import type { Tally } from './tally.ts'
import { createTextSenders } from './text-senders.ts'

export interface KernelVantage {
  readonly issued: IssuedAdverts
  readonly sources: SentSources
  /** Stamp of the newest event: what the stream is complete up to. */
  readonly lastAt: Instant | undefined
  /** For one life of its tool. */
  openParser(): StreamParser
}

/** `onLost`: the stream lost events between its last one and `to`. */
export function openKernelVantage(
  origin: Epoch,
  store: Store,
  tally: Tally,
  onLost: (from: Instant, to: Instant, events: number) => void,
): KernelVantage {
  const sink = createKernelIntake(store, tally, onLost)
  const issued = createIssuedAdverts()
  const sources = createSentSources()

  function openScap(): StreamParser {
    const parser = createScapParser({
      origin,
      sink,
      adverts: {
        sentAdvert(at, _enterAt, tid, ipId, vrid, source, result) {
          issued.add(source, vrid, ipId, { at, result })
          const thread = parser.threadOf(tid)
          sources.add(source, tid, thread?.pid ?? tid, store.names.textOf(thread?.comm ?? 0), at)
        },
      },
    })
    return parser
  }

  function openText(): StreamParser {
    const senders = createTextSenders(store)
    return createSysdigTextParser({
      origin,
      sink,
      sent(enterAt, at, tid, pid, comm) {
        const source = senders.sent(enterAt, at, tid)
        if (source !== undefined) sources.add(source, tid, pid, comm, at)
      },
    })
  }

  return {
    issued,
    sources,
    get lastAt() {
      return sink.lastAt
    },
    openParser: () => createSniffingParser((kind) => (kind === 'sysdig-text' ? openText() : openScap())),
  }
}
