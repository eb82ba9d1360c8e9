// The single events of one lane under the cursor, each with every field that its probe gave.

import { hostText } from '../../report/display-width.ts'
import { glyph } from '../../report/glyphs.ts'
import { counted, formatOffset } from '../../report/words.ts'
import type { Snapshot } from '../../engine/snapshot.ts'
import { formatClock, formatSpan } from '../../time/format.ts'
import { between } from '../../time/instant.ts'
import { cell, numberColumn, ruled, type Row } from '../cells.ts'
import { choiceRows, fieldRows, type Field } from '../field-rows.ts'
import type { Size } from '../cells.ts'
import type { ScreenState } from '../state.ts'
import { laneName } from './lane-row.ts'
import { laneShown, selectedLate } from './moves.ts'

export function eventsTitle(latest: Snapshot, state: ScreenState, width: number): Row {
  const lane = laneShown(latest, state.timeline)
  const events = latest.timeline?.events
  const name = lane === undefined ? '' : ` ${laneName(lane, 30)}`
  const place =
    events === undefined
      ? ''
      : ` ${glyph.dot} ${formatClock(events.from, latest.origin)} to ${formatClock(events.to, latest.origin).slice(6)}`
  return ruled([cell(`EVENTS${name}${place}`, 'title')], width)
}

export function eventRows(latest: Snapshot, state: ScreenState, { columns, rows }: Size): Row[] {
  const events = latest.timeline?.events
  if (events === undefined) return [[cell(' Reading the events …', 'muted')]]
  const chosen = Math.min(state.item, events.listed.length - 1)
  const event = events.listed[chosen]
  if (event === undefined)
    return [[cell(' No event of this lane lies under the cursor: Esc, then w or b goes to one.', 'muted')]]
  const late = selectedLate(latest, state)
  const moment = (at: typeof event.window.from): string =>
    `${formatClock(at, latest.origin)} UTC${late === undefined ? '' : `, ${formatOffset(between(late.dueAt, at))} from due`}`
  const { from, to } = event.window
  const times: Field[] =
    to > from
      ? [
          ['from', moment(from)],
          ['to', moment(to)],
          ['for', formatSpan(between(from, to))],
        ]
      : [['at', moment(to)]]
  const more: Row[] =
    events.more === 0 ? [] : [[cell(` ${counted(events.more, 'shorter one')} not listed: + looks closer.`, 'muted')]]
  return choiceRows(
    {
      name: 'EVENT',
      count: events.listed.length,
      chosen,
      rowOf(index, isChosen) {
        const one = events.listed[index]
        if (one === undefined) return []
        const length = one.window.to > one.window.from ? formatSpan(between(one.window.from, one.window.to)) : ''
        return [
          cell(isChosen ? ` ${glyph.cursor} ` : '   ', 'title'),
          cell(`${formatClock(one.window.from, latest.origin)} `, isChosen ? 'strong' : 'muted'),
          numberColumn(length, 9),
          cell(` ${hostText(one.title, Math.max(1, columns - 27))}`, isChosen ? 'strong' : 'plain'),
        ]
      },
      below: [...fieldRows([['what', event.title], ...times, ...event.fields], columns), ...more],
    },
    columns,
    rows,
  )
}
