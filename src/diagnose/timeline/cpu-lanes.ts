// Who had the CPUs: on the one or two that the sender runs on, switch by switch; and, where the probe adds it up, which
// processes used most time on all of them together.

import { kernelEngines } from '../../events/probe.ts'
import { leaveReasons } from '../../events/kernel.ts'
import { instantOf } from '../../time/instant.ts'
import { laneWithTooMuch, openBins, type Bins, type LaneHead } from './bins.ts'
import type { Lane } from './lane.ts'
import { endingIn, mostRows, processActor, rowsIn, type LaneQuestion } from './question.ts'

const cpusShown = 2
const workersShown = 3
const lookBack = 2e9
/** bpftrace tells of a CPU's switches only while a sender is on it or waits for it. */
const unwatchedNs = 10e6
/** -1 in a column of 16 bits: the probe did not say. */
const unknownCpu = 65_535
const preempted = leaveReasons.indexOf('preempted')

interface Owner {
  readonly at: number
  readonly tid: number
  readonly name: number
  /** The sender was driven off by it, so that the next switch is told, too. */
  readonly isWatched: boolean
}

export function ownerLanes(question: LaneQuestion): Lane[] {
  const { scale, evidence, tids } = question
  if (tids.size === 0) return []
  const { switches, names, cpuTimes } = evidence.store
  const head = (cpu: number | undefined): LaneHead => ({
    key: cpu === undefined ? 'cpu' : `cpu ${cpu}`,
    kind: 'cpu',
    name: cpu === undefined ? '' : String(cpu),
    sources: kernelEngines,
  })
  const slices = switches.slices({ from: instantOf(scale.from - lookBack), to: scale.to })
  if (rowsIn(slices) > mostRows) return [laneWithTooMuch(head(undefined), scale)]
  const counts = new Map<number, number>()
  for (const { cells, from, to } of slices)
    for (let i = from; i < to; i++) {
      if (!tids.has(cells.from[i] ?? 0) && !tids.has(cells.to[i] ?? 0)) continue
      const cpu = cells.cpu[i] ?? unknownCpu
      if (cpu === unknownCpu) continue
      counts.set(cpu, (counts.get(cpu) ?? 0) + 1)
    }
  const cpus = [...counts].toSorted((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, cpusShown)
  const bins = new Map<number, Bins>(cpus.map(([cpu]) => [cpu, openBins(head(cpu), scale)]))
  const owners = new Map<number, Owner>()
  const isPartial = cpuTimes.length > 0
  /** `leaving`: who gave the CPU away. Where that is another one, switches were left out in between. */
  const close = (cpu: number, until: number, leaving: number | undefined): void => {
    const owner = owners.get(cpu)
    const own = bins.get(cpu)
    if (owner === undefined || own === undefined || owner.tid === 0) return
    const isSender = tids.has(owner.tid)
    const isChained = leaving === undefined || leaving === owner.tid
    const isWatched = !isPartial || isSender || owner.isWatched
    const isWhole = (isChained && isWatched) || until - owner.at <= unwatchedNs
    const comm = names.textOf(owner.name)
    const actor = own.actor(owner.tid, () => ({ ...processActor(question, comm, owner.tid), isSender }))
    own.spread(owner.at, isWhole ? until : owner.at + unwatchedNs, actor)
  }
  for (const { at, cells, from, to } of slices)
    for (let i = from; i < to; i++) {
      const cpu = cells.cpu[i] ?? 0
      if (!bins.has(cpu)) continue
      const moment = at[i] ?? 0
      close(cpu, moment, cells.from[i])
      const isWatched = tids.has(cells.from[i] ?? 0) && cells.reason[i] === preempted
      owners.set(cpu, { at: moment, tid: cells.to[i] ?? 0, name: cells.toName[i] ?? 0, isWatched })
    }
  const until = Math.min(scale.to, switches.lastAt ?? scale.to)
  for (const cpu of bins.keys()) close(cpu, until, undefined)
  return [...bins.values()].filter((one) => !one.isEmpty).map((one) => one.lane())
}

const longestStretch = 2e9

/** The processes that used most CPU in the stretch, by the probe's own sums over a tenth of a second each. */
export function workLanes(question: LaneQuestion): Lane[] {
  const { scale, evidence } = question
  const { cpuTimes, names } = evidence.store
  const slices = endingIn(cpuTimes, scale, longestStretch)
  if (rowsIn(slices) > mostRows) return []
  const used = new Map<number, number>()
  for (const { cells, from, to } of slices)
    for (let i = from; i < to; i++) {
      const name = cells.commName[i] ?? 0
      used.set(name, (used.get(name) ?? 0) + (cells.onCpuNs[i] ?? 0))
    }
  const most = [...used].toSorted((a, b) => b[1] - a[1]).slice(0, workersShown)
  const bins = new Map(
    most.map(([name]) => {
      const comm = names.textOf(name)
      return [
        name,
        openBins({ key: `work ${comm}`, kind: 'work', name: comm, sources: ['bpftrace'], isCoarse: true }, scale),
      ]
    }),
  )
  for (const { at, cells, from, to } of slices)
    for (let i = from; i < to; i++) {
      const own = bins.get(cells.commName[i] ?? 0)
      if (own === undefined) continue
      const pid = cells.pid[i] ?? 0
      const actor = own.actor(pid, () => processActor(question, names.textOf(cells.commName[i] ?? 0), pid))
      const end = at[i] ?? 0
      const span = Math.max(1, cells.spanNs[i] ?? 1)
      own.spread(end - span, end, actor, (cells.onCpuNs[i] ?? 0) / span)
    }
  return [...bins.values()].filter((one) => !one.isEmpty).map((one) => one.lane())
}
