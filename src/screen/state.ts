// What the operator chose: which late advert, which pane, how far scrolled, held or live, filtered by what, and what she is
// typing; and what follows from it. reduce.ts changes it; what a command does outside of it is errands.ts.
//
//   overview ──Enter──▶ window ──Enter──▶ item (one suspect or fact) ──Esc──▶ window ──Esc──▶ overview
//   t opens the timeline over any of these ──Enter──▶ events (what is under its cursor) ──Esc──▶ timeline ──Esc──▶ back
//   c marks a late advert; on another one it compares the two
//   ? opens the help over any, g / m e open a prompt below any

import type { LateAdvert } from '../diagnose/finding.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import type { KeyPlace } from './binding.ts'
import type { Pane, Said } from './command.ts'
import { fitting, type Filter } from './filter.ts'
import type { Prompt } from './prompt.ts'
import { initialTimeline, type TimelineChoice } from './timeline/stretch.ts'

export interface ScreenState {
  readonly pane: Pane
  readonly isHelp: boolean
  /** The number of the late advert that was chosen; undefined: the newest, in a replay the newest at its position. */
  readonly selected: number | undefined
  /** Rows of the window pane above its first visible one. */
  readonly scroll: number
  /** Which of the window's suspects and facts the item pane shows. */
  readonly item: number
  readonly timeline: TimelineChoice
  /** The pane that the timeline was opened over. */
  readonly below: Pane
  /** The number of the late advert that another one is to be compared with. */
  readonly marked: number | undefined
  /** What was shown when the view was paused; undefined while it is live. */
  readonly held: Snapshot | undefined
  /** Undefined: all late adverts are listed. */
  readonly filter: Filter | undefined
  readonly prompt: Prompt | undefined
  readonly said: Said | undefined
}

/** What a command is carried out upon: the newest snapshot, how far the drawn pane can scroll, how wide it is. */
export interface Stage {
  readonly snapshot: Snapshot
  /** Of the timeline. */
  readonly columns: number
  readonly pageRows: number
  readonly scrollRows: number
}

export const initialState: ScreenState = {
  pane: 'overview',
  isHelp: false,
  selected: undefined,
  scroll: 0,
  item: 0,
  timeline: initialTimeline,
  below: 'overview',
  marked: undefined,
  held: undefined,
  filter: undefined,
  prompt: undefined,
  said: undefined,
}

/** Which bindings hold: the help scrolls like a window. */
export function keyPlaceOf(snapshot: Snapshot, state: ScreenState): KeyPlace {
  const pane = state.prompt !== undefined ? 'prompt' : state.isHelp ? 'window' : state.pane
  return { pane, mode: snapshot.mode }
}

/** What the view is drawn from: the held snapshot while paused. */
export const shownOf = (snapshot: Snapshot, state: ScreenState): Snapshot => state.held ?? snapshot

/** The late adverts that are listed, oldest first. */
export const listedOf = (snapshot: Snapshot, state: ScreenState): readonly LateAdvert[] =>
  fitting(shownOf(snapshot, state), state.filter)

/** A position in a recording that is wholly known: what lies behind it has not come yet. */
const isAhead = ({ replay, now }: Snapshot, late: LateAdvert): boolean => replay !== undefined && late.at > now

/** The late advert under the cursor; undefined when there is none. */
export function selectedNumber(snapshot: Snapshot, state: ScreenState): number | undefined {
  const listed = listedOf(snapshot, state)
  const { selected } = state
  // A chosen one stays, also when the session has forgotten it; only a filter takes it away.
  if (selected !== undefined && (state.filter === undefined || listed.some((one) => one.number === selected)))
    return selected
  const shown = shownOf(snapshot, state)
  return listed.findLast((one) => !isAhead(shown, one))?.number
}

/** The window that the session is asked for; undefined: whichever is the newest. */
export const wantedLate = (snapshot: Snapshot, state: ScreenState): number | undefined =>
  state.selected === undefined && state.filter === undefined ? undefined : selectedNumber(snapshot, state)

/** Suspects first, then facts: as item-pane.ts lists them; or the events under the cursor. */
export function itemCount({ selected, timeline }: Snapshot, pane: Pane): number {
  if (pane === 'events') return timeline?.events?.listed.length ?? 0
  return selected === undefined ? 0 : (selected.explanation?.suspects.length ?? 0) + selected.facts.length
}
