// The options of `whylate compare` and what its help says.

import type { Span } from '../time/instant.ts'

export interface CompareOptions {
  readonly vrid?: number
  readonly interval?: Span
  readonly late?: Span
  readonly budget: number
  readonly json?: boolean
  readonly quiet?: boolean
}

export const compareHelp = `
Example: whylate compare before.whylate after.whylate.tgz

Late adverts that follow each other within ten intervals count as one time. Better and worse are said only where chance
alone would make such a difference in less than one of twenty cases; else it says how long to record on.

Cost to the host: one core while it reads, and the memory of --budget. Needs neither root nor any of the tools.

Exit codes: 0 nothing was late in the second; 10 something was; 2 wrong usage, or no router is heard in both; 4 a bundle is
damaged or of an unknown version; 1 a defect of whylate.`
