// Everything the terminal shows, as a value: a pure function of the session, the operator's choices and the size.
//
//    whylate live · node01 · 18 min                         own 4 % · 118 MiB   header
//    tcpdump ● 3/s drop 0   sysdig ● 41k/s drop 0   …                           probes, and their troubles
//   ─ FLOW ─────────── EVERY ── LAST GAPS ──────── MARGIN ──                    flows
//   ─ LATE 4 of 4 ──────────────────────────────────────────                    late adverts
//   ─ WHY #4 12:03:26.375 UTC ──────────────────────────────                    window of the selected one
//    , . older newer   Enter window   ? keys   q quit                           keys
//
// Never more than rows − 1: Ink 6.8 wipes the scrollback with every frame that is as tall as the terminal. Never more
// than columns − 1: Ink erases to the end of each line it wrote, and behind a full one the cursor still stands on its
// last character.

import type { WindowView } from '../diagnose/finding.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { bottomRows } from './bottom-rows.ts'
import { asciiRow, cell, compact, fitted, ruled, type Row, type Size } from './cells.ts'
import { clockRows } from './clock-bar.ts'
import { compareRows } from './compare-pane.ts'
import { flowRows, flowRowsWanted } from './flows-pane.ts'
import { itemRows } from './item-pane.ts'
import { keyHelp } from './keys.ts'
import { latePlace, lateRows, lateRowsWanted } from './late-pane.ts'
import { eventRows, eventsTitle } from './timeline/events-pane.ts'
import { briefTimeline, timelineRows, timelineTitle } from './timeline/timeline-pane.ts'
import { overallRows } from './overall-rows.ts'
import { headerRow, probeRows, troubleRows } from './probes-pane.ts'
import { keyPlaceOf, selectedNumber, shownOf, type ScreenState } from './state.ts'
import type { Look } from './fact-rows.ts'
import { briefWindow, fullWindow, windowTitle } from './window-pane.ts'

export interface Frame {
  readonly rows: readonly Row[]
  /** Rows of the pane that scrolls, and how far it can. */
  readonly pageRows: number
  readonly scrollRows: number
}

/** Below this there is room for one honest line. */
const smallest: Size = { columns: 20, rows: 5 }

export function frameOf(snapshot: Snapshot, state: ScreenState, size: Size, form: 'utf8' | 'ascii' = 'utf8'): Frame {
  const width = size.columns - 1
  const height = size.rows - 1
  const frame = drawn(snapshot, state, width, height)
  const rows = filled(frame.rows.slice(0, Math.max(1, height)), height).map((row) =>
    compact(fitted(row, Math.max(1, width))),
  )
  return { ...frame, rows: form === 'ascii' ? rows.map(asciiRow) : rows }
}

function drawn(snapshot: Snapshot, state: ScreenState, width: number, height: number): Frame {
  if (width < smallest.columns - 1 || height < smallest.rows - 1) return still([tinyRow(snapshot)])
  if (state.isHelp)
    return scrolling(
      snapshot,
      state,
      { title: ruled([cell('KEYS', 'title')], width), body: helpRows(snapshot, state) },
      { columns: width, rows: height },
    )
  const size = { columns: width, rows: height }
  if (state.pane === 'timeline' || state.pane === 'events') return timelineFrame(snapshot, state, size)
  if (state.pane === 'compare') return compareFrame(snapshot, state, size)
  if (state.pane !== 'overview') return windowFrame(snapshot, state, width, height)
  return still(overview(snapshot, state, width, height))
}

const still = (rows: readonly Row[]): Frame => ({ rows, pageRows: 1, scrollRows: 0 })

function tinyRow(snapshot: Snapshot): Row {
  const { overdue, late } = snapshot
  return [cell(overdue.length > 0 ? `${overdue.length} overdue ${late.length} late` : `${late.length} late`, 'strong')]
}

function helpRows(snapshot: Snapshot, state: ScreenState): Row[] {
  const place = { ...keyPlaceOf(snapshot, state), pane: state.pane }
  return keyHelp(place).map(([keys, help]) => [cell(`  ${keys.padEnd(14)}`, 'strong'), cell(help)])
}

