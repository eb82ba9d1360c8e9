// What a child writes to stderr, as lines, in bounded memory: a line has a longest length, and what has no line feed
// for that long is cut there. A child that floods stderr costs us CPU, never memory: the rest of the line is dropped.

const longestBytes = 4096

export interface LineReader {
  push(chunk: Uint8Array): void
  /** What came last without a line feed. */
  end(): void
}

export function createLineReader(line: (text: string) => void): LineReader {
  const held = Buffer.alloc(longestBytes)
  let length = 0
  let isCut = false
  const flush = (): void => {
    // Not always UTF-8: a bad byte becomes U+FFFD, escaping is for whoever prints it.
    if (length > 0) line(held.toString('utf8', 0, length).replace(/\r$/, ''))
    length = 0
    isCut = false
  }
  return {
    push(chunk) {
      let from = 0
      while (from < chunk.length) {
        const at = chunk.indexOf(10, from)
        const to = at < 0 ? chunk.length : at
        if (!isCut) {
          const taken = Math.min(to - from, longestBytes - length)
          held.set(chunk.subarray(from, from + taken), length)
          length += taken
          isCut = length === longestBytes
        }
        if (at < 0) return
        flush()
        from = at + 1
      }
    },
    end: flush,
  }
}
