// A stretch of time in as many columns as a screen has: lanes below each other, in each column how much there was and whose
// it mostly was. Small, whatever the stretch holds: it is what the screen gets instead of the events.
//
//   adverts     ┃    ┃    ┃                   ┃    moments: any in the column
//   calls       ▁▁▁▁▁▁▁▁▁▁█████████████████▁▁▁     shares: how much of the column; who: `sendto of /dev/log`
//   sda ≈       ▃▃▃▃▃▃▃▃▃▃▇▇▇▇▇▇▇▇▇▇▃▃▃▃▃▃▃▃▃▃     coarse: one value over the whole second that it was measured in

import type { ProbeName } from '../../events/probe.ts'
import type { Instant, Window } from '../../time/instant.ts'

export const laneKinds = [
  'advert',
  'state',
  'call',
  'cpu',
  'sample',
  'signal',
  'life',
  'slow',
  'work',
  'disk',
  'block',
  'pressure',
] as const
export type LaneKind = (typeof laneKinds)[number]

/** Raw names: escape when shown. */
export interface LaneActor {
  readonly name: string
  readonly isSender: boolean
  readonly isOurs: boolean
}

export interface Lane {
  /** The same for the same lane of every stretch: it can be pinned. */
  readonly key: string
  readonly kind: LaneKind
  /** What tells it from others of its kind: a device, an address, a CPU. Raw. */
  readonly name: string
  /** Whose blind spots hide it. */
  readonly sources: readonly ProbeName[]
  readonly isMoments: boolean
  /** Good only to its probe's interval. */
  readonly isCoarse: boolean
  /** One a column, 0 to 255. */
  readonly levels: Uint8Array
  /** One a column: 1 + index of the actor that had most of it; 0 for nobody. */
  readonly who: Uint8Array
  readonly actors: readonly LaneActor[]
  /** There is too much in this stretch to look at all of it: nothing is drawn. */
  readonly isTooMuch: boolean
}

export interface TimelineRequest {
  readonly from: Instant
  readonly to: Instant
  readonly columns: number
  /** The lane of which the single events between `from` and `to` are wanted. */
  readonly events?: { readonly lane: string; readonly from: Instant; readonly to: Instant } | undefined
}

/** One event with all its fields. Raw texts: escape when shown. */
export interface LaneEvent {
  readonly window: Window
  readonly title: string
  readonly fields: readonly (readonly [name: string, value: string])[]
}

export interface Timeline extends Window {
  readonly columns: number
  readonly lanes: readonly Lane[]
  /** What the sender of these lanes is called; undefined where it is not known. */
  readonly sender: string | undefined
  /** Of the lane and the stretch that were asked for. */
  readonly events: LaneEvents | undefined
}

export interface LaneEvents extends Window {
  readonly lane: string
  readonly listed: readonly LaneEvent[]
  /** How many there are besides. */
  readonly more: number
}

/** No screen is wider, and no request may be. */
export const mostColumns = 512
