// The report as a value: `report --format json` is this, and every other form is made from the same.
//
// Its shape is a contract with other people's scripts; docs/report.schema.json says it in full. What is not known is null.
// Times are ISO 8601 with nanoseconds, and once more as a decimal string where a script has to calculate with them: a
// nanosecond of today does not fit a JSON number.

import type { Wire } from '../diagnose/finding.ts'
import type { Reach } from '../diagnose/overall/scope.ts'
import type { Periodicity } from '../diagnose/overall/periodicity.ts'

export const reportSchema = 'whylate.report/1'

export interface ReportRange {
  readonly min: number
  readonly max: number
}

export interface ReportProbe {
  readonly name: string
  /** The vantage point that it is, where it is not the one of the capture: a guest's name. */
  readonly part?: string
  readonly tool: string
  readonly version: string
  readonly events: number
  readonly dropped: number
  readonly state: 'ok' | 'degraded' | 'failed' | 'absent'
  readonly detail: string
}

export interface ReportFlow {
  readonly id: string
  readonly link: string
  readonly vlan: number | null
  readonly vrid: number
  readonly family: 4 | 6
  readonly version: 2 | 3
  readonly source: string
  readonly destination: string
  readonly priority: number
  readonly intervalMs: number
  readonly adverts: number
  readonly late: number
  readonly lost: number
  readonly rearmed: number
  readonly masterDownMs: ReportRange
  readonly driftMs: number
  readonly thresholdMs: number
  readonly takeovers: number
  readonly sender: string | null
  /** Due and not come when the capture ended: by how much; null when nothing was. */
  readonly overdueMs: number | null
}

export interface ReportBlindSpot {
  readonly source: string
  /** As of the probe. */
  readonly part?: string
  readonly fromNs: string
  /** null: to the end. */
  readonly toNs: string | null
  readonly reason: string
  /** How it capped the confidence; null: not at all. */
  readonly effect: string | null
}

export interface ReportSuspect {
  readonly what: string
  readonly kind: string
  readonly pid: number | null
  readonly covers: number
  /** Began before due, and ended as the advert left. */
  readonly aligned: boolean
  /** When it was first seen, from due; negative: before. */
  readonly onsetMs: number
  readonly late: string
  readonly baseline: string
  readonly lift: number | null
  readonly p: number | null
  readonly q: number | null
  /** Spearman's rho of how long it took against the overrun, over `n` late adverts, and ms later for each ms of it. */
  readonly dose: {
    readonly rho: number
    readonly slope: number
    readonly n: number
    readonly significant: boolean
  } | null
  readonly bridge: string | null
  readonly score: number
}

export interface ReportLate {
  readonly number: number
  readonly flow: string
  readonly at: string
  readonly atNs: string
  readonly dueNs: string
  readonly gapMs: number
  readonly overrunMs: number
  readonly ownOverrunMs: number
  readonly missed: number
  readonly marginMs: ReportRange
  readonly takeover: boolean
  readonly wire: Exclude<Wire, 'W1+' | 'W1-'>
  /** Of a W1: did the sender's other traffic go on meanwhile? null where too little of it exists to tell. */
  readonly liveness: 'alive' | 'silent' | null
  readonly isSettled: boolean
  readonly ipIdStep: number | null
  readonly verdict: {
    readonly cause: string
    readonly confidence: string
    readonly summary: string
    readonly culprit: {
      readonly kind: string
      readonly pid: number | null
      readonly comm: string | null
      readonly name: string
    } | null
  }
  readonly evidence: readonly string[]
  readonly ledger: readonly {
    readonly state: string
    readonly ms: number
    readonly share: number
    readonly detail: string
  }[]
  readonly suspects: readonly ReportSuspect[]
  readonly ruledOut: readonly { readonly cause: string; readonly because: string }[]
  readonly blindSpots: readonly ReportBlindSpot[]
  readonly settledBy: readonly string[]
}

/** One cause over all late adverts that are listed. */
export interface ReportCause {
  readonly cause: string
  readonly late: number
  /** Lateness in total, and its part of all lateness. */
  readonly ms: number
  readonly share: number
  readonly takeovers: number
  readonly worstMs: number
  /** How many verdicts are how sure. */
  readonly confidence: Readonly<Record<'certain' | 'likely' | 'possible' | 'unknown', number>>
}

/** What all late adverts that are listed have in common. */
export interface ReportOverall {
  readonly late: number
  /** Late adverts that follow each other are one. */
  readonly episodes: number
  readonly lateMs: number
  /** The one cause that explains more than half of the lateness. */
  readonly main: {
    readonly cause: string
    readonly late: number
    readonly ms: number
    readonly share: number
    readonly culprits: readonly { readonly name: string; readonly late: number }[]
  } | null
  readonly period: {
    readonly verdict: Periodicity['verdict']
    /** How many periods were tried; p is corrected for that. */
    readonly tried: number
    /** The one that fits best, whatever the verdict; null where none could be tried. */
    readonly periodMs: number | null
    readonly phaseMs: number | null
    /** The program that is started at this period. */
    readonly timer: string | null
    readonly p: number | null
  }
  readonly scope: {
    readonly reach: Reach
    /** Ids of flows. */
    readonly late: readonly string[]
    readonly onTime: readonly string[]
    readonly cpu: number | null
  } | null
  /** The same in sentences. */
  readonly summary: readonly string[]
}

/** What the operator noted. */
export interface ReportMark {
  readonly at: string
  readonly atNs: string
  readonly text: string
}

/** A guest of this host: which qemu it is, and what belongs to it. */
export interface ReportGuest {
  readonly name: string
  readonly pid: number
  readonly comm: string
  readonly links: readonly string[]
  /** Thread ids. */
  readonly vcpus: readonly number[]
  readonly ioThreads: readonly { readonly tid: number; readonly name: string }[]
  readonly vhostThreads: readonly number[]
  /** Does the kernel carry its frames? null: nothing tells. */
  readonly vhost: boolean | null
  readonly cgroups: readonly string[]
  /** `device`: what backs it, where a block device does; `direct`: past the page cache of the host. */
  readonly disks: readonly { readonly file: string; readonly device: string | null; readonly direct: boolean }[]
}

export interface Report {
  readonly schema: typeof reportSchema
  readonly capture: {
    readonly from: string
    readonly to: string
    readonly host: string
    readonly vantage: string
    readonly probes: readonly ReportProbe[]
  }
  /** What `late` was narrowed down to; counts of flows are always of the whole capture. */
  readonly selection: { readonly flow: string | null; readonly since: string | null; readonly until: string | null }
  readonly overall: ReportOverall
  readonly causes: readonly ReportCause[]
  readonly flows: readonly ReportFlow[]
  readonly guests: readonly ReportGuest[]
  readonly late: readonly ReportLate[]
  /** In order of time, from `selection.since` to `until`. */
  readonly marks: readonly ReportMark[]
}
