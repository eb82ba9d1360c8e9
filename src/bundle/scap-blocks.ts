// sysdig's stream in whole blocks, without anybody's secrets. What cannot be understood cannot be cleaned, and is left out.

import { createBlockReader, type Bytes } from '../parse/scap/block-reader.ts'
import type { BlockType } from '../parse/scap/block-types.ts'
import { ScapEvent } from '../parse/scap/scap-event.ts'
import type { Epoch } from '../time/instant.ts'
import { blankEvent, blankProcessList, hasSecrets, isKnownEvent } from './scap-secrets.ts'
import { nothing, type UnitStream } from './unit-stream.ts'

const frameBytes = 8
const trailerBytes = 4

export function createScapBlocks(origin: Epoch, keepsSecrets: boolean): UnitStream {
  const event = new ScapEvent(origin)
  let whole = new Uint8Array(64 * 1024)
  let view = new DataView(whole.buffer)
  let length = 0
  let lost = 0
  let isHalf = false

  function room(bytes: number): void {
    if (length + bytes <= whole.length) return
    const grown = new Uint8Array(Math.max(length + bytes, whole.length * 2))
    grown.set(whole.subarray(0, length))
    whole = grown
    view = new DataView(whole.buffer)
  }

  /** The block as it will be stored lies in [from, to) of `whole`. Returns whether it may be. */
  function clean(type: BlockType, from: number, to: number): boolean {
    const memory: Bytes = { bytes: whole, view }
    switch (type.kind) {
      case 'processes':
        return blankProcessList(memory, from, to, type)
      case 'event':
      case 'largeEvent':
        return cleanEvent(type, memory, from, to)
      case 'unknown':
        return false
      case 'section':
      case 'machine':
      case 'files':
      case 'interfaces':
      case 'users':
        return true
      default:
        return type.kind satisfies never
    }
  }

  function cleanEvent(type: BlockType, memory: Bytes, from: number, to: number): boolean {
    const typeAt = from + (type.hasFlags ? 6 : 2) + 20
    if (typeAt + 2 > to) return false
    const eventType = view.getUint16(typeAt, true)
    if (!isKnownEvent(eventType)) return false
    if (!hasSecrets(eventType)) return true
    if (event.read(type, memory, from, to) !== undefined) return false
    blankEvent(event)
    return true
  }

  const reader = createBlockReader({
    block(type, memory, from, to) {
      const size = to - from + frameBytes + trailerBytes
      room(size)
      whole.set(memory.bytes.subarray(from - frameBytes, to + trailerBytes), length)
      if (keepsSecrets || clean(type, length + frameBytes, length + size - trailerBytes)) length += size
      else lost += size
    },
    malformed() {
      lost++
      isHalf = true
    },
  })

  return {
    push(bytes) {
      length = 0
      reader.push(bytes)
      return length === 0 ? nothing : whole.slice(0, length)
    },
    end() {
      const before = lost
      isHalf = false
      reader.end()
      lost = before
      return isHalf ? 1 : 0
    },
    takeLost() {
      const count = lost
      lost = 0
      return count
    },
  }
}
