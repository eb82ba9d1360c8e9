// One member as the tape plays it: read up to here, then up to there, holes in their places.

import type { Unpacked } from './packed-reader.ts'

export interface Stretch {
  readonly bytes: readonly Uint8Array[]
  /** A part of the stretch is missing; what was read lies around it. */
  readonly isTorn: boolean
}

export interface MemberCursor {
  /** Unpacked bytes that have been played, holes included. */
  readonly position: number
  /** The first bytes of the member: a pcap's header. */
  readonly head: Uint8Array
  readTo(to: number): Promise<Stretch>
  close(): Promise<void>
}

const headBytes = 24
/** The end of a member: larger than any. */
export const memberEnd = Number.MAX_SAFE_INTEGER

export function openMemberCursor(pieces: AsyncGenerator<Unpacked>): MemberCursor {
  let position = 0
  let held: Uint8Array | undefined
  let isOver = false
  let head: Uint8Array = new Uint8Array(0)

  async function next(): Promise<Unpacked | undefined> {
    if (isOver) return undefined
    const { value, done } = await pieces.next()
    if (done !== true) return value
    isOver = true
    return undefined
  }

  function keepHead(bytes: Uint8Array): void {
    if (head.length < headBytes && position === head.length)
      head = Uint8Array.from([...head, ...bytes.subarray(0, headBytes - head.length)])
  }

  return {
    get position() {
      return position
    },
    get head() {
      return head
    },
    async readTo(to) {
      const bytes: Uint8Array[] = []
      let isTorn = false
      // The tape speaks of an end; a hole may have taken the place beyond it.
      while (position < to) {
        if (held === undefined) {
          const one = await next()
          if (one === undefined) break
          if (one.kind === 'cut') continue
          if (one.kind === 'hole') {
            position += one.count ?? 0
            isTorn = true
            continue
          }
          held = one.bytes
        }
        const part = held.subarray(0, to - position)
        keepHead(part)
        bytes.push(part)
        position += part.length
        held = part.length === held.length ? undefined : held.subarray(part.length)
      }
      return { bytes, isTorn }
    },
    async close() {
      isOver = true
      await pieces.return(undefined)
    },
  }
}
