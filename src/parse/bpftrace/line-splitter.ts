// Bytes in pieces of any size into lines, each with its place in the stream. A line has a greatest length: what is longer
// is told once, not kept, and skipped up to its line feed.

const newline = 0x0a
const nothing = new Uint8Array(0)

export interface LineListener {
  readonly longestLine: number
  /** `bytes` without the line feed, good until it returns; `where` = offset of its first byte. */
  readonly line: (bytes: Uint8Array, where: number) => void
  readonly tooLong: (where: number) => void
}

export interface LineSplitter {
  readonly push: (bytes: Uint8Array) => void
  /** Where the half line begins that the stream ended in; undefined when it ended with a line feed. */
  readonly end: () => number | undefined
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length === 0) return right
  const whole = new Uint8Array(left.length + right.length)
  whole.set(left)
  whole.set(right, left.length)
  return whole
}

export function createLineSplitter({ longestLine, line, tooLong }: LineListener): LineSplitter {
  let half: Uint8Array = nothing
  /** Offset of the line that is being read. */
  let begin = 0
  /** Bytes of it so far, kept or not. */
  let length = 0
  let isSkipping = false

  function add(bytes: Uint8Array): void {
    length += bytes.length
    if (isSkipping) return
    if (length <= longestLine) {
      half = joined(half, bytes)
      return
    }
    isSkipping = true
    half = nothing
    tooLong(begin)
  }

  function finish(): void {
    if (!isSkipping) line(half, begin)
    begin += length + 1
    length = 0
    half = nothing
    isSkipping = false
  }

  return {
    push(bytes) {
      let from = 0
      for (let to = bytes.indexOf(newline); to !== -1; to = bytes.indexOf(newline, from)) {
        add(bytes.subarray(from, to))
        finish()
        from = to + 1
      }
      if (from === bytes.length) return
      add(bytes.subarray(from))
      // The caller may use its buffer again.
      half = half.slice()
    },
    end: () => (length > 0 && !isSkipping ? begin : undefined),
  }
}
