// The window of one late advert: what it cost, the verdict with its ledger, and the facts in order of time, each with
// the part of the lateness that it covers.
//
//      FROM DUE SHARE due─────sent KIND      WHAT
//      +0.032 s  99 % ████████████ stopped   ◆ qemu-system-x86(6875): stopped by a signal

import type { Fact, LateAdvert, WindowView } from '../diagnose/finding.ts'
import { cutMiddle, hostText, widthOf, wrap } from '../report/display-width.ts'
import { glyph, laneOf } from '../report/glyphs.ts'
import { verdictOf, type Verdict } from '../report/verdict.ts'
import {
  costPhrase,
  evidencePhrases,
  factKindName,
  flowNameOf,
  formatOffset,
  formatShare,
  longestText,
  marginSentence,
  marksNear,
  whoOf,
  wireSentence,
} from '../report/words.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { formatClock, formatSpan } from '../time/format.ts'
import { between, overlapOf } from '../time/instant.ts'
import { apart, cell, column, fitted, numberColumn, ruled, widthOfRow, type Row } from './cells.ts'
import type { Meaning } from './palette.ts'
import { briefRows, detailRows, ledgerRows, summaryRows } from './verdict-rows.ts'

/** `lead` says which one it is: `WHY #2`, or its place in the list where the list itself has no room. */
export function windowTitle(lead: string, late: LateAdvert, snapshot: Snapshot, width: number): Row {
  const at = formatClock(late.at, snapshot.origin)
  const name = flowNameOf(late.flow, snapshot, Math.max(10, Math.min(40, width - lead.length - 27)))
  const text = width < 60 ? `${lead} ${at.slice(0, 8)} ${name}` : `${lead} ${glyph.dot} ${at} UTC ${glyph.dot} ${name}`
  return ruled([cell(text, 'title')], width)
}

const wrapped = (text: string, width: number, meaning: Meaning): Row[] =>
  wrap(text, width - 2).map((line) => [cell(` ${line}`, meaning)])

const shownVerdict = (view: WindowView): Verdict => verdictOf(view, 'one by one: Enter')

interface FactWidths {
  readonly lane: number
  readonly hasKind: boolean
  readonly hasLength: boolean
}

function factWidths(width: number): FactWidths {
  if (width < 60) return { lane: 0, hasKind: false, hasLength: false }
  if (width < 100) return { lane: 8, hasKind: true, hasLength: false }
  return { lane: width < 150 ? 20 : 40, hasKind: true, hasLength: true }
}

function factTitle(facts: readonly Fact[], width: number): Row {
  const { lane, hasKind, hasLength } = factWidths(width)
  const titles = [
    `${' FROM DUE'.padStart(10)} SHARE `,
    lane === 0 ? '' : `due${glyph.rule.repeat(Math.max(1, lane - 7))}sent `,
    hasLength ? `${'FOR'.padStart(9)} ` : '',
    hasKind ? ' KIND      ' : ' ',
    'WHAT',
  ].join('')
  const marks = [
    ...(facts.some((fact) => fact.isSender) ? [`${glyph.sender} sender`] : []),
    ...(facts.some((fact) => fact.isOurs) ? [`${glyph.ours} whylate itself`] : []),
  ].join('  ')
  return apart([cell(titles, 'muted')], [cell(marks, 'muted')], width)
}

const weighsMuch = (fact: Fact): boolean => fact.share >= 0.5 && !fact.isCoarse && !fact.isOurs

