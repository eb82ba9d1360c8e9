// The parameters of one event: where each lies and how to read it.
//
//   header | u16 length x count | parameter 0 | parameter 1 | ...          (u32 lengths in three large types)
//
// One instance is filled again and again; nothing is sliced out of the block until somebody asks for a text. A length
// of 0 means that the driver had no value, which is not the number 0: numbers read NaN then.

import { textUpToZero } from './text.ts'

/** The table's longest type has 32; what a newer writer appends beyond this is not indexed. */
const indexedParams = 64

const nothing = new Uint8Array(0)
const nothingView = new DataView(nothing.buffer)

export class Params {
  bytes: Uint8Array = nothing
  view: DataView = nothingView
  type = 0
  count = 0
  readonly sizes = new Int32Array(indexedParams)
  readonly offsets = new Int32Array(indexedParams)

  /** Finds `count` parameters whose lengths begin at `at`; false when they do not fit before `end`. */
  index(at: number, count: number, width: 2 | 4, end: number): boolean {
    let offset = at + count * width
    if (offset > end) return false
    const { view, sizes, offsets } = this
    const indexed = count < indexedParams ? count : indexedParams
    this.count = indexed
    for (let i = 0; i < indexed; i++) {
      const size = width === 2 ? view.getUint16(at + 2 * i, true) : view.getUint32(at + 4 * i, true)
      sizes[i] = size
      offsets[i] = offset
      offset += size
    }
    return offset <= end
  }

  /** Bytes of parameter i; 0 when it is absent or i is -1. */
  sizeOf(i: number): number {
    return i >= 0 && i < this.count ? (this.sizes[i] ?? 0) : 0
  }

  offsetOf(i: number): number {
    return this.offsets[i] ?? 0
  }

  /** Signed; exact up to 2^53. NaN when absent. */
  int(i: number): number {
    const { view } = this
    const at = this.offsetOf(i)
    switch (this.sizeOf(i)) {
      case 8:
        return view.getInt32(at + 4, true) * 4294967296 + view.getUint32(at, true)
      case 4:
        return view.getInt32(at, true)
      case 2:
        return view.getInt16(at, true)
      case 1:
        return view.getInt8(at)
      default:
        return Number.NaN
    }
  }

  /** Unsigned, up to 32 bits; the low 32 of a u64. NaN when absent. */
  uint(i: number): number {
    const { view } = this
    const at = this.offsetOf(i)
    switch (this.sizeOf(i)) {
      case 8:
      case 4:
        return view.getUint32(at, true)
      case 2:
        return view.getUint16(at, true)
      case 1:
        return view.getUint8(at)
      default:
        return Number.NaN
    }
  }

  /** A thread or process id, or a descriptor: the low 32 bits, signed (some drivers do not extend the sign). */
  id(i: number): number {
    return this.sizeOf(i) >= 4 ? this.view.getInt32(this.offsetOf(i), true) : this.int(i)
  }

  /** A u64 in hex: kernel pointers. */
  hex(i: number): string {
    return this.sizeOf(i) === 8 ? this.view.getBigUint64(this.offsetOf(i), true).toString(16) : '0'
  }

  text(i: number): string {
    const at = this.offsetOf(i)
    return textUpToZero(this.bytes, at, at + this.sizeOf(i))
  }

  /** Reads what was kept of another event. */
  recall(kept: KeptEnter): void {
    this.bytes = kept.bytes
    this.view = kept.view
    this.type = kept.type
    this.index(0, kept.count, 2, kept.length)
  }
}

/** A longer enter is not kept: its exit is read alone then. Only paths are that long, and the exit has them too. */
const longestKept = 1024

/** Parameters of an enter, kept with its thread until the exit. */
export class KeptEnter {
  type = 0
  count = 0
  length = 0
  readonly bytes = new Uint8Array(longestKept)
  readonly view = new DataView(this.bytes.buffer)

  /** Copies the lengths and values of an event at hand. */
  take(params: Params): void {
    const last = params.count - 1
    const from = last < 0 ? 0 : params.offsetOf(0) - 2 * params.count
    const length = last < 0 ? 0 : params.offsetOf(last) + params.sizeOf(last) - from
    const fits = length <= longestKept
    this.type = params.type
    this.count = fits ? params.count : 0
    this.length = fits ? length : 0
    const words = this.length & ~3
    for (let i = 0; i < words; i += 4) this.view.setUint32(i, params.view.getUint32(from + i, true), true)
    for (let i = words; i < this.length; i++) this.bytes[i] = params.bytes[from + i] ?? 0
  }
}
