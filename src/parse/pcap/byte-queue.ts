// The bytes of a stream that nobody has used up yet, in one piece, and where in the stream they lie.
//
// A piece that arrives while nothing is held is read where it lies, and only what is left of it is copied: the caller may
// reuse its buffer. What is held is bounded by whoever reads: a record that is too large is damage, not something to wait for.

export interface Held {
  readonly bytes: Uint8Array
  /** Index of the first byte that is not used up. */
  readonly from: number
  /** Index behind the last one. */
  readonly to: number
  /** Offset in the stream of `bytes[0]`. */
  readonly base: number
  /** Nothing more will come. */
  readonly isLast: boolean
}

export interface ByteQueue {
  readonly held: Held
  append(piece: Uint8Array): void
  /** Everything before this index of `held.bytes` is used up. */
  release(index: number): void
  close(): void
}

export function createByteQueue(): ByteQueue {
  let own = new Uint8Array(0)
  let held: Held = { bytes: own, from: 0, to: 0, base: 0, isLast: false }

  /** Moves what is held to the front of a buffer of ours that has room for so many bytes more. */
  const settle = (room: number): void => {
    const kept = held.to - held.from
    const target = own.length < kept + room ? new Uint8Array(2 * (kept + room)) : own
    target.set(held.bytes.subarray(held.from, held.to))
    own = target
    held = { ...held, bytes: own, from: 0, to: kept, base: held.base + held.from }
  }

  return {
    get held() {
      return held
    },
    append(piece) {
      if (held.from === held.to) {
        held = { ...held, bytes: piece, from: 0, to: piece.length, base: held.base + held.to }
        return
      }
      if (held.bytes !== own || held.to + piece.length > own.length) settle(piece.length)
      own.set(piece, held.to)
      held = { ...held, to: held.to + piece.length }
    },
    release(index) {
      held = { ...held, from: index }
      if (held.bytes !== own && held.from < held.to) settle(0)
    },
    close() {
      held = { ...held, isLast: true }
    },
  }
}