/** A fact in at most so many rows; what does not fit into the last one is cut in its middle. */
function factRows(fact: Fact, late: LateAdvert, width: number, maxRows: number): Row[] {
  const { lane, hasKind, hasLength } = factWidths(width)
  const lateness = { from: late.dueAt, to: late.at }
  const isInside = overlapOf(fact.window, lateness) > 0
  const weighs = weighsMuch(fact)
  const length = between(fact.window.from, fact.window.to)
  const fixed: Row = [
    numberColumn(formatOffset(between(late.dueAt, fact.window.from)), 10),
    numberColumn(isInside ? formatShare(fact.share) : '', 6, weighs ? 'strong' : 'plain'),
    cell(' '),
    ...(lane === 0
      ? []
      : [column(laneOf(fact.window, lateness, lane, fact.isCoarse), lane, weighs ? 'warning' : 'muted'), cell(' ')]),
    ...(hasLength ? [numberColumn(length > 0 ? formatSpan(length) : '', 9), cell(' ')] : []),
    cell(fact.isSender ? glyph.sender : fact.isOurs ? glyph.ours : ' ', 'title'),
    ...(hasKind ? [column(factKindName(fact.kind), 10, 'muted')] : []),
  ]
  const indent = widthOfRow(fixed)
  const room = Math.max(1, width - indent)
  const who = whoOf(fact, maxRows > 1 ? room - 1 : Math.floor(room / 2))
  const lead = who === '' ? '' : `${who}: `
  const lines = wrap(lead + hostText(fact.text, longestText), room)
  const kept = lines.length <= maxRows ? lines : lines.slice(0, maxRows - 1)
  const cut = lines.length <= maxRows ? [] : [lastRow(lead, fact.text, kept.length, lines, room)]
  const meaning: Meaning = fact.isOurs ? 'muted' : fact.isSender ? 'strong' : 'plain'
  return [...kept, ...cut].map((line, index) => [
    ...(index === 0 ? fixed : [cell(' '.repeat(indent))]),
    cell(line, meaning),
  ])
}

/** With one row, the middle of the text is cut, so that the file and the time both stay; else that of what is left. */
function lastRow(lead: string, text: string, keptRows: number, lines: readonly string[], room: number): string {
  return keptRows === 0 ? lead + hostText(text, room - widthOf(lead)) : cutMiddle(lines.slice(keptRows).join(' '), room)
}

/** The ones that cover most, still in order of time. What is known only to the second counts half. */
function weightiest(facts: readonly Fact[], count: number): readonly Fact[] {
  if (facts.length <= count) return facts
  const weight = (fact: Fact): number =>
    fact.isOurs ? 0 : fact.share * (fact.isCoarse ? 0.5 : 1) + (fact.isSender ? 0.001 : 0)
  const chosen = new Set(facts.toSorted((a, b) => weight(b) - weight(a)).slice(0, count))
  return facts.filter((fact) => chosen.has(fact))
}

function noteRows(view: WindowView, snapshot: Snapshot, width: number): Row[] {
  return marksNear(view, snapshot.marks).flatMap(({ at, text }) =>
    wrap(hostText(text, longestText), Math.max(10, width - 25)).map((line, index): Row => [
      cell(index === 0 ? ` NOTE ${formatClock(at, snapshot.origin)} UTC ` : ' '.repeat(23), 'title'),
      cell(line),
    ]),
  )
}

/** All there is, for the pane of full height. */
export function fullWindow(view: WindowView, snapshot: Snapshot, width: number): Row[] {
  const { late, facts } = view
  const verdict = shownVerdict(view)
  const clock = (at: typeof late.at): string => formatClock(at, snapshot.origin)
  const times = `previous ${clock(late.previousAt)}, due ${clock(late.dueAt)}, sent ${clock(late.at)} UTC`
  const notListed =
    view.more > 0 ? [[cell(` ${view.more} more facts are not kept in this list.`, 'muted')] as const] : []
  return [
    ...wrapped(costPhrase(late), width, late.takeover ? 'late' : 'warning'),
    ...noteRows(view, snapshot, width),
    ...summaryRows(verdict, width),
    ...ledgerRows(verdict, width, 10),
    ...detailRows(verdict, width),
    ...wrapped(wireSentence(late), width, 'strong'),
    ...wrapped(marginSentence(late.margin), width, 'plain'),
    ...wrapped(times, width, 'plain'),
    ...evidencePhrases(late).flatMap((phrase) => wrapped(phrase, width, 'plain')),
    [],
    facts.length === 0 ? [cell(' No fact is known about this window.', 'unseen')] : factTitle(facts, width),
    ...facts.flatMap((fact) => factRows(fact, late, width, 4)),
    ...notListed,
  ].map((row) => fitted(row, width))
}

