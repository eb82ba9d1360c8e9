// The timeline that the screen looks at: made anew when another stretch is asked for, or when more may have come to it.

import type { Evidence } from '../diagnose/evidence.ts'
import type { Flow, LateAdvert } from '../diagnose/finding.ts'
import type { Timeline, TimelineRequest } from '../diagnose/timeline/lane.ts'
import { timelineOf } from '../diagnose/timeline/timeline.ts'
import { second, type Instant } from '../time/instant.ts'

export interface Timelines {
  of(request: TimelineRequest | undefined, late: LateAdvert | undefined, now: Instant): Timeline | undefined
}

/** A call may end, and only then be told, so long after the stretch in which it began. */
const changesFor = 61 * second
const refreshedAfter = second

export function createTimelines(evidence: Evidence, flows: () => readonly Flow[]): Timelines {
  let made: { readonly key: string; readonly at: Instant; readonly timeline: Timeline | undefined } | undefined
  return {
    of(request, late, now) {
      if (request === undefined) return undefined
      const key = JSON.stringify([request, late?.number, late?.wire])
      const isOld = made !== undefined && now - made.at >= refreshedAfter && made.at < request.to + changesFor
      if (made === undefined || made.key !== key || isOld || now < made.at)
        made = { key, at: now, timeline: timelineOf(request, late, flows(), evidence) }
      return made.timeline
    },
  }
}