/** The window as it is known: of the live snapshot, or of the held one. */
export function viewOf(snapshot: Snapshot, state: ScreenState): WindowView | undefined {
  const wanted = selectedNumber(snapshot, state)
  const held = state.held?.selected
  return [snapshot.selected, held].find((view) => view?.late.number === wanted)
}

interface Pane {
  readonly title: Row
  readonly body: readonly Row[]
}

function scrolling(snapshot: Snapshot, state: ScreenState, pane: Pane, size: Size): Frame {
  const top = [headerRow(snapshot, state, size.columns), ...clockRows(snapshot, size.columns), pane.title]
  const pageRows = (bottom: readonly Row[]): number => Math.max(1, size.rows - top.length - bottom.length)
  const page = pageRows(bottomRows(snapshot, state, [], size))
  const scrollRows = Math.max(0, pane.body.length - page)
  const first = Math.min(state.scroll, scrollRows)
  const body = pane.body.slice(first, first + page)
  const below = pane.body.length - first - body.length
  const place = scrollRows === 0 ? [] : [cell(below === 0 ? 'end' : `${below} rows below`, 'muted')]
  const bottom = bottomRows(snapshot, state, place, size)
  return { rows: [...top, ...filled(body, page), ...bottom], pageRows: page, scrollRows }
}

interface Filling {
  readonly title: Row
  readonly rowsFor: (room: Size) => readonly Row[]
}

/** Nothing scrolls: the pane fills what the others leave. */
function fillingFrame(snapshot: Snapshot, state: ScreenState, { title, rowsFor }: Filling, size: Size): Frame {
  const top = [headerRow(snapshot, state, size.columns), ...clockRows(snapshot, size.columns), title]
  const bottom = bottomRows(snapshot, state, [], size)
  const room = Math.max(1, size.rows - top.length - bottom.length)
  const rows = rowsFor({ columns: size.columns, rows: room }).slice(0, room)
  return still([...top, ...filled(rows, room), ...bottom])
}

/** One suspect or fact of the window. */
function itemFrame(snapshot: Snapshot, state: ScreenState, view: WindowView, size: Size): Frame {
  const shown = shownOf(snapshot, state)
  const title = windowTitle(`WHY #${view.late.number}`, view.late, shown, size.columns)
  const rowsFor = ({ columns, rows }: Size): Row[] => itemRows(view, state, shown, { columns, rows })
  return fillingFrame(snapshot, state, { title, rowsFor }, size)
}

function timelineFrame(snapshot: Snapshot, state: ScreenState, size: Size): Frame {
  const pane =
    state.pane === 'events'
      ? { title: eventsTitle(snapshot, state, size.columns), rowsFor: (room: Size) => eventRows(snapshot, state, room) }
      : {
          title: timelineTitle(snapshot, state, size.columns),
          rowsFor: (room: Size) => timelineRows(snapshot, state, room),
        }
  return fillingFrame(snapshot, state, pane, size)
}

function compareFrame(snapshot: Snapshot, state: ScreenState, size: Size): Frame {
  const shown = shownOf(snapshot, state)
  const number = selectedNumber(snapshot, state)
  const view = viewOf(snapshot, state)
  const other = [snapshot.beside, state.held?.beside].find((one) => one?.late.number === state.marked)
  const title = ruled([cell(`#${state.marked ?? '-'} AND #${number ?? '-'}`, 'title')], size.columns)
  const body =
    view === undefined || other === undefined
      ? [[cell(' Reading the two windows …', 'muted')]]
      : compareRows(other, view, shown, size.columns)
  return scrolling(snapshot, state, { title, body }, size)
}

const lookOf = ({ timeline, filter }: ScreenState): Look => ({ cursor: timeline.cursor, filter })

function windowFrame(snapshot: Snapshot, state: ScreenState, width: number, height: number): Frame {
  const shown = shownOf(snapshot, state)
  const view = viewOf(snapshot, state)
  const size = { columns: width, rows: height }
  if (view !== undefined && state.pane === 'item') return itemFrame(snapshot, state, view, size)
  if (view !== undefined)
    return scrolling(
      snapshot,
      state,
      {
        title: windowTitle(`WHY #${view.late.number}`, view.late, shown, width),
        body: fullWindow(view, shown, lookOf(state), width),
      },
      size,
    )
  const title = ruled([cell(`WHY #${state.selected ?? '-'}`, 'title')], width)
  return scrolling(snapshot, state, { title, body: [[cell(' Reading the window …', 'muted')]] }, size)
}

