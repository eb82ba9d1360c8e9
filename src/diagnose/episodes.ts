// What belongs together: one stall often makes several late adverts (a throttled sender is late again and again, a stopped
// host delays every flow), and counting them one by one would take one bad minute for many faults.
//
//   adverts  |  |  |      L|   L|  |  |  |        L|  |        L: late
//   episode           [========]          [======]             the next one is due within ten intervals of the last

import { spanOf, type Span, type Window } from '../time/instant.ts'

const intervalsBetween = 10

/** How long it must have been quiet before the next late advert is another fault. */
export const restOf = (intervals: readonly Span[]): Span => spanOf(intervalsBetween * Math.max(0, ...intervals))

/** `windowOf`: from due to sent. Groups and members are in order of time. */
export function episodesOf<T>(late: readonly T[], windowOf: (one: T) => Window, rest: Span): T[][] {
  const ordered = late
    .map((one) => ({ one, window: windowOf(one) }))
    .toSorted((a, b) => a.window.from - b.window.from || a.window.to - b.window.to)
  const groups: T[][] = []
  let end = -Infinity
  for (const { one, window } of ordered) {
    const group = groups.at(-1)
    if (group !== undefined && window.from <= end + rest) group.push(one)
    else groups.push([one])
    end = group === undefined ? window.to : Math.max(end, window.to)
  }
  return groups
}
