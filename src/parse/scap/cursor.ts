// Reads a metadata record from front to back. Running past the end is remembered, not thrown: `isShort` says so, and
// every read from then on gives 0 or an empty text.

import type { Bytes } from './block-reader.ts'
import { textOf } from './text.ts'

export class Cursor {
  readonly memory: Bytes
  readonly end: number
  at: number
  isShort = false

  constructor(memory: Bytes, from: number, to: number) {
    this.memory = memory
    this.at = from
    this.end = to
  }

  get left(): number {
    return this.end - this.at
  }

  /** Moves on by `length` and returns where those bytes begin; undefined when they are not there. */
  private step(length: number): number | undefined {
    if (this.isShort || this.end - this.at < length) {
      this.isShort = true
      this.at = this.end
      return undefined
    }
    const from = this.at
    this.at += length
    return from
  }

  skip(length: number): void {
    this.step(length)
  }

  u8(): number {
    const from = this.step(1)
    return from === undefined ? 0 : this.memory.view.getUint8(from)
  }

  u16(): number {
    const from = this.step(2)
    return from === undefined ? 0 : this.memory.view.getUint16(from, true)
  }

  u32(): number {
    const from = this.step(4)
    return from === undefined ? 0 : this.memory.view.getUint32(from, true)
  }

  /** A u64 as a double: exact up to 2^53. */
  u64(): number {
    const low = this.u32()
    return this.u32() * 4294967296 + low
  }

  /** An id or descriptor in 64 bits, of which the low 32, signed, are the value. */
  id(): number {
    const from = this.step(8)
    return from === undefined ? 0 : this.memory.view.getInt32(from, true)
  }

  /** A u64 in hex, for kernel pointers, which no double holds. */
  hex(): string {
    const from = this.step(8)
    return from === undefined ? '0' : this.memory.view.getBigUint64(from, true).toString(16)
  }

  /** `length` bytes as they are. */
  raw(length: number): Uint8Array {
    const from = this.step(length)
    return from === undefined ? new Uint8Array(length) : this.memory.bytes.subarray(from, from + length)
  }

  /** u16 length and that many bytes. */
  text(): string {
    const length = this.u16()
    const from = this.step(length)
    return from === undefined ? '' : textOf(this.memory.bytes, from, from + length)
  }

  skipText(): void {
    this.step(this.u16())
  }
}
