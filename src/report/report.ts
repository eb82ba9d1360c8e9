// From a finished session to the report's value (report-shape.ts).

import type { Explanation } from '../diagnose/explanation.ts'
import type { Flow, Range, Wire, WindowView } from '../diagnose/finding.ts'
import type { BlindSpot } from '../events/probe.ts'
import type { FinishedSession } from '../engine/finished.ts'
import type { ProbeView } from '../engine/snapshot.ts'
import { formatIso } from '../time/format.ts'
import { epochAt, type Epoch, type Instant } from '../time/instant.ts'
import { reportGuestOf } from './guests.ts'
import { isOfFlow, type Selection } from './selection.ts'
import {
  reportSchema,
  type Report,
  type ReportBlindSpot,
  type ReportCause,
  type ReportFlow,
  type ReportLate,
  type ReportProbe,
  type ReportRange,
  type ReportSuspect,
} from './report-shape.ts'
import { reportOverallOf } from './overall.ts'
import { latenessMs, msOf, orNull, rounded } from './report-number.ts'
import { explanationOf, unseenOf } from './verdict.ts'
import { evidencePhrases } from './words.ts'

const rangeOf = (range: Range): ReportRange => ({ min: msOf(range.min), max: msOf(range.max) })

const nsOf = (at: Instant, origin: Epoch): string => String(epochAt(at, origin))
const isoOf = (at: Instant, origin: Epoch): string => formatIso(epochAt(at, origin))

function stateOf(probe: ProbeView): ReportProbe['state'] {
  switch (probe.state) {
    case 'absent':
    case 'failed':
      return probe.state
    case 'starting':
      return 'absent'
    case 'restarting':
    case 'degraded':
      return 'degraded'
    case 'ok':
      if (probe.events === 0 && probe.malformed > 0) return 'failed'
      return probe.dropped > 0 || probe.malformed > 0 || probe.reason !== undefined ? 'degraded' : 'ok'
  }
}

/** What it ran on, and what is wrong with it. */
function detailOf(probe: ProbeView): string {
  const lost = probe.dropped > 0 ? `lost ${probe.dropped} of its packets or events` : undefined
  const unread = probe.malformed > 0 ? `could not read ${probe.malformed} places` : undefined
  const reason = lost === undefined ? probe.reason : undefined
  return [probe.detail, reason, lost, unread].filter((one) => one !== undefined && one !== '').join('; ')
}

const probeOf = (probe: ProbeView): ReportProbe => ({
  name: probe.name,
  ...(probe.part === '' ? {} : { part: probe.part }),
  tool: probe.tool,
  version: probe.version,
  events: probe.events,
  dropped: probe.dropped,
  state: stateOf(probe),
  detail: detailOf(probe),
})

function flowOf(flow: Flow, session: FinishedSession): ReportFlow {
  const overdue = session.overdue.find((one) => one.flow === flow.id)
  return {
    id: flow.id,
    link: flow.link,
    vlan: orNull(flow.vlan),
    vrid: flow.vrid,
    family: flow.family,
    version: flow.version,
    source: flow.source,
    destination: flow.destination,
    priority: flow.priority,
    intervalMs: msOf(flow.interval),
    adverts: flow.adverts,
    late: flow.late,
    lost: flow.lost,
    rearmed: flow.rearmed,
    masterDownMs: rangeOf(flow.masterDown),
    driftMs: msOf(flow.drift),
    thresholdMs: msOf(flow.threshold),
    takeovers: flow.takeovers,
    sender: orNull(flow.sender),
    overdueMs: overdue === undefined ? null : msOf(overdue.by),
  }
}

const blindOf = (spot: BlindSpot & { readonly effect?: string | undefined }, origin: Epoch): ReportBlindSpot => ({
  source: spot.source,
  ...(spot.part === undefined ? {} : { part: spot.part }),
  fromNs: nsOf(spot.from, origin),
  toNs: spot.to === undefined ? null : nsOf(spot.to, origin),
  reason: spot.reason,
  effect: orNull(spot.effect),
})

function verdictOf(view: WindowView): ReportLate['verdict'] {
  const { cause, confidence, summary, culprit } = explanationOf(view)
  return {
    cause,
    confidence,
    summary,
    culprit:
      culprit === undefined
        ? null
        : { kind: culprit.kind, pid: orNull(culprit.pid), comm: orNull(culprit.comm), name: culprit.name },
  }
}

