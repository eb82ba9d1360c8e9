// The timeline: all lanes below each other on one axis of time, and in words what is under the cursor.
//
//   all 0:26     ──▲──────▒▒▒────━━━━━━━━━▲━━━──────      the whole session, and which part of it is shown
//                12:03:22      12:03:24      12:03:26
//   late            due├────── #4 ────────┤sent
//   adverts       ┃   ░░░░░░░░░░░░░░░░░░░░┃    ┃
// ▶ CPU 3        ▃▃▃▃▃░░░███████████████░░▃▃▃▃
//   sda ≈        ▃▃▃▃▃▃▃▃▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▃▃▃▃▃▃
//   AT 12:03:23.120 UTC, +0.780 s from due
//    CPU 3       stress-ng (4711) 98 %

import { hostText, wrap } from '../../report/display-width.ts'
import { glyph } from '../../report/glyphs.ts'
import { formatOffset } from '../../report/words.ts'
import type { Snapshot } from '../../engine/snapshot.ts'
import { formatClock, formatSpan } from '../../time/format.ts'
import { between, spanOf } from '../../time/instant.ts'
import { cell, column, fitted, ruled, type Row } from '../cells.ts'
import type { Size } from '../cells.ts'
import { listedOf, selectedNumber, shownOf, type ScreenState } from '../state.ts'
import { lateRow, tickRow } from './axis-rows.ts'
import { heatRows } from './heat-rows.ts'
import { actorAt, laneName, laneRow, type TimelineFrame } from './lane-row.ts'
import { layoutOf } from './layout.ts'
import { cursorShown, listedLanes, selectedLate, stretchShown } from './moves.ts'
import { overviewRow } from './overview-row.ts'
import { columnIn, columnWindow } from './stretch.ts'

/** The late ones that the filter leaves, drawn over the columns that they touch. */
function lateColumns(
  latest: Snapshot,
  state: ScreenState,
  { shown, layout }: Pick<TimelineFrame, 'shown' | 'layout'>,
): TimelineFrame['late'] {
  const columns: ('late' | 'selected' | undefined)[] = Array.from({ length: layout.columns }, () => undefined)
  const selected = selectedNumber(latest, state)
  const visible = listedOf(latest, state).filter((late) => late.at >= shown.from && late.dueAt <= shown.to)
  for (const late of visible.toSorted((a, b) => Number(a.number === selected) - Number(b.number === selected)))
    for (let at = columnIn(shown, late.dueAt, layout.columns); at <= columnIn(shown, late.at, layout.columns); at++)
      columns[at] = late.number === selected ? 'selected' : 'late'
  return columns
}

const wantedProcess = (state: ScreenState): string | undefined =>
  state.filter?.terms.flatMap((term) =>
    term.kind === 'text' && term.name === 'proc' && !term.isNot ? [term.value.toLowerCase()] : [],
  )[0]

function frameFor(latest: Snapshot, state: ScreenState, width: number): TimelineFrame {
  const shown = stretchShown(latest, state)
  const layout = layoutOf(width)
  const cursor = columnIn(shown, cursorShown(latest, state), layout.columns)
  const late = lateColumns(latest, state, { shown, layout })
  // What was asked for comes with the newest snapshot, also while the view is held.
  const snapshot = { ...shownOf(latest, state), timeline: latest.timeline }
  return { snapshot, shown, layout, cursor, late, wanted: wantedProcess(state) }
}

/** `TIMELINE · 12:03:21.234 to 12:03:26.890 UTC · 71 ms a column · lb01`. */
export function timelineTitle(latest: Snapshot, state: ScreenState, width: number): Row {
  const { from, to } = stretchShown(latest, state)
  const { origin } = latest
  const clock = (at: typeof from): string => formatClock(at, origin).slice(0, width < 60 ? 8 : 12)
  const sender = latest.timeline?.sender
  const step = formatSpan(spanOf((to - from) / layoutOf(width).columns))
  const parts = [
    `TIMELINE ${clock(from)} to ${clock(to)}${width < 60 ? '' : ' UTC'}`,
    ...(width < 60 ? [] : [`${step} a column`]),
    ...(width < 90 || sender === undefined ? [] : [`sender ${hostText(sender, 30)}`]),
  ]
  return ruled([cell(parts.join(` ${glyph.dot} `), 'title')], width)
}

