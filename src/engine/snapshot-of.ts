// A snapshot of what the engine knows at one moment: bounded, however long the night was.

import type { Flow, LateAdvert, Overdue } from '../diagnose/finding.ts'
import { keptLengthOf } from '../diagnose/keeping.ts'
import type { Overall } from '../diagnose/overall/overall.ts'
import type { BlindSpot, ProbeName } from '../events/probe.ts'
import type { Store } from '../store/store.ts'
import { between, type Epoch, type Instant, type Window } from '../time/instant.ts'
import type { Guest } from './kernels/guests.ts'
import type { PlacedVantage } from './kernels/kernel-vantages.ts'
import type { LateWindows } from './late-windows.ts'
import type { CountedUse } from './own-use.ts'
import type { ProbeView, Snapshot, SnapshotRequest } from './snapshot.ts'
import type { Timelines } from './timelines.ts'
import { vantageRow } from './kernels/vantage-rows.ts'

export interface SnapshotParts {
  readonly options: {
    readonly mode: Snapshot['mode']
    readonly host: string
    readonly origin: Epoch
    readonly startedAt: Instant
  }
  readonly version: number
  readonly now: Instant
  readonly probes: readonly ProbeView[]
  /** Of a flight recording: what of the kernel engine and the host sampler is whole. */
  readonly kept: readonly Window[] | undefined
  readonly placed: readonly PlacedVantage[]
  /** What the host knows of a guest that says nothing. */
  readonly stands: (part: string) => string | undefined
  readonly flows: readonly Flow[]
  readonly guests: readonly Guest[]
  readonly overdue: readonly Overdue[]
  readonly late: readonly LateAdvert[]
  readonly windows: LateWindows
  readonly timelines: Timelines
  readonly overall: Overall | undefined
  readonly blindSpots: readonly BlindSpot[]
  readonly ownUse: CountedUse
  readonly store: Store
}

const lateShown = 500
const blindSpotsShown = 200
/** What a flight recording does not keep all of. */
const thinned: ReadonlySet<ProbeName> = new Set(['sysdig', 'bpftrace', 'host'])
const formatShare = (share: number): string => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`

/** Which part of its words a flight recording kept. */
function withKeeping(view: ProbeView, { kept, options: { startedAt }, now }: SnapshotParts): ProbeView {
  if (kept === undefined || !thinned.has(view.name)) return view
  const length = Math.max(1, now - startedAt)
  const share = keptLengthOf(kept, { from: startedAt, to: now }) / length
  const rest = view.name === 'host' ? ', elsewhere one sample a second' : ''
  const detail = `flight recording: all of it in ${kept.length} stretches, ${formatShare(share)} of the time${rest}`
  return { ...view, detail: view.detail === '' ? detail : `${view.detail}; ${detail}` }
}

export function snapshotOf(request: SnapshotRequest, parts: SnapshotParts): Snapshot {
  const { options, now, probes, late, windows, store, ownUse } = parts
  const numbered = (number: number): LateAdvert | undefined => late[number - (late[0]?.number ?? 1)]
  const chosen = request.late === undefined ? late.at(-1) : numbered(request.late)
  const beside = request.beside === undefined ? undefined : numbered(request.beside)
  const tcpdump = probes.find((view) => view.name === 'tcpdump')
  return {
    version: parts.version,
    mode: options.mode,
    host: options.host,
    origin: options.origin,
    now,
    runningFor: between(options.startedAt, now),
    probes: probes
      .filter((view) => view.events > 0 || view.state !== 'starting' || view.reason !== undefined)
      .map((view) => vantageRow(withKeeping(view, parts), parts.placed, parts.stands)),
    flows: parts.flows,
    guests: parts.guests,
    overdue: parts.overdue,
    late: late.slice(-lateShown),
    digests: windows.digestsFrom(late.at(-lateShown)?.number ?? 1),
    selected: chosen === undefined ? undefined : windows.viewOf(chosen, now),
    beside: beside === undefined ? undefined : windows.viewOf(beside, now),
    timeline: parts.timelines.of(request.timeline, chosen, now),
    overall: parts.overall,
    blindSpots: parts.blindSpots.slice(-blindSpotsShown),
    own: {
      cpuShare: ownUse.cpuShare,
      rssBytes: ownUse.rssBytes,
      storeBytes: store.bytes,
      budgetBytes: store.budgetBytes,
    },
    marks: [],
    replay: undefined,
    fault: tcpdump?.state === 'absent' || tcpdump?.state === 'failed' ? tcpdump.reason : undefined,
  }
}
