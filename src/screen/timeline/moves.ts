// What the keys of the timeline make of the stretch, the cursor and the lanes. Part of the one reducer (state.ts).

import type { LateAdvert } from '../../diagnose/finding.ts'
import type { Lane } from '../../diagnose/timeline/lane.ts'
import type { Snapshot } from '../../engine/snapshot.ts'
import type { Instant, Window } from '../../time/instant.ts'
import { selectedNumber, shownOf, type ScreenState, type Stage } from '../state.ts'
import type { Command } from '../command.ts'
import {
  centredOn,
  columnIn,
  cursorMoved,
  cursorOf,
  panned,
  shownStretch,
  wholeOf,
  zoomed,
  type TimelineChoice,
} from './stretch.ts'

export type TimelineCommand = Extract<Command, { kind: 'zoom' | 'pan' | 'fit' | 'cursor' | 'change' | 'lane' | 'pin' }>

export function selectedLate(latest: Snapshot, state: ScreenState): LateAdvert | undefined {
  const number = selectedNumber(latest, state)
  return shownOf(latest, state).late.find((one) => one.number === number)
}

export const stretchShown = (latest: Snapshot, state: ScreenState): Window =>
  shownStretch(state.timeline, selectedLate(latest, state), shownOf(latest, state))

export const cursorShown = (latest: Snapshot, state: ScreenState): Instant =>
  cursorOf(state.timeline, selectedLate(latest, state), stretchShown(latest, state))

/** Pinned ones first, in the order in which they were pinned. */
export function listedLanes({ timeline }: Snapshot, { pinned }: TimelineChoice): readonly Lane[] {
  const lanes = timeline?.lanes ?? []
  const first = pinned.flatMap((key) => lanes.find((lane) => lane.key === key) ?? [])
  return [...first, ...lanes.filter((lane) => !pinned.includes(lane.key))]
}

export function laneShown(snapshot: Snapshot, choice: TimelineChoice): Lane | undefined {
  const lanes = listedLanes(snapshot, choice)
  return lanes[Math.min(choice.lane, lanes.length - 1)]
}

/** A lane that is pinned keeps the cursor of the list. */
function pinnedAnew(choice: TimelineChoice, snapshot: Snapshot): TimelineChoice {
  const lane = laneShown(snapshot, choice)
  if (lane === undefined) return choice
  const { key } = lane
  const pinned = choice.pinned.includes(key) ? choice.pinned.filter((one) => one !== key) : [...choice.pinned, key]
  const next = { ...choice, pinned }
  return { ...next, lane: listedLanes(snapshot, next).findIndex((one) => one.key === key) }
}

/** How many columns it is to the next one in which something of the lane begins, or somebody else has it; 0: there is none. */
function toChange({ levels, who }: Lane, from: number, by: 1 | -1): number {
  const isBegin = (at: number): boolean =>
    (levels[at] ?? 0) > 0 && (at === 0 || levels[at - 1] === 0 || who[at] !== who[at - 1])
  for (let at = from + by; at >= 0 && at < levels.length; at += by) if (isBegin(at)) return at - from
  return 0
}

export function timelineAfter(
  command: TimelineCommand,
  state: ScreenState,
  { snapshot, columns }: Stage,
): TimelineChoice {
  const choice = state.timeline
  const shown = stretchShown(snapshot, state)
  const cursor = cursorShown(snapshot, state)
  const whole = wholeOf(shownOf(snapshot, state))
  switch (command.kind) {
    case 'zoom':
      return { ...choice, cursor, stretch: zoomed(shown, cursor, command.times, whole) }
    case 'pan': {
      const stretch = panned(shown, command.by, whole)
      return { ...choice, stretch, cursor: cursorOf({ ...choice, cursor }, undefined, stretch) }
    }
    case 'fit':
      return { ...choice, stretch: command.to === 'late' ? undefined : whole }
    case 'cursor':
      return { ...choice, ...cursorMoved(shown, cursor, command.by, columns, whole) }
    case 'change': {
      const lane = laneShown(snapshot, choice)
      // What stands there was asked for in these columns; until it comes nothing is known of them.
      if (lane?.levels.length !== columns) return choice
      const by = toChange(lane, columnIn(shown, cursor, columns), command.by)
      return by === 0 ? choice : { ...choice, ...cursorMoved(shown, cursor, by, columns, whole) }
    }
    case 'lane': {
      const last = Math.max(0, listedLanes(snapshot, choice).length - 1)
      return { ...choice, lane: Math.min(last, Math.max(0, Math.min(choice.lane, last) + command.by)) }
    }
    case 'pin':
      return pinnedAnew(choice, snapshot)
  }
}

/** `g` in the timeline: as much is shown as was, around that time. */
export function goneTo(at: Instant, state: ScreenState, snapshot: Snapshot): TimelineChoice {
  const { from, to } = stretchShown(snapshot, state)
  return { ...state.timeline, cursor: at, stretch: centredOn(at, to - from, wholeOf(shownOf(snapshot, state))) }
}

/** The events of the lane in the column under the cursor. */
export function eventsOpened(state: ScreenState, { snapshot }: Stage): ScreenState {
  const selected = selectedNumber(snapshot, state)
  return laneShown(snapshot, state.timeline) === undefined
    ? state
    : {
        ...state,
        selected,
        pane: 'events',
        item: 0,
        timeline: { ...state.timeline, cursor: cursorShown(snapshot, state) },
      }
}

/** A note that is written over the timeline is about what is under its cursor. */
export const notedAt = (state: ScreenState, { snapshot }: Stage): Instant | undefined =>
  state.pane === 'timeline' || state.pane === 'events' ? cursorShown(snapshot, state) : undefined
