// One lane as a row: its name, its cells in the columns of the stretch, and on wide terminals who has it under the cursor.
//
//   CPU 3          ▃▃▃░░░████████▒▒▒▒░░▃▃▃▃  stress-ng (4711) 98 %
//                     └ late    └ unseen

import type { Lane } from '../../diagnose/timeline/lane.ts'
import type { ProbeName } from '../../events/probe.ts'
import { hostText } from '../../report/display-width.ts'
import { glyph, levelOf } from '../../report/glyphs.ts'
import { formatShare } from '../../report/words.ts'
import type { Snapshot } from '../../engine/snapshot.ts'
import type { Window } from '../../time/instant.ts'
import { cell, column, joined, type Cell, type Row } from '../cells.ts'
import type { Meaning } from '../palette.ts'
import type { TimelineLayout } from './layout.ts'
import { columnWindow } from './stretch.ts'

/** What all rows of a timeline share. */
export interface TimelineFrame {
  readonly snapshot: Snapshot
  readonly shown: Window
  readonly layout: TimelineLayout
  /** Column of the cursor. */
  readonly cursor: number
  /** In which columns something was late: `selected` where it is the one that is looked at. */
  readonly late: readonly (undefined | 'late' | 'selected')[]
  /** Lower-case part of a name that the filter asks for; its cells stand out. */
  readonly wanted: string | undefined
}

const kinds: Readonly<Record<Lane['kind'], string>> = {
  advert: 'adverts',
  state: 'state of',
  call: 'calls of',
  cpu: 'CPU',
  sample: 'sampled',
  signal: 'signals',
  life: 'processes',
  slow: 'slow calls',
  work: 'CPU time',
  disk: 'disk',
  block: 'requests',
  pressure: 'wait for',
}

/** `CPU 3`, `disk sda ≈`: what is good only to its probe's interval wears a sign. */
export function laneName({ kind, name, isCoarse }: Lane, columns: number): string {
  const sign = isCoarse ? ` ${glyph.coarse}` : ''
  const lead = kinds[kind]
  const room = columns - lead.length - sign.length - 1
  if (name === '') return hostText(lead, columns)
  if (room >= name.length || room >= 12) return `${lead} ${hostText(name, room)}${sign}`
  // Where both do not fit: whose it is stands in the title.
  const isSenders = kind === 'state' || kind === 'call'
  return hostText(isSenders ? lead.replace(' of', '') : name, Math.max(1, columns - sign.length)) + sign
}

/** Of the kernel's engines the one that runs counts: that the other does not is no hole. */
function sourcesOf(lane: Lane, { probes }: Snapshot): readonly ProbeName[] {
  const alive = lane.sources.filter((source) => probes.some((probe) => probe.name === source && probe.events > 0))
  return alive.length > 0 ? alive : lane.sources
}

/** What hides parts of this lane in the stretch that is shown. */
function blindOf(lane: Lane, { snapshot, shown }: TimelineFrame): readonly Window[] {
  const sources = new Set<string>([...sourcesOf(lane, snapshot), 'store'])
  return snapshot.blindSpots
    .filter((spot) => sources.has(spot.source) && spot.from < shown.to && (spot.to ?? shown.to) >= shown.from)
    .map((spot) => ({ from: spot.from, to: spot.to ?? shown.to }))
}

const isHidden = (part: Window, blind: readonly Window[]): boolean =>
  blind.some((spot) => spot.from < part.to && (spot.to > part.from || spot.from >= part.from))

/** The lane was asked for in other columns, until the next answer comes: the nearest one is drawn. */
function sourceColumn(at: number, { shown, layout, snapshot }: TimelineFrame): number {
  const timeline = snapshot.timeline
  if (timeline === undefined) return -1
  const instant = shown.from + ((at + 0.5) / layout.columns) * (shown.to - shown.from)
  const found = Math.floor(((instant - timeline.from) / (timeline.to - timeline.from)) * timeline.columns)
  return found >= 0 && found < timeline.columns ? found : -1
}

/** What held the sender stands out; the rest is only there. */
const ofSender: ReadonlySet<Lane['kind']> = new Set(['state', 'call', 'sample', 'signal'])

function meaningOf(
  lane: Lane,
  source: number,
  late: TimelineFrame['late'][number],
  wanted: string | undefined,
): Meaning {
  const actor = lane.actors[(lane.who[source] ?? 0) - 1]
  if (wanted !== undefined && actor !== undefined) return actor.name.toLowerCase().includes(wanted) ? 'title' : 'muted'
  if (actor?.isOurs === true) return 'muted'
  if (actor?.isSender === true) return 'ok'
  return late !== undefined && ofSender.has(lane.kind) ? 'warning' : 'plain'
}

function cellAt(lane: Lane, at: number, frame: TimelineFrame, blind: readonly Window[]): Cell {
  const source = sourceColumn(at, frame)
  const level = source < 0 ? 0 : (lane.levels[source] ?? 0)
  const late = frame.late[at]
  const isCursor = at === frame.cursor
  if (level > 0) {
    const sign = lane.isMoments ? glyph.moment : levelOf(level / 255)
    return cell(sign, isCursor ? 'cursor' : meaningOf(lane, source, late, frame.wanted))
  }
  const part = columnWindow(frame.shown, at, frame.layout.columns)
  if (isHidden(part, blind)) return cell(glyph.unseen, isCursor ? 'cursor' : 'unseen')
  if (late !== undefined) return cell(glyph.shade, isCursor ? 'cursor' : late === 'selected' ? 'late' : 'muted')
  return cell(' ', isCursor ? 'cursor' : 'plain')
}

const unshared: ReadonlySet<string> = new Set(['state', 'sampled', 'frozen'])

/** Who had most of the lane in that column, and how much of it: `stress-ng (4711) 98 %`; empty where nobody had. */
export function actorAt(lane: Lane, frame: TimelineFrame, columns: number): string {
  const source = sourceColumn(frame.cursor, frame)
  const actor = source < 0 ? undefined : lane.actors[(lane.who[source] ?? 0) - 1]
  if (actor === undefined) return ''
  // How high a state is drawn is no share of anything.
  const isShare = !lane.isMoments && !unshared.has(lane.key) && lane.kind !== 'disk'
  const share = isShare ? ` ${formatShare((lane.levels[source] ?? 0) / 255)}` : ''
  return hostText(actor.name, Math.max(1, columns - share.length)) + share
}

export function laneRow(lane: Lane, frame: TimelineFrame, isChosen: boolean, isPinned: boolean): Row {
  const { label, columns, aside } = frame.layout
  const blind = blindOf(lane, frame)
  const sign = isChosen ? glyph.cursor : isPinned ? glyph.pinned : ' '
  const cells = lane.isTooMuch
    ? [column('too many events in this stretch to count: + looks closer', columns, 'unseen')]
    : joined(Array.from({ length: columns }, (_, at) => cellAt(lane, at, frame, blind)))
  return [
    cell(sign, 'title'),
    column(laneName(lane, label - 1), label - 1, isChosen ? 'strong' : 'muted'),
    cell(' '),
    ...cells,
    ...(aside === 0 ? [] : [cell('  '), cell(actorAt(lane, frame, aside), isChosen ? 'strong' : 'plain')]),
  ]
}
