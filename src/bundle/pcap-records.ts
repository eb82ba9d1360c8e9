// tcpdump's stream in whole records, without its header: the writer decides whose header the file bears.
//
//   header   magic 4 | version 4 | 0 8 | snapshot length 4 | link type 4      24 bytes, once a life of tcpdump
//   record   seconds 4 | ns 4 | captured 4 | on the wire 4 | packet

import { u32, u32Little } from '../parse/packet/octets.ts'
import { blankPasswords } from './advert-password.ts'
import { joined, nothing, type UnitStream } from './unit-stream.ts'

export interface PcapRecords extends UnitStream {
  /** All 24 bytes, once they are there; undefined for ever when no capture begins. */
  readonly header: Uint8Array | undefined
}

export const pcapHeaderBytes = 24
const recordHeaderBytes = 16
const longestPacket = 262_144
const linkTypeMask = 0x03ffffff

type Reader = (bytes: Uint8Array, at: number) => number

/** In which order the numbers are; undefined when it is no pcap of version 2. */
export function pcapReaderOf(header: Uint8Array): Reader | undefined {
  const isMagic = (magic: number): boolean => magic === 0xa1b23c4d || magic === 0xa1b2c3d4
  if (isMagic(u32Little(header, 0))) return u32Little
  return isMagic(u32(header, 0)) ? u32 : undefined
}

export function createPcapRecords(keepsSecrets: boolean): PcapRecords {
  let header: Uint8Array | undefined
  let read: Reader = u32Little
  let held: Uint8Array = nothing
  let lost = 0
  let isOver = false

  function takeHeader(bytes: Uint8Array): Uint8Array {
    const found = bytes.slice(0, pcapHeaderBytes)
    const reader = pcapReaderOf(found)
    if (reader === undefined) return giveUp(bytes)
    header = found
    read = reader
    return bytes.subarray(pcapHeaderBytes)
  }

  /** A record that cannot be one: where the next begins nobody knows, and this life of tcpdump is worth nothing more. */
  function giveUp(rest: Uint8Array): Uint8Array {
    isOver = true
    lost += rest.length
    return nothing
  }

  /** Index behind the last whole record. */
  function wholeUntil(bytes: Uint8Array, linkType: number): number {
    let at = 0
    while (bytes.length - at >= recordHeaderBytes) {
      const captured = read(bytes, at + 8)
      if (captured > longestPacket) {
        giveUp(bytes.subarray(at))
        return at
      }
      const end = at + recordHeaderBytes + captured
      if (end > bytes.length) return at
      if (!keepsSecrets)
        blankPasswords(bytes, at + recordHeaderBytes, end, Math.max(captured, read(bytes, at + 12)), linkType)
      at = end
    }
    return at
  }

  return {
    get header() {
      return header
    },
    push(bytes) {
      if (isOver) {
        lost += bytes.length
        return nothing
      }
      let rest: Uint8Array = joined([held, new Uint8Array(bytes)])
      held = nothing
      if (header === undefined && rest.length >= pcapHeaderBytes) rest = takeHeader(rest)
      if (header === undefined) {
        held = rest
        return nothing
      }
      const end = wholeUntil(rest, read(header, 20) & linkTypeMask)
      held = isOver ? nothing : rest.slice(end)
      return rest.subarray(0, end)
    },
    end: () => held.length,
    takeLost() {
      const count = lost
      lost = 0
      return count
    },
  }
}