/** Rows for each pane: what none may go without, then the rest in the order of need. */
function overview(latest: Snapshot, state: ScreenState, width: number, height: number): Row[] {
  const shown = shownOf(latest, state)
  const hasWindow = selectedNumber(latest, state) !== undefined
  const hasKeys = height >= 7 || state.prompt !== undefined || state.said !== undefined
  const hasTitle = height >= 11
  const clock = clockRows(shown, width).slice(0, height < 11 ? 1 : 2)
  const header = [headerRow(latest, state, width), ...clock, ...probeRows(shown, width, height < 16 ? 1 : 3)]
  const keys = hasKeys ? bottomRows(latest, state, [], { columns: width, rows: height }) : []
  let left = height - header.length - keys.length - (hasTitle ? 1 : 0)
  const take = (wanted: number, most = left): number => {
    const taken = Math.max(0, Math.min(wanted, most, left))
    left -= taken
    return taken
  }
  const flows = take(1)
  // The list of late adverts is its title and its rows; without room for rows the window's title tells the place.
  const windowLeast = hasWindow ? take(5) : 0
  const overdue = take(shown.overdue.length === 0 ? 0 : 2)
  const together = overallRows(shown, width)
  const togetherMost = hasTitle ? Math.max(1, Math.floor(height / 12)) : 0
  const togethers = take(together.length, togetherMost)
  const flowsToo = take(Math.min(1, flowRowsWanted(shown) - flows))
  const trouble = troubleRows(shown, width)
  const troubles = take(trouble.length, Math.max(1, Math.floor(height / 5)))
  const view = viewOf(latest, state)
  const windowWanted =
    view === undefined ? 2 : 1 + briefWindow(view, shown, lookOf(state), { columns: width, rows: height }).length
  const spare = Math.max(left - 6, left + windowLeast - windowWanted)
  const lateMost = hasWindow ? Math.min(Math.floor(height / 4), spare) : left
  const lates = take(lateRowsWanted(latest, state) - overdue, lateMost)
  const flowsMost = hasWindow ? Math.floor(left / 2) : left
  const flowsRest = take(flowRowsWanted(shown) - flows - flowsToo, flowsMost)
  const lateHeight = overdue + lates >= 2 || !hasWindow ? overdue + lates : 0
  const windowHeight = windowLeast + left + (overdue + lates - lateHeight)
  return [
    ...header,
    ...trouble.slice(0, troubles),
    ...flowRows(shown, width, flows + flowsToo + flowsRest, hasTitle),
    ...(lateHeight === 0 ? [] : lateRows(latest, state, width, lateHeight)),
    ...together.slice(0, togethers),
    ...filled(windowRows(latest, state, { columns: width, rows: windowHeight }, lateHeight > 0), windowHeight),
    ...keys,
  ]
}

function windowRows(latest: Snapshot, state: ScreenState, size: Size, hasList: boolean): Row[] {
  const number = selectedNumber(latest, state)
  if (number === undefined || size.rows < 1) return []
  const { columns, rows } = size
  const lead = hasList ? `WHY #${number}` : latePlace(latest, state)
  const view = viewOf(latest, state)
  if (view === undefined) return [ruled([cell(lead, 'title')], columns), [cell(' Reading the window …', 'muted')]]
  const shown = shownOf(latest, state)
  const timeline = briefTimeline(latest, state, columns, Math.floor((rows - 1) * 0.45))
  return [
    windowTitle(lead, view.late, shown, columns),
    ...briefWindow(view, shown, lookOf(state), { columns, rows: rows - 1 - timeline.length }),
    ...timeline,
  ]
}

/** Always the same number of rows: the keys stay on the last one, and a frame covers the one before. */
function filled(rows: readonly Row[], height: number): Row[] {
  return [...rows, ...Array.from({ length: Math.max(0, height - rows.length) }, (): Row => [])]
}
