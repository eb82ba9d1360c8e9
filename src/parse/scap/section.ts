// What a capture says about itself: the section header, and the machine that it was made on.

import type { Bytes } from './block-reader.ts'
import { Cursor } from './cursor.ts'
import { textUpToZero } from './text.ts'

/** All zero in a file that sysdig 0.41 has copied. */
export interface Machine {
  readonly cpus: number
  readonly memoryBytes: number
  readonly hostName: string
}

const magic = 0x1a2b3c4d
const hostNameBytes = 128

export interface SectionFault {
  readonly reason: string
  /** Nothing of this section can be understood. */
  readonly isRefused: boolean
}

/** What is wrong with a section header; undefined when nothing is. The minor version does not matter. */
export function faultOfSection(memory: Bytes, from: number, to: number): SectionFault | undefined {
  const cursor = new Cursor(memory, from, to)
  const found = cursor.u32()
  const major = cursor.u16()
  // A damaged header is no reason to leave out what comes after it.
  if (cursor.isShort || found !== magic)
    return { reason: 'a section header without its magic number', isRefused: false }
  return major > 1 ? { reason: `a capture of format ${major}: only 1 is known`, isRefused: true } : undefined
}

export function readMachine(memory: Bytes, from: number, to: number): Machine | undefined {
  const cursor = new Cursor(memory, from, to)
  const cpus = cursor.u32()
  const memoryBytes = cursor.u64()
  cursor.skip(8)
  const host = cursor.at
  cursor.skip(hostNameBytes)
  if (cursor.isShort) return undefined
  return { cpus, memoryBytes, hostName: textUpToZero(memory.bytes, host, host + hostNameBytes) }
}
