// What whylate says of one late advert beyond the facts: where the time went, who did it, who did not, how sure it is.
//
// Slugs, states and confidences are the ones of the report's JSON, on which other people's scripts rely.

import type { BlindSpot } from '../events/probe.ts'
import type { Span } from '../time/instant.ts'
import type { Dose } from './statistics/dose.ts'

export const ledgerStates = [
  'running',
  'runnable',
  'blocked',
  'stopped',
  'frozen',
  'throttled',
  'paging',
  'vm-stopped',
  'held',
  'unexplained',
] as const
export type LedgerState = (typeof ledgerStates)[number]

export const causes = [
  'capture-loss',
  'clock-step',
  'foreign-vrid',
  'planned',
  'host-frozen',
  'sender-stopped',
  'sender-blocked',
  'sender-starved',
  'sender-throttled',
  'sender-paging',
  'vm-stopped',
  'qemu-stalled',
  'vcpu-stuck',
  'userspace-virtio',
  'tx-held',
  'kernel-reclaim',
  'rejected-locally',
  'path',
  'inside-guest',
  'unknown',
] as const
export type Cause = (typeof causes)[number]

/** In this order: certain needs proof of where, who and how, and nothing unseen; unknown names nobody. */
export const confidences = ['unknown', 'possible', 'likely', 'certain'] as const
export type Confidence = (typeof confidences)[number]

/** One state of the sender between due and sent. States exclude each other; the spans of a ledger sum to the overrun. */
export interface LedgerEntry {
  readonly state: LedgerState
  readonly span: Span
  /** Of the overrun, 0 to 1. */
  readonly share: number
  /** `in sendto of /dev/log`, `had by stress-ng (4711)`: raw names, escape when shown. */
  readonly detail: string
}

export interface Culprit {
  readonly kind: 'process' | 'vm' | 'device' | 'cgroup' | 'link' | 'flow' | 'host' | 'clock' | 'probe'
  readonly pid: number | undefined
  readonly comm: string | undefined
  readonly name: string
  /** Nobody was seen to do it: this is the sender, whom it befell. */
  readonly isVictim?: true
}

/** `hits` of `of` windows of equal length: before the late ones, or before matched punctual ones. */
export interface Count {
  readonly hits: number
  readonly of: number
}

export interface Suspect {
  readonly what: string
  readonly kind: Culprit['kind']
  readonly pid: number | undefined
  /** Part of the lateness that it overlaps, 0 to 1. */
  readonly covers: number
  /** Began before due, and ended as the advert left. */
  readonly isAligned: boolean
  /** When it was first seen, from due: negative is before. What begins after due prolongs at most. */
  readonly onset: Span
  /** Of the late episodes, and of punctual adverts: in how many was it there before the advert was due? */
  readonly late: Count
  readonly baseline: Count
  /** Rate in late windows over rate in on-time ones; undefined with too few late adverts to say. */
  readonly lift: number | undefined
  /** Fisher mid-p, one-sided, and its Benjamini-Hochberg q; undefined with fewer than two late episodes. */
  readonly p: number | undefined
  readonly q: number | undefined
  /** The longer it took, the later the advert? undefined with fewer than four late episodes that have it. */
  readonly dose: Dose | undefined
  /** The mechanism that ties it to the sender; undefined: it can only be correlated. */
  readonly bridge: string | undefined
  readonly score: number
}

export interface Explanation {
  readonly cause: Cause
  readonly confidence: Confidence
  /** One sentence that a tired person understands. */
  readonly summary: string
  readonly culprit: Culprit | undefined
  readonly ledger: readonly LedgerEntry[]
  readonly suspects: readonly Suspect[]
  /** In order of weight, each a sentence. */
  readonly evidence: readonly string[]
  readonly ruledOut: readonly { readonly cause: string; readonly because: string }[]
  /** What could not be seen, and how it capped the confidence. */
  readonly blindSpots: readonly (BlindSpot & { readonly effect: string | undefined })[]
  /** What would settle it, each a command to type or a probe to add. */
  readonly settledBy: readonly string[]
}
