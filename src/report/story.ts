// One late advert in words, the same in every form of the report. Every text in here has been made safe to print; what a
// page or a table needs beyond that is done by whoever writes it.

import type { LateAdvert, WindowView } from '../diagnose/finding.ts'
import type { FinishedSession } from '../session/finished.ts'
import { formatClock, formatIso, formatSpan } from '../time/format.ts'
import { epochAt, spanOf } from '../time/instant.ts'
import { hostText } from './display-width.ts'
import { unseenOf } from './report.ts'
import type { ReportLate, ReportSuspect } from './report-shape.ts'
import {
  blindSentence,
  costPhrase,
  counted,
  evidencePhrases,
  flowName,
  formatShare,
  longestText,
  marginSentence,
  wireSentence,
} from './words.ts'

export interface StoryLedger {
  readonly state: string
  readonly length: string
  readonly share: number
  readonly detail: string
}

export interface Story {
  readonly number: number
  readonly at: string
  readonly flow: string
  /** Full sentences, in the order in which they are told. */
  readonly cost: readonly string[]
  readonly cause: string
  readonly confidence: string
  readonly summary: string
  readonly culprit: string | undefined
  readonly evidence: readonly string[]
  readonly ledger: readonly StoryLedger[]
  readonly suspects: readonly string[]
  readonly ruledOut: readonly string[]
  readonly unseen: readonly string[]
  readonly settledBy: readonly string[]
}

/** Ranked: what comes behind these is there for completeness. */
const suspectsTold = 5

const safe = (raw: string): string => hostText(raw, longestText)

/** The link may be a vantage point, which is no flow of its own. */
export function lateFlowName(late: LateAdvert, session: FinishedSession): string {
  const flow = session.flows.find((one) => one.id === late.flow)
  if (flow !== undefined) return `${flowName(flow, 60)} from ${hostText(flow.source, 40)}`
  const { link, vrid, version, source } = late.advert
  return `${hostText(link, 40)} vrid ${vrid} v${version} from ${hostText(source, 40)}`
}

export const formatMs = (ms: number): string => formatSpan(spanOf(ms * 1e6))

function orderPhrase({ onsetMs, aligned }: ReportSuspect): string {
  const begins = `begins ${formatMs(Math.abs(onsetMs))} ${onsetMs < 0 ? 'before' : 'after'} due`
  return aligned ? `${begins}, ends with the lateness` : begins
}

function rarityPhrase({ late, baseline, q }: ReportSuspect): string {
  const how = q === null ? 'too few to say how unusual' : `q ${q < 0.001 ? '< 0.001' : q.toFixed(3)}`
  return `before ${late} late and ${baseline} punctual adverts, ${how}`
}

function dosePhrase({ dose }: ReportSuspect): string[] {
  if (dose === null || !dose.significant) return []
  return [`the longer the later (rho ${dose.rho.toFixed(2)}, ${dose.n} late, slope ${dose.slope.toFixed(2)})`]
}

/** Looked for nowhere: an alternative that the evidence leaves open. */
const isOpen = (one: ReportSuspect): boolean => one.late === '0/0'

function suspectLine(one: ReportSuspect): string {
  if (isOpen(one))
    return `${safe(one.what)}${one.bridge === null ? '' : `: ${safe(one.bridge)}`}; not seen, score ${one.score.toFixed(2)}`
  return [
    `${safe(one.what)}: covers ${formatShare(one.covers)}, ${orderPhrase(one)}`,
    rarityPhrase(one),
    ...dosePhrase(one),
    one.bridge === null ? 'no mechanism known: correlated at most' : safe(one.bridge),
  ].join('; ')
}

/** The others were there as they always are. */
const isTelling = ({ bridge, covers, q }: ReportSuspect): boolean =>
  bridge !== null || covers >= 0.2 || (q !== null && q <= 0.2)

function suspectLines(all: readonly ReportSuspect[]): string[] {
  // Whether one that is open ranks high or low, both are told.
  const ranked = new Set(all.filter((one) => isTelling(one) && !isOpen(one)).slice(0, suspectsTold))
  const told = all.filter((one) => isOpen(one) || ranked.has(one))
  const untold = all.length - told.length
  return [
    ...told.map(suspectLine),
    ...(untold > 0 ? [`${counted(untold, 'other')} of less weight in the JSON form`] : []),
  ]
}

function culpritOf(late: ReportLate): string | undefined {
  const { culprit } = late.verdict
  if (culprit === null) return undefined
  const pid = culprit.pid === null ? '' : ` (${culprit.pid})`
  const comm = culprit.comm === null || culprit.comm === culprit.name ? '' : `, ${safe(culprit.comm)}`
  return `${culprit.kind} ${safe(culprit.name)}${comm}${pid}`
}

function timesOf(late: LateAdvert, session: FinishedSession): string {
  const clock = (at: typeof late.at): string => formatClock(at, session.origin)
  return `Previous ${clock(late.previousAt)}, due ${clock(late.dueAt)}, sent ${clock(late.at)} UTC.`
}

export function storyOf(view: WindowView, told: ReportLate, session: FinishedSession): Story {
  const { late } = view
  const { verdict } = told
  const wire = evidencePhrases(late)
  return {
    number: late.number,
    at: formatIso(epochAt(late.at, session.origin)),
    flow: lateFlowName(late, session),
    cost: [
      `${costPhrase(late)}.`,
      wireSentence(late),
      marginSentence(late.margin),
      timesOf(late, session),
      ...(wire.length === 0 ? [] : [`${wire.join('; ')}.`]),
    ],
    cause: verdict.cause,
    confidence: verdict.confidence,
    summary: safe(verdict.summary),
    culprit: culpritOf(told),
    evidence: (view.explanation?.evidence ?? []).map(safe),
    ledger: told.ledger.map(({ state, ms, share, detail }) => ({
      state,
      length: formatMs(ms),
      share,
      detail: safe(detail),
    })),
    suspects: suspectLines(told.suspects),
    ruledOut: told.ruledOut.map(({ cause, because }) => `${safe(cause)}: ${safe(because)}`),
    unseen: unseenOf(view).map(
      (spot) => `${blindSentence(spot, late.dueAt)}${spot.effect === undefined ? '' : `; ${safe(spot.effect)}`}`,
    ),
    settledBy: told.settledBy.map(safe),
  }
}

/** A report of thousands is read by nobody: the worst ones are told in full, in order of time. */
export const toldInFull = 200

export function worstOf(views: readonly WindowView[], told: readonly ReportLate[]): readonly Told[] {
  const all = views.flatMap((view, i) => {
    const late = told[i]
    return late === undefined ? [] : [{ view, late }]
  })
  if (all.length <= toldInFull) return all
  return all
    .toSorted((a, b) => b.late.gapMs - a.late.gapMs || a.late.number - b.late.number)
    .slice(0, toldInFull)
    .toSorted((a, b) => a.view.late.at - b.view.late.at)
}

export interface Told {
  readonly view: WindowView
  readonly late: ReportLate
}
