// One interface of a pcapng section: what its packets are, and how its time stamps count.
//
//   Interface Description Block   1 | length | link type 2 | 0 2 | snapshot length 4 | options | length
//   if_name        text
//   if_tsresol     one byte: 6 = 10^-6 s (the default), 9 = ns; with the highest bit set a power of two: 0x94 = 2^-20 s
//   if_tsoffset    signed seconds to add to each stamp
// https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html#section-4.2

import type { Held } from './byte-queue.ts'
import { interfaceOptions, optionsOf } from './pcapng-options.ts'

export interface PcapngInterface {
  readonly linkType: number
  /** undefined where the file does not tell. */
  readonly name: string | undefined
  readonly unitsPerSecond: bigint
  readonly offsetNs: bigint
}

export interface Reader {
  readonly u16: (bytes: Uint8Array, at: number) => number
  readonly u32: (bytes: Uint8Array, at: number) => number
  readonly isLittle: boolean
}

/** A kernel's interface name has 15 bytes; what other systems say is longer, and what a hostile file says has no end. */
const longestName = 256

/** `at` is the index of the block's first byte, `end` that of its closing length. */
export function parseInterface(held: Held, at: number, end: number, read: Reader): PcapngInterface {
  const { bytes } = held
  let name: string | undefined
  let unitsPerSecond = 1_000_000n
  let offsetNs = 0n
  for (const option of optionsOf(held, read.u16, at + 16, end)) {
    if (option.code === interfaceOptions.name)
      name = new TextDecoder().decode(bytes.subarray(option.at, option.at + Math.min(option.length, longestName)))
    else if (option.code === interfaceOptions.timeResolution && option.length >= 1)
      unitsPerSecond = unitsOf(bytes[option.at] ?? 6)
    else if (option.code === interfaceOptions.timeOffset && option.length >= 8)
      offsetNs = BigInt.asIntN(64, u64(bytes, option.at, read)) * 1_000_000_000n
  }
  return { linkType: read.u16(bytes, at + 8), name, unitsPerSecond, offsetNs }
}

/** Nanoseconds since 1970, below a nanosecond cut off. `high` and `low` are the halves of the stamp. */
export function nanosecondsOf({ unitsPerSecond, offsetNs }: PcapngInterface, high: number, low: number): bigint {
  const stamp = (BigInt(high) << 32n) | BigInt(low)
  return (stamp * 1_000_000_000n) / unitsPerSecond + offsetNs
}

function unitsOf(resolution: number): bigint {
  const exponent = BigInt(resolution & 0x7f)
  return resolution & 0x80 ? 1n << exponent : 10n ** exponent
}

function u64(bytes: Uint8Array, at: number, read: Reader): bigint {
  const first = BigInt(read.u32(bytes, at))
  const second = BigInt(read.u32(bytes, at + 4))
  return read.isLittle ? (second << 32n) | first : (first << 32n) | second
}
