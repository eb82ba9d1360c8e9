// What stands above the lanes: the time of day at round moments, what was late from when to when, and the notes.
//
//                  12:03:22       12:03:24       12:03:26
//   #4               due├───────────────────────┤sent

import { glyph } from '../../report/glyphs.ts'
import { formatIso } from '../../time/format.ts'
import { epochAt, instantOf, type Epoch, type Instant } from '../../time/instant.ts'
import { cell, column, joined, type Cell, type Row } from '../cells.ts'
import type { Meaning } from '../palette.ts'
import type { TimelineFrame } from './lane-row.ts'
import { columnIn } from './stretch.ts'

const steps = [
  1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 2e7, 5e7, 1e8, 2e8, 5e8, 1e9, 2e9, 5e9, 10e9, 15e9,
  30e9, 60e9, 120e9, 300e9, 600e9, 900e9, 1800e9, 3600e9, 7200e9, 14_400e9, 28_800e9, 86_400e9,
]

/** As exact as the step: `12:03`, `12:03:22`, `22.400` below a second, where the minute is in the title. */
function tickText(at: Instant, step: number, origin: Epoch): string {
  const clock = formatIso(epochAt(at, origin)).slice(11, 29)
  if (step >= 60e9) return clock.slice(0, 5)
  if (step >= 1e9) return clock.slice(0, 8)
  return clock.slice(6, step >= 1e6 ? 12 : 15)
}

/** Text in the columns of the stretch; what would run over its end is left out. */
function placed(columns: number): { put(at: number, text: string, meaning: Meaning): boolean; cells(): Row } {
  const row: (Cell | undefined)[] = Array.from({ length: columns }, () => undefined)
  return {
    put(at, text, meaning) {
      const letters = Array.from(text)
      if (at < 0 || at + letters.length > columns) return false
      if (letters.some((_, i) => row[at + i] !== undefined)) return false
      letters.forEach((letter, i) => (row[at + i] = cell(letter, meaning)))
      return true
    },
    cells: () => joined(row.map((one) => one ?? cell(' '))),
  }
}

export function tickRow({ snapshot, shown, layout }: TimelineFrame): Row {
  const { label, columns } = layout
  const length = shown.to - shown.from
  const step = steps.find((one) => (one / length) * columns >= 14) ?? length
  const row = placed(columns)
  // Round by the clock, not by the session's beginning.
  const offset = Number(snapshot.origin % BigInt(Math.round(step)))
  const first = Math.ceil((shown.from + offset) / step) * step - offset
  for (let at = first; at <= shown.to; at += step)
    row.put(
      columnIn(shown, instantOf(at), columns),
      `${glyph.tick}${tickText(instantOf(at), step, snapshot.origin)}`,
      'muted',
    )
  for (const mark of snapshot.marks)
    if (mark.at >= shown.from && mark.at <= shown.to) row.put(columnIn(shown, mark.at, columns), glyph.note, 'title')
  return [column('', label), cell(' '), ...row.cells()]
}

/** `due├──── #4 ────┤sent`, each late advert in its place; what has no room for words is a bar. */
export function lateRow(frame: TimelineFrame, selected: number | undefined): Row {
  const { snapshot, shown, layout } = frame
  const { label, columns } = layout
  const row = placed(columns)
  const visible = snapshot.late.filter((late) => late.at >= shown.from && late.dueAt <= shown.to)
  const ranked = visible.toSorted((a, b) => Number(b.number === selected) - Number(a.number === selected))
  for (const late of ranked) {
    const meaning: Meaning = late.number === selected ? 'late' : 'warning'
    const from = columnIn(shown, late.dueAt, columns)
    const to = columnIn(shown, late.at, columns)
    const name = ` #${late.number} `
    const inner = to - from - 1
    const words =
      inner >= name.length
        ? name.padStart(name.length + Math.floor((inner - name.length) / 2), glyph.rule).padEnd(inner, glyph.rule)
        : glyph.rule.repeat(Math.max(0, inner))
    row.put(from, to === from ? glyph.warning : `├${words}┤`, meaning)
    if (late.number === selected && to > from) {
      row.put(from - 3, 'due', 'muted')
      row.put(to + 1, 'sent', 'muted')
    }
  }
  return [column(' late', label, 'muted'), cell(' '), ...row.cells()]
}
