// The screen's answer as plain text: for a run without a terminal, for a terminal that cannot move its cursor, and for
// a ticket. 80 columns, no colours, nothing of the host unescaped. Times are UTC.

import type { Fact, Flow, LateAdvert, WindowView } from '../diagnose/finding.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { formatClock, formatIso, formatSpan } from '../time/format.ts'
import { between, epochAt, overlapOf, type Window } from '../time/instant.ts'
import { hostText, padEnd, padStart, wrap } from './display-width.ts'
import { barOf, laneOf, sparklineOf } from './glyphs.ts'
import { overallSentences } from './overall.ts'
import { blocksOf, headOf, verdictOf, type VerdictPart } from './verdict.ts'
import {
  blindNotice,
  costPhrase,
  counted,
  evidencePhrases,
  factKindName,
  flowName,
  flowNameOf,
  flowRest,
  formatMargin,
  formatOffset,
  formatRunning,
  formatShare,
  longestText,
  marginOf,
  marginSentence,
  overdueSentence,
  ownPhrase,
  probePhrase,
  probeSign,
  probeTrouble,
  whoOf,
  wireMeaning,
  wireSentence,
  probeName,
} from './words.ts'

/** Of the narrowest terminal that anybody is on call with: a terminal that breaks lines itself tears the columns. */
const textColumns = 80
/** Newest ones; the count above them is of all. */
const listedLate = 20

export function indented(text: string, indent: number, firstIndent = indent): string[] {
  return wrap(text, textColumns - indent).map((line, index) => ' '.repeat(index === 0 ? firstIndent : indent) + line)
}

function probeLines(snapshot: Snapshot): string[] {
  return snapshot.probes.flatMap((probe) => {
    const name = padEnd(`${probeName(probe)} ${hostText(probe.version, 16)}`, 20)
    const line = `${probeSign(probe)} ${name} ${probePhrase(probe)}  ${hostText(probe.detail, longestText)}`
    const trouble = probeTrouble(probe)
    return [...indented(line.trimEnd(), 6, 2), ...(trouble === undefined ? [] : indented(trouble, 8, 6))]
  })
}

function flowLines(flow: Flow, snapshot: Snapshot): string[] {
  const overdue = snapshot.overdue.find((one) => one.flow === flow.id)
  const left = marginOf(flow, overdue, snapshot.now)
  const margin = left === undefined ? '' : `, margin ${formatMargin(left)}`
  const counts = `${flow.adverts} adverts, ${flow.late} late, ${flow.lost} lost, ${flow.rearmed} re-armed`
  const sender = flow.sender === undefined ? '' : `, sent by ${hostText(flow.sender, 40)}`
  const also = flow.alsoOn.length === 0 ? '' : `; also on ${flow.alsoOn.map((link) => hostText(link, 20)).join(', ')}`
  const about = `${flow.state === 'master' ? 'master' : flowRest(flow, snapshot)}, source ${hostText(flow.source, 40)}, priority ${flow.priority}`
  return [
    ...indented(`${padEnd(flowName(flow, 40), 32)} every ${formatSpan(flow.interval)}${margin}`, 4, 2),
    ...indented(`${about}${sender}; ${counts}, ${counted(flow.takeovers, 'takeover')}${also}`, 4),
    `    last gaps ${sparklineOf(flow.gaps, flow.masterDown.min, 60)}`,
    ...(overdue === undefined ? [] : indented(overdueSentence(overdue, snapshot.now), 4)),
  ]
}

function lateLines(late: LateAdvert, snapshot: Snapshot): string[] {
  const name = flowNameOf(late.flow, snapshot, 30)
  const at = formatClock(late.at, snapshot.origin)
  const line = `#${late.number} ${at} ${padEnd(name, 30)} ${costPhrase(late)}: ${wireMeaning(late.wire)} (${late.wire})`
  return indented(line, 6, 2)
}

/** The operator's notes, each in a line; empty when there are none. */
export function formatNotes({ marks, origin }: Pick<Snapshot, 'marks' | 'origin'>): string {
  if (marks.length === 0) return ''
  const lines = marks.flatMap(({ at, text }) =>
    indented(`${formatIso(epochAt(at, origin)).slice(0, 23)}Z  ${hostText(text, longestText)}`, 28, 2),
  )
  return ['NOTES', ...lines, ''].join('\n')
}

const togetherOf = ({ overall, flows }: Snapshot): readonly string[] =>
  overall === undefined ? [] : overallSentences(overall, flows)

/**
 * Everything a snapshot says, the window of the selected late advert last. Ends in a line break. `together`: sentences
 * about all late adverts, where the caller has counted more of them.
 */
export function formatSession(snapshot: Snapshot, together = togetherOf(snapshot)): string {
  const made = formatIso(epochAt(snapshot.now, snapshot.origin)).slice(0, 19).replace('T', ' ')
  const own = ownPhrase(snapshot)
  const session = `whylate ${snapshot.mode} on ${hostText(snapshot.host, 40)}`
  const { flows, late, selected, blindSpots } = snapshot
  const listed = late.slice(-listedLate).reverse()
  const unlisted = late.length - listed.length
  return [
    ...indented(
      `${session}, ${made} UTC, running ${formatRunning(snapshot.runningFor)}${own === '' ? '' : `, ${own}`}`,
      2,
      0,
    ),
    ...(snapshot.fault === undefined ? [] : indented(`FAULT: ${hostText(snapshot.fault, longestText)}`, 2, 0)),
    '',
    'PROBES',
    ...(snapshot.probes.length === 0 ? ['  none'] : probeLines(snapshot)),
    '',
    'FLOWS',
    ...(flows.length === 0 ? ['  no VRRP advert seen yet'] : flows.flatMap((flow) => flowLines(flow, snapshot))),
    '',
    `LATE ${late.length}${unlisted > 0 ? ` (the newest ${listed.length})` : ''}`,
    ...(late.length === 0 ? ['  none so far'] : listed.flatMap((one) => lateLines(one, snapshot))),
    ...together.flatMap((one) => indented(one, 4, 2)),
    ...(blindSpots.length === 0 ? [] : ['', 'UNSEEN']),
    ...blindSpots.flatMap((spot) => indented(blindNotice(spot, snapshot), 4, 2)),
    ...(snapshot.marks.length === 0 ? [] : ['', formatNotes(snapshot).trimEnd()]),
    ...(selected === undefined ? [] : ['', formatWindow(selected, snapshot).trimEnd()]),
    '',
  ].join('\n')
}

