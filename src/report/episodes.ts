// The episodes of a report: late adverts that belong together (diagnose/episodes.ts), with the cause of their worst.

import { episodesOf as grouped, restOf } from '../diagnose/episodes.ts'
import { instantOf, spanOf, type Window } from '../time/instant.ts'
import { latenessMs } from './report-number.ts'
import type { ReportFlow, ReportLate } from './report-shape.ts'

export interface Episode {
  /** Oldest first, at least one. */
  readonly late: readonly ReportLate[]
  /** The cause of its longest lateness. */
  readonly cause: string
  /** Lateness in total, over all its flows. */
  readonly lateMs: number
}

const nothingWasLate: ReadonlySet<string> = new Set(['capture-loss', 'clock-step'])

/** False for what is listed though nothing was late: the capture lost it, or the clock was stepped. */
export const isLateness = (late: ReportLate): boolean => !nothingWasLate.has(late.verdict.cause)

function episodeOf(late: readonly ReportLate[]): Episode {
  const worst = late.reduce((most, one) => (latenessMs(one) > latenessMs(most) ? one : most))
  return { late, cause: worst.verdict.cause, lateMs: late.reduce((sum, one) => sum + latenessMs(one), 0) }
}

export function episodesOf(late: readonly ReportLate[], flows: readonly ReportFlow[]): Episode[] {
  const lateness = late.filter(isLateness)
  const origin = BigInt(lateness[0]?.dueNs ?? 0)
  const since = (ns: string): Window['from'] => instantOf(Number(BigInt(ns) - origin))
  const rest = restOf(flows.map((one) => spanOf(one.intervalMs * 1e6)))
  return grouped(lateness, (one) => ({ from: since(one.dueNs), to: since(one.atNs) }), rest).map(episodeOf)
}
