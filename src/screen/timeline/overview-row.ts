// The whole session in one row, and which part of it the timeline shows.
//
//    all 0:26     ──▲──────▒▒▒────━━━━━━━━━▲━━━──────

import { glyph } from '../../report/glyphs.ts'
import { between } from '../../time/instant.ts'
import { cell, column, joined, type Cell, type Row } from '../cells.ts'
import { formatElapsed, signsOf } from '../clock-bar.ts'
import type { TimelineFrame } from './lane-row.ts'
import { columnIn, wholeOf } from './stretch.ts'

export function overviewRow({ snapshot, shown, layout }: TimelineFrame): Row {
  const { label, columns } = layout
  const whole = wholeOf(snapshot)
  const from = columnIn(whole, shown.from, columns)
  const to = columnIn(whole, shown.to, columns)
  const cells = signsOf(snapshot, whole, columns).map(({ sign, meaning, isTrack }, at): Cell => {
    const isShown = at >= from && at <= to
    if (isTrack) return isShown ? cell(glyph.played, 'title') : cell(sign, meaning)
    return cell(sign, isShown ? meaning : meaning === 'late' || meaning === 'warning' ? 'warning' : 'muted')
  })
  return [column(` all ${formatElapsed(between(whole.from, whole.to))}`, label, 'muted'), cell(' '), ...joined(cells)]
}
