// One VRRP advertisement: whose, for which virtual router, how often it promises to come back.
//
//   byte  0         1      2          3          4                          5                6-7
//   v2    2 | type  VRID   priority   addresses  auth type                  interval, s      checksum   RFC 3768 5.1
//   v3    3 | type  VRID   priority   addresses  0 | interval, upper bits   interval, cs     checksum   RFC 9568 5.1
//   then  the addresses, 4 or 16 bytes each
//   v2    8 bytes of authentication data, always; with auth type 1 a password in clear (RFC 2338 5.3.10)
//   then  keepalived >= 2.4.0 with `auth_hmac`: 28 bytes (vrrp_auth_hmac.c):
//         type 1 | key 1 | 0 2 | seconds 4 | 1/65536 s 2 | counter 2 | HMAC 16
//
// The authentication data is never read but for its checksum: no password leaves this file.
// What is odd but could still re-arm a master's timer stays an advert: no addresses, a foreign interval, a wrong checksum.

import type { Advert, Family, Traffic } from '../../events/packet.ts'
import { epochOf, spanOf, type Epoch } from '../../time/instant.ts'
import { formatAddress } from './address.ts'
import { malformed, type CapturedPacket, type Unreadable } from './captured-packet.ts'
import { checksumOf } from './checksum.ts'
import type { IpPacket } from './ip-packet.ts'
import { u16, u32, u8 } from './octets.ts'

/** Where and when a packet passed: what an advert and any other packet have in common. */
export type Passage = Pick<Traffic, 'at' | 'link' | 'vlan' | 'sourceMac' | 'isOutgoing'>

const headerBytes = 8
const passwordBytes = 8
const trailerBytes = 28

export function parseAdvert(packet: CapturedPacket, ip: IpPacket, passage: Passage): Advert | Unreadable {
  const { bytes } = packet
  const start = ip.payload
  const problem = problemOf(packet, ip)
  if (problem !== undefined) return malformed(problem, start)
  const version = u8(bytes, start) >> 4 === 2 ? 2 : 3
  const messageEnd = start + messageBytesOf(version, ip.family, u8(bytes, start + 3))
  if (messageEnd > ip.payloadEnd)
    return malformed(
      `VRRPv${version} advert of ${ip.payloadEnd - start} bytes, but its ${u8(bytes, start + 3)} addresses need ${messageEnd - start}`,
      start,
    )
  const to = Math.min(packet.to, ip.payloadEnd)
  const hasTrailer = ip.payloadEnd - messageEnd === trailerBytes
  return {
    at: passage.at,
    link: passage.link,
    vlan: passage.vlan,
    family: ip.family,
    source: ip.source,
    destination: formatAddress(ip.family, bytes, ip.destinationAt),
    sourceMac: passage.sourceMac,
    isOutgoing: passage.isOutgoing,
    version,
    vrid: u8(bytes, start + 1),
    priority: u8(bytes, start + 2),
    interval: spanOf(version === 2 ? u8(bytes, start + 5) * 1e9 : (u16(bytes, start + 4) & 0xfff) * 1e7),
    ipId: ip.id,
    hopLimit: ip.hopLimit,
    auth: ip.isAuthenticated ? 'ah' : hasTrailer ? 'hmac' : authOf(version, u8(bytes, start + 4)),
    checksum: checksumOf({ bytes, ip, version, ends: [messageEnd, ip.payloadEnd], to }),
    addresses: addressesOf(packet, ip, to),
    stampedAt: hasTrailer ? stampOf(bytes, messageEnd, to) : undefined,
  }
}

/** Why this is no advert; undefined when its fixed fields are there and sane. */
function problemOf(packet: CapturedPacket, ip: IpPacket): string | undefined {
  const { bytes } = packet
  const start = ip.payload
  if (ip.isFragment) return 'VRRP packet in fragments: an advert has to come in one'
  if (ip.payloadEnd > packet.wireTo) return 'VRRP message reaches past the end of the packet'
  if (start + headerBytes > ip.payloadEnd)
    return `VRRP message of ${Math.max(0, ip.payloadEnd - start)} bytes, its header alone has ${headerBytes}`
  if (start + headerBytes > packet.to) return 'VRRP header cut off by the snapshot length'
  const version = u8(bytes, start) >> 4
  if (version !== 2 && version !== 3) return `VRRP version ${version}; 2 and 3 are known`
  const type = u8(bytes, start) & 15
  if (type !== 1) return `VRRPv${version} packet of type ${type}; only adverts, type 1, exist`
  return u8(bytes, start + 1) === 0 ? `VRRPv${version} advert with VRID 0` : undefined
}

function messageBytesOf(version: 2 | 3, family: Family, count: number): number {
  return headerBytes + count * (family === 4 ? 4 : 16) + (version === 2 ? passwordBytes : 0)
}

/** Auth types of RFC 2338 5.3.6; v3 has none in that place. A type that nobody defined protects nothing. */
function authOf(version: 2 | 3, authType: number): Advert['auth'] {
  if (version === 3) return 'none'
  return authType === 1 ? 'password' : authType === 2 ? 'ah' : 'none'
}

/** Those that the capture holds. */
function addressesOf({ bytes }: CapturedPacket, ip: IpPacket, to: number): readonly string[] {
  const size = ip.family === 4 ? 4 : 16
  const first = ip.payload + headerBytes
  const count = Math.min(u8(bytes, ip.payload + 3), Math.floor((to - first) / size))
  const addresses: string[] = []
  for (let i = 0; i < count; i++) addresses.push(formatAddress(ip.family, bytes, first + i * size))
  return addresses
}

/** The sender's clock; undefined when it is cut off. */
function stampOf(bytes: Uint8Array, trailer: number, to: number): Epoch | undefined {
  if (trailer + 10 > to) return undefined
  const seconds = BigInt(u32(bytes, trailer + 4))
  const fraction = (BigInt(u16(bytes, trailer + 8)) * 1_000_000_000n) >> 16n
  return epochOf(seconds * 1_000_000_000n + fraction)
}
