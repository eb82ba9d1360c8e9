// What the screen and the plain output see of a session: a small value, made a few times a second.

import type { Flow, LateAdvert, Overdue, WindowView } from '../diagnose/finding.ts'
import type { LateDigest } from '../diagnose/late-digest.ts'
import type { Overall } from '../diagnose/overall/overall.ts'
import type { Timeline, TimelineRequest } from '../diagnose/timeline/lane.ts'
import type { Mark } from '../events/mark.ts'
import type { BlindSpot, ProbeName } from '../events/probe.ts'
import type { Epoch, Instant, Span } from '../time/instant.ts'
import type { Guest } from './kernels/guests.ts'

export interface ProbeView {
  readonly name: ProbeName
  /** The vantage point that it is; '' for the one of the capture. */
  readonly part: string
  readonly state: 'starting' | 'ok' | 'degraded' | 'restarting' | 'failed' | 'absent'
  readonly tool: string
  readonly version: string
  /** Which of its ways it runs by, and on what: `kernel module`, `any, filter …`. */
  readonly detail: string
  readonly events: number
  readonly perSecond: number
  readonly dropped: number
  readonly malformed: number
  /** It runs, and nothing has come from it for longer than it ever should. */
  readonly isSilent?: boolean
  /** Why it is not ok, and what mends it. */
  readonly reason: string | undefined
  readonly remedy: string | undefined
}

export interface OwnUse {
  /** Share of one core, children included. */
  readonly cpuShare: number
  readonly rssBytes: number
  readonly storeBytes: number
  readonly budgetBytes: number
}

/** How far a bundle has been read, while that takes. */
export interface Reading {
  /** 0 to 1. */
  readonly share: number
  readonly bytesPerSecond: number
  readonly leftMs: number
  /** It was read before, and what it came to then is shown meanwhile. */
  readonly isAgain?: boolean
}

export interface ReplayView {
  readonly path: string
  /** Where the recording begins and ends. */
  readonly from: Instant
  readonly to: Instant
  readonly isPaused: boolean
  /** 1: as it was. */
  readonly speed: number
  /** Defined until all of it is read: there is no position yet but the end of what is known. */
  readonly reading: Reading | undefined
  /** On the way to a position that is asked for. */
  readonly isSeeking: boolean
}

export interface Snapshot {
  /** Rises whenever anything in it changed. */
  readonly version: number
  readonly mode: 'live' | 'replay'
  readonly host: string
  readonly origin: Epoch
  /** When this was made, by the session's clock. */
  readonly now: Instant
  readonly runningFor: Span
  readonly probes: readonly ProbeView[]
  readonly flows: readonly Flow[]
  /** Those of this host that can send. */
  readonly guests?: readonly Guest[]
  readonly overdue: readonly Overdue[]
  /** Newest last. */
  readonly late: readonly LateAdvert[]
  /** Of those of `late` that have been summed up. */
  readonly digests: readonly LateDigest[]
  /** The one that was asked for, or the newest; in a replay the newest at or before its position. */
  readonly selected: WindowView | undefined
  /** The other one of two that are compared. */
  readonly beside: WindowView | undefined
  /** Of the stretch that was asked for. */
  readonly timeline: Timeline | undefined
  /** All late adverts together, as far as they are summed up; undefined before any is. */
  readonly overall: Overall | undefined
  readonly blindSpots: readonly BlindSpot[]
  readonly own: OwnUse
  /** The operator's notes, oldest first. */
  readonly marks: readonly Mark[]
  /** Only of a bundle that is played: `late` is then of the whole of it, and `now` its position. */
  readonly replay: ReplayView | undefined
  /** Without any advert source there is nothing to do; this says why. */
  readonly fault: string | undefined
}

/** What a screen can ask for. `late`: the number of the late advert to show, undefined for the newest. */
export interface SnapshotRequest {
  readonly late: number | undefined
  /** The number of another one, to compare it with. */
  readonly beside?: number | undefined
  readonly timeline?: TimelineRequest | undefined
}