const ledgerBar = 40

/** One state of the ledger. */
export function partLines({ state, length, share, detail }: VerdictPart): string[] {
  const head = `    ${padEnd(state, 12)}${padStart(length, 10)}${padStart(formatShare(share), 7)}  ${barOf(share, ledgerBar)}`
  return [head, ...(detail === '' ? [] : indented(detail, 16))]
}

/** The title stands before the first of its lines. */
export const blockLines = (title: string, lines: readonly string[]): string[] =>
  lines.flatMap((line, i) => (i === 0 ? indented(`${padEnd(title, 9)}${line}`, 11, 2) : indented(line, 11)))

export const laneColumns = 10

export function factLines(fact: Fact, late: LateAdvert, lateness: Window): string[] {
  const offset = padStart(formatOffset(between(late.dueAt, fact.window.from)), 10)
  const covers = overlapOf(fact.window, lateness) > 0 ? formatShare(fact.share) : ''
  const lane = laneOf(fact.window, lateness, laneColumns, fact.isCoarse)
  const mark = `${fact.isSender ? ' (sender)' : ''}${fact.isOurs ? ' (whylate)' : ''}`
  const who = whoOf(fact)
  const what = `${who}${mark}${who === '' ? '' : ': '}${hostText(fact.text, longestText)}`
  const head = `${offset} ${padStart(covers, 5)} |${lane}| ${padEnd(factKindName(fact.kind), 9)} `
  const [first = '', ...more] = wrap(what, textColumns - head.length)
  return [head + first, ...more.map((line) => ' '.repeat(head.length) + line)]
}

/** The answer: the sentence and how sure it is, where the time went, why, who not, and what would settle it. */
function verdictLines(view: WindowView): string[] {
  const verdict = verdictOf(view)
  return [
    ...indented(headOf(verdict), 4, 2),
    ...verdict.ledger.flatMap(partLines),
    ...blocksOf(verdict).flatMap(([title, lines]) => blockLines(title, lines)),
  ]
}

/** One late advert and the facts of its window. Ends in a line break. */
export function formatWindow(view: WindowView, snapshot: Snapshot): string {
  const { late } = view
  const lateness = { from: late.dueAt, to: late.at }
  const clock = (at: typeof late.at): string => formatClock(at, snapshot.origin)
  const evidence = evidencePhrases(late)
  const more = view.more > 0 ? [`  ${view.more} more facts are not listed.`] : []
  return [
    ...indented(
      `LATE ADVERT ${late.number}  ${formatIso(epochAt(late.at, snapshot.origin))}  ${flowNameOf(late.flow, snapshot, 40)}`,
      2,
      0,
    ),
    ...indented(`${costPhrase(late)}.`, 2),
    ...indented(wireSentence(late), 2),
    ...indented(marginSentence(late.margin), 2),
    ...indented(`Previous ${clock(late.previousAt)}, due ${clock(late.dueAt)}, sent ${clock(late.at)} UTC.`, 2),
    ...(evidence.length === 0 ? [] : indented(`${evidence.join('; ')}.`, 2)),
    ...verdictLines(view),
    ...(view.facts.length === 0
      ? ['  No fact is known about this window.']
      : [`  FROM DUE SHARE |due${' '.repeat(laneColumns - 7)}sent| KIND      WHAT`]),
    ...view.facts.flatMap((fact) => factLines(fact, late, lateness)),
    ...more,
    '',
  ].join('\n')
}

/**
 * What `after` tells beyond `before`, to be appended where nothing can be redrawn: late adverts, with the window of the
 * selected one, and probes that changed their state. Empty when there is no news.
 */
export function formatNews(before: Snapshot, after: Snapshot): string {
  const known = before.late.at(-1)?.number ?? 0
  const fresh = after.late.filter((late) => late.number > known)
  const probes = after.probes.filter(
    (probe) => before.probes.find((one) => one.name === probe.name && one.part === probe.part)?.state !== probe.state,
  )
  const windowLate = before.selected?.late
  const isNewWindow = after.selected !== undefined && after.selected.late.number !== windowLate?.number
  const isSettledNow = after.selected?.late.isSettled === true && windowLate?.isSettled === false
  return [
    ...probeLines({ ...after, probes }),
    ...(after.fault !== undefined && after.fault !== before.fault
      ? indented(`FAULT: ${hostText(after.fault, longestText)}`, 2, 0)
      : []),
    ...fresh.flatMap((late) => lateLines(late, after)),
    ...(after.selected !== undefined && (isNewWindow || isSettledNow)
      ? [formatWindow(after.selected, after).trimEnd()]
      : []),
  ]
    .map((line) => `${line}\n`)
    .join('')
}
