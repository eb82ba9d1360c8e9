// Where does each block begin and end? Pieces of any size in, whole blocks out.
//
//   piece 1            piece 2                piece 3
//   [blk][blk][bl      k][blk][blk][b         lk]...
//             └─ held ─┘ only this one is copied together; the others are read where they lie
//
// When a block cannot be right (length out of bounds, trailer other than header) the reader says so once and looks, byte
// by byte, for the next place that can be a block: known type, sane length, for events an inner length that agrees,
// and a trailer that matches. So a flipped bit costs one block and a hole in the stream costs what was in it.

import type { Malformed } from '../../events/outcome.ts'
import { blockTypeOf, longestAfterGarbage, shortestBlock, type BlockType } from './block-types.ts'

/** A piece of memory that holds whole blocks. */
export interface Bytes {
  readonly bytes: Uint8Array
  readonly view: DataView
}

export interface BlockSink {
  /** One block with a matching trailer: its body is at [from, to). `where`: offset of the block in the stream. */
  block(type: BlockType, memory: Bytes, from: number, to: number, where: number): void
  /** Reads plain events of memory[from, to) by itself and returns where the first block is that it leaves. */
  plainEvents?(view: DataView, from: number, to: number): number
  malformed(complaint: Malformed): void
}

export interface BlockReader {
  push(bytes: Uint8Array): void
  end(): void
}

const headerBytes = 8
/** While looking for a header, what is held grows by this much at a time. */
const scanBytes = 4096
const heldAtRest = 256 * 1024

const memoryOf = (bytes: Uint8Array): Bytes => ({
  bytes,
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
})

/** Not a Buffer: what is compiled for one kind of array is compiled again for another. */
const plainBytes = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** New kinds of metadata come before the first event; among events an unknown type is garbage. */
function isSane(type: BlockType, total: number, isAmongEvents: boolean): boolean {
  return (
    total >= shortestBlock &&
    total <= type.longest &&
    (total & 3) === 0 &&
    (type.isEvent || !isAmongEvents || type.kind !== 'unknown')
  )
}

/** Why a header cannot be one. */
function faultOfHeader(type: BlockType, total: number): string {
  if (total < shortestBlock || total % 4 !== 0) return `a block cannot be ${total} bytes long`
  if (type.kind === 'section') return 'a section header in big-endian order: no reader of this format supports that'
  if (total <= type.longest) return 'a block of a type not known among the events'
  return `a block of ${total} bytes, more than is believed of its kind (${type.longest})`
}

/** Whether a block could begin here, by what its first bytes say. At least 8 bytes must be there. */
function isPlausible(view: DataView, at: number, to: number): boolean {
  const type = blockTypeOf(view.getUint32(at, true))
  const total = view.getUint32(at + 4, true)
  if (total > longestAfterGarbage || !isSane(type, total, true)) return false
  if (!type.isEvent) return true
  const lengthAt = at + headerBytes + (type.hasFlags ? 6 : 2) + 16
  if (lengthAt + 4 > to) return true
  const padding = at + total - 4 - (lengthAt - 16 + view.getUint32(lengthAt, true))
  return padding >= 0 && padding <= 3
}

export function createBlockReader(sink: BlockSink): BlockReader {
  /** Stream offset of the first byte of what is being read. */
  let offset = 0
  let held = memoryOf(new Uint8Array(heldAtRest))
  let heldLength = 0
  /** How many bytes, from the first unread one, allow the next step. */
  let wanted = headerBytes
  let isLost = false
  let isEnding = false
  let isAmongEvents = false

  function complain(reason: string, at: number): void {
    isLost = true
    sink.malformed({ reason, where: offset + at })
  }

  /** The first place in [at, to) where a block could begin; what is too short to tell counts as one. */
  function search(view: DataView, at: number, to: number): number {
    let i = at
    while (to - i >= headerBytes && !isPlausible(view, i, to)) i++
    return i
  }

  /** Reads the whole blocks of memory[from, to). Returns where the first unread byte is. */
  function consume(memory: Bytes, from: number, to: number): number {
    const { view } = memory
    let at = from
    for (;;) {
      if (isLost) at = search(view, at, to)
      else if (isAmongEvents && sink.plainEvents !== undefined) at = sink.plainEvents(view, at, to)
      if (to - at < headerBytes) {
        wanted = headerBytes
        return at
      }
      const type = blockTypeOf(view.getUint32(at, true))
      const total = view.getUint32(at + 4, true)
      if (!isLost && !isSane(type, total, isAmongEvents)) {
        complain(faultOfHeader(type, total), at)
        at++
        continue
      }
      if (to - at < total) {
        if (!(isLost && isEnding)) {
          wanted = total
          return at
        }
        at++
        continue
      }
      const trailer = view.getUint32(at + total - 4, true)
      if (trailer !== total) {
        if (!isLost) complain(`a block that begins as ${total} bytes and ends as ${trailer}`, at)
        at++
        continue
      }
      isLost = false
      isAmongEvents = type.isEvent || (isAmongEvents && type.kind !== 'section')
      sink.block(type, memory, at + headerBytes, at + total - 4, offset + at)
      at += total
    }
  }

  function hold(bytes: Uint8Array, from: number, to: number): void {
    const needed = heldLength + to - from
    if (needed > held.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, held.bytes.length * 2))
      grown.set(held.bytes.subarray(0, heldLength))
      held = memoryOf(grown)
    }
    held.bytes.set(bytes.subarray(from, to), heldLength)
    heldLength = needed
  }

  function release(read: number): void {
    held.bytes.copyWithin(0, read, heldLength)
    heldLength -= read
    offset += read
    if (heldLength === 0 && held.bytes.length > heldAtRest) held = memoryOf(new Uint8Array(heldAtRest))
  }

  return {
    push(bytes) {
      let from = 0
      while (heldLength > 0) {
        const step = isLost ? Math.max(wanted - heldLength, scanBytes) : wanted - heldLength
        const taken = Math.min(step, bytes.length - from)
        hold(bytes, from, from + taken)
        from += taken
        if (heldLength < wanted) return
        release(consume(held, 0, heldLength))
      }
      // Nothing is held: the rest of the piece is read in place.
      offset -= from
      const read = consume(memoryOf(plainBytes(bytes)), from, bytes.length)
      offset += read
      hold(bytes, read, bytes.length)
    },
    end() {
      isEnding = true
      // Each turn gives up one block that claims more than there is, and reads on behind its first byte.
      while (heldLength > 0) {
        if (!isLost) {
          complain(`the stream ends inside a block: ${heldLength} of ${wanted} bytes`, 0)
          release(1)
        }
        release(consume(held, 0, heldLength))
        if (isLost) heldLength = 0
      }
    },
  }
}
