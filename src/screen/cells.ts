// A row of the screen: pieces of text, each with its meaning, and never wider than it may be.

import { cutEnd, padEnd, padStart, widthOf } from '../report/display-width.ts'
import { asciiOf, glyph } from '../report/glyphs.ts'
import type { Meaning } from './palette.ts'

/** Of the screen, or of a pane in it. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

export interface Cell {
  readonly text: string
  readonly meaning: Meaning
}

export type Row = readonly Cell[]

export function cell(text: string, meaning: Meaning = 'plain'): Cell {
  return { text, meaning }
}

/** Exactly so many columns. */
export function column(text: string, columns: number, meaning: Meaning = 'plain'): Cell {
  return { text: padEnd(cutEnd(text, columns), columns), meaning }
}

/** Exactly so many columns, for numbers. */
export function numberColumn(text: string, columns: number, meaning: Meaning = 'plain'): Cell {
  return { text: padStart(cutEnd(text, columns), columns), meaning }
}

export const widthOfRow = (row: Row): number => row.reduce((sum, one) => sum + widthOf(one.text), 0)

export const textOf = (row: Row): string =>
  row
    .map((one) => one.text)
    .join('')
    .trimEnd()

/** As much of the row as fits. */
export function fitted(row: Row, columns: number): Row {
  const kept: Cell[] = []
  let left = columns
  for (const one of row) {
    const width = widthOf(one.text)
    kept.push(width <= left ? one : { ...one, text: cutEnd(one.text, left) })
    left -= width
    if (left <= 0) break
  }
  return kept
}

/** `left` at the left edge, `right` at the right one; where both do not fit, `right` goes. */
export function apart(left: Row, right: Row, columns: number): Row {
  const free = columns - widthOfRow(left) - widthOfRow(right)
  return free < 2 ? fitted(left, columns) : [...left, cell(' '.repeat(free)), ...right]
}

/** `── FLOWS ───────── EVERY ──`: a title that is also the border. */
export function ruled(titles: Row, columns: number): Row {
  const lead = cell(`${glyph.rule} `, 'muted')
  const used = widthOfRow(titles) + 3
  return fitted([lead, ...titles, cell(` ${glyph.rule.repeat(Math.max(0, columns - used))}`, 'muted')], columns)
}

/** Neighbours that look alike are one cell: fewer bytes. */
export function joined(cells: readonly Cell[]): Row {
  const row: Cell[] = []
  for (const one of cells) {
    const last = row.at(-1)
    if (last?.meaning === one.meaning) row[row.length - 1] = { ...last, text: last.text + one.text }
    else row.push(one)
  }
  return row
}

const isBlank = ({ text, meaning }: Cell): boolean => meaning !== 'cursor' && /^ *$/.test(text)

/** The same row in fewer cells: nobody sees which colour a blank has. Each cell costs Ink time and the line bytes. */
export function compact(row: Row): Row {
  const cells: Cell[] = []
  for (const one of row) {
    const last = cells.at(-1)
    if (last === undefined || last.meaning === 'cursor') cells.push(one)
    else if (isBlank(one)) cells[cells.length - 1] = { ...last, text: last.text + one.text }
    else if (isBlank(last)) cells[cells.length - 1] = { ...one, text: last.text + one.text }
    else cells.push(one)
  }
  return joined(cells)
}

/** The same columns without UTF-8. */
export function asciiRow(row: Row): Row {
  return row.map((one) => ({ ...one, text: asciiOf(one.text) }))
}
