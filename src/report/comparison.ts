// Was it better after the fix? Two finished recordings side by side: how often, how late, by which causes, and whether
// the second is long enough to say so.
//
// Only routers that speak in both are judged: a backup that was never heard afterwards proves nothing.

import { episodesOf, isLateness, type Episode } from './episodes.ts'
import { chanceOfFewer, lengthToTell } from './rate-test.ts'
import { latenessMs } from './report-number.ts'
import type { Report, ReportFlow, ReportLate } from './report-shape.ts'

export const comparisonSchema = 'whylate.compare/1'

export interface Side {
  readonly from: string
  readonly to: string
  readonly host: string
  readonly hours: number
  readonly adverts: number
  readonly late: number
  /** Late adverts that follow each other are one episode. */
  readonly episodes: number
  readonly episodesPerHour: number
  /** Due, and not come when the recording ended: each counts as an episode of its own. */
  readonly overdue: number
  readonly lost: number
  readonly rearmed: number
  readonly takeovers: number
  /** Of the late adverts; null where none was late. */
  readonly overrunMs: { readonly median: number; readonly p95: number; readonly worst: number } | null
  readonly totalLateMs: number
}

export interface CauseChange {
  readonly cause: string
  readonly change: 'gone' | 'fewer' | 'same' | 'more' | 'new'
  readonly before: { readonly episodes: number; readonly late: number; readonly lateMs: number }
  readonly after: { readonly episodes: number; readonly late: number; readonly lateMs: number }
}

export interface FlowChange {
  readonly vrid: number
  readonly family: 4 | 6
  readonly source: string
  readonly adverts: readonly [before: number, after: number]
  readonly late: readonly [before: number, after: number]
  readonly driftMs: readonly [before: number, after: number]
}

export type Answer = 'better' | 'worse' | 'no-change' | 'too-short' | 'nothing-late'

export interface Comparison {
  readonly schema: typeof comparisonSchema
  readonly answer: Answer
  /** Chance of the difference, or a larger one, had nothing changed; one-sided mid-p. */
  readonly p: number
  /** How many hours without a late advert the second needs before it can be called better; null where it is already, or never. */
  readonly hoursNeeded: number | null
  readonly before: Side
  readonly after: Side
  readonly causes: readonly CauseChange[]
  readonly flows: readonly FlowChange[]
  /** Routers that speak in one recording only. */
  readonly onlyBefore: readonly string[]
  readonly onlyAfter: readonly string[]
}

/** A chance of one in twenty is not called a change. */
export const changeLimit = 0.05

const hourNs = 3_600_000_000_000
const rounded = (value: number): number => Number(value.toPrecision(6))

/** Links change their names when a guest is started anew; its address does not. */
const routerOf = (flow: ReportFlow): string => `vrid ${flow.vrid} from ${flow.source}`

interface Judged {
  readonly report: Report
  readonly flows: readonly ReportFlow[]
  readonly late: readonly ReportLate[]
  readonly episodes: readonly Episode[]
  readonly overdue: number
  readonly hours: number
}

function epochNsOf(iso: string): bigint {
  const fraction = /\.(\d{9})Z$/.exec(iso)?.[1] ?? '0'
  return BigInt(Date.parse(`${iso.slice(0, 19)}Z`)) * 1_000_000n + BigInt(fraction)
}

function judgedOf(report: Report, routers: ReadonlySet<string>): Judged {
  const flows = report.flows.filter((one) => routers.has(routerOf(one)))
  const ids = new Set(flows.map((one) => one.id))
  const late = report.late.filter((one) => ids.has(one.flow))
  const ns = epochNsOf(report.capture.to) - epochNsOf(report.capture.from)
  const overdue = flows.filter((one) => one.overdueMs !== null).length
  return { report, flows, late, episodes: episodesOf(late, flows), overdue, hours: Number(ns) / hourNs }
}

/** What the rate counts. */
const faultsOf = ({ episodes, overdue }: Judged): number => episodes.length + overdue

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? 0
}

function sideOf(judged: Judged): Side {
  const { report, flows, late, episodes, overdue, hours } = judged
  const sum = (pick: (flow: ReportFlow) => number): number => flows.reduce((total, one) => total + pick(one), 0)
  const overruns = late
    .filter(isLateness)
    .map(latenessMs)
    .toSorted((a, b) => a - b)
  return {
    from: report.capture.from,
    to: report.capture.to,
    host: report.capture.host,
    hours: rounded(hours),
    adverts: sum((one) => one.adverts),
    late: overruns.length,
    episodes: faultsOf(judged),
    episodesPerHour: hours > 0 ? rounded(faultsOf(judged) / hours) : 0,
    overdue,
    lost: sum((one) => one.lost),
    rearmed: sum((one) => one.rearmed),
    takeovers: sum((one) => one.takeovers),
    overrunMs:
      overruns.length === 0
        ? null
        : { median: quantile(overruns, 0.5), p95: quantile(overruns, 0.95), worst: overruns.at(-1) ?? 0 },
    totalLateMs: rounded(episodes.reduce((total, one) => total + one.lateMs, 0)),
  }
}