/** Who had what at the cursor, the chosen lane first; as many as there is room for. */
function cursorRows(latest: Snapshot, state: ScreenState, frame: TimelineFrame, width: number, room: number): Row[] {
  if (room <= 0) return []
  const late = selectedLate(latest, state)
  const part = columnWindow(frame.shown, frame.cursor, frame.layout.columns)
  const at = state.timeline.cursor ?? late?.dueAt ?? part.from
  const offset = late === undefined ? '' : `, ${formatOffset(between(late.dueAt, at))} from due`
  const head = ` AT ${formatClock(at, latest.origin)} UTC${offset}`
  const lanes = listedLanes(latest, state.timeline)
  const chosen = lanes[Math.min(state.timeline.lane, lanes.length - 1)]
  const told = [
    ...(chosen === undefined ? [] : [chosen]),
    ...lanes.filter((lane) => lane !== chosen && lane.kind !== 'advert'),
  ]
  const label = Math.max(15, frame.layout.label)
  const rows = told.flatMap((lane) => {
    const text = actorAt(lane, frame, 400)
    if (text === '') return []
    const space = Math.max(10, width - label - 2)
    const lines = lane === chosen ? wrap(text, space).slice(0, 2) : [hostText(text, space)]
    return lines.map((line, index) => [
      column(index === 0 ? `  ${laneName(lane, label - 3)}` : '', label, 'muted'),
      cell(' '),
      cell(line, lane === chosen ? 'strong' : 'plain'),
    ])
  })
  const nothing: Row[] = rows.length > 0 ? [] : [[cell('  nothing is known of this moment', 'muted')]]
  return [[cell(head, 'title')], ...rows, ...nothing].slice(0, room)
}

/** Which lanes are in view: the chosen one always is. */
function lanesInView<T>(lanes: readonly T[], chosen: number, room: number): readonly (readonly [T, number])[] {
  const first = Math.max(0, Math.min(chosen - Math.floor(room / 2), lanes.length - room))
  return lanes.slice(first, first + room).map((lane, index) => [lane, first + index] as const)
}

function laneRows(latest: Snapshot, state: ScreenState, frame: TimelineFrame, room: number): Row[] {
  const lanes = listedLanes(latest, state.timeline)
  if (lanes.length === 0)
    return [
      [cell(latest.timeline === undefined ? ' Reading the events …' : ' Nothing is known of this stretch.', 'muted')],
    ]
  const chosen = Math.min(state.timeline.lane, lanes.length - 1)
  return lanesInView(lanes, chosen, room).map(([lane, index]) =>
    laneRow(lane, frame, index === chosen && state.pane === 'timeline', state.timeline.pinned.includes(lane.key)),
  )
}

/** The pane of full height, below its title. */
export function timelineRows(latest: Snapshot, state: ScreenState, { columns, rows }: Size): Row[] {
  const frame = frameFor(latest, state, columns)
  const selected = selectedNumber(latest, state)
  const top = [
    ...(rows < 8 ? [] : [overviewRow(frame)]),
    tickRow(frame),
    ...(rows < 8 ? [] : [lateRow(frame, selected)]),
  ]
  const heat = rows < 16 ? [] : heatRows(frame, listedOf(latest, state))
  const lanes = listedLanes(latest, state.timeline).length
  const left = rows - top.length - heat.length
  const least = Math.min(lanes, Math.max(1, left - Math.max(3, Math.floor(left * 0.35))))
  const words = cursorRows(latest, state, frame, columns, left - least)
  const body = laneRows(latest, state, frame, Math.max(1, left - words.length))
  const gap = Array.from({ length: Math.max(0, left - words.length - body.length) }, (): Row => [])
  return [...top, ...body, ...words, ...gap, ...heat].map((row) => fitted(row, columns))
}

const fewestRows = 5
const mostBrief = 14

/** Beside the other panes of a wide terminal: the axis and as many lanes as there is room for; nothing where there is none. */
export function briefTimeline(latest: Snapshot, state: ScreenState, width: number, room: number): Row[] {
  if (width < 100 || room < fewestRows || latest.timeline === undefined) return []
  const frame = frameFor(latest, state, width)
  const rows = laneRows(latest, state, frame, Math.min(mostBrief, room) - 2)
  return [tickRow(frame), lateRow(frame, selectedNumber(latest, state)), ...rows].map((row) => fitted(row, width))
}
