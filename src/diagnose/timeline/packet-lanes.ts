// Adverts: the flow in question, then the others of its VRID, then the rest.

import { openBins } from './bins.ts'
import type { Lane } from './lane.ts'
import { plainActor, type LaneQuestion } from './question.ts'

const flowsShown = 5

export function advertLanes({ scale, evidence, flows }: LaneQuestion): Lane[] {
  const { adverts, names } = evidence.store
  const [first] = flows
  const ranked = flows
    .toSorted(
      (a, b) =>
        Number(b === first) - Number(a === first) || Number(b.vrid === first?.vrid) - Number(a.vrid === first?.vrid),
    )
    .slice(0, flowsShown)
  const slices = adverts.slices(scale)
  return ranked.map((flow) => {
    const isTwin = flows.some((one) => one !== flow && one.source === flow.source && one.vrid === flow.vrid)
    const bins = openBins(
      {
        key: `advert ${flow.id}`,
        kind: 'advert',
        name: isTwin ? `${flow.link} ${flow.source}` : flow.source,
        sources: ['tcpdump'],
        isMoments: true,
      },
      scale,
    )
    const actor = bins.actor(0, () => ({ ...plainActor(`vrid ${flow.vrid}`), isSender: flow === first }))
    const link = names.find(flow.link)
    const source = names.find(flow.source)
    for (const { at, cells, from, to } of slices)
      for (let i = from; i < to; i++)
        if (cells.vrid[i] === flow.vrid && cells.source[i] === source && cells.link[i] === link)
          bins.moment(at[i] ?? 0, actor)
    return bins.lane()
  })
}
