// All late adverts together, in the sentences of the report: below the list of them.
//
//   3 of 4 late adverts: sender-stopped, by stopfor (2); 87 % of the lateness.

import { wrap } from '../report/display-width.ts'
import { overallSentences } from '../report/overall.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { cell, type Row } from './cells.ts'

/** None of a single late advert: its verdict says it all. */
export function overallRows({ overall, flows, late }: Snapshot, width: number): Row[] {
  if (overall === undefined || late.length < 2) return []
  return overallSentences(overall, flows).flatMap((sentence, index) =>
    wrap(sentence, width - 4).map((line, more) => [
      cell(more === 0 ? '  = ' : '    ', 'title'),
      cell(line, index === 0 ? 'strong' : 'plain'),
    ]),
  )
}
