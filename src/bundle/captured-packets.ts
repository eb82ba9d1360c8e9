// A capture that somebody else made, on its way into a bundle: read with the parser that replays it, and written anew,
// packet by packet. So what is damaged, padded, or no packet at all (name tables, decryption keys) stays behind, and a
// password is seen in one piece.
//
//   pcap     ──▶ pcap with ns stamps; where the link type changes (two captures in one file) a further file begins
//   pcapng   ──▶ pcapng: the interfaces keep their names

import type { CapturedPacket } from '../parse/packet/captured-packet.ts'
import { createCaptureParser } from '../parse/pcap/capture-parser.ts'
import type { StreamParser } from '../events/outcome.ts'
import { epochAt, type Epoch } from '../time/instant.ts'
import { blankPasswords } from './advert-password.ts'
import { interfaceBlock, packetBlock, sectionBlock } from './pcapng-blocks.ts'

export interface PacketTarget {
  add(bytes: Uint8Array): void
}

export interface CapturedPacketsSettings {
  readonly origin: Epoch
  readonly format: 'pcap' | 'pcapng'
  readonly keepsSecrets: boolean
  /** Opens the next file: the first, or one for another link type. */
  readonly open: () => PacketTarget
}

const recordHeaderBytes = 16
const quiet = { malformed: (): void => undefined, ignored: (): void => undefined }

function pcapHeader(linkType: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(24))
  view.setUint32(0, 0xa1b23c4d, true)
  view.setUint16(4, 2, true)
  view.setUint16(6, 4, true)
  view.setUint32(16, 262_144, true)
  view.setUint32(20, linkType, true)
  return new Uint8Array(view.buffer)
}

/** The frame as it will be stored: a copy, without its password. */
function frameOf({ bytes, from, to, wireTo, linkType }: CapturedPacket, keepsSecrets: boolean): Uint8Array {
  const frame = bytes.slice(from, to)
  if (!keepsSecrets) blankPasswords(frame, 0, frame.length, wireTo - from, linkType)
  return frame
}

function pcapWriter({ origin, keepsSecrets, open }: CapturedPacketsSettings): (packet: CapturedPacket) => void {
  let target: PacketTarget | undefined
  let written: number | undefined
  return (packet) => {
    if (target === undefined || written !== packet.linkType) {
      written = packet.linkType
      target = open()
      target.add(pcapHeader(packet.linkType))
    }
    const frame = frameOf(packet, keepsSecrets)
    const record = new Uint8Array(recordHeaderBytes + frame.length)
    const view = new DataView(record.buffer)
    const epoch = epochAt(packet.at, origin)
    view.setUint32(0, Number(epoch / 1_000_000_000n), true)
    view.setUint32(4, Number(epoch % 1_000_000_000n), true)
    view.setUint32(8, frame.length, true)
    view.setUint32(12, packet.wireTo - packet.from, true)
    record.set(frame, recordHeaderBytes)
    target.add(record)
  }
}

function pcapngWriter({ origin, keepsSecrets, open }: CapturedPacketsSettings): (packet: CapturedPacket) => void {
  const interfaces = new Map<string, number>()
  let target: PacketTarget | undefined
  return (packet) => {
    if (target === undefined) {
      target = open()
      target.add(sectionBlock('whylate'))
    }
    const key = `${packet.linkType} ${packet.interfaceName ?? ''}`
    let interfaceNumber = interfaces.get(key)
    if (interfaceNumber === undefined) {
      interfaceNumber = interfaces.size
      interfaces.set(key, interfaceNumber)
      target.add(interfaceBlock(packet.linkType, packet.interfaceName))
    }
    target.add(
      packetBlock({
        bytes: frameOf(packet, keepsSecrets),
        wireBytes: packet.wireTo - packet.from,
        epoch: epochAt(packet.at, origin),
        interfaceNumber,
        isOutgoing: packet.isOutgoing,
        comment: undefined,
      }),
    )
  }
}

export function createCapturedPackets(settings: CapturedPacketsSettings): StreamParser {
  const onPacket = settings.format === 'pcap' ? pcapWriter(settings) : pcapngWriter(settings)
  return createCaptureParser({
    origin: settings.origin,
    link: undefined,
    linkName: () => undefined,
    sink: { ...quiet, advert: () => undefined, traffic: () => undefined },
    onPacket,
  })
}
