// Bytes of the host to text, without making the same text twice.
//
// Process names and paths repeat by the thousand, so a small direct-mapped table remembers the last text of each hash:
// a hit costs one pass over the bytes and no allocation. Names are bytes, not characters: what is not UTF-8 becomes
// U+FFFD here, control bytes stay as they are (they are escaped at output).

const slots = 4096
const longestRemembered = 256
const remembered: string[] = Array.from({ length: slots }, () => '')
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function isSame(text: string, bytes: Uint8Array, from: number, length: number): boolean {
  if (text.length !== length) return false
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[from + i]) return false
  return true
}

/** No byte: texts with a length run to their end. */
const never = -1

/** The text of bytes[from, to). */
export const textOf = (bytes: Uint8Array, from: number, to: number): string => read(bytes, from, to, never)

/** The text of bytes[from, to) up to its first 0 byte: how the drivers write paths and names. */
export const textUpToZero = (bytes: Uint8Array, from: number, to: number): string => read(bytes, from, to, 0)

function read(bytes: Uint8Array, from: number, to: number, stop: number): string {
  let hash = 0
  let all = 0
  let end = from
  for (; end < to; end++) {
    const byte = bytes[end] ?? 0
    if (byte === stop) break
    hash = Math.imul(hash ^ byte, 0x01000193)
    all |= byte
  }
  const length = end - from
  if (length === 0) return ''
  if (all > 127 || length > longestRemembered) return decoder.decode(bytes.subarray(from, end))
  const slot = (hash ^ (hash >>> 15)) & (slots - 1)
  const known = remembered[slot] ?? ''
  if (isSame(known, bytes, from, length)) return known
  const text = decoder.decode(bytes.subarray(from, end))
  remembered[slot] = text
  return text
}
