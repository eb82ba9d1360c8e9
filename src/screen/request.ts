// What the session is asked for: the window that is looked at, the one beside it, the stretch of the timeline. Only what
// is drawn, so that nobody counts what nobody sees.

import type { TimelineRequest } from '../diagnose/timeline/lane.ts'
import type { Snapshot, SnapshotRequest } from '../engine/snapshot.ts'
import type { Size } from './cells.ts'
import { selectedNumber, wantedLate, type ScreenState } from './state.ts'
import { layoutOf } from './timeline/layout.ts'
import { cursorShown, laneShown, stretchShown } from './timeline/moves.ts'
import { columnIn, columnWindow } from './timeline/stretch.ts'

/** From this size on the overview has room for a timeline. */
export const hasBriefTimeline = ({ columns, rows }: Size): boolean => columns >= 110 && rows >= 38

function eventsWanted(latest: Snapshot, state: ScreenState, columns: number): TimelineRequest['events'] {
  const lane = laneShown(latest, state.timeline)
  if (lane === undefined) return undefined
  const shown = stretchShown(latest, state)
  const column = columnIn(shown, cursorShown(latest, state), columns)
  return { lane: lane.key, ...columnWindow(shown, column, columns) }
}

function timelineWanted(latest: Snapshot, state: ScreenState, size: Size): TimelineRequest | undefined {
  const isPane = state.pane === 'timeline' || state.pane === 'events'
  const isBrief = state.pane === 'overview' && hasBriefTimeline(size) && selectedNumber(latest, state) !== undefined
  if (!isPane && !isBrief) return undefined
  const { columns } = layoutOf(size.columns - 1)
  const { from, to } = stretchShown(latest, state)
  return { from, to, columns, ...(state.pane === 'events' ? { events: eventsWanted(latest, state, columns) } : {}) }
}

export function requestOf(latest: Snapshot, state: ScreenState, size: Size): SnapshotRequest {
  const timeline = timelineWanted(latest, state, size)
  return {
    late: wantedLate(latest, state),
    ...(state.pane === 'compare' ? { beside: state.marked } : {}),
    ...(timeline === undefined ? {} : { timeline }),
  }
}
