// Disks: a row of iostat is drawn over the whole second that it covers, a request over the time that it took.

import { openBins, type Bins } from './bins.ts'
import type { Lane } from './lane.ts'
import { endingIn, mostRows, plainActor, processActor, rowsIn, type LaneQuestion } from './question.ts'

const disksShown = 3
const longestRow = 10e9
const longestRequest = 30e9

function rated(lane: Lane): number {
  return lane.levels.reduce((sum, level) => sum + level, 0)
}

const busiest = (bins: Iterable<Bins>): Lane[] =>
  [...bins]
    .filter((one) => !one.isEmpty)
    .map((one) => one.lane())
    .toSorted((a, b) => rated(b) - rated(a))
    .slice(0, disksShown)

function perDevice(kind: 'disk' | 'block', { scale, evidence }: LaneQuestion): (device: number) => Bins {
  const all = new Map<number, Bins>()
  return (device) => {
    const known = all.get(device)
    if (known !== undefined) return known
    const name = evidence.store.names.textOf(device)
    const isCoarse = kind === 'disk'
    const sources = isCoarse ? (['iostat'] as const) : (['bpftrace'] as const)
    const bins = openBins({ key: `${kind} ${name}`, kind, name, sources, isCoarse }, scale)
    all.set(device, bins)
    return bins
  }
}

function utilisationLanes(question: LaneQuestion): Lane[] {
  const { scale, evidence } = question
  const binsOf = perDevice('disk', question)
  const seen = new Set<Bins>()
  for (const { at, cells, from, to } of endingIn(evidence.store.disks, scale, longestRow))
    for (let i = from; i < to; i++) {
      const share = (cells.utilisation[i] ?? 0) / 100
      if (!(share > 0.001)) continue
      const bins = binsOf(cells.deviceName[i] ?? 0)
      seen.add(bins)
      const end = at[i] ?? 0
      const awaits = [cells.readAwaitMs[i], cells.writeAwaitMs[i], cells.flushAwaitMs[i]].map((ms) => ms ?? 0)
      const awaitMs = Math.max(...awaits.map((ms) => (Number.isNaN(ms) ? 0 : ms)))
      const what = `util ${(100 * share).toFixed(0)} %, await ${awaitMs.toFixed(1)} ms`
      bins.spread(
        end - (cells.spanNs[i] ?? 1e9),
        end,
        bins.actor(what, () => plainActor(what)),
        Math.min(1, share),
      )
    }
  return busiest(seen)
}

function requestLanes(question: LaneQuestion): Lane[] {
  const { scale, evidence } = question
  const { blockRequests, names } = evidence.store
  const slices = endingIn(blockRequests, scale, longestRequest)
  if (rowsIn(slices) > mostRows) return []
  const binsOf = perDevice('block', question)
  const seen = new Set<Bins>()
  for (const { at, cells, from, to } of slices)
    for (let i = from; i < to; i++) {
      const bins = binsOf(cells.deviceName[i] ?? 0)
      seen.add(bins)
      const end = at[i] ?? 0
      const pid = cells.pid[i] ?? 0
      const actor = bins.actor(pid, () => processActor(question, names.textOf(cells.commName[i] ?? 0), pid))
      bins.spread(end - (cells.latencyNs[i] ?? 0), end, actor)
    }
  return busiest(seen)
}

export const diskLanes = (question: LaneQuestion): Lane[] => [...utilisationLanes(question), ...requestLanes(question)]
