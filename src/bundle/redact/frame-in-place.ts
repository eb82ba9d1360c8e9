// A captured packet, as long as it was, with other addresses in it and nothing of what it carried.
//
//   link layer   MACs changed, VLAN tags kept          ARP    all four addresses changed
//   IPv4, IPv6   addresses changed, checksum anew      VRRP   addresses changed, authentication gone; a checksum that fitted
//   others       8 bytes kept (ports, type), then 0           fits again by the same rule, a wrong one stays wrong

import { formatIpv4, formatIpv6, formatMac } from '../../parse/packet/address.ts'
import { foldedOf, isWhole, multicastSum, sumOf } from '../../parse/packet/checksum.ts'
import { protocols } from '../../parse/packet/ip-packet.ts'
import { u16 } from '../../parse/packet/octets.ts'
import type { Pseudonyms } from './pseudonyms.ts'
import { addressBytes, macBytes } from './redacted-frame.ts'

const ethernet = 1
const cooked = 113
const cooked2 = 276
const keptOfOthers = 8
/** Of an authentication header its numbers, of keepalived's HMAC its stamp; what they prove is gone. */
const stampBytes = 12
const pseudoHeaders = ['none', 'own', 'group'] as const

interface Message {
  readonly from: number
  readonly to: number
  /** Where the addresses of its IP header stand, after one another. */
  readonly source: number
  readonly size: 4 | 16
}

/** What a checksum sums: up to where, and behind which pseudo header. Senders differ (parse/packet/checksum.ts). */
interface Rule {
  readonly end: number
  readonly pseudo: (typeof pseudoHeaders)[number]
}

const put16 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = (value >> 8) & 255
  bytes[at + 1] = value & 255
}

export function redactFrame(frame: Uint8Array, linkType: number, names: Pseudonyms): void {
  function mac(at: number): void {
    if (at + 6 > frame.length) frame.fill(0, at)
    else frame.set(macBytes(names.mac(formatMac(frame, at))), at)
  }
  function ipv4(at: number): void {
    if (at + 4 > frame.length) frame.fill(0, at)
    else frame.set(addressBytes(names.ipv4(formatIpv4(frame, at))), at)
  }
  function ipv6(at: number): void {
    if (at + 16 > frame.length) frame.fill(0, at)
    else frame.set(addressBytes(names.ipv6(formatIpv6(frame, at))), at)
  }

  /** The checksum's rule, which has to be known before anything is changed. */
  function ruleOf({ from, to, source, size }: Message): Rule | undefined {
    const { ends } = partsOf({ from, to, source, size })
    const rules = [ends, to].flatMap((end) => pseudoHeaders.map((pseudo): Rule => ({ end, pseudo })))
    return rules.find((rule) => isWhole(sumOf(frame, from, rule.end) + pseudoSum(rule, from, source, size)))
  }

  function pseudoSum({ end, pseudo }: Rule, from: number, source: number, size: number): number {
    if (pseudo === 'none') return 0
    const before = protocols.vrrp + end - from
    if (pseudo === 'own') return before + sumOf(frame, source, source + 2 * size)
    return before + sumOf(frame, source, source + size) + multicastSum
  }

  /** Behind its addresses: 8 bytes of authentication (version 2); behind all that keepalived's HMAC with its stamp. */
  function partsOf({ from, to, size }: Message): { readonly addressesEnd: number; readonly ends: number } {
    const addressesEnd = Math.min(to, from + 8 + (frame[from + 3] ?? 0) * size)
    return { addressesEnd, ends: Math.min(to, addressesEnd + ((frame[from] ?? 0) >> 4 === 2 ? 8 : 0)) }
  }

  function advert(message: Message, rule: Rule | undefined): void {
    const { from, to, source, size } = message
    if (to - from < 8) return void frame.fill(0, from, to)
    const { addressesEnd, ends } = partsOf(message)
    for (let at = from + 8; at + size <= addressesEnd; at += size) (size === 4 ? ipv4 : ipv6)(at)
    frame.fill(0, addressesEnd, ends)
    frame.fill(0, Math.min(to, ends + stampBytes), to)
    put16(frame, from + 6, 0)
    const fits = rule ?? { end: ends, pseudo: 'none' }
    const sum = ~foldedOf(sumOf(frame, from, fits.end) + pseudoSum(fits, from, source, size)) & 0xffff
    // A wrong one stays wrong.
    put16(frame, from + 6, rule === undefined ? sum ^ 0x5555 : sum)
  }

  /** Behind an authentication header the advert itself; its HMAC is gone. */
  function messageOf(protocol: number, from: number, to: number, source: number, size: 4 | 16): Message | undefined {
    if (protocol === protocols.vrrp) return { from, to, source, size }
    const begins = from + ((frame[from + 1] ?? 0) + 2) * 4
    return protocol === protocols.ah && frame[from] === protocols.vrrp && begins < to
      ? { from: begins, to, source, size }
      : undefined
  }

  function payload(from: number, to: number, message: Message | undefined, rule: Rule | undefined): void {
    if (message === undefined) return void frame.fill(0, Math.min(to, from + keptOfOthers), to)
    frame.fill(0, Math.min(message.from, from + stampBytes), message.from)
    advert(message, rule)
  }

  function network(type: number, at: number): void {
    if (type === 0x0806) {
      for (const [offset, change] of [
        [8, mac],
        [14, ipv4],
        [18, mac],
        [24, ipv4],
      ] as const)
        change(at + offset)
      return void frame.fill(0, at + 28)
    }
    if (type === 0x0800 && at + 20 <= frame.length) {
      const headerBytes = ((frame[at] ?? 0) & 15) * 4
      const end = Math.min(frame.length, at + u16(frame, at + 2))
      const from = Math.min(end, at + Math.max(20, headerBytes))
      const message = messageOf(frame[at + 9] ?? 0, from, end, at + 12, 4)
      const rule = message === undefined ? undefined : ruleOf(message)
      ipv4(at + 12)
      ipv4(at + 16)
      frame.fill(0, at + 20, from)
      put16(frame, at + 10, 0)
      put16(frame, at + 10, ~foldedOf(sumOf(frame, at, from)) & 0xffff)
      payload(from, end, message, rule)
      return void frame.fill(0, end)
    }
    if (type === 0x86dd && at + 40 <= frame.length) {
      const end = Math.min(frame.length, at + 40 + u16(frame, at + 4))
      const message = messageOf(frame[at + 6] ?? 0, at + 40, end, at + 8, 16)
      const rule = message === undefined ? undefined : ruleOf(message)
      ipv6(at + 8)
      ipv6(at + 24)
      payload(at + 40, end, message, rule)
      return void frame.fill(0, end)
    }
    frame.fill(0, Math.min(frame.length, at))
  }

  if (linkType === ethernet) {
    mac(0)
    mac(6)
    let at = 12
    while ([0x8100, 0x88a8].includes(u16(frame, at)) && at + 4 <= frame.length) at += 4
    network(u16(frame, at), at + 2)
  } else if (linkType === cooked) {
    mac(6)
    network(u16(frame, 14), 16)
  } else if (linkType === cooked2) {
    mac(12)
    network(u16(frame, 0), 20)
  } else frame.fill(0)
}
