// What a scenario is: what is done to a pair, and the truth that the verdict is held against.
//
// Only processes, cgroups, links and files of the pair's own are ever touched.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Epoch } from '../time/instant.ts'
import type { Pair } from './pair.ts'
import type { PairOptions } from './pair-options.ts'

/** Slugs of the report; `none` when nothing should be late. */
export type DrillCause =
  | 'none'
  | 'sender-stopped'
  | 'sender-throttled'
  | 'sender-starved'
  | 'sender-blocked'
  | 'sender-paging'
  | 'foreign-vrid'
  | 'planned'
  | 'path'
  | 'rejected-locally'
  | 'tx-held'
  | 'capture-loss'

/** In the terms of the report. */
export interface Culprit {
  readonly kind: 'process' | 'cgroup' | 'flow' | 'link' | 'probe'
  readonly pid: number | undefined
  readonly comm: string | undefined
  readonly name: string
}

export interface Truth {
  readonly cause: DrillCause
  readonly startAt: Epoch
  readonly endAt: Epoch
  /** Of a look-alike: the innocent one. */
  readonly culprit: Culprit | undefined
  /** Who may be named as well: the hand behind it, the victim. */
  readonly alsoGuilty?: readonly Culprit[]
  /** What was done, for a person. */
  readonly how: string
  /** Of a look-alike: the cause that it could be taken for. */
  readonly looksLike?: DrillCause
}

export interface FaultOptions {
  readonly seconds: number
  /** Ends the fault early; its truth then has the end that it really had. */
  readonly signal?: AbortSignal | undefined
  readonly onStart?: ((startAt: Epoch) => void) | undefined
}

export interface Scenario {
  readonly name: string
  /** One line for `drill list`. */
  readonly summary: string
  /** What should be named. */
  readonly cause: DrillCause
  /** For a pair of 1 s: long enough that the BACKUP takes over, where a takeover is the point. */
  readonly defaultSeconds: number
  /** What the pair has to have for it. */
  readonly pair?: Partial<PairOptions>
  /** Without a second look at the BACKUP's link nothing can be seen of it. */
  readonly isSeenAtPeer?: boolean
  /** An advert is late by it. False for a fault that delays none: a reload. */
  readonly makesLate: boolean
  /** Why it cannot be done here; undefined when it can. */
  readonly refusal?: () => Promise<string | undefined>
  /** Stands in for tcpdump in this drill: a path to it. */
  readonly tcpdump?: (pair: Pair) => Promise<string>
  inject(pair: Pair, options: FaultOptions): Promise<Truth>
}

export async function waitFor(options: FaultOptions): Promise<void> {
  await sleep(options.seconds * 1000, undefined, { signal: options.signal }).catch(() => undefined)
}
