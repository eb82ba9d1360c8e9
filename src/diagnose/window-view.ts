// All there is to show about one late advert: the facts of its window in order of time, and what could not be seen.
//
// Facts, not verdicts. What covers most of the lateness is kept when there are too many; then they stand in time order.

import { after, before, overlapOf, spanOf, type Window } from '../time/instant.ts'
import { callFacts } from './call-facts.ts'
import { diskFacts } from './disk-facts.ts'
import { explain } from './explain/explain.ts'
import { factOf, type Evidence, type Question } from './evidence.ts'
import type { Fact, Flow, LateAdvert, WindowView } from './finding.ts'
import { lifeFacts } from './life-facts.ts'
import { logFacts } from './log-evidence.ts'
import { sampleFacts } from './sample-facts.ts'
import { switchFacts } from './switch-facts.ts'
import { formatSpan } from '../time/format.ts'

const shown = 40
const margin = spanOf(50e6)

function clockFacts(question: Question, evidence: Evidence): Fact[] {
  return evidence.clockSteps
    .filter((step) => step.at >= question.around.from && step.at <= after(question.around.to, spanOf(1e9)))
    .map((step) =>
      factOf(question, evidence, {
        kind: 'clock',
        window: { from: step.at, to: step.at },
        text: `CLOCK_REALTIME was stepped by ${formatSpan(step.by)}`,
      }),
    )
}

const telling: ReadonlySet<Fact['kind']> = new Set(['signal', 'clock', 'heartbeat', 'log'])

/** How much a fact has to say: what covers the lateness, then what is about the sender, then what decides. */
function weightOf(fact: Fact): number {
  const decides = telling.has(fact.kind) ? 1 : 0
  return fact.share + (fact.isSender ? 1 : 0) + decides
}

export function windowOf(late: LateAdvert): Window {
  return { from: before(late.previousAt, margin), to: after(late.at, margin) }
}

const kernelFacts = (question: Question, evidence: Evidence): Fact[] => [
  ...callFacts(question, evidence),
  ...switchFacts(question, evidence),
  ...lifeFacts(question, evidence),
]

/** What went on inside the guest that sends the flow, where it was recorded, by the capture's clock. */
function guestFacts(question: Question, flow: Flow, evidence: Evidence): Fact[] {
  const guest = evidence.guestOf?.(flow)
  if (guest === undefined) return []
  const sender = guest.evidence.senderOf(flow, question.late.previousAt)
  return kernelFacts({ ...question, sender }, guest.evidence).map((fact) => ({ ...fact, guest: guest.name }))
}

export function windowView(late: LateAdvert, flow: Flow | undefined, evidence: Evidence): WindowView {
  const window = windowOf(late)
  const question: Question = {
    late,
    sender: flow === undefined ? undefined : evidence.senderOf(flow, late.previousAt),
    lateness: { from: late.dueAt, to: late.at },
    around: window,
  }
  const all = [
    ...kernelFacts(question, evidence),
    ...(flow === undefined ? [] : guestFacts(question, flow, evidence)),
    ...sampleFacts(question, evidence),
    ...diskFacts(question, evidence),
    ...clockFacts(question, evidence),
    ...logFacts(question, evidence),
  ]
  const kept = all.toSorted((a, b) => weightOf(b) - weightOf(a)).slice(0, shown)
  const blindSpots = evidence.blindSpots.filter(
    (spot) => overlapOf({ from: spot.from, to: spot.to ?? window.to }, window) > 0,
  )
  return {
    late,
    window,
    facts: kept.toSorted((a, b) => a.window.from - b.window.from || a.window.to - b.window.to),
    more: all.length - kept.length,
    blindSpots,
    explanation: flow === undefined ? undefined : explain(late, flow, evidence),
  }
}
