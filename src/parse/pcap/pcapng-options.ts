// Options of a pcapng block: code 2 | length 2 | value, padded to 4 bytes; code 0 ends them.

import type { Held } from './byte-queue.ts'

/** Codes of an Interface Description Block. */
export const interfaceOptions = { name: 2, timeResolution: 9, timeOffset: 14 } as const
/** Of an Enhanced Packet Block, and of the Packet Block before it. */
export const packetOptions = { flags: 2 } as const

export interface Option {
  readonly code: number
  /** Index of the value. */
  readonly at: number
  readonly length: number
}

/** The options between two indexes. One that says it is longer than its block ends them: what was read stands. */
export function optionsOf(
  { bytes }: Held,
  read16: (bytes: Uint8Array, at: number) => number,
  from: number,
  to: number,
): readonly Option[] {
  const found: Option[] = []
  let at = from
  while (at + 4 <= to) {
    const code = read16(bytes, at)
    const length = read16(bytes, at + 2)
    if (code === 0 || at + 4 + length > to) break
    found.push({ code, at: at + 4, length })
    at += 4 + Math.ceil(length / 4) * 4
  }
  return found
}
