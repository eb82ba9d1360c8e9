// The window of one late advert: what it cost, the verdict with its ledger, and the facts in order of time, each with
// the part of the lateness that it covers.

import type { LateAdvert, WindowView } from '../diagnose/finding.ts'
import { hostText, widthOf, wrap } from '../report/display-width.ts'
import { glyph } from '../report/glyphs.ts'
import { verdictOf, type Verdict } from '../report/verdict.ts'
import { costPhrase, evidencePhrases, longestText, marginSentence, marksNear, wireSentence } from '../report/words.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { formatClock } from '../time/format.ts'
import { cell, fitted, ruled, type Row } from './cells.ts'
import { briefFacts, factRows, factTitle, fittingFacts, noFact, unfitRows, type Look } from './fact-rows.ts'
import { shownNameOf } from './flow-name.ts'
import type { Size } from './cells.ts'
import type { Meaning } from './palette.ts'
import { briefRows, detailRows, ledgerRows, summaryRows } from './verdict-rows.ts'

/** `lead` says which one it is: `WHY #2`, or its place in the list where the list itself has no room. */
export function windowTitle(lead: string, late: LateAdvert, snapshot: Snapshot, width: number): Row {
  const at = formatClock(late.at, snapshot.origin)
  const name = shownNameOf(late.flow, snapshot, Math.max(10, Math.min(40, width - lead.length - 27)))
  const text = width < 60 ? `${lead} ${at.slice(0, 8)} ${name}` : `${lead} ${glyph.dot} ${at} UTC ${glyph.dot} ${name}`
  return ruled([cell(text, 'title')], width)
}

const wrapped = (text: string, width: number, meaning: Meaning): Row[] =>
  wrap(text, width - 2).map((line) => [cell(` ${line}`, meaning)])

const shownVerdict = (view: WindowView): Verdict => verdictOf(view, 'one by one: Enter')

function noteRows(view: WindowView, snapshot: Snapshot, width: number): Row[] {
  return marksNear(view, snapshot.marks).flatMap(({ at, text }) =>
    wrap(hostText(text, longestText), Math.max(10, width - 25)).map((line, index): Row => [
      cell(index === 0 ? ` NOTE ${formatClock(at, snapshot.origin)} UTC ` : ' '.repeat(23), 'title'),
      cell(line),
    ]),
  )
}

/** All there is, for the pane of full height. */
export function fullWindow(view: WindowView, snapshot: Snapshot, look: Look, width: number): Row[] {
  const { late, facts } = view
  const verdict = shownVerdict(view)
  const listed = fittingFacts(facts, look)
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
    listed.length > 0 ? factTitle(listed, width) : [cell(noFact(view), 'unseen')],
    ...listed.flatMap((fact) => factRows(fact, late, look, width, 4)),
    ...unfitRows(facts.length - listed.length, look),
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
export function briefWindow(
  view: WindowView,
  snapshot: Snapshot,
  look: Look,
  { columns: width, rows: height }: Size,
): Row[] {
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
  return [...head, ...who, ...notes, ...margin, ...evidence, ...briefFacts(view, look, width, rest)]
    .slice(0, Math.max(0, height))
    .map((row) => fitted(row, width))
}
