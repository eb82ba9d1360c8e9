// The host as a whole, ten times a second: how long somebody waited for a CPU, a disk, memory (pressure stall).

import { instantOf } from '../../time/instant.ts'
import { openBins } from './bins.ts'
import type { Lane } from './lane.ts'
import { plainActor, type LaneQuestion } from './question.ts'

const measures = [
  ['cpu', 'cpuSomeUs', 'somebody waited for a CPU'],
  ['disk', 'ioSomeUs', 'somebody waited for a disk'],
  ['memory', 'memorySomeUs', 'somebody waited for memory'],
] as const
/** Below this it is what every host has. */
const least = 0.02
const longestStep = 2e9

export function pressureLanes({ scale, evidence }: LaneQuestion): Lane[] {
  const around = { from: instantOf(scale.from - longestStep), to: instantOf(scale.to + longestStep) }
  const slices = evidence.store.pressure.slices(around)
  return measures.flatMap(([name, column, what]): Lane[] => {
    const bins = openBins({ key: `pressure ${name}`, kind: 'pressure', name, sources: ['host'], isCoarse: true }, scale)
    const actor = bins.actor(0, () => plainActor(what))
    let last: { readonly at: number; readonly us: number } | undefined
    for (const { at, cells, from, to } of slices)
      for (let i = from; i < to; i++) {
        const moment = at[i] ?? 0
        const us = cells[column][i] ?? Number.NaN
        if (last !== undefined && moment > last.at && moment - last.at < longestStep) {
          const share = ((us - last.us) * 1000) / (moment - last.at)
          if (share >= least) bins.spread(last.at, moment, actor, Math.min(1, share))
        }
        last = { at: moment, us }
      }
    return bins.isEmpty ? [] : [bins.lane()]
  })
}
