// One event of a block: its header, checked, and its parameters.
//
//   u16 cpu | [u32 flags] | u64 ts | s64 tid | u32 len | u16 type | [u32 count] | lengths | parameters | padding
//
// ts is nanoseconds of the recording kernel's wall clock, above 2^53: high and low word are taken off the origin apart,
// which is exact, and never put together as one number first.

import { instantOf, type Epoch, type Instant } from '../../time/instant.ts'
import type { Bytes } from './block-reader.ts'
import type { BlockType } from './block-types.ts'
import { eventTypes, parameterCountOf, trait, traitsOf } from './event-tables.ts'
import { Params } from './params.ts'

export const word = 4294967296
const stateOnlyFlag = 1
const oldHeader = 22
const header = 26
/** Farther from the origin an instant is not exact to the nanosecond (104 days): the stamp is broken, or the origin. */
export const farthest = Number.MAX_SAFE_INTEGER

export class ScapEvent extends Params {
  at: Instant = instantOf(Number.NaN)
  tid = 0
  cpu = 0
  /** Kept by a filtering recorder only because it changes state (`sysdig -F -w`): not shown. */
  isStateOnly = false
  readonly #originHigh: number
  readonly #originLow: number

  constructor(origin: Epoch) {
    super()
    this.#originHigh = Number(origin >> 32n)
    this.#originLow = Number(origin & 0xffffffffn)
  }

  /** Reads the event in [from, to) of a block. Returns why that cannot be, or undefined: then the fields are its. */
  read(type: BlockType, memory: Bytes, from: number, to: number): string | undefined {
    const { view } = memory
    const start = from + (type.hasFlags ? 6 : 2)
    if (start + (type.hasCount ? header : oldHeader) > to) return 'an event shorter than its header'
    this.bytes = memory.bytes
    this.view = view
    this.cpu = view.getUint16(from, true)
    this.isStateOnly = type.hasFlags && (view.getUint32(from + 2, true) & stateOnlyFlag) !== 0
    this.at = instantOf(
      (view.getUint32(start + 4, true) - this.#originHigh) * word + (view.getUint32(start, true) - this.#originLow),
    )
    this.tid = view.getInt32(start + 8, true)
    this.type = view.getUint16(start + 20, true)
    const end = start + view.getUint32(start + 16, true)
    if (end > to) return `an event that says it is ${end - start} bytes long in a block that has ${to - start}`
    if (this.at > farthest || this.at < -farthest) return 'an event more than 104 days away from the others'
    if (this.type >= eventTypes) {
      this.count = 0
      return undefined
    }
    if (!type.hasCount) return this.#guessCount(start + oldHeader, end)
    const width = ((traitsOf[this.type] ?? 0) & trait.isLarge) === 0 ? 2 : 4
    const fits = this.index(start + header, view.getUint32(start + 22, true), width, end)
    return fits ? undefined : 'an event whose parameters run past its end'
  }

  /** The old header has no count: the largest one whose lengths fill the event exactly. */
  #guessCount(at: number, end: number): string | undefined {
    for (let count = parameterCountOf[this.type] ?? 0; count >= 0; count--) {
      if (!this.index(at, count, 2, end)) continue
      const last = count - 1
      if ((count === 0 ? at : this.offsetOf(last) + this.sizeOf(last)) === end) return undefined
    }
    return 'an event whose parameters do not fill it'
  }
}
