// What a probe is called, what it does besides talking, and what could not be seen because of it.

import type { Instant } from '../time/instant.ts'

export const probeNames = ['tcpdump', 'sysdig', 'bpftrace', 'iostat', 'host', 'log'] as const
export type ProbeName = (typeof probeNames)[number]

/** What tells what the kernel did, the one that tells more first; one of them runs at a time. */
export const kernelEngines = ['sysdig', 'bpftrace'] as const
export const isKernelEngine = (source: BlindSpot['source']): boolean => source === 'sysdig' || source === 'bpftrace'

/** `part`: which vantage point of this probe it is about, where there are several; '' or absent for the only one. */
export type ProbeNotice = Notice & { readonly part?: string }

/** Everything a probe does besides talking. Times are by our own clock, at arrival. */
type Notice =
  /** A kernel engine is tried: sysdig loads its driver, bpftrace compiles, for seconds. Live only: no tape has it. */
  | { readonly kind: 'starting'; readonly probe: ProbeName; readonly at: Instant }
  | {
      readonly kind: 'started'
      readonly probe: ProbeName
      readonly at: Instant
      readonly pid: number | undefined
      readonly tool: string
      readonly version: string
      readonly detail: string
      /** Exactly as it was started, where it is a program. */
      readonly argv?: readonly string[]
      /** Of a guest: pids of ours in there. */
      readonly inside?: readonly number[]
      /** What it was not asked for this time, to spare the host; a sentence. */
      readonly leavesOut?: string
    }
  /** What it has used so far in this life, where it runs on another kernel than we. */
  | {
      readonly kind: 'cost'
      readonly probe: ProbeName
      readonly at: Instant
      /** How long that kernel has been running: by its own clock, whenever the word came here. */
      readonly upMs: number
      readonly cpuMs: number
      readonly rssBytes: number
    }
  /** A counter of the tool: events lost so far, in total since its start. */
  | { readonly kind: 'drops'; readonly probe: ProbeName; readonly at: Instant; readonly total: number }
  /** A line that the tool wrote to stderr and that means something to a person. */
  | { readonly kind: 'said'; readonly probe: ProbeName; readonly at: Instant; readonly text: string }
  | {
      readonly kind: 'ended'
      readonly probe: ProbeName
      readonly at: Instant
      readonly reason: string
      readonly willRestart: boolean
    }
  /** It cannot run here at all. */
  | {
      readonly kind: 'absent'
      readonly probe: ProbeName
      readonly at: Instant
      readonly reason: string
      readonly remedy: string
    }
  /** Interface names by index, for captures of `any`: said at the start and whenever it changed. */
  | {
      readonly kind: 'links'
      readonly probe: 'tcpdump'
      readonly at: Instant
      readonly names: Readonly<Record<number, string>>
    }
  /** It runs, and has said nothing for longer than it ever should. `since` = when it was last heard. */
  | { readonly kind: 'silent'; readonly probe: ProbeName; readonly at: Instant; readonly since: Instant }

/** A stretch in which one source could not see. "Nothing happened" and "we could not see" never look alike. */
export interface BlindSpot {
  readonly source: ProbeName | 'clock' | 'store'
  /** The vantage point that was blind, where it is not the one that the capture was made at. */
  readonly part?: string
  readonly from: Instant
  /** undefined while it lasts. */
  readonly to: Instant | undefined
  readonly reason: string
  readonly remedy: string | undefined
}
