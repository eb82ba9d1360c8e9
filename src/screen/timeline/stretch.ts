// Which stretch of time the timeline shows and where its cursor stands: chosen, or else the window of the selected late
// advert, or else the last half minute. Pure arithmetic; what is drawn in it is lane-row.ts and its neighbours.

import type { LateAdvert } from '../../diagnose/finding.ts'
import type { Snapshot } from '../../engine/snapshot.ts'
import { after, before, instantOf, second, spanOf, type Instant, type Window } from '../../time/instant.ts'
import { stretchOf as knownStretch } from '../go-to.ts'

export interface TimelineChoice {
  /** Undefined: around the selected late advert. */
  readonly stretch: Window | undefined
  /** Undefined: when the selected advert was due. All panes show it. */
  readonly cursor: Instant | undefined
  /** Which lane, counted as they are listed, pinned ones first. */
  readonly lane: number
  /** Keys of lanes that are listed first. */
  readonly pinned: readonly string[]
}

export const initialTimeline: TimelineChoice = { stretch: undefined, cursor: undefined, lane: 0, pinned: [] }

const usual = spanOf(30 * second)
/** Nothing that is recorded is exact to less. */
const shortest = 10_000

/** Of the whole session, as far as it is known: what cannot be left. */
export function wholeOf(snapshot: Snapshot): Window {
  const { from, to } = knownStretch(snapshot)
  return { from, to: instantOf(Math.max(to, from + second)) }
}

/** A little before the advert before, a little after the one that was late. */
function around({ previousAt, at, gap }: LateAdvert): Window {
  return { from: before(previousAt, spanOf(0.08 * gap)), to: after(at, spanOf(0.12 * gap)) }
}

/** In whole seconds, so that what stands still is not drawn anew ten times a second. */
function last(snapshot: Snapshot): Window {
  const to = instantOf(Math.ceil(snapshot.now / second) * second)
  return { from: before(to, usual), to }
}

export function shownStretch(choice: TimelineChoice, late: LateAdvert | undefined, snapshot: Snapshot): Window {
  return choice.stretch ?? (late === undefined ? last(snapshot) : around(late))
}

export function cursorOf(choice: TimelineChoice, late: LateAdvert | undefined, shown: Window): Instant {
  const wanted = choice.cursor ?? late?.dueAt ?? shown.to
  return instantOf(Math.min(shown.to, Math.max(shown.from, wanted)))
}

/** As long as it was, but within what there is. */
function within(wanted: Window, whole: Window): Window {
  const length = Math.min(wanted.to - wanted.from, whole.to - whole.from)
  const from = Math.min(Math.max(wanted.from, whole.from), whole.to - length)
  return { from: instantOf(from), to: instantOf(from + length) }
}

/** `times` > 1 shows more. What lies under the cursor stays where it is. */
export function zoomed({ from, to }: Window, cursor: Instant, times: number, whole: Window): Window {
  const length = Math.max(shortest, Math.min((to - from) * times, whole.to - whole.from))
  const share = (cursor - from) / Math.max(1, to - from)
  const begin = cursor - share * length
  return within({ from: instantOf(begin), to: instantOf(begin + length) }, whole)
}

/** By a part of what is shown: 0.5 is half a page on. */
export function panned({ from, to }: Window, by: number, whole: Window): Window {
  const shift = (to - from) * by
  return within({ from: instantOf(from + shift), to: instantOf(to + shift) }, whole)
}

/** The cursor some columns on; where it leaves what is shown, that goes along. */
export function cursorMoved(
  shown: Window,
  cursor: Instant,
  by: number,
  columns: number,
  whole: Window,
): { readonly stretch: Window; readonly cursor: Instant } {
  const width = (shown.to - shown.from) / Math.max(1, columns)
  const column = columnIn(shown, cursor, columns) + by
  // To the middle of its column: an edge belongs to two.
  const wanted = instantOf(Math.min(whole.to, Math.max(whole.from, shown.from + (column + 0.5) * width)))
  const holds = ({ from, to }: Window): boolean => wanted >= from && wanted <= to
  const further = panned(shown, by < 0 ? -0.5 : 0.5, whole)
  const near = holds(shown) ? shown : further
  return { stretch: holds(near) ? near : centredOn(wanted, shown.to - shown.from, whole), cursor: wanted }
}

/** Everything that a late advert is about lies in it: so centred that it can be seen. */
export function centredOn(at: Instant, length: number, whole: Window): Window {
  return within({ from: instantOf(at - length / 2), to: instantOf(at + length / 2) }, whole)
}

export function columnIn({ from, to }: Window, at: Instant, columns: number): number {
  return Math.min(columns - 1, Math.max(0, Math.floor(((at - from) / Math.max(1, to - from)) * columns)))
}

/** The stretch of one column. */
export function columnWindow({ from, to }: Window, column: number, columns: number): Window {
  const width = (to - from) / columns
  return { from: instantOf(from + column * width), to: instantOf(from + (column + 1) * width) }
}
