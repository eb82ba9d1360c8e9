// The list of late adverts, newest first, with the cursor always in view; before it, what is overdue at this moment.

import type { LateAdvert } from '../diagnose/finding.ts'
import { latenessOf } from '../diagnose/lateness.ts'
import { hostText } from '../report/display-width.ts'
import { glyph } from '../report/glyphs.ts'
import { overdueSentence, wireMeaning } from '../report/words.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { formatClock, formatSeconds, formatSpan } from '../time/format.ts'
import { between, spanOf } from '../time/instant.ts'
import { cell, column, fitted, numberColumn, ruled, type Row } from './cells.ts'
import { shownNameOf } from './flow-name.ts'
import { listedOf, selectedNumber, shownOf, type ScreenState } from './state.ts'

export const lateRowsWanted = (latest: Snapshot, state: ScreenState): number =>
  1 + shownOf(latest, state).overdue.length + Math.max(1, listedOf(latest, state).length)

/** What the verdict says, where there is room; else what the wire says. */
function meaningCells(late: LateAdvert, snapshot: Snapshot, width: number): Row {
  const digest = snapshot.digests.find((one) => one.number === late.number)
  const verdict = digest === undefined ? '' : `${digest.confidence} ${digest.cause}`
  if (width < 100) return digest === undefined ? [] : [cell(digest.cause, 'muted')]
  if (width < 150) return [cell(verdict === '' ? wireMeaning(late.wire) : verdict, 'muted')]
  return [column(verdict, 28, 'muted'), cell(` ${wireMeaning(late.wire)}`, 'muted')]
}

function lateRow(late: LateAdvert, snapshot: Snapshot, isSelected: boolean, width: number): Row {
  const isNarrow = width < 60
  // Of a replay all of the recording is listed; what lies behind its position has not come yet.
  const isAhead = snapshot.replay !== undefined && late.at > snapshot.now
  const name = width < 100 ? 18 : width < 150 ? 26 : 40
  const meaning = isSelected ? 'strong' : isAhead ? 'muted' : 'plain'
  const clock = formatClock(late.at, snapshot.origin)
  const row: Row = [
    cell(isSelected ? ` ${glyph.cursor}` : '  ', isSelected ? 'title' : 'plain'),
    numberColumn(`#${late.number}`, 4, meaning),
    cell(` ${isNarrow ? clock.slice(0, 8) : clock} `, meaning),
    ...(isNarrow ? [] : [column(shownNameOf(late.flow, snapshot, name), name, meaning)]),
    numberColumn(
      `+${formatSeconds(latenessOf(late))}`,
      isNarrow ? 9 : 10,
      isAhead ? 'muted' : late.takeover ? 'late' : 'warning',
    ),
    column(late.takeover ? ' takeover ' : '', isNarrow ? 10 : 11, isAhead ? 'muted' : 'late'),
    ...(width < 150 ? [] : [column(`gap ${formatSeconds(late.gap)}`, 15)]),
    ...(width < 60 ? [] : [column(late.wire, 4, meaning)]),
    ...(width < 60 ? [] : meaningCells(late, snapshot, width)),
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

/** `LATE 2 of 5, 3 newer`; with a filter `LATE 2 of 2 with proc=rsyslogd, of 5`. */
export function latePlace(latest: Snapshot, state: ScreenState): string {
  const shown = shownOf(latest, state)
  const listed = listedOf(latest, state)
  const { filter } = state
  const among = filter === undefined ? '' : ` with ${hostText(filter.text, 60)}, of ${shown.late.length}`
  if (listed.length === 0) return `LATE 0${among}`
  const place = listed.findIndex((one) => one.number === selectedNumber(latest, state)) + 1
  if (place === 0) return `LATE - of ${listed.length}${among}${firstAhead(shown, listed)}`
  const newer = listed.length - place
  return `LATE ${place} of ${listed.length}${newer > 0 ? `, ${newer} newer` : ''}${among}`
}

/** A replay stands before all of them. */
function firstAhead({ replay, now }: Snapshot, [first]: readonly LateAdvert[]): string {
  return replay === undefined || first === undefined || first.at <= now
    ? ''
    : `, the first in ${formatSpan(between(now, first.at))}`
}

/** At least the title, which names how many there are. */
export function lateRows(latest: Snapshot, state: ScreenState, width: number, height: number): Row[] {
  const snapshot = shownOf(latest, state)
  const selected = selectedNumber(latest, state)
  const title = ruled([cell(latePlace(latest, state), 'title')], width)
  const overdue = snapshot.overdue.map((one): Row => {
    const sentence = overdueSentence(one, snapshot.now)
    const name = shownNameOf(one.flow, snapshot, Math.max(6, Math.min(40, width - sentence.length - 4)))
    return fitted([cell(` ${glyph.warning} ${sentence} `, 'late'), cell(name)], width)
  })
  const all = listedOf(latest, state)
  const rows = all.length > 0 ? [] : [state.filter === undefined ? quietRow(snapshot) : unfitRow(snapshot)]
  const loud = overdue.slice(0, Math.max(0, height - 1))
  const room = Math.max(0, height - 1 - loud.length)
  const listed = room === 0 ? [] : visible(all, selected ?? all[0]?.number, room)
  return [
    title,
    ...loud,
    ...rows.slice(0, room),
    ...listed.map((late) => lateRow(late, snapshot, late.number === selected, width)),
  ]
}

function unfitRow({ late, digests }: Snapshot): Row {
  const unjudged = late.length - digests.length
  const doubt = unjudged > 0 ? `; ${unjudged} have no verdict yet` : ''
  return [cell(` None of ${late.length} fits the filter${doubt}. Esc lists all.`, 'muted')]
}

/** Nothing was late, which is only good news while somebody was looking. */
function quietRow(snapshot: Snapshot): Row {
  const adverts = snapshot.flows.reduce((sum, flow) => sum + flow.adverts, 0)
  if (adverts === 0) return [cell(' Nothing to judge yet.', 'muted')]
  const least = snapshot.flows.reduce((smallest, flow) => Math.min(smallest, flow.threshold), Infinity)
  return [cell(` None so far of ${adverts} adverts (late is ${formatSpan(spanOf(least))} past due).`, 'ok')]
}
