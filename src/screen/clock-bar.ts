// The clock of a replay, and the whole recording in one row: where it stands, where the late adverts lie, the notes, and
// what could not be seen.
//
//    paused 12:03:26.375  ━━━━━━━━━━━▲━━━┃────▒▒───▲▲─────────■──  4:12 of 12:30
//    2 × 12:03:26.375 …        reading ██████░░░░░  43 %  120 MB/s  12 s left  Esc stops

import { hostText, padEnd, widthOf } from '../report/display-width.ts'
import { barOf, glyph } from '../report/glyphs.ts'
import type { ReplayView, Snapshot } from '../engine/snapshot.ts'
import { formatClock, formatSpan } from '../time/format.ts'
import { between, spanOf, type Instant, type Span, type Window } from '../time/instant.ts'
import { cell, fitted, joined, widthOfRow, type Cell, type Row } from './cells.ts'
import type { Meaning } from './palette.ts'

/** What stands in a column; a later one in this order hides an earlier one. */
const ranks = ['track', 'unseen', 'note', 'late', 'takeover'] as const
type Rank = (typeof ranks)[number]

const looks: Readonly<Record<Rank, readonly [sign: string, meaning: Meaning]>> = {
  track: [glyph.rule, 'muted'],
  unseen: [glyph.unseen, 'unseen'],
  note: [glyph.note, 'title'],
  late: [glyph.warning, 'warning'],
  takeover: [glyph.warning, 'late'],
}

/** `4:12`, `1:04:12`. */
export function formatElapsed(span: Span): string {
  const seconds = Math.max(0, Math.floor(span / 1e9))
  const two = (count: number): string => String(count).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const minutes = Math.floor(seconds / 60) % 60
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

export const formatSpeed = (speed: number): string => `${speed >= 1 ? speed : `1/${Math.round(1 / speed)}`} x`

function columnOf(at: Instant, { from, to }: Window, columns: number): number {
  const share = between(from, at) / Math.max(1, between(from, to))
  return Math.min(columns - 1, Math.max(0, Math.floor(share * columns)))
}

function ranksOf(snapshot: Snapshot, whole: Window, columns: number): Rank[] {
  const row = Array.from({ length: columns }, (): Rank => 'track')
  const mark = (at: Instant, rank: Rank, to = at): void => {
    if (to < whole.from || at > whole.to) return
    for (let i = columnOf(at, whole, columns); i <= columnOf(to, whole, columns); i++)
      if (ranks.indexOf(rank) > ranks.indexOf(row[i] ?? 'track')) row[i] = rank
  }
  for (const spot of snapshot.blindSpots) mark(spot.from, 'unseen', spot.to ?? whole.to)
  for (const one of snapshot.marks) mark(one.at, 'note')
  for (const late of snapshot.late) mark(late.at, late.takeover ? 'takeover' : 'late')
  return row
}

/** What stands in each column of a bar over all that there is. */
export function signsOf(
  snapshot: Snapshot,
  whole: Window,
  columns: number,
): readonly { readonly sign: string; readonly meaning: Meaning; readonly isTrack: boolean }[] {
  return ranksOf(snapshot, whole, columns).map((rank) => {
    const [sign, meaning] = looks[rank]
    return { sign, meaning, isTrack: rank === 'track' }
  })
}

function barRow(snapshot: Snapshot, replay: ReplayView, columns: number): Row {
  if (columns < 4) return []
  const position = columnOf(snapshot.now, replay, columns)
  const cells = signsOf(snapshot, replay, columns).map(({ sign, meaning, isTrack }, index): Cell => {
    if (index === position) return cell(isTrack ? glyph.position : sign, 'cursor')
    return cell(isTrack && index < position ? glyph.played : sign, meaning)
  })
  return joined(cells)
}

function stateOf({ now }: Snapshot, { isPaused, speed, isSeeking, to }: ReplayView): string {
  if (isSeeking) return 'seeking'
  if (!isPaused) return `${glyph.cursor} ${formatSpeed(speed)}`
  return now >= to ? 'the end' : speed === 1 ? 'paused' : `paused, ${formatSpeed(speed)}`
}

function readingRow(
  { share, bytesPerSecond, leftMs, isAgain }: NonNullable<ReplayView['reading']>,
  width: number,
): Row {
  const title = isAgain !== true ? ' reading ' : width < 76 ? ' reading again ' : ' shown as last read, reading again '
  const percent = `${Math.floor(share * 100)} %`
  const rate = `${(bytesPerSecond / 1e6).toFixed(1)} MB/s`
  const left = share > 0.02 ? `${formatSpan(spanOf(Math.ceil(leftMs / 1000) * 1e9)).replace('.000', '')} left` : ''
  const figures = [percent, ...(width < 60 ? [] : [rate]), left].filter((one) => one !== '').join('  ')
  const tail = `  ${figures}  Esc stops`
  const bar = Math.max(0, Math.min(40, width - tail.length - title.length - 1))
  return fitted([cell(title, 'title'), cell(barOf(share, bar), 'ok'), cell(tail)], width)
}

/** Nothing but for a replay. */
export function clockRows(snapshot: Snapshot, width: number): Row[] {
  const { replay } = snapshot
  if (replay === undefined) return []
  if (replay.reading !== undefined) return [readingRow(replay.reading, width)]
  // The bar does not jump when the word before it changes.
  const widest = replay.speed === 1 ? 7 : 14
  const clock = formatClock(snapshot.now, snapshot.origin)
  const left: Row = [
    cell(` ${padEnd(stateOf(snapshot, replay), widest)} `, replay.isPaused ? 'strong' : 'ok'),
    cell(`${width < 60 ? clock.slice(0, 8) : clock} `, 'strong'),
  ]
  const elapsed = formatElapsed(between(replay.from, snapshot.now))
  const whole = formatElapsed(between(replay.from, replay.to))
  const right = [cell(` ${elapsed} of ${whole}`, 'muted')]
  const bar = barRow(snapshot, replay, width - widthOfRow(left) - widthOfRow(right))
  return [fitted([...left, ...bar, ...right], width), ...noteRows(snapshot, width)]
}

const notedFor = 10e9

/** A note is shown at its moment, and some seconds after. */
function noteRows({ marks, now, origin }: Snapshot, width: number): Row[] {
  const mark = marks.findLast((one) => one.at <= now && now - one.at < notedFor)
  if (mark === undefined) return []
  const lead = ` ${glyph.note} note ${formatClock(mark.at, origin).slice(0, 8)} `
  return [[cell(lead, 'title'), cell(hostText(mark.text, Math.max(1, width - widthOf(lead))))]]
}
