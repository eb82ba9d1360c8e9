// What is left of a packed member after a kill, a flipped bit, a bomb.

import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { createGzipStream } from '../../src/bundle/gzip-stream.ts'
import { unpack, type Unpacked } from '../../src/bundle/packed-reader.ts'

const second = 1e9
const lineOf = (i: number): string => `{"ns":${i},"mono":${i * 7919},"th":{"${i}":[1,"x",${(i * i) % 977}]}}\n`

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size))
}

/** `lines` lines, one flush each second, a gzip member each 30. */
async function packed(lines: number): Promise<{ readonly bytes: Buffer; readonly ends: readonly number[] }> {
  const stream = createGzipStream(6)
  const pieces: Uint8Array[] = []
  const ends: number[] = []
  for (let i = 0; i < lines; i++) {
    pieces.push(await stream.pack([Buffer.from(lineOf(i))], i * second))
    ends.push(pieces.reduce((sum, piece) => sum + piece.length, 0))
  }
  pieces.push(await stream.end())
  return { bytes: Buffer.concat(pieces), ends }
}

async function read(
  bytes: Uint8Array,
  size = 4096,
): Promise<{ readonly text: string; readonly rest: readonly Unpacked[] }> {
  let text = ''
  const rest: Unpacked[] = []
  for await (const one of unpack(inPieces(bytes, size))) {
    if (one.kind === 'bytes') text += Buffer.from(one.bytes).toString('latin1')
    else rest.push(one)
  }
  return { text, rest }
}

const allLines = (count: number): string => Array.from({ length: count }, (_, i) => lineOf(i)).join('')

test('what was packed in several members is read back whole, by any gunzip too', async () => {
  const { bytes } = await packed(100)
  expect(gunzipSync(bytes).toString()).toBe(allLines(100))
  for (const size of [1, 7, 100_000]) expect(await read(bytes, size)).toEqual({ text: allLines(100), rest: [] })
})

test('cut at any byte of its last two seconds, everything that was flushed before is read', async () => {
  const { bytes, ends } = await packed(40)
  const from = ends[37] ?? 0
  for (let length = from; length < bytes.length; length++) {
    const { text, rest } = await read(bytes.subarray(0, length))
    const flushed = ends.filter((end) => end <= length).length
    expect(text.startsWith(allLines(flushed))).toBe(true)
    expect(allLines(40).startsWith(text)).toBe(true)
    expect(rest.every((one) => one.kind === 'cut')).toBe(true)
  }
})

test('a flipped bit costs no more than its half minute, and what is behind keeps its place', async () => {
  const { bytes, ends } = await packed(100)
  const damaged = Buffer.from(bytes)
  const at = (ends[34] ?? 0) + 10
  damaged[at] = (damaged[at] ?? 0) ^ 0x10
  let offset = 0
  const lastAt = allLines(99).length
  let last = ''
  const reasons: string[] = []
  for await (const one of unpack(inPieces(damaged, 1000))) {
    if (one.kind === 'bytes') {
      const from = Math.max(0, lastAt - offset)
      if (offset + one.bytes.length > lastAt) last += Buffer.from(one.bytes).subarray(from).toString()
      offset += one.bytes.length
    } else if (one.kind === 'hole') {
      reasons.push(one.reason)
      offset += one.count ?? Number.NaN
    }
  }
  expect(reasons).toEqual(['a part of it is damaged'])
  expect(last).toBe(lineOf(99))
  expect(offset).toBe(allLines(100).length)
})

test('a bomb is read up to where nobody would believe it, in bounded memory', { timeout: 60_000 }, async () => {
  const bomb = gzipSync(Buffer.alloc(400 * 1024 * 1024))
  let most = 0
  let total = 0
  const reasons: string[] = []
  for await (const one of unpack(inPieces(bomb, 64 * 1024))) {
    if (one.kind === 'bytes') {
      most = Math.max(most, one.bytes.length)
      total += one.bytes.length
    } else if (one.kind === 'hole') reasons.push(one.reason)
  }
  expect(total).toBeLessThan(400 * 1024 * 1024)
  expect(most).toBeLessThan(32 * 1024 * 1024)
  expect(reasons).toEqual([expect.stringContaining('absurdly much')])
})

test('what is not gzip is said to be none', async () => {
  expect(await read(Buffer.from('hello, this is not gzip at all'))).toEqual({
    text: '',
    rest: [{ kind: 'hole', count: undefined, reason: 'it does not begin as gzip' }],
  })
  expect(await read(Buffer.alloc(0))).toEqual({ text: '', rest: [] })
})
