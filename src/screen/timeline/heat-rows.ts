// At which part of a second the late adverts fell due, and at which they were sent: what runs once a second gathers in one
// place. Of all late adverts of the session; one of them gathers nowhere.
//
//   due .0 to 1.0 s   ▁▁▁▁▁█▁▁▁▁▁▁▁▁▁▁▁    as an advert is due once a second this gathers by itself
//   sent              ▁▃▁▁▁▁▁▁▁▃█▃▁▁▁▁▁    this only where one thing ends them all

import type { LateAdvert } from '../../diagnose/finding.ts'
import { levelOf } from '../../report/glyphs.ts'
import { counted } from '../../report/words.ts'
import type { Instant } from '../../time/instant.ts'
import { cell, column, type Row } from '../cells.ts'
import type { TimelineFrame } from './lane-row.ts'

const fewest = 2

function offsetRow(name: string, moments: readonly Instant[], { snapshot, layout }: TimelineFrame): Row {
  const { label, columns } = layout
  const base = Number(snapshot.origin % 1_000_000_000n)
  const counts = Array.from({ length: columns }, () => 0)
  for (const at of moments) {
    const offset = (((at + base) % 1e9) + 1e9) % 1e9
    const place = Math.min(columns - 1, Math.floor((offset / 1e9) * columns))
    counts[place] = (counts[place] ?? 0) + 1
  }
  const most = Math.max(1, ...counts)
  const cells = counts.map((count) => levelOf(count / most)).join('')
  return [column(` ${name}`, label, 'muted'), cell(' '), cell(cells, 'warning')]
}

/** Two rows below a scale; none where too few were late. */
export function heatRows(frame: TimelineFrame, late: readonly LateAdvert[]): Row[] {
  if (late.length < fewest) return []
  const { label, columns } = frame.layout
  const title = ` within the second, ${counted(late.length, 'late advert')} `
  const scale = `.0${title.padStart(Math.floor((columns - 5 + title.length) / 2)).padEnd(columns - 5)}1.0`
  return [
    [column('', label), cell(' '), cell(scale.slice(0, columns), 'muted')],
    offsetRow(
      label < 12 ? 'due' : 'fell due',
      late.map((one) => one.dueAt),
      frame,
    ),
    offsetRow(
      label < 12 ? 'sent' : 'were sent',
      late.map((one) => one.at),
      frame,
    ),
  ]
}
