// The IPv6 header (RFC 8200 3) and the extension headers that may stand before what matters (RFC 8200 4).
//
//   40 bytes | hop-by-hop | routing | fragment | AH | destination options | VRRP
//
// Each is `next header 1 | length 1 | …`: hop-by-hop, routing and destination options count in 8-byte words without the
// first, a fragment header is always 8 bytes, AH has a count of its own.

import { formatIpv6 } from './address.ts'
import { malformed, missing, type CapturedPacket, type Unreadable } from './captured-packet.ts'
import { parseAuthenticationHeader, protocols, type Hop, type IpPacket } from './ip-packet.ts'
import { u16, u8 } from './octets.ts'

const fragmentHeader = 44
/** Hop-by-hop, routing, destination options, mobility, HIP, shim6: all of one shape. */
const wordCounted: ReadonlySet<number> = new Set([0, 43, 60, 135, 139, 140])
const headerBytes = 40

/** `at` is the index of the header's first byte. */
export function parseIpv6(packet: CapturedPacket, at: number): IpPacket | Unreadable {
  const { bytes } = packet
  const gap = missing(packet, 'IPv6 header', at, at + headerBytes)
  if (gap !== undefined) return gap
  const version = u8(bytes, at) >> 4
  if (version !== 6) return malformed(`IPv6 packet that says it is version ${version}`, at)
  const payloadBytes = u16(bytes, at + 4)
  const chain = followChain(packet, u8(bytes, at + 6), at + headerBytes)
  if (chain.kind !== 'chain') return chain
  return {
    kind: 'ip',
    family: 6,
    source: formatIpv6(bytes, at + 8),
    sourceAt: at + 8,
    destinationAt: at + 24,
    protocol: chain.protocol,
    payload: chain.at,
    // 0: a jumbogram, or a large packet that the card is going to cut into segments.
    payloadEnd: payloadBytes === 0 ? packet.wireTo : at + headerBytes + payloadBytes,
    id: undefined,
    hopLimit: u8(bytes, at + 7),
    isFragment: chain.isFragment,
    isAuthenticated: chain.isAuthenticated,
  }
}

interface Chain {
  readonly kind: 'chain'
  /** undefined when the snapshot length cut the chain off. */
  protocol: number | undefined
  at: number
  isFragment: boolean
  isAuthenticated: boolean
}

/** Walks the extension headers. Each has at least 8 bytes, so the packet's end bounds the walk. */
function followChain(packet: CapturedPacket, first: number, start: number): Chain | Unreadable {
  const chain: Chain = { kind: 'chain', protocol: first, at: start, isFragment: false, isAuthenticated: false }
  while (isExtension(chain.protocol)) {
    const hop =
      chain.protocol === protocols.ah
        ? parseAuthenticationHeader(packet, chain.at)
        : parseExtension(packet, chain.protocol === fragmentHeader, chain.at)
    if (hop.kind === 'malformed') return hop
    if (hop.kind === 'ignored') {
      chain.protocol = undefined
      break
    }
    // Offset and More Fragments; both 0 in an "atomic" fragment, which is the whole packet (RFC 6946).
    const fragment = chain.protocol === fragmentHeader ? u16(packet.bytes, chain.at + 2) & 0xfff9 : 0
    if (fragment !== 0) chain.isFragment = true
    if (chain.protocol === protocols.ah) chain.isAuthenticated = true
    chain.protocol = hop.next
    chain.at = hop.at
    // Behind the header of a later fragment comes the middle of something.
    if (fragment >> 3 !== 0) break
  }
  return chain
}

const isExtension = (protocol: number | undefined): protocol is number =>
  protocol === fragmentHeader || protocol === protocols.ah || (protocol !== undefined && wordCounted.has(protocol))

function parseExtension(packet: CapturedPacket, isFragmentHeader: boolean, at: number): Hop | Unreadable {
  const gap = missing(packet, 'IPv6 extension header', at, at + 8)
  if (gap !== undefined) return gap
  const end = at + (isFragmentHeader ? 8 : (u8(packet.bytes, at + 1) + 1) * 8)
  const restGap = missing(packet, 'IPv6 extension header', at, end)
  return restGap ?? { kind: 'hop', next: u8(packet.bytes, at), at: end }
}
