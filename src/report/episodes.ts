// Late adverts that belong together: one stall often makes several (a throttled sender is late again and again, a stopped
// host delays every flow), and counting them one by one would take one bad minute for many faults.
//
//   adverts  |  |  |      L|   L|  |  |  |        L|  |        L: late
//   episode           [========]          [======]             the next one is due within ten intervals of the last

import type { ReportFlow, ReportLate } from './report.ts'

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

const intervalsBetween = 10

function episodeOf(late: readonly ReportLate[]): Episode {
  const worst = late.reduce((most, one) => (one.overrunMs > most.overrunMs ? one : most))
  return { late, cause: worst.verdict.cause, lateMs: late.reduce((sum, one) => sum + Math.max(0, one.overrunMs), 0) }
}

export function episodesOf(late: readonly ReportLate[], flows: readonly ReportFlow[]): Episode[] {
  const restMs = intervalsBetween * Math.max(0, ...flows.map((one) => one.intervalMs))
  const ordered = late.filter(isLateness).toSorted((a, b) => Number(BigInt(a.dueNs) - BigInt(b.dueNs)))
  const groups: ReportLate[][] = []
  let endNs = 0n
  for (const one of ordered) {
    const group = groups.at(-1)
    const restNs = BigInt(Math.round(restMs * 1e6))
    if (group !== undefined && BigInt(one.dueNs) <= endNs + restNs) group.push(one)
    else groups.push([one])
    const atNs = BigInt(one.atNs)
    endNs = group === undefined || atNs > endNs ? atNs : endNs
  }
  return groups.map(episodeOf)
}
