// Which frame is it: what it carries, whose it is, on which VLAN, and in which direction it goes.
//
//   Ethernet      dst 6 | src 6 | type 2                                                       [1]
//   SLL           packet type 2 | ARPHRD 2 | addr length 2 | addr 8 | protocol 2               [113]
//   SLL2          protocol 2 | 0 2 | ifindex 4 | ARPHRD 2 | packet type 1 | addr length 1 | addr 8   [276]
//   NULL, LOOP    address family 4, in the order of the machine that captured, or in network order   [0, 108]
//   raw IP        nothing: the first nibble is the version                                     [101, and 12, 14, 228, 229]
//
// Numbers: https://www.tcpdump.org/linktypes.html. A VLAN tag (802.1Q, 802.1ad, and 0x9100 of older switches) sits where
// the type was: `8100 | tag 2 | type 2`. Cooked captures do the same with their protocol field, with two quirks (tcpdump
// 4.99.3, libpcap 1.10.3, kernel 6.18): SLL2 has no place for a tag that the kernel took off, so it is gone, where SLL and
// Ethernet get it back; and of two tags the inner one stays in front of the packet, while the protocol already says IP:
//
//   SLL2   0800 … | 0014 0800 | 45c0 0020 …          tcpdump itself prints this as `IP0 (invalid)`

import { formatMac } from './address.ts'
import { ignored, malformed, missing, type CapturedPacket, type Unreadable } from './captured-packet.ts'
import { u16, u32, u32Little, u8 } from './octets.ts'

export const linkTypes = { null: 0, ethernet: 1, loop: 108, sll: 113, sll2: 276 } as const
export const etherTypes = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const

const rawIp: ReadonlySet<number> = new Set([12, 14, 101, 228, 229])
const vlanTypes: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100])
/** Address family of IPv6 on Linux, NetBSD and OpenBSD, FreeBSD, macOS; 2 is IPv4 everywhere. */
const ipv6Families: ReadonlySet<number> = new Set([10, 24, 28, 30])
/** What else a cooked frame may be: its protocol field then is no EtherType (netlink monitors). */
const hardwareNetlink = 824

export interface Frame {
  readonly kind: 'frame'
  readonly etherType: number
  /** Index of the first byte behind the link layer. */
  readonly payload: number
  /** The innermost tag's VLAN; a tag with VLAN 0 only carries a priority. */
  readonly vlan: number | undefined
  readonly sourceMac: string | undefined
  readonly isOutgoing: boolean | undefined
  /** SLL2 only: the number of the interface on the machine that captured. */
  readonly ifindex: number | undefined
}

export function isKnownLinkType(linkType: number): boolean {
  return rawIp.has(linkType) || Object.values(linkTypes).some((known) => known === linkType)
}

export function parseFrame(packet: CapturedPacket): Frame | Unreadable {
  switch (packet.linkType) {
    case linkTypes.ethernet:
      return parseEthernet(packet)
    case linkTypes.sll2:
      return parseSll2(packet)
    case linkTypes.sll:
      return parseSll(packet)
    case linkTypes.null:
    case linkTypes.loop:
      return parseLoopback(packet)
    default:
      return rawIp.has(packet.linkType) ? parseRawIp(packet) : ignored(`link type ${packet.linkType}`)
  }
}

type Lower = Pick<Frame, 'sourceMac' | 'isOutgoing' | 'ifindex'>

function parseEthernet(packet: CapturedPacket): Frame | Unreadable {
  const { bytes, from, isOutgoing } = packet
  const gap = missing(packet, 'Ethernet header', from, from + 14)
  if (gap !== undefined) return gap
  const lower = { sourceMac: formatMac(bytes, from + 6), isOutgoing, ifindex: undefined }
  return untag(packet, from + 14, u16(bytes, from + 12), lower)
}

