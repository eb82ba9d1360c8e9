// Where things stand in the timeline: labels at the left, the time axis, and on wide terminals what is under the cursor at
// the right.
//
//   CPU 3          ███████████████████▃▃▃▃▃▃▃▃  stress-ng (4711) 98 %
//   └─ label ────┘ └─ columns ───────────────┘  └─ aside ───────────┘

import { mostColumns } from '../../diagnose/timeline/lane.ts'

export interface TimelineLayout {
  readonly label: number
  readonly columns: number
  /** 0: nothing stands there. */
  readonly aside: number
}

export function layoutOf(width: number): TimelineLayout {
  const label = width < 60 ? 9 : width < 100 ? 15 : 24
  const aside = width < 130 ? 0 : Math.min(56, Math.floor(width * 0.24))
  const columns = Math.max(8, Math.min(mostColumns, width - label - 2 - (aside === 0 ? 0 : aside + 2)))
  return { label, columns, aside }
}
