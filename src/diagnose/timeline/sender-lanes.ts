// What the sender did: the states of its main thread, its calls, what the sampler saw of it.

import { kernelEngines } from '../../events/probe.ts'
import { leaveReasons } from '../../events/kernel.ts'
import { instantOf, type Window } from '../../time/instant.ts'
import type { Evidence, FlowSender } from '../evidence.ts'
import { pointers, waiting } from '../call-facts.ts'
import { laneWithTooMuch, openBins, type Bins, type LaneHead } from './bins.ts'
import type { Lane } from './lane.ts'
import { endingIn, mostRows, plainActor, rowsIn, type LaneQuestion } from './question.ts'

/** What keeps a thread off its CPU without its own will is drawn high, sleep as a thin line. */
const heights: Readonly<Record<(typeof leaveReasons)[number], number>> = {
  unknown: 0.3,
  preempted: 0.8,
  sleeping: 0.1,
  uninterruptible: 0.9,
  stopped: 1,
  traced: 1,
  dead: 0,
}
const reasonNames: Readonly<Record<(typeof leaveReasons)[number], string>> = {
  unknown: 'off the CPU',
  preempted: 'ready, without a CPU',
  sleeping: 'asleep',
  uninterruptible: 'in uninterruptible sleep',
  stopped: 'stopped by a signal',
  traced: 'stopped by a tracer',
  dead: 'gone',
}

const lookBack = 60e9

function wakeupsOf(tid: number, window: Window, evidence: Evidence): number[] {
  return evidence.store.wakeups.slices(window).flatMap(({ at, cells, from, to }) => {
    const found: number[] = []
    for (let i = from; i < to; i++) if (cells.tid[i] === tid) found.push(at[i] ?? 0)
    return found
  })
}

/** Of its main thread, from the switches away from it and back to it. */
function stateLane({ scale, evidence, sender }: LaneQuestion): Lane[] {
  if (sender === undefined) return []
  const head: LaneHead = { key: 'state', kind: 'state', name: sender.name, sources: kernelEngines }
  const slices = evidence.store.switches.slices({ from: instantOf(scale.from - lookBack), to: scale.to })
  if (rowsIn(slices) > mostRows) return [laneWithTooMuch(head, scale)]
  const bins = openBins(head, scale)
  let left: { readonly at: number; readonly reason: (typeof leaveReasons)[number] } | undefined
  let came: number | undefined
  const off = (until: number): void => {
    if (left === undefined) return
    const { at, reason } = left
    bins.spread(
      at,
      until,
      bins.actor(reason, () => plainActor(reasonNames[reason])),
      heights[reason],
    )
    left = undefined
  }
  const on = (until: number): void => {
    if (came !== undefined)
      bins.spread(
        came,
        until,
        bins.actor('running', () => ({ ...plainActor('running'), isSender: true })),
        0.5,
      )
    came = undefined
  }
  const woken = wakeupsOf(sender.pid, { from: instantOf(scale.from - lookBack), to: scale.to }, evidence)
  let next = 0
  /** Since it was woken it is ready, and has no CPU. */
  const wake = (until: number): void => {
    for (; (woken[next] ?? Infinity) < until; next++) {
      const at = woken[next] ?? 0
      if (left === undefined || at < left.at || left.reason === 'preempted') continue
      off(at)
      left = { at, reason: 'preempted' }
    }
  }
  for (const { at, cells, from, to } of slices)
    for (let i = from; i < to; i++) {
      const moment = at[i] ?? 0
      if (cells.to[i] !== sender.pid && cells.from[i] !== sender.pid) continue
      wake(moment)
      if (cells.to[i] === sender.pid) {
        off(moment)
        came = moment
      } else {
        on(moment)
        off(moment)
        left = { at: moment, reason: leaveReasons[cells.reason[i] ?? 0] ?? 'unknown' }
      }
    }
  // What is still so at the end of what was told lasts no longer than that.
  const until = Math.min(scale.to, evidence.store.beats.lastAt ?? scale.to)
  wake(until)
  off(until)
  on(until)
  return bins.isEmpty ? [] : [bins.lane()]
}

const longestCall = 60e9

/** Calls that do not wait by nature: those of the sender, and the slow ones of everybody else. */
function callLanes(question: LaneQuestion): Lane[] {
  const { scale, evidence, sender, tids } = question
  const { calls, names } = evidence.store
  const ownHead: LaneHead = { key: 'call', kind: 'call', name: sender?.name ?? '', sources: kernelEngines }
  const slowHead: LaneHead = { key: 'slow', kind: 'slow', name: '', sources: kernelEngines }
  const slices = endingIn(calls, scale, longestCall)
  if (rowsIn(slices) > mostRows) return [ownHead, slowHead].map((head) => laneWithTooMuch(head, scale))
  const own = openBins(ownHead, scale)
  const slow = openBins(slowHead, scale)
  const waits = new Set([...waiting, 'ioctl'].map((name) => names.find(name)))
  for (const { at, cells, from, to } of slices)
    for (let i = from; i < to; i++) {
      const latency = cells.latencyNs[i] ?? Number.NaN
      const end = at[i] ?? 0
      const call = cells.callName[i] ?? 0
      if (!(latency > 0) || end - latency > scale.to) continue
      const isOwn = tids.has(cells.tid[i] ?? 0)
      if (waits.has(call as never) || (!isOwn && latency < slowNs)) continue
      const bins = isOwn ? own : slow
      const file = cells.fileName[i] ?? 0
      const pid = cells.pid[i] ?? 0
      const id = isOwn ? call * 2 ** 24 + file : `${pid} ${call} ${file}`
      const actor = bins.actor(id, () => {
        const path = names.textOf(file).replace(pointers, '')
        const what = `${names.textOf(call)}${path === '' ? '' : ` of ${path}`}`
        return isOwn
          ? { name: what, isSender: true, isOurs: false }
          : {
              name: `${names.textOf(cells.commName[i] ?? 0)} (${pid}): ${what}`,
              isSender: false,
              isOurs: evidence.isOurs(pid),
            }
      })
      bins.spread(end - latency, end, actor)
    }
  return [own, slow].filter((bins) => !bins.isEmpty).map((bins) => bins.lane())
}
const slowNs = 10e6

