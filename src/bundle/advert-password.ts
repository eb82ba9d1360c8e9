// Takes the password out of a captured frame before it reaches a disk.
//
//   VRRPv2:  21 | VRID | priority | n | auth type | interval | checksum 2 | n * 4 address bytes | 8 bytes of password
//                                       1 = simple text (RFC 2338 5.3.10)
//
// The eight bytes become zero, and the checksum is corrected by exactly what that changes (RFC 1624): a right one stays
// right, a wrong one stays wrong, so that a reader is told the same about it; and the sum no longer gives two bytes of the
// password away. Nothing else of the frame changes, and no length.
//
// An ICMP error quotes the packet that it complains about, an advert to a unicast peer for one: what it quotes beyond the
// IP header and eight bytes becomes zero in the same way.

import { parseFrame, etherTypes } from '../parse/packet/link-layer.ts'
import { parseIpv4 } from '../parse/packet/ipv4.ts'
import { parseIpv6 } from '../parse/packet/ipv6.ts'
import { protocols, type IpPacket } from '../parse/packet/ip-packet.ts'
import { u16, u8 } from '../parse/packet/octets.ts'
import { instantOf } from '../time/instant.ts'

const passwordBytes = 8
/** ICMP types that quote: unreachable, source quench, redirect, time exceeded, parameter problem; of ICMPv6 1 to 4. */
const quotingTypes: ReadonlySet<number> = new Set([3, 4, 5, 11, 12])
const icmpHeader = 8

/** `bytes[from, to)` is one frame as captured, `wireBytes` how long it was. Changes it in place. */
export function blankPasswords(bytes: Uint8Array, from: number, to: number, wireBytes: number, linkType: number): void {
  const packet = {
    bytes: bytes.subarray(0, to),
    from,
    to,
    wireTo: from + wireBytes,
    base: 0,
    at: instantOf(0),
    linkType,
    interfaceName: undefined,
    isOutgoing: undefined,
  }
  const frame = parseFrame(packet)
  if (frame.kind !== 'frame') return
  const { etherType, payload } = frame
  if (etherType !== etherTypes.ipv4 && etherType !== etherTypes.ipv6) return
  const ip = etherType === etherTypes.ipv4 ? parseIpv4(packet, payload) : parseIpv6(packet, payload)
  if (ip.kind !== 'ip') return
  if (ip.protocol === protocols.vrrp) blankAdvert(bytes, ip, to)
  else if (ip.protocol === protocols.icmp || ip.protocol === protocols.icmp6) blankQuote(bytes, ip, to)
}

function blankAdvert(bytes: Uint8Array, ip: IpPacket, to: number): void {
  const start = ip.payload
  const isSimpleText = u8(bytes, start) >> 4 === 2 && u8(bytes, start + 4) === 1
  if (!isSimpleText || start + 8 > to) return
  const password = start + 8 + u8(bytes, start + 3) * (ip.family === 4 ? 4 : 16)
  // A count that is too large would hide the password behind the end: then all that follows the header goes.
  const isSane = password + passwordBytes <= Math.max(ip.payloadEnd, start + 8)
  blank(bytes, isSane ? password : start + 8, Math.min(to, isSane ? password + passwordBytes : to), start + 6, start)
}

function blankQuote(bytes: Uint8Array, ip: IpPacket, to: number): void {
  const start = ip.payload
  const type = u8(bytes, start)
  const quotes = ip.family === 4 ? quotingTypes.has(type) : type >= 1 && type <= 4
  if (!quotes) return
  const quote = start + icmpHeader
  const header = ip.family === 4 ? (u8(bytes, quote) & 15) * 4 : 40
  blank(bytes, quote + header + 8, to, start + 2, start)
}

/** Zeros [from, to), and moves the one's complement sum at `sumAt`, of words that are counted from `start`, along. */
function blank(bytes: Uint8Array, from: number, to: number, sumAt: number, start: number): void {
  if (from >= to) return
  let removed = 0
  for (let i = from; i < to; i++) {
    const value = u8(bytes, i)
    removed += (i - start) % 2 === 0 ? value << 8 : value
    bytes[i] = 0
  }
  if (sumAt >= from && sumAt < to) return
  // RFC 1624: HC' = ~(~HC + ~m + m'); with m' = 0 what is taken away is m.
  const sum = folded((~u16(bytes, sumAt) & 0xffff) + (0xffff - folded(removed)))
  const checksum = ~sum & 0xffff
  bytes[sumAt] = checksum >> 8
  bytes[sumAt + 1] = checksum & 0xff
}

function folded(sum: number): number {
  let value = sum
  while (value > 0xffff) value = (value & 0xffff) + Math.floor(value / 0x10000)
  return value
}
