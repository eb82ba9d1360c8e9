// An advert as a frame that says the same and names nobody: built anew from what was read of it, so that no byte of the
// original can be left in it. Ethernet, whatever it was captured on; authentication data is gone.
//
//   MACs 6 6 | [8100 vlan] | 0800 | IPv4 20: ID and TTL as they were | VRRP 8 + addresses + 8 zeros (v2) | checksums anew

import type { Advert } from '../../events/packet.ts'
import type { Pseudonyms } from './pseudonyms.ts'

const ethernetMulticast = { 4: '01:00:5e:00:00:12', 6: '33:33:00:00:00:12' } as const
const vrrp = 112

function ipv6Bytes(text: string): number[] {
  const [head = '', tail] = text.split('::')
  const groupsOf = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((one) => Number.parseInt(one, 16))
  const before = groupsOf(head)
  const behind = tail === undefined ? [] : groupsOf(tail)
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - behind.length) }, () => 0)
  return [...before, ...zeros, ...behind].slice(0, 8).flatMap((group) => [group >> 8, group & 255])
}

export const addressBytes = (address: string): number[] =>
  address.includes(':') ? ipv6Bytes(address) : address.split('.').map(Number)
export const macBytes = (mac: string): number[] => mac.split(':').map((one) => Number.parseInt(one, 16))
const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255]

function checksumOf(bytes: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) + (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

function messageOf(advert: Advert, source: number[], destination: number[], addresses: readonly number[]): number[] {
  const size = advert.family === 4 ? 4 : 16
  const centiseconds = Math.round(advert.interval / 1e7)
  const isSecond = advert.version === 2
  const head = [
    (advert.version << 4) | 1,
    advert.vrid,
    advert.priority,
    Math.floor(addresses.length / size),
    isSecond ? Number(advert.auth === 'password') : (centiseconds >> 8) & 15,
    isSecond ? Math.round(advert.interval / 1e9) & 255 : centiseconds & 255,
    0,
    0,
  ]
  const message = [...head, ...addresses, ...(isSecond ? [0, 0, 0, 0, 0, 0, 0, 0] : [])]
  const pseudo = isSecond ? [] : [...source, ...destination, 0, vrrp, ...u16(message.length)]
  const sum = checksumOf([...pseudo, ...message])
  // A wrong one stays wrong.
  const [high = 0, low = 0] = u16(advert.checksum === 'wrong' ? sum ^ 0x5555 : sum)
  message[6] = high
  message[7] = low
  return message
}

export function redactedFrame(advert: Advert, names: Pseudonyms): Uint8Array {
  const own = (address: string): string => (advert.family === 4 ? names.ipv4(address) : names.ipv6(address))
  const source = addressBytes(own(advert.source))
  const destination = addressBytes(own(advert.destination))
  const addresses = advert.addresses.flatMap((one) => addressBytes(own(one)))
  const message = messageOf(advert, source, destination, addresses)
  const ip =
    advert.family === 4
      ? [0x45, 0xc0, ...u16(20 + message.length), ...u16(advert.ipId ?? 0), 0, 0, advert.hopLimit, vrrp, 0, 0]
      : [0x6c, 0, 0, 0, ...u16(message.length), vrrp, advert.hopLimit]
  if (advert.family === 4) {
    const sum = u16(checksumOf([...ip, ...source, ...destination]))
    ip[10] = sum[0] ?? 0
    ip[11] = sum[1] ?? 0
  }
  return Uint8Array.from([
    ...macBytes(ethernetMulticast[advert.family]),
    ...macBytes(names.mac(advert.sourceMac ?? '00:00:00:00:00:00')),
    ...(advert.vlan === undefined ? [] : [0x81, 0x00, ...u16(advert.vlan)]),
    ...(advert.family === 4 ? [0x08, 0x00] : [0x86, 0xdd]),
    ...ip,
    ...source,
    ...destination,
    ...message,
  ])
}
