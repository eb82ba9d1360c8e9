// One suspect or one fact of a window with all that is known of it, below the list that it is chosen from.

import type { Suspect } from '../diagnose/explanation.ts'
import type { Fact, WindowView } from '../diagnose/finding.ts'
import { hostText } from '../report/display-width.ts'
import { glyph } from '../report/glyphs.ts'
import { factKindName, formatOffset, formatShare, whoOf } from '../report/words.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { formatClock, formatSpan } from '../time/format.ts'
import { between } from '../time/instant.ts'
import { cell, column, type Row } from './cells.ts'
import type { Size } from './cells.ts'
import { laneCells } from './fact-rows.ts'
import type { ScreenState } from './state.ts'
import { choiceRows, fieldRows, type Field } from './field-rows.ts'

type Item = { readonly kind: 'suspect'; readonly suspect: Suspect } | { readonly kind: 'fact'; readonly fact: Fact }

function itemsOf({ explanation, facts }: WindowView): readonly Item[] {
  return [
    ...(explanation?.suspects ?? []).map((suspect): Item => ({ kind: 'suspect', suspect })),
    ...facts.map((fact): Item => ({ kind: 'fact', fact })),
  ]
}

function factLead(fact: Fact): string {
  const who = whoOf(fact)
  return who === '' ? '' : `${who}: `
}

function listRow(item: Item, isChosen: boolean, width: number): Row {
  const isSuspect = item.kind === 'suspect'
  const kind = isSuspect ? 'suspect' : factKindName(item.fact.kind)
  const sign = isSuspect ? ' ' : item.fact.isSender ? glyph.sender : item.fact.isOurs ? glyph.ours : ' '
  const text = isSuspect ? item.suspect.what : factLead(item.fact) + item.fact.text
  return [
    cell(isChosen ? ` ${glyph.cursor} ` : '   ', 'title'),
    column(kind, 11, isChosen ? 'strong' : 'muted'),
    cell(`${sign} `, 'title'),
    cell(hostText(text, Math.max(1, width - 16)), isChosen ? 'strong' : 'plain'),
  ]
}

function suspectFields({ what, kind, pid, covers, late, baseline, lift, p, q, bridge, score }: Suspect): Field[] {
  const tooFew = 'too few late adverts to say'
  return [
    ['what', what],
    ['kind', pid === undefined ? kind : `${kind}, pid ${pid}`],
    ['covers', `${formatShare(covers)} of the lateness`],
    ['late', `seen before ${late.hits} of ${late.of} late adverts were due`],
    ['punctual', `seen before ${baseline.hits} of ${baseline.of} punctual ones were due, looked at for as long`],
    ['lift', lift === undefined ? tooFew : Number.isFinite(lift) ? lift.toPrecision(3) : 'never before a punctual one'],
    [
      'chance',
      p === undefined ? tooFew : `p ${p.toPrecision(2)}${q === undefined ? '' : `, corrected q ${q.toPrecision(2)}`}`,
    ],
    ['tied by', bridge ?? 'no mechanism known: correlated at most'],
    ['score', score.toPrecision(3)],
  ]
}

function factFields(fact: Fact, { late }: WindowView, snapshot: Snapshot): Field[] {
  const { from, to } = fact.window
  const moment = (at: typeof from): string =>
    `${formatClock(at, snapshot.origin)} UTC, ${formatOffset(between(late.dueAt, at))} from due`
  return [
    ['what', fact.text],
    ...(fact.comm === undefined && fact.pid === undefined ? [] : ([['process', whoOf(fact)]] as const)),
    ...(fact.isSender ? ([['role', 'it is the sender']] as const) : []),
    ...(fact.isOurs ? ([['role', 'it belongs to whylate']] as const) : []),
    ['from', moment(from)],
    ...(to > from
      ? ([
          ['to', moment(to)],
          ['for', formatSpan(between(from, to))],
        ] as const)
      : []),
    ['covers', `${formatShare(fact.share)} of the lateness`],
    ...(fact.isCoarse ? ([['exact', 'no: only to the interval in which its probe samples']] as const) : []),
  ]
}

/** `chosen` of the list above, its fields below; the list gives way. */
export function itemRows(
  view: WindowView,
  state: ScreenState,
  snapshot: Snapshot,
  { columns: width, rows: height }: Size,
): Row[] {
  const items = itemsOf(view)
  const at = Math.min(items.length - 1, state.item)
  const item = items[at]
  if (item === undefined) return [[cell(' Nothing is known about this window.', 'unseen')]]
  const lane =
    item.kind === 'fact' && width >= 60
      ? [
          [
            cell(' due       ', 'muted'),
            ...laneCells(item.fact, view.late, width - 18, 'warning', state.timeline.cursor),
            cell(' sent', 'muted'),
          ],
        ]
      : []
  const fields = [
    ...fieldRows(item.kind === 'suspect' ? suspectFields(item.suspect) : factFields(item.fact, view, snapshot), width),
    ...lane,
  ]
  return choiceRows(
    {
      name: item.kind === 'fact' ? 'FACT' : 'SUSPECT',
      count: items.length,
      chosen: at,
      rowOf(index, isChosen) {
        const one = items[index]
        return one === undefined ? [] : listRow(one, isChosen, width)
      },
      below: fields,
    },
    width,
    height,
  )
}