const nothing = { episodes: 0, late: 0, lateMs: 0 }

function tallyOf(episodes: readonly Episode[]): Map<string, typeof nothing> {
  const tally = new Map<string, typeof nothing>()
  for (const { cause, late, lateMs } of episodes) {
    const known = tally.get(cause) ?? nothing
    tally.set(cause, {
      episodes: known.episodes + 1,
      late: known.late + late.length,
      lateMs: rounded(known.lateMs + lateMs),
    })
  }
  return tally
}

function changeOf(before: number, after: number, lengths: readonly [number, number]): CauseChange['change'] {
  if (before === 0) return 'new'
  if (after === 0) return 'gone'
  // Per hour: twice as long with twice as many is the same.
  const ratio = (after * lengths[0]) / Math.max(before * lengths[1], Number.MIN_VALUE)
  return ratio < 0.8 ? 'fewer' : ratio > 1.25 ? 'more' : 'same'
}

function causesOf(before: Judged, after: Judged): CauseChange[] {
  const [old, now] = [tallyOf(before.episodes), tallyOf(after.episodes)]
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((cause): CauseChange => {
      const [was, is] = [old.get(cause) ?? nothing, now.get(cause) ?? nothing]
      const change = changeOf(was.episodes, is.episodes, [before.hours, after.hours])
      return { cause, change, before: was, after: is }
    })
    .toSorted((a, b) => b.before.lateMs + b.after.lateMs - a.before.lateMs - a.after.lateMs)
}

interface Told {
  readonly answer: Answer
  readonly p: number
  readonly hoursNeeded: number | null
}

function answerOf(before: Judged, after: Judged): Told {
  const first = { events: faultsOf(before), length: before.hours }
  const second = { events: faultsOf(after), length: after.hours }
  if (first.events + second.events === 0) return { answer: 'nothing-late', p: 1, hoursNeeded: null }
  const fewer = chanceOfFewer(first, second)
  if (fewer <= changeLimit) return { answer: 'better', p: rounded(fewer), hoursNeeded: null }
  const more = chanceOfFewer(second, first)
  if (more <= changeLimit) return { answer: 'worse', p: rounded(more), hoursNeeded: null }
  if (second.events > 0) return { answer: 'no-change', p: rounded(Math.min(fewer, more)), hoursNeeded: null }
  const needed = lengthToTell(first, changeLimit)
  return { answer: 'too-short', p: rounded(fewer), hoursNeeded: needed === undefined ? null : rounded(needed) }
}

/** undefined: no router speaks in both, so there is nothing to compare. */
export function comparisonOf(first: Report, second: Report): Comparison | undefined {
  const [old, now] = [new Set(first.flows.map(routerOf)), new Set(second.flows.map(routerOf))]
  const both = new Set([...old].filter((one) => now.has(one)))
  if (both.size === 0) return undefined
  const [before, after] = [judgedOf(first, both), judgedOf(second, both)]
  return {
    schema: comparisonSchema,
    ...answerOf(before, after),
    before: sideOf(before),
    after: sideOf(after),
    causes: causesOf(before, after),
    flows: [...both].flatMap((router) => {
      const of = (flows: readonly ReportFlow[], pick: (flow: ReportFlow) => number): number =>
        flows.filter((one) => routerOf(one) === router).reduce((sum, one) => sum + pick(one), 0)
      const example = after.flows.find((one) => routerOf(one) === router)
      if (example === undefined) return []
      const pairOf = (pick: (flow: ReportFlow) => number): [number, number] => [
        of(before.flows, pick),
        of(after.flows, pick),
      ]
      const { vrid, family, source } = example
      return [
        {
          vrid,
          family,
          source,
          adverts: pairOf((one) => one.adverts),
          late: pairOf((one) => one.late),
          driftMs: [before.flows.find((one) => routerOf(one) === router)?.driftMs ?? 0, example.driftMs] as const,
        },
      ]
    }),
    onlyBefore: [...old].filter((one) => !both.has(one)),
    onlyAfter: [...now].filter((one) => !both.has(one)),
  }
}
