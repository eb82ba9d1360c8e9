// One kernel as its engine saw it: sysdig's stream (scap, or its text) into tables of its own, by its own clock; what its
// senders said they sent; and what it could not see.
//
// Thread ids, descriptors and stamps of two kernels have nothing to do with each other. So nothing of one vantage ever
// stands in the tables of another; where a vantage is, placing.ts tells.

import type { StreamParser } from '../../events/outcome.ts'
import { createScapParser } from '../../parse/scap/scap-parser.ts'
import { createSniffingParser } from '../../parse/sniffing-parser.ts'
import { createSysdigTextParser } from '../../parse/sysdig-text.ts'
import type { Machine } from '../../parse/scap/section.ts'
import type { Store } from '../../store/store.ts'
import type { Epoch, Instant } from '../../time/instant.ts'
import type { BlindSpots } from '../blind-spots.ts'
import { createIssuedAdverts, type IssuedAdverts } from '../intake/issued-adverts.ts'
import { createKernelIntake } from '../intake/kernel-intake.ts'
import { createSentSources, type SentSources } from './sent-sources.ts'
import type { Tally } from '../tally.ts'
import { createTextSenders } from './text-senders.ts'

export interface KernelVantage {
  /** What it is called: '' for the only one. */
  readonly part: string
  /** Its tables; the session's adverts and samples are in the session's own store. */
  readonly store: Store
  readonly issued: IssuedAdverts
  readonly sources: SentSources
  /** By its own clock, as everything here. */
  readonly blindSpots: BlindSpots
  readonly machine: Machine | undefined
  /** Stamp of the newest event: what the stream is complete up to. */
  readonly lastAt: Instant | undefined
  /** Its clock was set back here: stamps from then on mean two moments. */
  readonly setBackAt: Instant | undefined
  /** Pids of ours in there, from now on. */
  own(pids: readonly number[]): void
  isOurs(pid: number): boolean
  /** For one life of its tool. */
  openParser(): StreamParser
}

export interface VantageParts {
  readonly part: string
  readonly origin: Epoch
  readonly store: Store
  /** Where the adverts are that its text may have sent. */
  readonly session: Store
  readonly tally: Tally
  readonly blindSpots: BlindSpots
  /** The stream lost events between its last one and `to`. */
  readonly onLost: (from: Instant, to: Instant, events: number) => void
}

/** Two for each life of its tool. */
const oursKept = 1000
/** The rings of two CPUs merge within far less. */
const setBack = 0.5e9

export function openKernelVantage({
  part,
  origin,
  store,
  session,
  tally,
  blindSpots,
  onLost,
}: VantageParts): KernelVantage {
  const issued = createIssuedAdverts()
  const sources = createSentSources()
  let machine: Machine | undefined
  let setBackAt: Instant | undefined
  const ours = new Set<number>()
  const intake = createKernelIntake(store, tally, onLost)
  /** Senders are few: of all calls only they are looked at for a clock that goes back. */
  let lastSentAt = -Infinity

  function openScap(): StreamParser {
    const parser = createScapParser({
      origin,
      sink: intake,
      adverts: {
        sentAdvert(at, enterAt, tid, ipId, vrid, source, result) {
          if (at < lastSentAt - setBack) setBackAt ??= at
          lastSentAt = Math.max(lastSentAt, at)
          issued.add({ at, result, source, vrid, ipId, enterAt: Number.isNaN(enterAt) ? undefined : enterAt })
          const thread = parser.threadOf(tid)
          sources.add(source, tid, thread?.pid ?? tid, store.names.textOf(thread?.comm ?? 0), at)
        },
      },
    })
    return {
      push(bytes) {
        parser.push(bytes)
        machine = parser.machine ?? machine
      },
      end: () => parser.end(),
      markNames: (used) => parser.markNames(used),
    }
  }

  function openText(): StreamParser {
    const senders = createTextSenders(session)
    return createSysdigTextParser({
      origin,
      sink: intake,
      sent(enterAt, at, tid, pid, comm) {
        const source = senders.sent(enterAt, at, tid)
        if (source !== undefined) sources.add(source, tid, pid, comm, at)
      },
    })
  }

  return {
    part,
    store,
    issued,
    sources,
    blindSpots,
    get machine() {
      return machine
    },
    get lastAt() {
      return intake.lastAt
    },
    get setBackAt() {
      return setBackAt
    },
    own(pids) {
      for (const pid of pids) if (ours.size < oursKept) ours.add(pid)
    },
    isOurs: (pid) => ours.has(pid),
    openParser: () => createSniffingParser((kind) => (kind === 'sysdig-text' ? openText() : openScap())),
  }
}