const stateNames: Readonly<Record<string, readonly [name: string, height: number]>> = {
  R: ['R, running or ready', 0.5],
  S: ['S, asleep', 0.1],
  D: ['D, in uninterruptible sleep', 0.9],
  T: ['T, stopped', 1],
  t: ['t, traced', 1],
  I: ['I, idle', 0.1],
  Z: ['Z, a zombie', 1],
}
/** Samples further apart than this say nothing of the time between. */
const longestStep = 2e9

/** Ten times a second: the state of its main thread, and how much of the time since the last sample it waited for a CPU. */
function sampleLanes({ scale, evidence, sender }: LaneQuestion): Lane[] {
  if (sender === undefined) return []
  const state = openBins({ key: 'sampled', kind: 'sample', name: 'state', sources: ['host'], isCoarse: true }, scale)
  const delay = openBins(
    { key: 'run-delay', kind: 'sample', name: 'run delay', sources: ['host'], isCoarse: true },
    scale,
  )
  let last: { readonly at: number; readonly runDelayNs: number } | undefined
  const around = { from: instantOf(scale.from - longestStep), to: instantOf(scale.to + longestStep) }
  for (const { at, cells, from, to } of evidence.store.threads.slices(around))
    for (let i = from; i < to; i++) {
      if (cells.tid[i] !== sender.pid) continue
      const moment = at[i] ?? 0
      const runDelayNs = cells.runDelayNs[i] ?? 0
      const [name, height] = stateNames[String.fromCharCode(cells.state[i] ?? 0)] ?? ['another state', 0.5]
      if (last !== undefined && moment > last.at && moment - last.at < longestStep) {
        state.spread(
          last.at,
          moment,
          state.actor(name, () => plainActor(name)),
          height,
        )
        const share = Math.min(1, (runDelayNs - last.runDelayNs) / (moment - last.at))
        // Below a hundredth is what every thread waits.
        if (share >= 0.01)
          delay.spread(
            last.at,
            moment,
            delay.actor(0, () => plainActor('waited for a CPU')),
            share,
          )
      }
      last = { at: moment, runDelayNs }
    }
  return [state, delay].filter((bins) => !bins.isEmpty).map((bins) => bins.lane())
}

/** Where nobody told which are its own, as in an imported capture, any may be. */
export function ownCgroups(sender: FlowSender | undefined, evidence: Evidence): (path: number) => boolean {
  const paths = sender === undefined ? [] : evidence.cgroupsOf?.(sender.pid)
  if (paths === undefined) return () => true
  const own = new Set<number | undefined>(paths.map((path) => evidence.store.names.find(path)))
  return (path) => own.has(path)
}

/** Of its own cgroups alone: frozen, or throttled for so much of the time since the last sample. */
function cgroupLanes({ scale, evidence, sender }: LaneQuestion): Lane[] {
  const { names } = evidence.store
  const isOwn = ownCgroups(sender, evidence)
  const open = (name: string): Bins =>
    openBins({ key: name, kind: 'sample', name, sources: ['host'], isCoarse: true }, scale)
  const [frozen, throttled] = [open('frozen'), open('throttled')]
  const last = new Map<number, { readonly at: number; readonly throttledNs: number }>()
  const around = { from: instantOf(scale.from - longestStep), to: instantOf(scale.to + longestStep) }
  for (const { at, cells, from, to } of evidence.store.cgroups.slices(around))
    for (let i = from; i < to; i++) {
      const path = cells.pathName[i] ?? 0
      if (!isOwn(path)) continue
      const moment = at[i] ?? 0
      const throttledNs = cells.throttledNs[i] ?? 0
      const before = last.get(path)
      last.set(path, { at: moment, throttledNs })
      if (before === undefined || moment <= before.at || moment - before.at >= longestStep) continue
      const actorIn = (bins: Bins): number => bins.actor(path, () => plainActor(names.textOf(path)))
      if (cells.frozen[i] === 1) frozen.spread(before.at, moment, actorIn(frozen))
      const share = Math.min(1, (throttledNs - before.throttledNs) / (moment - before.at))
      if (share >= 0.01) throttled.spread(before.at, moment, actorIn(throttled), share)
    }
  return [frozen, throttled].filter((bins) => !bins.isEmpty).map((bins) => bins.lane())
}

export const senderLanes = (question: LaneQuestion): Lane[] => [
  ...stateLane(question),
  ...callLanes(question),
  ...sampleLanes(question),
  ...cgroupLanes(question),
]
