// How addresses are written: as tcpdump and `ip` print them, so that a person can search for what she reads.

import type { Family } from '../../events/packet.ts'
import { u16, u8 } from './octets.ts'

const hex2: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

const pair = (bytes: Uint8Array, at: number): string => hex2[u8(bytes, at)] ?? ''

/** `00:00:5e:00:01:cd` */
export function formatMac(bytes: Uint8Array, at: number): string {
  return `${pair(bytes, at)}:${pair(bytes, at + 1)}:${pair(bytes, at + 2)}:${pair(bytes, at + 3)}:${pair(bytes, at + 4)}:${pair(bytes, at + 5)}`
}

/** `192.168.205.11` */
export function formatIpv4(bytes: Uint8Array, at: number): string {
  return `${u8(bytes, at)}.${u8(bytes, at + 1)}.${u8(bytes, at + 2)}.${u8(bytes, at + 3)}`
}

/** `fe80::5054:ff:fe20:5a01`: lower case, the longest run of two or more zero groups as `::`, the first of equals (RFC 5952). */
export function formatIpv6(bytes: Uint8Array, at: number): string {
  const groups: number[] = []
  for (let i = 0; i < 16; i += 2) groups.push(u16(bytes, at + i))
  const { from, length } = longestZeros(groups)
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  return length < 2 ? text(groups) : `${text(groups.slice(0, from))}::${text(groups.slice(from + length))}`
}

export function formatAddress(family: Family, bytes: Uint8Array, at: number): string {
  return family === 4 ? formatIpv4(bytes, at) : formatIpv6(bytes, at)
}

function longestZeros(groups: readonly number[]): { readonly from: number; readonly length: number } {
  let best = { from: 0, length: 0 }
  let from = 0
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === 0) continue
    if (i - from > best.length) best = { from, length: i - from }
    from = i + 1
  }
  return best
}
