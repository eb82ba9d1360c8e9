// What the kernel engine lost, told in blind.ndjson of a flight recording as it was seen live.
//
//   lines of CPU 0   41 42 43 44 | 45 46        … left out …
//   lines of CPU 1   17 18 ✗  ✗  | ✗  22        the hole shows with 22, behind the stretch that was written
//
// A loss shows in the numbers around it. Whoever reads only what was kept sees one of them, and takes the silence for silence.
// The recorder's own engine heard everything, so it is what tells.

import { isLossSpot } from '../../events/loss-spot.ts'
import { isKernelEngine, type BlindSpot } from '../../events/probe.ts'
import { instantOf, second, type Instant } from '../../time/instant.ts'

export interface KernelLosses {
  /** The newest blind spots of the session, oldest first: a snapshot has them. */
  look(spots: readonly BlindSpot[], now: Instant): void
  /** Nothing more is heard. */
  end(): void
}

/** A loss that goes on is one spot, as long as its parts are no further apart. */
const settlesAfter = 2.5 * second
/** One by one only so many at a time. */
const mostAtOnce = 10

const keyOf = ({ source, from, reason }: BlindSpot): string => `${source} ${from} ${reason}`

export function createKernelLosses(tell: (spot: BlindSpot) => void): KernelLosses {
  /** Up to where each has been told. */
  let told = new Map<string, Instant>()
  let waiting: BlindSpot[] = []
  let toldAt = -Infinity

  function tellAll(spots: readonly BlindSpot[]): void {
    for (const spot of spots) told.set(keyOf(spot), spot.to ?? spot.from)
    if (spots.length <= mostAtOnce) {
      spots.forEach(tell)
      return
    }
    for (const source of new Set(spots.map((spot) => spot.source))) {
      const of = spots.filter((spot) => spot.source === source)
      const from = instantOf(Math.min(...of.map((spot) => spot.from)))
      const to = instantOf(Math.max(...of.map((spot) => spot.to ?? spot.from)))
      tell({ source, from, to, reason: `${source} lost events in ${of.length} places`, remedy: undefined })
    }
  }

  return {
    look(spots, now) {
      const closed = spots.filter((spot) => isLossSpot(spot) && isKernelEngine(spot.source) && spot.part === undefined)
      // What a snapshot does not hold any more is not asked about again.
      const keys = new Set(closed.map(keyOf))
      told = new Map([...told].filter(([key]) => keys.has(key)))
      const isTold = (spot: BlindSpot): boolean => (told.get(keyOf(spot)) ?? -Infinity) >= (spot.to ?? spot.from)
      const fresh = closed.filter((spot) => !isTold(spot))
      const gone = waiting.filter((spot) => !keys.has(keyOf(spot)))
      waiting = [...gone, ...fresh]
      if (now - toldAt < second && now >= toldAt) return
      toldAt = now
      const isSettled = (spot: BlindSpot): boolean => now - (spot.to ?? spot.from) > settlesAfter
      tellAll(waiting.filter(isSettled))
      waiting = waiting.filter((spot) => !isSettled(spot))
    },
    end() {
      tellAll(waiting)
      waiting = []
    },
  }
}
