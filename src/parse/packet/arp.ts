// ARP (RFC 826): somebody at that address was alive enough to speak. keepalived's gratuitous ARPs at a takeover are of
// this kind, and so are the answers of a guest whose user space stands still.
//
//   hardware type 2 | protocol type 2 | lengths 1 1 | operation 2 | sender MAC 6 | sender IP 4 | target MAC 6 | target IP 4

import { formatIpv4, formatMac } from './address.ts'
import { ignored, missing, type CapturedPacket, type Unreadable } from './captured-packet.ts'
import { etherTypes } from './link-layer.ts'
import { u16, u32, u8 } from './octets.ts'

export interface Arp {
  readonly kind: 'arp'
  readonly senderMac: string
  /** undefined in a probe (RFC 5227), which asks in nobody's name. */
  readonly sender: string | undefined
}

/** `at` is the index of the first byte behind the link layer. */
export function parseArp(packet: CapturedPacket, at: number): Arp | Unreadable {
  const { bytes } = packet
  const gap = missing(packet, 'ARP packet', at, at + 8)
  if (gap !== undefined) return gap
  const isIpv4OverEthernet =
    u16(bytes, at + 2) === etherTypes.ipv4 && u8(bytes, at + 4) === 6 && u8(bytes, at + 5) === 4
  if (!isIpv4OverEthernet) return ignored('ARP of another family')
  const restGap = missing(packet, 'ARP packet', at, at + 18)
  if (restGap !== undefined) return restGap
  const sender = u32(bytes, at + 14) === 0 ? undefined : formatIpv4(bytes, at + 14)
  return { kind: 'arp', senderMac: formatMac(bytes, at + 8), sender }
}
