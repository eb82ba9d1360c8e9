// iostat's one endless document as one JSON object a line: first its head, with no samples in it, then each sample.
//
//   {"sysstat":{"hosts":[{"nodename":"compute07",…,"statistics":[]}]}}
//   {"timestamp":"2026-11-22T12:28:30+0000","disk":[{"disk_device":"vda","r/s":73.76,…}]}
//
// A sample is whole at the `]` of its disks: its own `}` comes only with the next one, a second later (sysstat 12.6.1).
// Spaces between the values are left out. The parser of iostat's document reads these lines as they are.

import { joined, nothing, type UnitStream } from './unit-stream.ts'

/** 1,000 disks have 600 kB. */
const longestText = 4 * 1024 * 1024

const bytesOf = (text: string): readonly number[] => [...new TextEncoder().encode(text)]
const statistics = bytesOf('"statistics":')
const disk = bytesOf('"disk":')

const quote = 0x22
const backslash = 0x5c
const openers = new Set([0x7b, 0x5b])
const closers = new Set([0x7d, 0x5d])
const openBracket = 0x5b
const closeBracket = 0x5d
const closeBrace = 0x7d
const newline = 0x0a

export function createIostatSamples(): UnitStream {
  let text = new Uint8Array(4096)
  let length = 0
  let depth = 0
  /** Depth of the list of samples; undefined while its head is being read. */
  let listDepth: number | undefined
  /** A sample's line is out; its last `}` is still to come. */
  let isSampleOut = false
  let isInDisks = false
  let isInString = false
  let isEscaped = false
  let lost = 0
  let units: Uint8Array[] = []

  function keep(byte: number): void {
    if (length === text.length) {
      const grown = new Uint8Array(text.length * 2)
      grown.set(text)
      text = grown
    }
    text[length++] = byte
  }

  function isBehind(word: readonly number[], end: number): boolean {
    return word.every((byte, i) => text[end - word.length + i] === byte)
  }

  function emit(closing: readonly number[]): void {
    units.push(joined([text.slice(0, length), Uint8Array.from(closing), Uint8Array.of(newline)]))
    length = 0
  }

  function reset(): void {
    length = 0
    depth = 0
    listDepth = undefined
    isSampleOut = false
    isInDisks = false
    isInString = false
  }

  function open(byte: number): void {
    const isList = byte === openBracket
    if (listDepth === undefined && isList && isBehind(statistics, length - 1)) {
      // The head: closed here, so that it is an object by itself.
      emit([closeBracket, ...closersOf(depth)])
      listDepth = depth
    } else if (listDepth !== undefined && isList && isBehind(disk, length - 1)) isInDisks = true
    depth++
  }

  function closersOf(open_: number): number[] {
    // sysstat nests: { "sysstat": { "hosts": [ { "statistics": [
    return open_ === 4
      ? [closeBrace, closeBracket, closeBrace, closeBrace]
      : Array.from({ length: open_ }, () => closeBrace)
  }

  function close(byte: number): void {
    depth = Math.max(0, depth - 1)
    if (listDepth === undefined) return
    if (isInDisks && byte === closeBracket && depth === listDepth + 2) {
      isInDisks = false
      isSampleOut = true
      emit([closeBrace])
    } else if (depth === listDepth + 1) {
      // The end of a sample; of one without disks nothing is told.
      if (!isSampleOut) lost += length
      isSampleOut = false
      length = 0
    } else if (depth <= listDepth) {
      listDepth = undefined
      length = 0
    }
  }

  function take(byte: number): void {
    if (isInString) {
      keep(byte)
      if (isEscaped) isEscaped = false
      else if (byte === backslash) isEscaped = true
      else if (byte === quote || byte === newline) isInString = false
      return
    }
    if (byte <= 0x20) return
    // Between two samples there are commas only, and behind the last one the rest of the document.
    const isBetween = listDepth !== undefined && depth <= listDepth + 1 && !openers.has(byte) && byte !== quote
    if (!isBetween && !(isSampleOut && depth > (listDepth ?? 0) + 1)) keep(byte)
    if (byte === quote) isInString = true
    else if (openers.has(byte)) open(byte)
    else if (closers.has(byte)) close(byte)
    if (listDepth === undefined && depth === 0) length = 0
  }

  return {
    push(bytes) {
      for (const byte of bytes) {
        take(byte)
        if (length <= longestText) continue
        lost += length
        reset()
      }
      if (units.length === 0) return nothing
      const whole = joined(units)
      units = []
      return whole
    },
    end: () => (isSampleOut ? 0 : length),
    takeLost() {
      const count = lost
      lost = 0
      return count
    },
  }
}