function parseSll2(packet: CapturedPacket): Frame | Unreadable {
  const { bytes, from } = packet
  const gap = missing(packet, 'SLL2 header', from, from + 20)
  if (gap !== undefined) return gap
  if (u16(bytes, from + 8) === hardwareNetlink) return ignored('netlink message')
  const lower = {
    sourceMac: u8(bytes, from + 11) === 6 ? formatMac(bytes, from + 12) : undefined,
    isOutgoing: u8(bytes, from + 10) === 4,
    ifindex: u32(bytes, from + 4),
  }
  return untag(packet, from + 20, u16(bytes, from), lower)
}

function parseSll(packet: CapturedPacket): Frame | Unreadable {
  const { bytes, from } = packet
  const gap = missing(packet, 'SLL header', from, from + 16)
  if (gap !== undefined) return gap
  if (u16(bytes, from + 2) === hardwareNetlink) return ignored('netlink message')
  const lower = {
    sourceMac: u16(bytes, from + 4) === 6 ? formatMac(bytes, from + 6) : undefined,
    isOutgoing: u16(bytes, from) === 4,
    ifindex: undefined,
  }
  return untag(packet, from + 16, u16(bytes, from + 14), lower)
}

function parseLoopback(packet: CapturedPacket): Frame | Unreadable {
  const { bytes, from } = packet
  const gap = missing(packet, 'loopback header', from, from + 4)
  if (gap !== undefined) return gap
  // Families are small numbers, so the wrong order gives a huge one.
  const family = Math.min(u32(bytes, from), u32Little(bytes, from))
  if (family === 2) return plainFrame(packet, etherTypes.ipv4, from + 4)
  return ipv6Families.has(family)
    ? plainFrame(packet, etherTypes.ipv6, from + 4)
    : ignored('loopback packet of another address family')
}

function parseRawIp(packet: CapturedPacket): Frame | Unreadable {
  const { bytes, from } = packet
  const gap = missing(packet, 'IP header', from, from + 1)
  if (gap !== undefined) return gap
  const version = u8(bytes, from) >> 4
  if (version === 4) return plainFrame(packet, etherTypes.ipv4, from)
  return version === 6
    ? plainFrame(packet, etherTypes.ipv6, from)
    : malformed(`raw IP packet of version ${version}`, from)
}

function plainFrame(packet: CapturedPacket, etherType: number, payload: number): Frame {
  const { isOutgoing } = packet
  return { kind: 'frame', etherType, payload, vlan: undefined, sourceMac: undefined, isOutgoing, ifindex: undefined }
}

/** Takes off VLAN tags, as many as there are: each is 4 bytes, so the packet's end bounds them. */
function untag(packet: CapturedPacket, payload: number, etherType: number, lower: Lower): Frame | Unreadable {
  let vlan: number | undefined
  let at = payload
  let type = etherType
  while (vlanTypes.has(type) || isTagLeft(packet, at, type)) {
    const gap = missing(packet, 'VLAN tag', at, at + 4)
    if (gap !== undefined) return gap
    const tag = u16(packet.bytes, at) & 0xfff
    if (tag !== 0) vlan = tag
    type = u16(packet.bytes, at + 2)
    at += 4
  }
  const { sourceMac, isOutgoing, ifindex } = lower
  return { kind: 'frame', etherType: type, payload: at, vlan, sourceMac, isOutgoing, ifindex }
}

/** The inner tag of two, which cooked captures leave in front of a packet whose type they have named already. */
function isTagLeft({ bytes, linkType, to }: CapturedPacket, at: number, type: number): boolean {
  if (linkType === linkTypes.ethernet || u16(bytes, at + 2) !== type || at + 5 > to) return false
  if (type === etherTypes.arp) return true
  const version = type === etherTypes.ipv4 ? 4 : type === etherTypes.ipv6 ? 6 : undefined
  return version !== undefined && u8(bytes, at) >> 4 !== version && u8(bytes, at + 4) >> 4 === version
}
