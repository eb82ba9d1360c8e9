// What diagnosing yields: flows, late adverts, and the facts of one window. Values only; the screen and the reports
// read the same ones.

import type { Advert, Family } from '../events/packet.ts'
import type { BlindSpot } from '../events/probe.ts'
import type { Explanation } from './explanation.ts'
import type { Instant, Span, Window } from '../time/instant.ts'

/**
 * Wire signature (keepalived 2.2.7 and the RFCs; see docs/lateness.md):
 * W1 not issued in time, W1+ the guest's other traffic is missing too, W1- it goes on, W2 issued on time and held,
 * W3 lost, W4 reaction, W4r timer re-armed by a foreign advert, W5 spread grows, W6 everything silent together,
 * W7 clock step, W8 administrative, W9 duplicate, W10 late only at a later point.
 */
export type Wire = 'W1' | 'W1+' | 'W1-' | 'W2' | 'W3' | 'W4' | 'W4r' | 'W5' | 'W6' | 'W7' | 'W8' | 'W9' | 'W10'

/** Bounds, where the backup's priority is not known; equal where it is. */
export interface Range {
  readonly min: Span
  readonly max: Span
}

/** One router's adverts on one link: (link, VLAN, family, source, destination, VRID). Never across sources. */
export interface Flow {
  readonly id: string
  readonly link: string
  readonly vlan: number | undefined
  readonly family: Family
  readonly source: string
  readonly destination: string
  readonly sourceMac: string | undefined
  readonly vrid: number
  readonly version: 2 | 3
  readonly priority: number
  readonly interval: Span
  readonly adverts: number
  readonly late: number
  readonly lost: number
  readonly rearmed: number
  readonly takeovers: number
  /** Master_Down_Interval of the backup. */
  readonly masterDown: Range
  /** Median distance of an on-time advert from its due time. */
  readonly drift: Span
  readonly threshold: Span
  /** Gaps between its last adverts, oldest first, at most 60. */
  readonly gaps: readonly Span[]
  readonly lastAt: Instant
  /** When the next one is due; undefined for a router that is backup now, or has resigned. */
  readonly dueAt: Instant | undefined
  /** The process that sends it, once known. */
  readonly sender: string | undefined
  /** The guest that it comes from, by its name, where its qemu was found and has one. */
  readonly guest?: string | undefined
  /** backup: another router took over by right. resigned: it sent priority 0. silent: overdue for so long that it is gone. */
  readonly state: 'master' | 'backup' | 'resigned' | 'silent'
  /** How often each wire signature was seen, those that make no advert late included (W4 reactions, W8, W9 duplicates). */
  readonly signs: Readonly<Partial<Record<Wire, number>>>
  /** Other links on which the same adverts were seen later on their way. */
  readonly alsoOn: readonly string[]
  /** They leave this host on this link: whoever sends them is not behind it. undefined: the link layer does not tell. */
  readonly isOutgoing?: boolean | undefined
}

export interface LateAdvert {
  /** 1 for the first of the session. */
  readonly number: number
  readonly flow: string
  readonly at: Instant
  readonly previousAt: Instant
  readonly dueAt: Instant
  /** By its own timer alone, foreign re-arming left aside. */
  readonly ownDueAt: Instant
  readonly gap: Span
  readonly overrun: Span
  readonly ownOverrun: Span
  /** Whole intervals in which nothing came. */
  readonly missed: number
  /** What was left of the Master_Down_Interval; negative: the backup had to take over. */
  readonly margin: Range
  readonly takeover: boolean
  readonly wire: Wire
  /** False until the adverts after it have shown the phase; `wire` may still change. */
  readonly isSettled: boolean
  /** How much the IPv4 ID moved; undefined for IPv6. */
  readonly ipIdStep: number | undefined
  readonly foreignInGap: number
  /** Extra adverts that answered the backup's, right behind it. */
  readonly reactions: number
  /** Other packets of the same sender between due and sent; undefined where too few exist to expect any. */
  readonly otherTraffic: number | undefined
  /** When the first of these came. */
  readonly otherAt?: readonly Instant[] | undefined
  readonly advert: Advert
}

/** An advert that is due and has not come. */
export interface Overdue {
  readonly flow: string
  readonly dueAt: Instant
  readonly by: Span
  readonly margin: Range
}

/** Something that was so in the window of a late advert. A fact, not a verdict: they are shown in order of time. */
export interface Fact {
  readonly kind:
    | 'call'
    | 'cpu'
    | 'run-delay'
    | 'throttled'
    | 'frozen'
    | 'stopped'
    | 'off-cpu'
    | 'process'
    | 'signal'
    | 'disk'
    | 'block'
    | 'pressure'
    | 'memory'
    | 'heartbeat'
    | 'clock'
    | 'log'
  /** The stretch it covers; from = to for a moment. */
  readonly window: Window
  /** Part of the lateness that it overlaps, 0 to 1. */
  readonly share: number
  /** It is good only to its probe's sampling interval: drawn as a span, never as a moment. */
  readonly isCoarse: boolean
  readonly isSender: boolean
  /** It is about one of our own children. */
  readonly isOurs: boolean
  /** The guest in which it was so, by the guest's own recording; its pid means nothing outside. Absent: on this host. */
  readonly guest?: string
  readonly pid: number | undefined
  readonly comm: string | undefined
  /** The guest that this process of the host runs: `instance-000000dd`. */
  readonly vm?: string
  /** Without time, share and process: `fsync of /var/log/syslog took 2.310 s`. Names in it are raw: escape when shown. */
  readonly text: string
}

/** All there is to show about one late advert. */
export interface WindowView {
  readonly late: LateAdvert
  readonly window: Window
  readonly facts: readonly Fact[]
  /** Facts that were left out because there were too many. */
  readonly more: number
  readonly blindSpots: readonly BlindSpot[]
  /** undefined only while its flow is not known. */
  readonly explanation: Explanation | undefined
}
