// What a socket is called: `192.168.205.11:112->224.0.0.18:0`.
//
// Events and the list of open files order the fields differently (event: address, port, address, port; list: both
// addresses, then both ports). Addresses are in network order, ports are little-endian numbers. For a raw socket the
// "port" of the local end is the protocol number: 112 is VRRP. sysdig puts an interface's address for 0.0.0.0, which is
// a guess; here the file's own 0.0.0.0 stays.

import { textUpToZero } from './text.ts'

export const family = { unix: 1, ipv4: 2, ipv6: 10 } as const
/** Transport of a socket as the format numbers it. */
export const transport = { unknown: 0, none: 1, tcp: 2, udp: 3, icmp: 4, raw: 5 } as const

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)

export function formatIpv4(bytes: Uint8Array, at: number): string {
  return `${bytes[at] ?? 0}.${bytes[at + 1] ?? 0}.${bytes[at + 2] ?? 0}.${bytes[at + 3] ?? 0}`
}

/** First group and length of the longest run of zero groups, of at least two (RFC 5952 section 4.2). */
function longestZeros(groups: readonly number[]): { readonly from: number; readonly length: number } {
  let best = { from: -1, length: 1 }
  for (let from = 0; from < groups.length; from++) {
    let to = from
    while (to < groups.length && groups[to] === 0) to++
    if (to - from > best.length) best = { from, length: to - from }
  }
  return best
}

/** As inet_ntop writes it, embedded IPv4 included. */
export function formatIpv6(bytes: Uint8Array, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[at + 2 * i] ?? 0) << 8) | (bytes[at + 2 * i + 1] ?? 0))
  const { from, length } = longestZeros(groups)
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  if (from === 0 && (length === 6 || (length === 5 && groups[5] === 0xffff))) {
    return `::${length === 5 ? 'ffff:' : ''}${formatIpv4(bytes, at + 12)}`
  }
  return from < 0 ? hex(groups) : `${hex(groups.slice(0, from))}::${hex(groups.slice(from + length))}`
}

/** An IPv4 address in an IPv6 socket (`::ffff:a.b.c.d`), or no address at all. */
function isMapped(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false
  if (bytes[at + 10] === 0xff && bytes[at + 11] === 0xff) return true
  for (let i = 10; i < 16; i++) if (bytes[at + i] !== 0) return false
  return true
}

interface Endpoints {
  readonly bytes: Uint8Array
  readonly isIpv6: boolean
  readonly sourceAt: number
  readonly sourcePortAt: number
  readonly destinationAt: number
  readonly destinationPortAt: number
}

function formatEndpoints(of: Endpoints, l4: number): string {
  const { bytes, sourceAt, destinationAt } = of
  const isMappedPair = of.isIpv6 && isMapped(bytes, sourceAt) && isMapped(bytes, destinationAt)
  const format = of.isIpv6 && !isMappedPair ? formatIpv6 : formatIpv4
  const skip = isMappedPair ? 12 : 0
  const source = format(bytes, sourceAt + skip)
  const destination = format(bytes, destinationAt + skip)
  if (l4 === transport.icmp || l4 === transport.raw) return `${source}->${destination}`
  return `${source}:${u16(bytes, of.sourcePortAt)}->${destination}:${u16(bytes, of.destinationPortAt)}`
}

/** Name from the socket tuple of an event, at [at, at + size); undefined when there is none or of another family. */
export function nameOfTuple(bytes: Uint8Array, at: number, size: number, l4: number): string | undefined {
  const kind = size > 0 ? bytes[at] : undefined
  if (kind === family.unix) return size >= 17 ? nameOfUnixTuple(bytes, at, size) : undefined
  const isIpv6 = kind === family.ipv6
  const width = isIpv6 ? 16 : 4
  if ((kind !== family.ipv4 && !isIpv6) || size < 1 + 2 * (width + 2)) return undefined
  const sourceAt = at + 1
  const destinationAt = sourceAt + width + 2
  const ports = { sourcePortAt: sourceAt + width, destinationPortAt: destinationAt + width }
  return formatEndpoints({ bytes, isIpv6, sourceAt, destinationAt, ...ports }, l4)
}

function nameOfUnixTuple(bytes: Uint8Array, at: number, size: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, size)
  const source = view.getBigUint64(1, true).toString(16)
  const destination = view.getBigUint64(9, true).toString(16)
  return `${source}->${destination} ${textUpToZero(bytes, at + 17, at + size)}`
}

/** Name from the socket address of an event: `a.b.c.d:port`, or a path. */
export function nameOfAddress(bytes: Uint8Array, at: number, size: number): string | undefined {
  const kind = size > 0 ? bytes[at] : undefined
  if (kind === family.ipv4 && size >= 7) return `${formatIpv4(bytes, at + 1)}:${u16(bytes, at + 5)}`
  if (kind === family.ipv6 && size >= 19) return `${formatIpv6(bytes, at + 1)}:${u16(bytes, at + 17)}`
  if (kind === family.unix) return textUpToZero(bytes, at + 1, at + size)
  return undefined
}

/** Name of a connection in the list of open files: both addresses, then both ports. */
export function nameOfListedPair(bytes: Uint8Array, isIpv6: boolean): string {
  const width = isIpv6 ? 16 : 4
  const ports = { sourcePortAt: 2 * width, destinationPortAt: 2 * width + 2 }
  return formatEndpoints({ bytes, isIpv6, sourceAt: 0, destinationAt: width, ...ports }, transport.none)
}

/** The transport that socket(domain, type, protocol) asks for, as sysdig counts it; 112 (VRRP) is none it knows. */
export function transportOf(domain: number, type: number, protocol: number): number {
  if (domain !== family.ipv4 && domain !== family.ipv6) return transport.none
  const isRaw = type === 3
  switch (protocol) {
    case 6:
      return isRaw ? transport.raw : transport.tcp
    case 17:
      return isRaw ? transport.raw : transport.udp
    case 1:
      return isRaw ? transport.raw : transport.icmp
    case 255:
      return transport.raw
    case 0:
      return (type & 255) === 1 ? transport.tcp : (type & 255) === 2 ? transport.udp : transport.unknown
    default:
      return transport.unknown
  }
}
