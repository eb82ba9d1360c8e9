// A captured packet, as long as it was, with other addresses in it and nothing of what it carried.
//
//   link layer   MACs changed, VLAN tags kept          ARP    all four addresses changed
//   IPv4, IPv6   addresses changed, checksum anew      VRRP   addresses changed, authentication gone; a checksum that fitted
//   others       8 bytes kept (ports, type), then 0           fits again by the same rule, a wrong one stays wrong

import type { Pseudonyms } from '../pseudonyms.ts'

const ethernet = 1
const cooked = 113
const cooked2 = 276
const vrrp = 112
const keptOfOthers = 8

const at16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
const put16 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = (value >> 8) & 255
  bytes[at + 1] = value & 255
}

function sumOf(bytes: Uint8Array, before = 0): number {
  let sum = before
  for (let i = 0; i < bytes.length; i += 2) sum += at16(bytes, i)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}

const hexOf = (byte: number): string => byte.toString(16).padStart(2, '0')

function groupsOf(text: string): number[] {
  const [head = '', tail] = text.split('::')
  const part = (one: string): number[] => (one === '' ? [] : one.split(':').map((group) => Number.parseInt(group, 16)))
  const [before, behind] = [part(head), tail === undefined ? [] : part(tail)]
  return [...before, ...Array.from({ length: Math.max(0, 8 - before.length - behind.length) }, () => 0), ...behind]
}

/** The longest run of zeros is left out: RFC 5952. As the report writes it, so that one address has one pseudonym. */
function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => at16(bytes, 2 * i))
  let [best, length] = [-1, 1]
  for (let from = 0; from < 8; from++) {
    let to = from
    while (to < 8 && groups[to] === 0) to++
    if (to - from > length) [best, length] = [from, to - from]
  }
  const text = (part: readonly number[]): string => part.map((one) => one.toString(16)).join(':')
  return best < 0 ? text(groups) : `${text(groups.slice(0, best))}::${text(groups.slice(best + length))}`
}

export function redactFrame(frame: Uint8Array, linkType: number, names: Pseudonyms): void {
  function mac(at: number): void {
    if (at + 6 > frame.length) return void frame.fill(0, at)
    const text = Array.from(frame.subarray(at, at + 6), hexOf).join(':')
    frame.set(
      names
        .mac(text)
        .split(':')
        .map((one) => Number.parseInt(one, 16)),
      at,
    )
  }
  function ipv4(at: number): void {
    if (at + 4 > frame.length) return void frame.fill(0, at)
    frame.set(
      names
        .ipv4(frame.subarray(at, at + 4).join('.'))
        .split('.')
        .map(Number),
      at,
    )
  }
  function ipv6(at: number): void {
    if (at + 16 > frame.length) return void frame.fill(0, at)
    groupsOf(names.ipv6(ipv6Text(frame.subarray(at, at + 16)))).forEach((group, i) => put16(frame, at + 2 * i, group))
  }

  /** `source`: where the addresses of the IP header stand, after one another. */
  function advert(from: number, to: number, source: number, size: 4 | 16): void {
    const message = frame.subarray(from, to)
    if (message.length < 8) return void message.fill(0)
    const isSecond = (message[0] ?? 0) >> 4 === 2
    const ends = Math.min(to, from + 8 + (message[3] ?? 0) * size)
    const pseudo = (): number => sumOf(frame.subarray(source, source + 2 * size), vrrp + message.length)
    const plainFits = sumOf(message) === 0xffff
    const pseudoFits = !isSecond && sumOf(message, pseudoBefore) === 0xffff
    for (let at = from + 8; at + size <= ends; at += size) (size === 4 ? ipv4 : ipv6)(at)
    frame.fill(0, ends, to)
    put16(message, 6, 0)
    const sum = ~sumOf(message, pseudoFits ? pseudo() : 0) & 0xffff
    put16(message, 6, plainFits || pseudoFits ? sum : sum ^ 0x5555)
  }

  let pseudoBefore = 0

  function payload(protocol: number, from: number, to: number, source: number, size: 4 | 16): void {
    if (protocol === vrrp) advert(from, to, source, size)
    else frame.fill(0, Math.min(to, from + keptOfOthers))
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
      const end = Math.min(frame.length, at + at16(frame, at + 2))
      const from = Math.min(end, at + Math.max(20, headerBytes))
      pseudoBefore = sumOf(frame.subarray(at + 12, at + 20), vrrp + Math.max(0, end - from))
      ipv4(at + 12)
      ipv4(at + 16)
      frame.fill(0, at + 20, from)
      put16(frame, at + 10, 0)
      put16(frame, at + 10, ~sumOf(frame.subarray(at, from)) & 0xffff)
      payload(frame[at + 9] ?? 0, from, end, at + 12, 4)
      return void frame.fill(0, end)
    }
    if (type === 0x86dd && at + 40 <= frame.length) {
      const end = Math.min(frame.length, at + 40 + at16(frame, at + 4))
      pseudoBefore = sumOf(frame.subarray(at + 8, at + 40), vrrp + Math.max(0, end - at - 40))
      ipv6(at + 8)
      ipv6(at + 24)
      payload(frame[at + 6] ?? 0, at + 40, end, at + 8, 16)
      return void frame.fill(0, end)
    }
    frame.fill(0, Math.min(frame.length, at))
  }

  if (linkType === ethernet) {
    mac(0)
    mac(6)
    let at = 12
    while ([0x8100, 0x88a8].includes(at16(frame, at)) && at + 4 <= frame.length) at += 4
    network(at16(frame, at), at + 2)
  } else if (linkType === cooked) {
    mac(6)
    network(at16(frame, 14), 16)
  } else if (linkType === cooked2) {
    mac(12)
    network(at16(frame, 0), 20)
  } else frame.fill(0)
}
