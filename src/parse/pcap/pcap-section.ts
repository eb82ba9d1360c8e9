// Classic pcap: what `tcpdump -w -` writes.
//
//   header   magic 4 | version 2 2 | 0 8 | snapshot length 4 | link type 4            24 bytes
//   record   seconds 4 | µs or ns 4 | captured 4 | on the wire 4 | packet             16 bytes and the packet
//
// A record says nothing about where it begins, so after damage the next one is found by what a record must look like:
// a fraction below a second, captured <= on the wire <= the cap, a time near the last good one, and behind it another
// of that kind. A clock step (a resumed host) also moves the time: then the record behind it has to agree with the new one.

import { instantOf, type Instant } from '../../time/instant.ts'
import { isKnownLinkType } from '../packet/link-layer.ts'
import { u32, u32Little } from '../packet/octets.ts'
import type { Held } from './byte-queue.ts'
import { fileHeaderAt, type FileHeader } from './file-header.ts'
import { damaged, waiting, type Answer, type Section, type SectionSettings } from './section.ts'

export const pcapHeaderBytes = 24
const recordHeaderBytes = 16
/** Two packets of one capture are seldom further apart, and two random numbers seldom this near. */
const nearSeconds = 3600
/** The upper bits of the link type field tell of a frame check sequence, which no reader here minds. */
const linkTypeMask = 0x03ffffff

/** `at` is the index of the header, of which all 24 bytes are there. */
export function openPcapSection(
  held: Held,
  at: number,
  header: FileHeader & { readonly format: 'pcap' },
  settings: SectionSettings,
): Section {
  const { sink, decode, maxRecordBytes } = settings
  const read = header.isLittle ? u32Little : u32
  const fractionsPerSecond = header.isNano ? 1e9 : 1e6
  const nsPerFraction = header.isNano ? 1 : 1e3
  const originSeconds = Number(settings.origin / 1_000_000_000n)
  const originNs = Number(settings.origin % 1_000_000_000n)
  const linkType = read(held.bytes, at + 20) & linkTypeMask
  const isKnown = isKnownLinkType(linkType)
  if (!isKnown) sink.malformed({ reason: unknownLinkType(linkType), where: held.base + at + 20 })
  let lastSeconds: number | undefined

  const secondsAt = (bytes: Uint8Array, record: number): number => read(bytes, record)
  const capturedAt = (bytes: Uint8Array, record: number): number => read(bytes, record + 8)

  /** What is wrong with a record's header; undefined when nothing is. */
  const problemAt = (bytes: Uint8Array, record: number): string | undefined => {
    const fraction = read(bytes, record + 4)
    const captured = capturedAt(bytes, record)
    const onWire = read(bytes, record + 12)
    if (captured > maxRecordBytes)
      return `${captured} bytes captured, more than the ${maxRecordBytes} that a packet may have`
    if (captured > onWire) return `${captured} bytes captured of ${onWire} on the wire`
    if (onWire > maxRecordBytes)
      return `${onWire} bytes on the wire, more than the ${maxRecordBytes} that a packet may have`
    return fraction < fractionsPerSecond ? undefined : `a fraction of ${fraction} in a second of ${fractionsPerSecond}`
  }

  const isNear = (seconds: number, other: number): boolean => Math.abs(seconds - other) <= nearSeconds

  /** Do so many records follow one another from here, each near the one before? The stream's end is as good as one record. */
  const isFollowed = (now: Held, first: number, count: number): Answer => {
    const { bytes, to, isLast } = now
    let record = first
    for (let i = 0; i < count; i++) {
      const next = record + recordHeaderBytes + capturedAt(bytes, record)
      if (next === to && isLast) return i + 1 === count ? 'yes' : 'no'
      if (to - next < recordHeaderBytes) return isLast ? 'no' : 'wait'
      if (fileHeaderAt(now, next) !== undefined) return 'yes'
      if (problemAt(bytes, next) !== undefined) return 'no'
      if (!isNear(secondsAt(bytes, next), secondsAt(bytes, record))) return 'no'
      record = next
    }
    return 'yes'
  }

  const timeOf = (bytes: Uint8Array, record: number): Instant => {
    const seconds = secondsAt(bytes, record) - originSeconds
    return instantOf(seconds * 1e9 + (read(bytes, record + 4) * nsPerFraction - originNs))
  }

  return {
    format: 'pcap',
    stepAt(now, record) {
      const { bytes, to } = now
      if (to - record < recordHeaderBytes) return waiting
      const problem = problemAt(bytes, record)
      if (problem !== undefined) return damaged(problem)
      const end = record + recordHeaderBytes + capturedAt(bytes, record)
      if (lastSeconds !== undefined && !isNear(secondsAt(bytes, record), lastSeconds)) {
        const answer = capturedAt(bytes, record) === 0 ? 'no' : isFollowed(now, record, 1)
        if (answer === 'wait') return waiting
        if (answer === 'no')
          return damaged(`a time ${Math.abs(secondsAt(bytes, record) - lastSeconds)} s from its neighbours'`)
      }
      return end > to ? waiting : { kind: 'record', end }
    },
    isRecordAt(now, record) {
      const { bytes, to } = now
      if (to - record < recordHeaderBytes) return 'wait'
      if (problemAt(bytes, record) !== undefined || capturedAt(bytes, record) === 0) return 'no'
      const isAsExpected = lastSeconds !== undefined && isNear(secondsAt(bytes, record), lastSeconds)
      return isFollowed(now, record, isAsExpected ? 1 : 2)
    },
    take({ bytes, base }, record) {
      lastSeconds = secondsAt(bytes, record)
      if (!isKnown) return sink.ignored(`link type ${linkType}`)
      const from = record + recordHeaderBytes
      decode({
        bytes,
        from,
        to: from + capturedAt(bytes, record),
        wireTo: from + read(bytes, record + 12),
        base,
        at: timeOf(bytes, record),
        linkType,
        interfaceName: undefined,
        isOutgoing: undefined,
      })
    },
  }
}

export const unknownLinkType = (linkType: number): string =>
  `link type ${linkType} is not known here; capture an Ethernet interface, or \`-i any\``
