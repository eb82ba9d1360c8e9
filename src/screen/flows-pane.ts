// Each flow in a row: is it on time now, how were its last gaps, how near is the takeover. Where rows are short the
// flows in trouble come first and the rest is counted.
//
//    FLOW                        EVERY    LAST GAPS            MARGIN
//    tap1a2b3c4d-5e vrid 205 v2  1.000 s  ● ▃▃▃▃▃▃█▃▃▃▃▃▃▃▃▃▃  █████░░░  2.609 s

import { widthOf } from '../report/display-width.ts'
import { glyph } from '../report/glyphs.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { cell, fitted, widthOfRow, type Cell, type Row } from './cells.ts'
import { flowColumns, type FlowColumn, type FlowRow } from './flow-columns.ts'

/** The gap before each column is one blank. */
const joined = (cells: readonly Cell[]): Row => cells.flatMap((one) => [cell(' '), one])

/** Overdue ones, then those that were late, then the others as they came. */
function urgency({ flow, overdue }: FlowRow): number {
  if (flow.state === 'silent' || overdue !== undefined) return 2
  return flow.late > 0 ? 1 : 0
}

export const flowRowsWanted = (snapshot: Snapshot): number => Math.max(1, snapshot.flows.length)

/** `─ FLOW ───── EVERY ─`: each title over its column, the rule between them. */
function titleRow(columns: readonly FlowColumn[], width: number): Row {
  const cells = columns.flatMap((one, index): Row => {
    const room = one.columns - (index === 0 ? 1 : 0)
    const line = one.title === '' ? '' : one.isNumber === true ? '' : ` ${one.title} `
    const lead = one.isNumber === true && one.title !== '' ? ` ${one.title} ` : ''
    const fill = glyph.rule.repeat(Math.max(0, room + 1 - widthOf(line) - widthOf(lead)))
    return one.isNumber === true
      ? [cell(fill, 'muted'), cell(lead, 'title')]
      : [cell(line, 'title'), cell(fill, 'muted')]
  })
  const used = widthOfRow(cells) + 1
  return [cell(glyph.rule, 'muted'), ...cells, cell(glyph.rule.repeat(Math.max(0, width - used)), 'muted')]
}

/** `height` flows at most, below the title when there is one. */
export function flowRows(snapshot: Snapshot, width: number, height: number, hasTitle: boolean): Row[] {
  const { flows } = snapshot
  const tableRows = flows.map((flow): FlowRow => {
    const isTwin = flows.some((one) => one !== flow && one.link === flow.link && one.vrid === flow.vrid)
    return { flow, overdue: snapshot.overdue.find((one) => one.flow === flow.id), snapshot, isTwin }
  })
  const columns = flowColumns(width, tableRows)
  const title = hasTitle ? [titleRow(columns, width)] : []
  if (flows.length === 0) return [...title, [cell(' No VRRP advert seen yet.', 'unseen')]]
  const room = Math.max(1, height)
  if (flows.length <= room) return [...title, ...tableRows.map((row) => tableRow(row, columns, width))]
  const ranked = tableRows.toSorted((a, b) => urgency(b) - urgency(a))
  const shown = ranked.slice(0, Math.max(1, room - 1)).map((row) => tableRow(row, columns, width))
  const rest = room > 1 ? [[cell(` ${restPhrase(ranked.slice(room - 1))}`, 'muted')]] : []
  return [...title, ...shown, ...rest]
}

const tableRow = (row: FlowRow, columns: readonly FlowColumn[], width: number): Row =>
  fitted(joined(columns.map((one) => one.cellOf(row))), width)

function restPhrase(rest: readonly FlowRow[]): string {
  const overdue = rest.filter((row) => row.overdue !== undefined).length
  const late = rest.filter((row) => row.flow.late > 0).length
  const trouble = [overdue > 0 ? `${overdue} overdue` : '', late > 0 ? `${late} had late adverts` : ''].filter(Boolean)
  return `and ${rest.length} more flows${trouble.length === 0 ? ', all on time so far' : `, ${trouble.join(', ')}`}`
}
