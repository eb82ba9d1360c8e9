// The bytes of a capture, classic pcap or pcapng, in pieces of any size: adverts and signs of life out.
//
// Written for `tcpdump -w - -U --immediate-mode --time-stamp-precision=nano` (4.99.3) and for the files that others bring.
// Clock: the capturing kernel's CLOCK_REALTIME. Stamps stay integers all the way, so that nothing is rounded.
//
// A damaged record is said once, where it lies; then each byte is tried until a record could begin there. What is behind
// the damage is read as before: an hour of adverts does not hang on one broken byte.

import type { StreamParser } from '../../events/outcome.ts'
import type { PacketSink } from '../../events/packet.ts'
import type { Epoch } from '../../time/instant.ts'
import type { CapturedPacket } from '../packet/captured-packet.ts'
import { createPacketDecoder } from '../packet/packet-decoder.ts'
import { createByteQueue, type Held } from './byte-queue.ts'
import { fileHeaderAt, sniffBytes, type FileHeader } from './file-header.ts'
import { openPcapngSection } from './pcapng-section.ts'
import { openPcapSection, pcapHeaderBytes } from './pcap-section.ts'
import type { Section, SectionSettings } from './section.ts'

export interface CaptureParserOptions {
  /** Instants are counted from here. */
  readonly origin: Epoch
  /** The name of the only link that this capture sees; undefined: each packet's own (SLL2 ifindex, pcapng interface). */
  readonly link: string | undefined
  /** Names the interface behind an SLL2 ifindex; undefined for one that is not known: it is then called `if7`. */
  readonly linkName: (ifindex: number) => string | undefined
  readonly sink: PacketSink
  /** Told of each packet before anybody looks inside; its bytes are good only until this returns. */
  readonly onPacket?: (packet: CapturedPacket) => void
  /** A packet with more bytes is damage. Default: tcpdump's largest snapshot length, 262,144. */
  readonly maxRecordBytes?: number
}

export function createCaptureParser(options: CaptureParserOptions): StreamParser {
  const { sink, origin, maxRecordBytes = 262_144 } = options
  const decode = createPacketDecoder(options, sink)
  const { onPacket } = options
  const settings: SectionSettings = {
    origin,
    sink,
    maxRecordBytes,
    decode:
      onPacket === undefined
        ? decode
        : (packet) => {
            onPacket(packet)
            decode(packet)
          },
  }
  const queue = createByteQueue()
  let section: Section | undefined
  /** Where in the stream the search for the next record began; undefined while records follow one another. */
  let lostAt: number | undefined
  /** The search is in the rest of a stream that ended inside a record: finding nothing there is no news. */
  let isTail = false

  /** The header of another capture at `at`; a new section of the same pcapng is no other capture. */
  const otherCaptureAt = (held: Held, at: number): FileHeader | undefined => {
    const header = fileHeaderAt(held, at)
    return header?.format === 'pcapng' && section?.format === 'pcapng' ? undefined : header
  }

  /** Enters the capture that begins at `at`, if one does. Returns the index behind its header, or undefined to wait for more. */
  const enter = (at: number): number | undefined => {
    const { held } = queue
    const header = otherCaptureAt(held, at)
    if (header === undefined) return at
    if (header.format === 'pcapng') {
      section = openPcapngSection(settings)
    } else {
      if (held.to - at < pcapHeaderBytes) return undefined
      section = openPcapSection(held, at, header, settings)
    }
    lostAt = undefined
    return header.format === 'pcap' ? at + pcapHeaderBytes : at
  }

  const lose = (reason: string, at: number): number => {
    const where = queue.held.base + at
    sink.malformed({ reason, where })
    lostAt = where
    return at + 1
  }

  /** Looks at each byte until something begins there. Returns where to go on; undefined: more bytes are needed. */
  const search = (from: number): number | undefined => {
    const { held } = queue
    let at = from
    for (; held.to - at >= sniffBytes; at++) {
      const answer = section?.isRecordAt(held, at) ?? 'no'
      if (answer === 'yes') {
        lostAt = undefined
        return at
      }
      if (answer === 'wait' && !held.isLast) break
      if (otherCaptureAt(held, at + 1) !== undefined) return at + 1
    }
    return at > from ? at : undefined
  }

  /** One record. Returns the index behind it; undefined: more bytes are needed. */
  const read = (its: Section, at: number): number | undefined => {
    const { held } = queue
    const found = its.stepAt(held, at)
    if (found.kind === 'record') {
      its.take(held, at)
      return found.end
    }
    if (found.kind === 'damaged')
      return lose(`damaged ${its.format} record: ${found.reason}; searching for the next one`, at)
    if (!held.isLast) return undefined
    // Either the stream was cut off here, or the record lies about its length: then others are in what is left.
    isTail = true
    return lose(`the stream ends inside a ${its.format} record`, at)
  }

  const step = (at: number): number | undefined => {
    const entered = enter(at)
    if (entered === undefined || entered > at) return entered
    if (lostAt !== undefined) return search(at)
    return section === undefined
      ? lose(`no capture begins here: the first bytes are ${hexOf(queue.held.bytes, at)}`, at)
      : read(section, at)
  }

  const readAll = (): void => {
    let at = queue.held.from
    while (queue.held.to - at >= sniffBytes) {
      const next = step(at)
      if (next === undefined) break
      at = next
    }
    queue.release(at)
  }

  return {
    push(bytes) {
      queue.append(bytes)
      readAll()
    },
    end() {
      queue.close()
      readAll()
      const { from, to, base } = queue.held
      if (lostAt !== undefined) {
        if (!isTail) sink.malformed({ reason: `no record in the last ${base + to - lostAt} bytes`, where: lostAt })
      } else if (from < to) {
        const what = section === undefined ? 'capture header' : `${section.format} record`
        sink.malformed({ reason: `the stream ends inside a ${what}`, where: base + from })
      }
    },
  }
}

function hexOf(bytes: Uint8Array, at: number): string {
  return Array.from(bytes.subarray(at, at + 4), (byte) => byte.toString(16).padStart(2, '0')).join(' ')
}
