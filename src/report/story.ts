// One late advert in words, the same in every form of the report. Every text in here has been made safe to print; what a
// page or a table needs beyond that is done by whoever writes it.

import type { LateAdvert, WindowView } from '../diagnose/finding.ts'
import type { FinishedSession } from '../engine/finished.ts'
import { formatClock, formatIso, formatSpan } from '../time/format.ts'
import { epochAt, spanOf } from '../time/instant.ts'
import { hostText } from './display-width.ts'
import type { ReportLate } from './report-shape.ts'
import { verdictOf, type Verdict } from './verdict.ts'
import { costPhrase, evidencePhrases, flowName, marginSentence, wireSentence } from './words.ts'

export interface Story extends Verdict {
  readonly number: number
  readonly at: string
  readonly flow: string
  /** Full sentences, in the order in which they are told. */
  readonly cost: readonly string[]
}

/** The link may be a vantage point, which is no flow of its own. */
export function lateFlowName(late: LateAdvert, session: FinishedSession): string {
  const flow = session.flows.find((one) => one.id === late.flow)
  if (flow !== undefined) return `${flowName(flow, 60)} from ${hostText(flow.source, 40)}`
  const { link, vrid, version, source } = late.advert
  return `${hostText(link, 40)} vrid ${vrid} v${version} from ${hostText(source, 40)}`
}

export const formatMs = (ms: number): string => formatSpan(spanOf(ms * 1e6))

function timesOf(late: LateAdvert, session: FinishedSession): string {
  const clock = (at: typeof late.at): string => formatClock(at, session.origin)
  return `Previous ${clock(late.previousAt)}, due ${clock(late.dueAt)}, sent ${clock(late.at)} UTC.`
}

export function storyOf(view: WindowView, session: FinishedSession): Story {
  const { late } = view
  const wire = evidencePhrases(late)
  return {
    ...verdictOf(view),
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
