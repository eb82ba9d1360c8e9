// Which bytes of a scap block are somebody's secret, and how they go: overwritten where they lie, so that every length
// stays and every reader reads on.
//
//   command lines, environments    each byte but the 0s becomes x        process list, clone, execve, task iterator
//   what was read, written, sent   becomes 0                             keepalived reading its own configuration, too
//   container descriptions         becomes {} and spaces                 they hold environments and labels
//   argv[0]                        from its first space on, x            programs that write their state into it
//
// Of what was sent or received one thing stays: the IP header and the first six bytes of a VRRP message, by which an
// advert is recognised (parse/scap/sent-adverts.ts). Its checksum goes with the password.

import type { Bytes } from '../parse/scap/block-reader.ts'
import type { BlockType } from '../parse/scap/block-types.ts'
import { Cursor } from '../parse/scap/cursor.ts'
import { eventTypes } from '../parse/scap/event-tables.ts'
import type { ScapEvent } from '../parse/scap/scap-event.ts'
import eventTable from '../parse/scap/tables/events.json' with { type: 'json' }

type Secret = 'words' | 'data' | 'json' | 'title'

const wordNames: ReadonlySet<string> = new Set(['args', 'env', 'argv', 'value_charbuf'])
const largestPrefix = 64
const x = 0x78
const space = 0x20

function secretOf({ name, type }: { readonly name: string; readonly type: string }): Secret | undefined {
  if (wordNames.has(name)) return 'words'
  if (name === 'json') return 'json'
  if (name === 'exe') return 'title'
  return type === 'BYTEBUF' && name !== 'cgroups' ? 'data' : undefined
}

interface SecretParameter {
  readonly index: number
  readonly secret: Secret
}

/** By event type; undefined for the most frequent ones, which have none. */
const secretsOf: readonly (readonly SecretParameter[] | undefined)[] = eventTable.events.map(({ params }) => {
  const found = params.flatMap((one, index) => {
    const secret = secretOf(one)
    return secret === undefined ? [] : [{ index, secret }]
  })
  return found.length === 0 ? undefined : found
})

/** A type that nobody knows could hold anything. */
export const isKnownEvent = (type: number): boolean => type < eventTypes
export const hasSecrets = (type: number): boolean => secretsOf[type] !== undefined

/** `event` has been read; changes the memory that it lies in. */
export function blankEvent(event: ScapEvent): void {
  for (const { index, secret } of secretsOf[event.type] ?? []) {
    const size = event.sizeOf(index)
    if (size > 0) blank(event.bytes, event.offsetOf(index), event.offsetOf(index) + size, secret)
  }
}

function blank(bytes: Uint8Array, from: number, to: number, secret: Secret): void {
  switch (secret) {
    case 'words':
      blankWords(bytes, from, to)
      return
    case 'title':
      blankTitle(bytes, from, to)
      return
    case 'json':
      bytes.fill(space, from, to)
      if (to - from >= 3) bytes.set([0x7b, 0x7d], from)
      bytes[to - 1] = 0
      return
    case 'data':
      bytes.fill(0, from + keptOf(bytes, from, to), to)
      return
    default:
      return secret satisfies never
  }
}

/** The 0 bytes stay: they count the arguments. */
function blankWords(bytes: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) bytes[i] = x
}

function blankTitle(bytes: Uint8Array, from: number, to: number): void {
  const first = bytes.subarray(from, to).indexOf(space)
  if (first !== -1) blankWords(bytes, from + first + 1, to)
}

const isAdvertByte = (byte: number | undefined): boolean => byte === 0x21 || byte === 0x31

/** How much of what was sent or received says that it is an advert and whose, and nothing more. */
function keptOf(bytes: Uint8Array, from: number, to: number): number {
  const first = bytes[from] ?? 0
  const size = to - from
  if (isAdvertByte(first)) return Math.min(size, 6)
  const headerBytes = (first & 15) * 4
  if (first >> 4 !== 4 || headerBytes < 20 || size < headerBytes + 6) return 0
  const protocol = bytes[from + 9]
  if (protocol === 112) return isAdvertByte(bytes[from + headerBytes]) ? headerBytes + 6 : 0
  if (protocol !== 51 || bytes[from + headerBytes] !== 112) return 0
  const behind = headerBytes + ((bytes[from + headerBytes + 1] ?? 0) + 2) * 4
  return behind <= largestPrefix && behind + 6 <= size && isAdvertByte(bytes[from + behind]) ? behind + 6 : 0
}

/** The process list: for each thread its argv[0], its command line, its environment. False: it could not be walked. */
export function blankProcessList(memory: Bytes, from: number, to: number, { version }: BlockType): boolean {
  const cursor = new Cursor(memory, from, to)
  const text = (secret?: Secret): void => {
    const length = cursor.u16()
    const at = cursor.at
    cursor.skip(length)
    if (secret !== undefined && !cursor.isShort) blank(memory.bytes, at, at + length, secret)
  }
  while (cursor.left >= 4) {
    const start = cursor.at
    const length = version >= 9 ? cursor.u32() : 0
    cursor.skip(24 + (version >= 6 ? 8 : 0) + (version >= 8 ? 8 : 0))
    text()
    text('title')
    if (version >= 7) text()
    text('words')
    text()
    cursor.skip(8 + 4 + 8 + (version >= 2 ? 28 : 0))
    if (version >= 3) text('words')
    if (version >= 4) {
      cursor.skip(16)
      text()
    }
    if (version >= 5) text()
    if (cursor.isShort) return false
    if (version < 9) continue
    if (length < cursor.at - start || length > to - start) return false
    cursor.at = start + length
  }
  return true
}
