// The list of late adverts, newest first, with the cursor always in view; before it, what is overdue at this moment.

import type { LateAdvert } from '../diagnose/finding.ts'
import { glyph } from '../report/glyphs.ts'
import { flowNameOf, overdueSentence, wireMeaning } from '../report/words.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { formatClock, formatSeconds, formatSpan } from '../time/format.ts'
import { spanOf } from '../time/instant.ts'
import { cell, column, fitted, numberColumn, ruled, type Row } from './cells.ts'
import { selectedNumber, shownOf, type ScreenState } from './state.ts'

export const lateRowsWanted = (snapshot: Snapshot): number =>
  1 + snapshot.overdue.length + Math.max(1, snapshot.late.length)

function lateRow(late: LateAdvert, snapshot: Snapshot, isSelected: boolean, width: number): Row {
  const isNarrow = width < 60
  const name = width < 150 ? 26 : 40
  const meaning = isSelected ? 'strong' : 'plain'
  const clock = formatClock(late.at, snapshot.origin)
  const row: Row = [
    cell(isSelected ? ` ${glyph.cursor}` : '  ', isSelected ? 'title' : 'plain'),
    numberColumn(`#${late.number}`, 4, meaning),
    cell(` ${isNarrow ? clock.slice(0, 8) : clock} `, meaning),
    ...(isNarrow ? [] : [column(flowNameOf(late.flow, snapshot, name), name, meaning)]),
    numberColumn(`+${formatSeconds(late.overrun)}`, isNarrow ? 9 : 10, late.takeover ? 'late' : 'warning'),
    column(late.takeover ? ' takeover ' : '', isNarrow ? 10 : 11, 'late'),
    ...(width < 150 ? [] : [column(`gap ${formatSeconds(late.gap)}`, 15)]),
    column(late.wire, 4, meaning),
    ...(width < 100 ? [] : [cell(wireMeaning(late.wire), 'muted')]),
  ]
  return fitted(row, width)
}

/** Newest first, as many as fit, the selected one among them. */
function visible(late: readonly LateAdvert[], selected: number | undefined, room: number): LateAdvert[] {
  const newestFirst = late.toReversed()
  const at = Math.max(
    0,
    newestFirst.findIndex((one) => one.number === selected),
  )
  const first = Math.max(0, Math.min(at - Math.floor(room / 2), newestFirst.length - room))
  return newestFirst.slice(first, first + room)
}

/** `LATE 2 of 5 3 newer`. */
export function latePlace(latest: Snapshot, state: ScreenState): string {
  const { late } = shownOf(latest, state)
  const selected = selectedNumber(latest, state)
  if (late.length === 0) return 'LATE 0'
  const place = late.findIndex((one) => one.number === selected) + 1
  const newer = late.length - place
  const follow = place > 0 && newer > 0 ? `, ${newer} newer` : ''
  return `LATE ${place === 0 ? '-' : place} of ${late.length}${follow}`
}

/** At least the title, which names how many there are. */
export function lateRows(latest: Snapshot, state: ScreenState, width: number, height: number): Row[] {
  const snapshot = shownOf(latest, state)
  const selected = selectedNumber(latest, state)
  const title = ruled([cell(latePlace(latest, state), 'title')], width)
  const overdue = snapshot.overdue.map((one): Row => {
    const sentence = overdueSentence(one, snapshot.now)
    const name = flowNameOf(one.flow, snapshot, Math.max(6, Math.min(40, width - sentence.length - 4)))
    return fitted([cell(` ${glyph.warning} ${sentence} `, 'late'), cell(name)], width)
  })
  const rows = snapshot.late.length === 0 ? [quietRow(snapshot)] : []
  const loud = overdue.slice(0, Math.max(0, height - 1))
  const room = Math.max(0, height - 1 - loud.length)
  const listed = room === 0 ? [] : visible(snapshot.late, selected, room)
  return [
    title,
    ...loud,
    ...rows.slice(0, room),
    ...listed.map((late) => lateRow(late, snapshot, late.number === selected, width)),
  ]
}

/** Nothing was late, which is only good news while somebody was looking. */
function quietRow(snapshot: Snapshot): Row {
  const adverts = snapshot.flows.reduce((sum, flow) => sum + flow.adverts, 0)
  if (adverts === 0) return [cell(' Nothing to judge yet.', 'muted')]
  const least = snapshot.flows.reduce((smallest, flow) => Math.min(smallest, flow.threshold), Infinity)
  return [cell(` None so far of ${adverts} adverts (late is ${formatSpan(spanOf(least))} past due).`, 'ok')]
}
