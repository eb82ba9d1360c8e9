// Which rule the checksum of an advert fits. It rejects garbage, no more: every variant below is or was on real wires.
//
//   v2            the whole message, authentication data included, no pseudo-header             RFC 3768 5.3.8
//   v3 over IPv6  with the pseudo-header of RFC 8200 8.1
//   v3 over IPv4  with a pseudo-header: keepalived's default, tcpdump, Wireshark                RFC 5798 5.2.8
//                 without: Cisco, Juniper, keepalived >= 2.2.8 with `v3_checksum_as_v2`          RFC 9568 5.2.8
//                 with the pseudo-header of the multicast address although sent to a peer:
//                 keepalived <= 1.3.6, and later ones with `old_unicast_checksum`
// keepalived's HMAC trailer lies outside the sum over IPv4 (it is appended later) and inside over IPv6 (the kernel sums).

import type { Checksum } from '../../events/packet.ts'
import { protocols, type IpPacket } from './ip-packet.ts'
import { u16, u8 } from './octets.ts'

/** 224.0.0.18 as two words. */
export const multicastSum = 0xe000 + 0x0012

export interface Summed {
  readonly bytes: Uint8Array
  readonly ip: IpPacket
  readonly version: 2 | 3
  /** Where the sum may end: behind the message proper, and behind all that follows it. */
  readonly ends: readonly number[]
  /** Index behind the last captured byte. */
  readonly to: number
}

export function checksumOf(summed: Summed): Checksum {
  let isCut = false
  for (const end of summed.ends) {
    if (end > summed.to) isCut = true
    else {
      const found = fitOf(summed, end)
      if (found !== undefined) return found
    }
  }
  return isCut ? 'unknown' : 'wrong'
}

function fitOf({ bytes, ip, version }: Summed, end: number): Checksum | undefined {
  const message = sumOf(bytes, ip.payload, end)
  const length = end - ip.payload
  const addressBytes = ip.family === 4 ? 4 : 16
  const source = sumOf(bytes, ip.sourceAt, ip.sourceAt + addressBytes)
  const destination = sumOf(bytes, ip.destinationAt, ip.destinationAt + addressBytes)
  const isPlainFit = isWhole(message)
  const isPseudoFit = isWhole(message + source + destination + protocols.vrrp + length)
  if (version === 2 && ip.family === 4) return isPlainFit ? 'ok' : undefined
  if (isPseudoFit) return 'ok'
  if (isPlainFit) return 'ok-without-pseudo-header'
  if (ip.family === 4 && isWhole(message + source + multicastSum + protocols.vrrp + length))
    return 'ok-with-multicast-pseudo-header'
  return undefined
}

/** The sum of 16-bit words, carries not yet folded in; an odd last byte counts as the upper half of a word. */
export function sumOf(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0
  let at = from
  for (; at + 1 < to; at += 2) sum += u16(bytes, at)
  return at < to ? sum + (u8(bytes, at) << 8) : sum
}

/** The carries added in again (RFC 1071). */
export function foldedOf(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000)
  return folded
}

/** One's complement: a sum that includes its own checksum folds to all ones (RFC 1071). */
export const isWhole = (sum: number): boolean => foldedOf(sum) === 0xffff
