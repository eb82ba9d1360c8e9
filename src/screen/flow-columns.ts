// The columns of the table of flows: what each shows, how wide it is, and from which width of the window on.

import type { Flow, Overdue } from '../diagnose/finding.ts'
import { hostText, widthOf } from '../report/display-width.ts'
import { barOf, glyph, sparklineOf } from '../report/glyphs.ts'
import { flowRest, formatCount, formatMargin, marginOf } from '../report/words.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { formatSeconds, formatSpan } from '../time/format.ts'
import { between } from '../time/instant.ts'
import { column, numberColumn, type Cell } from './cells.ts'
import { shownName } from './flow-name.ts'
import type { Meaning } from './palette.ts'

export interface FlowRow {
  readonly flow: Flow
  readonly overdue: Overdue | undefined
  readonly snapshot: Snapshot
  readonly isTwin: boolean
}

export interface FlowColumn {
  readonly title: string
  readonly columns: number
  /** Shown from this width of the pane on. */
  readonly from: number
  readonly isNumber?: boolean
  cellOf(row: FlowRow): Cell
}

function meaningOf({ flow, overdue, snapshot }: FlowRow): Meaning {
  if (overdue !== undefined || flow.state === 'silent') return 'late'
  if (flow.state !== 'master') return 'muted'
  const margin = marginOf(flow, undefined, snapshot.now)
  const lastGap = flow.gaps.at(-1) ?? 0
  if (margin !== undefined && margin.min <= 0) return 'late'
  return lastGap > flow.interval + flow.threshold + flow.drift ? 'warning' : 'ok'
}

const signs: Partial<Record<Meaning, string>> = { late: glyph.warning, warning: glyph.warning, muted: glyph.idle }

/** Two routers of one VRID on one link are told apart by their source only. */
function nameOf({ flow, isTwin }: FlowRow, columns: number): string {
  if (!isTwin || columns < 30) return shownName(flow, columns)
  const source = ` ${hostText(flow.source, 15)}`
  return shownName(flow, columns - widthOf(source)) + source
}

function gapsCell(row: FlowRow, columns: number): Cell {
  const { flow, overdue, snapshot } = row
  if (overdue !== undefined)
    return column(`overdue ${formatSeconds(between(overdue.dueAt, snapshot.now))}`, columns, 'late')
  if (flow.state !== 'master') return column(flowRest(flow, snapshot), columns, meaningOf(row))
  return column(sparklineOf(flow.gaps, flow.masterDown.min, columns), columns, meaningOf(row))
}

function barCell({ flow, overdue, snapshot }: FlowRow, columns: number): Cell {
  const margin = marginOf(flow, overdue, snapshot.now)
  if (margin === undefined || (flow.state !== 'master' && overdue === undefined)) return column('', columns)
  const free = Math.max(1, flow.masterDown.min - flow.interval)
  return column(barOf(margin.min / free, columns), columns, margin.min <= 0 ? 'late' : overdue ? 'warning' : 'ok')
}

function marginCell({ flow, overdue, snapshot }: FlowRow, columns: number): Cell {
  const margin = marginOf(flow, overdue, snapshot.now)
  if (margin === undefined || (flow.state !== 'master' && overdue === undefined)) return column('', columns)
  return numberColumn(formatMargin(margin), columns, margin.min <= 0 ? 'late' : 'plain')
}

const figure = (title: string, columns: number, from: number, textOf: (flow: Flow) => string): FlowColumn => ({
  title,
  columns,
  from,
  isNumber: true,
  cellOf: ({ flow }) => numberColumn(textOf(flow), columns),
})

const note = (title: string, columns: number, from: number, textOf: (flow: Flow) => string): FlowColumn => ({
  title,
  columns,
  from,
  cellOf: ({ flow }) => column(hostText(textOf(flow), columns), columns, 'muted'),
})

const longestSparkline = 60
/** Each column and the blank before it. */
const widthWith = (columns: readonly FlowColumn[]): number => columns.reduce((sum, one) => sum + one.columns + 1, 0)

/** The name is as wide as the names are, within bounds; the sparkline takes what the others leave. */
export function flowColumns(width: number, rows: readonly FlowRow[]): readonly FlowColumn[] {
  const most = width < 60 ? Math.max(8, width - 14) : width < 110 ? 27 : 44
  const name = Math.min(most, Math.max(16, ...rows.map((row) => widthOf(nameOf(row, most)))))
  const before: FlowColumn[] = [
    { title: 'FLOW', columns: name, from: 0, cellOf: (row) => column(nameOf(row, name), name, 'strong') },
    figure('EVERY', 8, 60, (flow) => formatSpan(flow.interval)),
    { title: '', columns: 1, from: 0, cellOf: (row) => column(signs[meaningOf(row)] ?? glyph.ok, 1, meaningOf(row)) },
  ]
  const behind: FlowColumn[] = [
    { title: 'MARGIN', columns: 8, from: 60, cellOf: (row) => barCell(row, 8) },
    { title: '', columns: 9, from: 0, cellOf: (row) => marginCell(row, 9) },
    figure('ADVERTS', 8, 110, (flow) => formatCount(flow.adverts)),
    figure('LATE', 5, 110, (flow) => formatCount(flow.late)),
    figure('LOST', 5, 110, (flow) => formatCount(flow.lost)),
    figure('PRIO', 5, 150, (flow) => String(flow.priority)),
    note('SOURCE', 15, 150, (flow) => flow.source),
    ...(rows.some(({ flow }) => flow.guest !== undefined) ? [note('LINK', 16, 150, (flow) => flow.link)] : []),
    note('SENT BY', 24, 190, (flow) => flow.sender ?? ''),
  ]
  const fixed = [...before, ...behind].filter((one) => width >= one.from)
  const gaps = Math.min(longestSparkline, Math.max(8, width - 1 - widthWith(fixed)))
  const sparkline: FlowColumn = { title: 'LAST GAPS', columns: gaps, from: 60, cellOf: (row) => gapsCell(row, gaps) }
  return [...before, sparkline, ...behind].filter((one) => width >= one.from)
}
