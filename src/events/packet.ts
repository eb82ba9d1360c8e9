// What the wire says: the adverts, and the other packets of the same guests, which only prove that a guest is alive.

import type { Epoch, Instant, Span } from '../time/instant.ts'
import type { Outcomes } from './outcome.ts'

export type Family = 4 | 6

/** Which rule the VRRP checksum fits; keepalived and others have sent all of these (RFC 3768 5.3.8, RFC 9568 5.2.8). */
export type Checksum =
  | 'ok'
  | 'ok-without-pseudo-header'
  | 'ok-with-multicast-pseudo-header'
  | 'wrong'
  /** Cut off by the snapshot length. */
  | 'unknown'

/** One VRRP advertisement as it passed the capture point. */
export interface Advert {
  readonly at: Instant
  /** Interface, or the name of the vantage point for a capture that somebody else made. */
  readonly link: string
  /** 802.1Q tag, the innermost; undefined without one. */
  readonly vlan: number | undefined
  readonly family: Family
  readonly source: string
  readonly destination: string
  /** `00:00:5e:00:01:cd`; undefined where the link layer has none. */
  readonly sourceMac: string | undefined
  /** The frame leaves this host here (SLL and SLL2 say so); undefined when the link layer does not tell. */
  readonly isOutgoing: boolean | undefined
  readonly version: 2 | 3
  readonly vrid: number
  readonly priority: number
  /** As advertised: v2 whole seconds, v3 centiseconds. 0 is possible on the wire. */
  readonly interval: Span
  /** IPv4 Identification, which keepalived counts up by one for each advert; undefined for IPv6. */
  readonly ipId: number | undefined
  readonly hopLimit: number
  readonly auth: 'none' | 'password' | 'ah' | 'hmac'
  readonly checksum: Checksum
  readonly addresses: readonly string[]
  /** Guest's wall clock when it was sent, from the trailer of keepalived >= 2.4.0 with `auth_hmac`. */
  readonly stampedAt: Epoch | undefined
}

/** A packet of a neighbour that is no advert: proof of life. */
export interface Traffic {
  readonly at: Instant
  readonly link: string
  readonly vlan: number | undefined
  readonly sourceMac: string | undefined
  /** IP or ARP sender address; undefined when there is none to read. */
  readonly source: string | undefined
  readonly isOutgoing: boolean | undefined
  readonly what: 'arp' | 'icmp' | 'icmp6' | 'other'
}

export interface PacketSink extends Outcomes {
  advert(advert: Advert): void
  traffic(traffic: Traffic): void
}
