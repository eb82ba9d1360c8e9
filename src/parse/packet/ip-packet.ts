// What both families of IP have in common once their headers are read, and the Authentication Header that may follow.
//
//   AH (RFC 4302 2): next header 1 | length in 4-byte words minus 2, 1 | reserved 2 | SPI 4 | sequence 4 | ICV
// keepalived's, of `auth_type AH` (VRRPv2), is 24 bytes long and hides VRRP from a filter that says `proto 112`.

import type { Family } from '../../events/packet.ts'
import { missing, type CapturedPacket, type Unreadable } from './captured-packet.ts'
import { u8 } from './octets.ts'

export const protocols = { icmp: 1, ah: 51, icmp6: 58, vrrp: 112 } as const

export interface IpPacket {
  readonly kind: 'ip'
  readonly family: Family
  readonly source: string
  /** Indexes into the packet's bytes. */
  readonly sourceAt: number
  readonly destinationAt: number
  /** What follows all headers; undefined when the snapshot length cut that off. */
  readonly protocol: number | undefined
  readonly payload: number
  /** Where its own length field says that it ends: it may say anything. */
  readonly payloadEnd: number
  /** IPv4 Identification. */
  readonly id: number | undefined
  readonly hopLimit: number
  readonly isFragment: boolean
  /** An Authentication Header came first. */
  readonly isAuthenticated: boolean
}

/** One header of a chain: what comes next, and where. */
export interface Hop {
  readonly kind: 'hop'
  readonly next: number
  readonly at: number
}

/** `at` is the Authentication Header's first byte. */
export function parseAuthenticationHeader(packet: CapturedPacket, at: number): Hop | Unreadable {
  const gap = missing(packet, 'Authentication Header', at, at + 12)
  if (gap !== undefined) return gap
  const end = at + Math.max(12, (u8(packet.bytes, at + 1) + 2) * 4)
  return missing(packet, 'Authentication Header', at, end) ?? { kind: 'hop', next: u8(packet.bytes, at), at: end }
}