const suspectOf = (one: Explanation['suspects'][number]): ReportSuspect => ({
  what: one.what,
  kind: one.kind,
  pid: orNull(one.pid),
  covers: rounded(one.covers),
  aligned: one.isAligned,
  onsetMs: msOf(one.onset),
  late: `${one.late.hits}/${one.late.of}`,
  baseline: `${one.baseline.hits}/${one.baseline.of}`,
  // A ratio to nothing is infinite, which JSON does not have.
  lift: one.lift === undefined || !Number.isFinite(one.lift) ? null : rounded(one.lift),
  p: one.p === undefined ? null : rounded(one.p),
  q: one.q === undefined ? null : rounded(one.q),
  dose:
    one.dose === undefined
      ? null
      : {
          rho: rounded(one.dose.rho),
          slope: rounded(one.dose.slope),
          n: one.dose.n,
          significant: one.dose.isSignificant,
        },
  bridge: orNull(one.bridge),
  score: rounded(one.score),
})

function livenessOf(wire: Wire): ReportLate['liveness'] {
  if (wire === 'W1+') return 'silent'
  return wire === 'W1-' ? 'alive' : null
}

function lateOf(view: WindowView, origin: Epoch): ReportLate {
  const { late } = view
  const { explanation } = view
  return {
    number: late.number,
    flow: late.flow,
    at: isoOf(late.at, origin),
    atNs: nsOf(late.at, origin),
    dueNs: nsOf(late.dueAt, origin),
    gapMs: msOf(late.gap),
    overrunMs: msOf(late.overrun),
    ownOverrunMs: msOf(late.ownOverrun),
    missed: late.missed,
    marginMs: rangeOf(late.margin),
    takeover: late.takeover,
    wire: late.wire === 'W1+' || late.wire === 'W1-' ? 'W1' : late.wire,
    liveness: livenessOf(late.wire),
    isSettled: late.isSettled,
    ipIdStep: orNull(late.ipIdStep),
    verdict: verdictOf(view),
    evidence: [...(explanation?.evidence ?? []), ...evidencePhrases(late)],
    ledger: explanationOf(view).ledger.map(({ state, span, share, detail }) => ({
      state,
      ms: msOf(span),
      share: rounded(share),
      detail,
    })),
    suspects: (explanation?.suspects ?? []).map(suspectOf),
    ruledOut: (explanation?.ruledOut ?? []).map(({ cause, because }) => ({ cause, because })),
    blindSpots: unseenOf(view).map((spot) => blindOf(spot, origin)),
    settledBy: [...(explanation?.settledBy ?? [])],
  }
}

function causesOf(late: readonly ReportLate[]): ReportCause[] {
  const all = late.reduce((sum, one) => sum + latenessMs(one), 0)
  return [...new Set(late.map((one) => one.verdict.cause))]
    .map((cause): ReportCause => {
      const own = late.filter((one) => one.verdict.cause === cause)
      const ms = own.reduce((sum, one) => sum + latenessMs(one), 0)
      const sure = (how: string): number => own.filter((one) => one.verdict.confidence === how).length
      return {
        cause,
        late: own.length,
        ms: rounded(ms),
        share: all > 0 ? rounded(ms / all) : 0,
        takeovers: own.filter((one) => one.takeover).length,
        worstMs: Math.max(...own.map(latenessMs)),
        confidence: {
          certain: sure('certain'),
          likely: sure('likely'),
          possible: sure('possible'),
          unknown: sure('unknown'),
        },
      }
    })
    .toSorted((a, b) => b.ms - a.ms || (a.cause < b.cause ? -1 : 1))
}

/** The windows that the selection leaves, oldest first. */
export function windowsOf(session: FinishedSession, { flow, since, until }: Selection): readonly WindowView[] {
  return session.windows.filter(
    ({ late }) =>
      isOfFlow({ id: late.flow, link: late.advert.link, source: late.advert.source, vrid: late.advert.vrid }, flow) &&
      (since === undefined || late.at >= since) &&
      (until === undefined || late.at <= until),
  )
}

export function reportOf(session: FinishedSession, selection: Selection): Report {
  const { origin } = session
  const views = windowsOf(session, selection)
  const late = views.map((view) => lateOf(view, origin))
  const time = (at: Instant | undefined): string | null => (at === undefined ? null : isoOf(at, origin))
  return {
    schema: reportSchema,
    capture: {
      from: isoOf(session.from, origin),
      to: isoOf(session.to, origin),
      host: session.host,
      vantage: session.vantage,
      probes: session.probes.map(probeOf),
    },
    selection: { flow: orNull(selection.flow), since: time(selection.since), until: time(selection.until) },
    overall: reportOverallOf(views, session),
    causes: causesOf(late),
    flows: session.flows.filter((flow) => isOfFlow(flow, selection.flow)).map((flow) => flowOf(flow, session)),
    guests: session.guests.map(reportGuestOf),
    late,
    marks: session.marks
      .filter(({ at }) => (selection.since ?? -Infinity) <= at && at <= (selection.until ?? Infinity))
      .map(({ at, text }) => ({ at: isoOf(at, origin), atNs: nsOf(at, origin), text })),
  }
}
