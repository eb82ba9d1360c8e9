// A session that is over, whoever made it: files of others, a bundle. What every report is made from.

import type { Flow, Overdue, WindowView } from '../diagnose/finding.ts'
import { backgroundOf, type Background } from '../diagnose/overall/background.ts'
import type { Mark } from '../events/mark.ts'
import type { BlindSpot } from '../events/probe.ts'
import type { Epoch, Instant } from '../time/instant.ts'
import type { Engine } from './engine.ts'
import type { Guest } from './kernels/guests.ts'
import type { ProbeView } from './snapshot.ts'

export type Vantage = 'host' | 'guest' | 'netns' | 'imported'

export interface FinishedSession {
  readonly origin: Epoch
  /** Where it was captured; empty when nothing says so. */
  readonly host: string
  readonly vantage: Vantage
  /** First and last packet. */
  readonly from: Instant
  readonly to: Instant
  readonly probes: readonly ProbeView[]
  readonly flows: readonly Flow[]
  /** Those of this host, by name. */
  readonly guests: readonly Guest[]
  /** One for each late advert, oldest first. */
  readonly windows: readonly WindowView[]
  /** Due, and not come when the capture ended. */
  readonly overdue: readonly Overdue[]
  /** The operator's notes, oldest first. */
  readonly marks: readonly Mark[]
  readonly blindSpots: readonly BlindSpot[]
  /** What all late adverts together are held against. */
  readonly background: Background
}

export interface Frame {
  readonly origin: Epoch
  readonly host: string
  readonly vantage: Vantage
  readonly from: Instant
  readonly to: Instant
  readonly overdue: readonly Overdue[]
  /** Undefined: it can hold none. */
  readonly marks?: readonly Mark[]
}

const later = (a: Instant, b: Instant): Instant => (a > b ? a : b)

/** It is over: what was not seen until now was not seen until its end. */
function closed<T extends BlindSpot>(spot: T, to: Instant): T {
  return { ...spot, to: spot.to ?? later(spot.from, to) }
}

function closedView(view: WindowView, to: Instant): WindowView {
  const { explanation, blindSpots } = view
  return {
    ...view,
    blindSpots: blindSpots.map((spot) => closed(spot, to)),
    explanation:
      explanation === undefined
        ? undefined
        : { ...explanation, blindSpots: explanation.blindSpots.map((spot) => closed(spot, to)) },
  }
}

/** `engine` has had all its input, and its `end`. */
export function finishedSessionOf(engine: Engine, frame: Frame): FinishedSession {
  const windows = engine.late.flatMap(({ number }) => {
    const view = engine.snapshot({ late: number }).selected
    return view === undefined ? [] : [closedView(view, frame.to)]
  })
  const { probes, flows } = engine.snapshot({ late: 0 })
  return {
    ...frame,
    marks: frame.marks ?? [],
    probes,
    flows,
    guests: engine.guests().toSorted((a, b) => a.name.localeCompare(b.name) || a.pid - b.pid),
    windows: windows.toSorted((a, b) => a.late.at - b.late.at),
    blindSpots: engine.evidence.blindSpots.map((spot) => closed(spot, frame.to)),
    background: backgroundOf(flows, engine.evidence),
  }
}
