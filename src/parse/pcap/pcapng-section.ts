// pcapng: what Wireshark, dumpcap and our own export write.
//
//   block   type 4 | length 4 | body | length 4                       all lengths count everything, in multiples of 4
//   SHB     0a0d0d0a   the byte order of what follows; interfaces are counted anew
//   IDB     1          an interface
//   EPB     6          interface 4 | stamp, upper 4 | stamp, lower 4 | captured 4 | on the wire 4 | packet | options
//   PB      2          interface 2 | drops 2 | then as EPB; obsolete
//   SPB     3          on the wire 4 | packet: it has no time, so it cannot help here
//
// A block carries its length at both ends, so after damage the next one is found by a type that exists and two lengths that agree.

import { instantAt, epochOf } from '../../time/instant.ts'
import { isKnownLinkType } from '../packet/link-layer.ts'
import { u16, u16Little, u32, u32Little } from '../packet/octets.ts'
import type { Held } from './byte-queue.ts'
import { fileHeaderAt, sectionHeaderBlock } from './file-header.ts'
import { nanosecondsOf, parseInterface, type PcapngInterface, type Reader } from './pcapng-interface.ts'
import { optionsOf, packetOptions } from './pcapng-options.ts'
import { unknownLinkType } from './pcap-section.ts'
import { damaged, waiting, type Section, type SectionSettings } from './section.ts'

const blocks = { interface: 1, packet: 2, simplePacket: 3, enhancedPacket: 6 } as const
/** Blocks that Wireshark writes and that say nothing about packets. */
const otherBlocks: ReadonlyMap<number, string> = new Map([
  [4, 'pcapng name resolution'],
  [5, 'pcapng interface statistics'],
  [9, 'pcapng systemd journal export'],
  [10, 'pcapng decryption secrets'],
  [0x0bad, 'pcapng custom block'],
  [0x40000bad, 'pcapng custom block'],
])
const emptyBlockBytes = 12
/** Room for the options and the closing length around a packet; a name resolution block may be as large. */
const aroundPacketBytes = 1 << 20
const mostInterfaces = 65_536
/** What classic pcap can say, 32 bits of seconds: later is a damaged stamp, and no calendar goes on for ever. */
const latestNs = 2n ** 32n * 1_000_000_000n

const orderOf = (isLittle: boolean): Reader =>
  isLittle ? { u16: u16Little, u32: u32Little, isLittle } : { u16, u32, isLittle }

export function openPcapngSection(settings: SectionSettings): Section {
  const { sink, origin, decode, maxRecordBytes } = settings
  const longestBlock = maxRecordBytes + aroundPacketBytes
  let read: Reader = orderOf(true)
  let interfaces: PcapngInterface[] = []

  /** The byte order of the block: a section header brings its own. undefined: a section header of neither order. */
  const readerAt = (held: Held, at: number): Reader | undefined => {
    if (u32(held.bytes, at) !== sectionHeaderBlock) return read
    const header = fileHeaderAt(held, at)
    return header === undefined ? undefined : orderOf(header.isLittle)
  }

  const takeInterface = (held: Held, at: number, end: number): void => {
    const where = held.base + at
    if (end - at < 16) return sink.malformed({ reason: 'pcapng interface description of too few bytes', where })
    if (interfaces.length >= mostInterfaces) return sink.malformed({ reason: 'too many pcapng interfaces', where })
    const described = parseInterface(held, at, end, read)
    interfaces.push(described)
    if (!isKnownLinkType(described.linkType)) sink.malformed({ reason: unknownLinkType(described.linkType), where })
  }

  const takePacket = (held: Held, at: number, end: number, isEnhanced: boolean): void => {
    const { bytes, base } = held
    const where = base + at
    const from = at + 28
    if (from > end) return sink.malformed({ reason: 'pcapng packet block of too few bytes', where })
    const number = isEnhanced ? read.u32(bytes, at + 8) : read.u16(bytes, at + 8)
    const its = interfaces[number]
    if (its === undefined)
      return sink.malformed({ reason: `pcapng packet of interface ${number}, which was not described`, where })
    const captured = read.u32(bytes, at + 20)
    const onWire = read.u32(bytes, at + 24)
    if (from + captured > end)
      return sink.malformed({
        reason: `pcapng packet of ${captured} bytes in a block with room for ${end - from}`,
        where,
      })
    if (captured > onWire)
      return sink.malformed({ reason: `${captured} bytes captured of ${onWire} on the wire`, where })
    if (!isKnownLinkType(its.linkType)) return sink.ignored(`link type ${its.linkType}`)
    const ns = nanosecondsOf(its, read.u32(bytes, at + 12), read.u32(bytes, at + 16))
    if (ns < 0n || ns >= latestNs)
      return sink.malformed({ reason: 'pcapng packet of a time outside the years 1970 to 2106', where })
    decode({
      bytes,
      from,
      to: from + captured,
      wireTo: from + onWire,
      base,
      at: instantAt(epochOf(ns), origin),
      linkType: its.linkType,
      interfaceName: its.name ?? `interface-${number}`,
      isOutgoing: directionOf(held, from + Math.ceil(captured / 4) * 4, end),
    })
  }

  /** Bits 0 and 1 of the packet's flags: 1 in, 2 out, 0 not known. */
  const directionOf = (held: Held, from: number, to: number): boolean | undefined => {
    const flags = optionsOf(held, read.u16, from, to).find(
      ({ code, length }) => code === packetOptions.flags && length === 4,
    )
    const direction = flags === undefined ? 0 : read.u32(held.bytes, flags.at) & 3
    return direction === 2 ? true : direction === 1 ? false : undefined
  }

  return {
    format: 'pcapng',
    stepAt(held, at) {
      const { bytes, to } = held
      if (to - at < emptyBlockBytes) return waiting
      const its = readerAt(held, at)
      if (its === undefined) return damaged('a section header without its byte order mark')
      const length = its.u32(bytes, at + 4)
      if (length < emptyBlockBytes || length % 4 !== 0 || length > longestBlock)
        return damaged(`a block length of ${length} bytes`)
      const end = at + length
      if (end > to) return waiting
      const closing = its.u32(bytes, end - 4)
      return closing === length
        ? { kind: 'record', end }
        : damaged(`a block of ${length} bytes that ends as one of ${closing}`)
    },
    isRecordAt(held, at) {
      if (held.to - at < emptyBlockBytes) return 'wait'
      const type = readerAt(held, at)?.u32(held.bytes, at)
      const isType =
        type === sectionHeaderBlock ||
        (type !== undefined && (Object.values(blocks).some((known) => known === type) || otherBlocks.has(type)))
      if (!isType) return 'no'
      const step = this.stepAt(held, at)
      return step.kind === 'record' ? 'yes' : step.kind === 'wait' ? 'wait' : 'no'
    },
    take(held, at) {
      read = readerAt(held, at) ?? read
      const type = read.u32(held.bytes, at)
      const end = at + read.u32(held.bytes, at + 4) - 4
      switch (type) {
        case sectionHeaderBlock:
          interfaces = []
          return undefined
        case blocks.interface:
          return takeInterface(held, at, end)
        case blocks.enhancedPacket:
          return takePacket(held, at, end, true)
        case blocks.packet:
          return takePacket(held, at, end, false)
        case blocks.simplePacket:
          return sink.ignored('pcapng simple packet (it has no time)')
        default:
          return sink.ignored(otherBlocks.get(type) ?? 'pcapng block of another type')
      }
    },
  }
}