/** As many clauses as fit into one row. */
function evidenceRow(late: LateAdvert, width: number): Row[] {
  const kept: string[] = []
  for (const phrase of evidencePhrases(late)) {
    if (widthOf([...kept, phrase].join(' - ')) <= width - 2) kept.push(phrase)
  }
  return kept.length === 0 ? [] : [[cell(` ${kept.join(` ${glyph.dot} `)}`)]]
}

/** What fits below the lists: cost and wire first, then what could not be seen, then the facts that cover most. */
export function briefWindow(view: WindowView, snapshot: Snapshot, width: number, height: number): Row[] {
  const { late, facts, explanation } = view
  const verdict = shownVerdict(view)
  const head: Row[] = [
    [cell(` ${costPhrase(late)}`, late.takeover ? 'late' : 'warning')],
    ...(explanation === undefined
      ? wrapped(wireSentence(late), width, 'strong').slice(0, height < 6 ? 1 : 2)
      : [
          ...summaryRows(verdict, width).slice(0, height < 6 ? 1 : 3),
          ...ledgerRows(verdict, width, height < 8 ? 1 : height < 20 ? 2 : 4),
        ]),
  ]
  let left = height - head.length
  const take = (rows: readonly Row[]): readonly Row[] => {
    const taken = rows.slice(0, Math.max(0, left))
    left -= taken.length
    return taken
  }
  const who = take(briefRows(verdict, width).slice(explanation === undefined ? 1 : 0))
  const notes = take(noteRows(view, snapshot, width).slice(0, 2))
  // A few facts go before what the wire alone says.
  left -= Math.min(4, Math.max(1, facts.length))
  const margin = take(wrapped(marginSentence(late.margin), width, 'plain'))
  const evidence = take(evidenceRow(late, width))
  const rest = height - head.length - who.length - notes.length - margin.length - evidence.length
  return [...head, ...who, ...notes, ...margin, ...evidence, ...briefFacts(view, width, rest)]
    .slice(0, Math.max(0, height))
    .map((row) => fitted(row, width))
}

function briefFacts(view: WindowView, width: number, height: number): Row[] {
  const { late, facts } = view
  if (height <= 0) return []
  if (facts.length === 0) return [[cell(' No fact is known about this window.', 'unseen')]]
  const title = height >= 4 ? [factTitle(facts, width)] : []
  const room = height - title.length
  const unkept = view.more === 0 ? [] : [[cell(`${' '.repeat(11)}and ${view.more} more, too many to keep`, 'muted')]]
  if (facts.length + unkept.length <= room) {
    const whole = [...facts.flatMap((fact) => factRows(fact, late, width, 3)), ...unkept]
    if (whole.length <= room) return [...title, ...whole]
  }
  // What covers half of the lateness is told in two rows, the rest in one each; as many as there is room for.
  const candidates = weightiest(facts, room)
  const rowsOf = new Map(candidates.map((fact) => [fact, factRows(fact, late, width, weighsMuch(fact) ? 2 : 1)]))
  let shown = candidates
  const rowsShown = (): Row[] => shown.flatMap((fact) => rowsOf.get(fact) ?? [])
  while (shown.length > 1 && rowsShown().length + (shown.length < facts.length ? 1 : 0) > room)
    shown = weightiest(shown, shown.length - 1)
  const rows = rowsShown()
  const left = facts.length - shown.length
  if (left > 0) rows.push([cell(`${' '.repeat(11)}and ${left + view.more} more that cover less: Enter`, 'muted')])
  return [...title, ...rows.slice(0, room)]
}
