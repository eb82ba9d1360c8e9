// The IPv4 header (RFC 791 3.1), as far as an advert needs it: whose it is, its Identification, what it carries.

import { formatIpv4 } from './address.ts'
import { malformed, missing, type CapturedPacket, type Unreadable } from './captured-packet.ts'
import { parseAuthenticationHeader, protocols, type Hop, type IpPacket } from './ip-packet.ts'
import { u16, u8 } from './octets.ts'

/** `at` is the index of the header's first byte. */
export function parseIpv4(packet: CapturedPacket, at: number): IpPacket | Unreadable {
  const { bytes } = packet
  const gap = missing(packet, 'IPv4 header', at, at + 20)
  if (gap !== undefined) return gap
  const version = u8(bytes, at) >> 4
  if (version !== 4) return malformed(`IPv4 packet that says it is version ${version}`, at)
  const headerBytes = (u8(bytes, at) & 15) * 4
  if (headerBytes < 20) return malformed(`IPv4 header length of ${headerBytes} bytes, at least 20 are needed`, at)
  const optionsGap = missing(packet, 'IPv4 header', at, at + headerBytes)
  if (optionsGap !== undefined) return optionsGap
  const totalBytes = u16(bytes, at + 2)
  // 0: a large packet that the card is going to cut into segments; its real length is the frame's.
  if (totalBytes !== 0 && totalBytes < headerBytes)
    return malformed(`IPv4 total length of ${totalBytes} bytes, less than its header's ${headerBytes}`, at)
  // More Fragments and the offset in 8-byte words.
  const fragment = u16(bytes, at + 6) & 0x3fff
  const isAuthenticated = u8(bytes, at + 9) === protocols.ah
  // Behind the header of a later fragment comes the middle of something.
  const behind: Hop | Unreadable =
    isAuthenticated && (fragment & 0x1fff) === 0
      ? parseAuthenticationHeader(packet, at + headerBytes)
      : { kind: 'hop', next: u8(bytes, at + 9), at: at + headerBytes }
  if (behind.kind === 'malformed') return behind
  return {
    kind: 'ip',
    family: 4,
    source: formatIpv4(bytes, at + 12),
    sourceAt: at + 12,
    destinationAt: at + 16,
    protocol: behind.kind === 'hop' ? behind.next : undefined,
    payload: behind.kind === 'hop' ? behind.at : packet.to,
    payloadEnd: totalBytes === 0 ? packet.wireTo : at + totalBytes,
    id: u16(bytes, at + 4),
    hopLimit: u8(bytes, at + 8),
    isFragment: fragment !== 0,
    isAuthenticated,
  }
}
