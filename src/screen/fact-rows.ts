// The facts of a window in order of time, each with the part of the lateness that it covers.
//
//      FROM DUE SHARE due─────sent KIND      WHAT
//      +0.032 s  99 % ████████████ stopped   ◆ qemu-system-x86(6875): stopped by a signal

import type { Fact, LateAdvert, WindowView } from '../diagnose/finding.ts'
import { cutMiddle, hostText, widthOf, wrap } from '../report/display-width.ts'
import { glyph, laneOf } from '../report/glyphs.ts'
import { counted, factKindName, formatOffset, formatShare, longestText, whoOf } from '../report/words.ts'
import { formatSpan } from '../time/format.ts'
import { between, overlapOf, type Instant } from '../time/instant.ts'
import { apart, cell, column, numberColumn, widthOfRow, type Row } from './cells.ts'
import { factFits, isAboutFacts, type Filter } from './filter.ts'
import type { Meaning } from './palette.ts'
import { columnIn } from './timeline/stretch.ts'

/** How the facts are to be shown, besides how much room there is. */
export interface Look {
  /** Where the cursor of the timeline stands, once it was moved. */
  readonly cursor: Instant | undefined
  readonly filter: Filter | undefined
}

/** The lane of a fact, the cursor over it. */
export function laneCells(
  fact: Fact,
  { dueAt, at }: LateAdvert,
  columns: number,
  meaning: Meaning,
  cursor: Look['cursor'],
): Row {
  const lateness = { from: dueAt, to: at }
  const text = laneOf(fact.window, lateness, columns, fact.isCoarse)
  if (cursor === undefined || cursor < dueAt || cursor > at) return [column(text, columns, meaning)]
  const place = columnIn(lateness, cursor, columns)
  const letters = Array.from(text)
  return [
    cell(letters.slice(0, place).join(''), meaning),
    cell(letters[place] ?? ' ', 'cursor'),
    cell(letters.slice(place + 1).join(''), meaning),
  ]
}

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

export function factTitle(facts: readonly Fact[], width: number): Row {
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
export function factRows(fact: Fact, late: LateAdvert, look: Look, width: number, maxRows: number): Row[] {
  const { lane, hasKind, hasLength } = factWidths(width)
  const lateness = { from: late.dueAt, to: late.at }
  const isInside = overlapOf(fact.window, lateness) > 0
  const weighs = weighsMuch(fact)
  const length = between(fact.window.from, fact.window.to)
  const fixed: Row = [
    numberColumn(formatOffset(between(late.dueAt, fact.window.from)), 10),
    numberColumn(isInside ? formatShare(fact.share) : '', 6, weighs ? 'strong' : 'plain'),
    cell(' '),
    ...(lane === 0 ? [] : [...laneCells(fact, late, lane, weighs ? 'warning' : 'muted', look.cursor), cell(' ')]),
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

export const fittingFacts = (facts: readonly Fact[], { filter }: Look): readonly Fact[] =>
  isAboutFacts(filter) ? facts.filter((fact) => factFits(fact, filter)) : facts

export const noFact = ({ facts }: WindowView): string =>
  facts.length === 0 ? ' No fact is known about this window.' : ' No fact of this window fits the filter.'

export function unfitRows(count: number, { filter }: Look): Row[] {
  if (count === 0 || filter === undefined) return []
  return [
    [cell(` ${counted(count, 'fact')} left out by ${hostText(filter.text, 60)}: / and Enter lists all.`, 'muted')],
  ]
}

/** As many as there is room for: those that cover most, still in order of time. */
export function briefFacts(view: WindowView, look: Look, width: number, height: number): Row[] {
  const { late } = view
  const facts = fittingFacts(view.facts, look)
  if (height <= 0) return []
  if (facts.length === 0) return [[cell(noFact(view), 'unseen')]]
  const title = height >= 4 ? [factTitle(facts, width)] : []
  const room = height - title.length
  const unkept = view.more === 0 ? [] : [[cell(`${' '.repeat(11)}and ${view.more} more, too many to keep`, 'muted')]]
  if (facts.length + unkept.length <= room) {
    const whole = [...facts.flatMap((fact) => factRows(fact, late, look, width, 3)), ...unkept]
    if (whole.length <= room) return [...title, ...whole]
  }
  // What covers half of the lateness is told in two rows, the rest in one each; as many as there is room for.
  const candidates = weightiest(facts, room)
  const rowsOf = new Map(candidates.map((fact) => [fact, factRows(fact, late, look, width, weighsMuch(fact) ? 2 : 1)]))
  let shown = candidates
  const rowsShown = (): Row[] => shown.flatMap((fact) => rowsOf.get(fact) ?? [])
  while (shown.length > 1 && rowsShown().length + (shown.length < facts.length ? 1 : 0) > room)
    shown = weightiest(shown, shown.length - 1)
  const rows = rowsShown()
  const left = facts.length - shown.length
  if (left > 0) rows.push([cell(`${' '.repeat(11)}and ${left + view.more} more that cover less: Enter`, 'muted')])
  return [...title, ...rows.slice(0, room)]
}
