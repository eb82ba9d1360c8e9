// What a whole session has to be held against: every advert's time, what is started at regular times, on which CPU the
// senders ran. Values only, so that a finished session outlives its store.

import { processChanges } from '../../events/kernel.ts'
import { instantOf, spanOf, type Instant, type Span } from '../../time/instant.ts'
import type { Store } from '../../store/store.ts'
import { advertsOf } from '../explain/risk-windows.ts'
import type { Evidence } from '../evidence.ts'
import type { Flow } from '../finding.ts'

/** A program that is started again and again, always after the same time. */
export interface Timer {
  readonly name: string
  readonly period: Span
}

/** From `at` on. */
export interface OnCpu {
  readonly at: Instant
  readonly cpu: number
}

export interface Track {
  readonly flow: string
  readonly adverts: readonly Instant[]
  readonly senderPid: number | undefined
  readonly cpus: readonly OnCpu[]
}

export interface Background {
  /** One for each flow. */
  readonly tracks: readonly Track[]
  readonly timers: readonly Timer[]
}

export const trackOf = (background: Background, flow: string): Track | undefined =>
  background.tracks.find((one) => one.flow === flow)

const everything = { from: instantOf(-Infinity), to: instantOf(Infinity) }
const fewestStarts = 5
const timersKept = 8
const cpusKept = 10_000

function startsOf(store: Store): Map<number, number[]> {
  const exec = processChanges.indexOf('exec')
  const starts = new Map<number, number[]>()
  for (const { at, cells, from, to } of store.processes.slices(everything))
    for (let i = from; i < to; i++) {
      if (cells.change[i] !== exec) continue
      const name = cells.detailName[i] ?? 0
      const known = starts.get(name)
      if (known === undefined) starts.set(name, [at[i] ?? 0])
      else known.push(at[i] ?? 0)
    }
  return starts
}

/** `/usr/bin/rsync` is rsync. */
const programOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/** Four of five gaps within a tenth of the middle one. */
function periodOf(starts: readonly number[]): Span | undefined {
  if (starts.length < fewestStarts) return undefined
  const gaps = starts.slice(1).map((at, i) => at - (starts[i] ?? 0))
  const median = gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length / 2)] ?? 0
  const regular = gaps.filter((gap) => Math.abs(gap - median) <= 0.1 * median)
  if (median <= 0 || regular.length < 0.8 * gaps.length) return undefined
  return spanOf(regular.reduce((sum, gap) => sum + gap, 0) / regular.length)
}

function timersOf(store: Store): Timer[] {
  return [...startsOf(store)]
    .toSorted((a, b) => b[1].length - a[1].length)
    .flatMap(([name, starts]): Timer[] => {
      const period = periodOf(starts)
      return period === undefined ? [] : [{ name: programOf(store.names.textOf(name)), period }]
    })
    .slice(0, timersKept)
}

function cpusOf(store: Store, pid: number): OnCpu[] {
  const found: OnCpu[] = []
  for (const { at, cells, from, to } of store.threads.slices(everything))
    for (let i = from; i < to && found.length < cpusKept; i++) {
      const cpu = cells.cpu[i] ?? 0
      if (cells.tid[i] === pid && found.at(-1)?.cpu !== cpu) found.push({ at: instantOf(at[i] ?? 0), cpu })
    }
  return found
}

export function backgroundOf(flows: readonly Flow[], evidence: Evidence): Background {
  const tracks = flows.map((flow): Track => {
    const senderPid = evidence.senderOf(flow)?.pid
    const cpus = senderPid === undefined ? [] : cpusOf(evidence.store, senderPid)
    return { flow: flow.id, adverts: advertsOf(flow, evidence), senderPid, cpus }
  })
  return { tracks, timers: timersOf(evidence.store) }
}
