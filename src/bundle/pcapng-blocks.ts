// pcapng, written: the sections, interfaces and packets that Wireshark and tcpdump read.
//
//   SHB  0a0d0d0a | length | 1a2b3c4d | 1 0 | -1 (length not told) | options | length
//   IDB  1        | length | link type 2 | 0 2 | snapshot length | options: if_name 2, if_tsresol 9 | length
//   EPB  6        | length | interface | stamp, upper | lower | captured | on the wire | packet, padded to 4 | options | length
//
// Little endian, stamps in nanoseconds. Packet options: opt_comment 1, epb_flags 2 (1 in, 2 out).
// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html

import type { Epoch } from '../time/instant.ts'

export interface WrittenPacket {
  /** As it was captured. */
  readonly bytes: Uint8Array
  readonly wireBytes: number
  readonly epoch: Epoch
  readonly interfaceNumber: number
  readonly isOutgoing: boolean | undefined
  readonly comment: string | undefined
}

const options = { end: 0, comment: 1, hardware: 2, application: 4, name: 2, flags: 2, resolution: 9 } as const
const nanoseconds = 9
/** Its length has 16 bits. */
const longestOption = 65_000

const padded = (length: number): number => Math.ceil(length / 4) * 4

function optionOf(code: number, value: Uint8Array): Uint8Array {
  const kept = value.subarray(0, longestOption)
  const bytes = new Uint8Array(4 + padded(kept.length))
  const view = new DataView(bytes.buffer)
  view.setUint16(0, code, true)
  view.setUint16(2, kept.length, true)
  bytes.set(kept, 4)
  return bytes
}

const textOption = (code: number, text: string): Uint8Array => optionOf(code, new TextEncoder().encode(text))

/** `body` has its options behind it, without their end. */
function blockOf(type: number, body: Uint8Array, own: readonly Uint8Array[]): Uint8Array {
  const optionBytes = own.length === 0 ? 0 : own.reduce((sum, one) => sum + one.length, 4)
  const length = 12 + padded(body.length) + optionBytes
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, type, true)
  view.setUint32(4, length, true)
  bytes.set(body, 8)
  let at = 8 + padded(body.length)
  for (const one of own) {
    bytes.set(one, at)
    at += one.length
  }
  view.setUint32(length - 4, length, true)
  return bytes
}

export function sectionBlock(application: string): Uint8Array {
  const body = new Uint8Array(16)
  const view = new DataView(body.buffer)
  view.setUint32(0, 0x1a2b3c4d, true)
  view.setUint16(4, 1, true)
  view.setBigInt64(8, -1n, true)
  return blockOf(0x0a0d0d0a, body, [textOption(options.application, application)])
}

/** `name` undefined: the file that it is from does not tell. */
export function interfaceBlock(linkType: number, name: string | undefined): Uint8Array {
  const body = new Uint8Array(8)
  const view = new DataView(body.buffer)
  view.setUint16(0, linkType, true)
  view.setUint32(4, 262_144, true)
  const named = name === undefined ? [] : [textOption(options.name, name)]
  return blockOf(1, body, [...named, optionOf(options.resolution, Uint8Array.of(nanoseconds))])
}

export function packetBlock(packet: WrittenPacket): Uint8Array {
  const { bytes, wireBytes, epoch, interfaceNumber, isOutgoing, comment } = packet
  const body = new Uint8Array(20 + padded(bytes.length))
  const view = new DataView(body.buffer)
  view.setUint32(0, interfaceNumber, true)
  view.setUint32(4, Number(epoch >> 32n), true)
  view.setUint32(8, Number(epoch & 0xffffffffn), true)
  view.setUint32(12, bytes.length, true)
  view.setUint32(16, wireBytes, true)
  body.set(bytes, 20)
  const flags = isOutgoing === undefined ? [] : [optionOf(options.flags, Uint8Array.of(isOutgoing ? 2 : 1, 0, 0, 0))]
  return blockOf(6, body, [...(comment === undefined ? [] : [textOption(options.comment, comment)]), ...flags])
}
