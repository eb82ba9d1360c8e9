// Any cutting of the stream gives the same events, and broken bytes cost what they touch and nothing else.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { epochOf } from '../../../src/time/instant.ts'
import { createScapParser } from '../../../src/parse/scap/scap-parser.ts'
import { readCapture } from './captures.ts'
import { openKernelLog, type KernelLog } from './kernel-log.ts'
import { readOrigin } from './rows-compared.ts'
import { event, files, joined, processes, section, u32, u64, writtenOrigin, zero } from './written-capture.ts'

function readPieces(pieces: readonly Uint8Array[], origin = readOrigin): KernelLog {
  const log = openKernelLog()
  const parser = createScapParser({ origin, sink: log.sink })
  for (const piece of pieces) parser.push(piece)
  parser.end()
  return log
}

/** The first blocks of a real capture, whole. */
function beginning(bytes: Uint8Array, atLeast: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let end = 0
  while (end < atLeast) end += view.getUint32(end + 4, true)
  return bytes.slice(0, end)
}

const capture = beginning(readCapture('qemu-sigstop-guest'), 120_000)
const whole = readPieces([capture])
/** Offsets of the blocks of `capture`, and its end. */
const starts: readonly number[] = (() => {
  const view = new DataView(capture.buffer)
  const found = [0]
  for (let at = 0; at < capture.length; found.push(at)) at += view.getUint32(at + 4, true)
  return found
})()

test('the capture that these tests cut has something to say', () => {
  expect(whole.lines.length).toBeGreaterThan(500)
  expect(whole.complaints).toEqual([])
})

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((to, i) => bytes.slice(places[i] ?? 0, to))
}

test('any cutting of the bytes gives the same events', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(capture.length - 1), { maxLength: 40 }), (cuts) => {
      expect(readPieces(cutAt(capture, cuts)).lines).toEqual(whole.lines)
    }),
    { numRuns: 60 },
  )
})

test.each([1, 2, 3, 7, 8, 13, 4096])('pieces of %i bytes give the same events', (size) => {
  const pieces = Array.from({ length: Math.ceil(capture.length / size) }, (_, i) =>
    capture.subarray(i * size, (i + 1) * size),
  )
  expect(readPieces(pieces)).toMatchObject({ lines: whole.lines, complaints: [] })
})

test('a stream that ends anywhere loses its last block only', () => {
  fc.assert(
    fc.property(fc.nat(capture.length), (end) => {
      const { lines, complaints } = readPieces([capture.slice(0, end)])
      const kept = starts.findLast((start) => start <= end) ?? 0
      expect(lines).toEqual(readPieces([capture.slice(0, kept)]).lines)
      expect(lines).toEqual(whole.lines.slice(0, lines.length))
      expect(complaints.length).toBe(kept === end ? 0 : 1)
    }),
    { numRuns: 60 },
  )
})

/** A capture whose events cannot depend on each other: one thread writes to one file, exits only. */
const count = 300
const independent = Array.from({ length: count }, (_, i) =>
  event({ at: i, tid: 100, type: 9, params: [u64(i), zero('some data'), u64(3), u32(5)] }),
)
const lead = joined(section(), processes([{ tid: 100, pid: 100, comm: 'keepalived' }]), files(100, { 3: '/log' }))
const stream = joined(lead, ...independent)
const blockLength = independent[0]?.length ?? 0
const written = readPieces([stream], epochOf(writtenOrigin)).lines

/** Index of the event that a line is about, by its result. */
const indexOf = (line: string): number => Number(/write = (?<index>-?\d+)/.exec(line)?.groups?.['index'])

test('flipped bytes never throw, and every block that they do not touch is read', () => {
  const flips = fc.array(fc.tuple(fc.nat(stream.length - 1), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(flips, (all) => {
      // The format's number alone is believed: a capture of another one is refused whole.
      fc.pre(all.every(([at]) => at !== 12 && at !== 13))
      const broken = Uint8Array.from(stream)
      for (const [at, bits] of all) broken[at] = (broken[at] ?? 0) ^ bits
      const { lines } = readPieces([broken], epochOf(writtenOrigin))
      // What the metadata says of the thread may be gone; the events must not be.
      const touched = new Set(all.map(([at]) => Math.floor((at - lead.length) / blockLength)))
      const read = new Set(lines.map(indexOf))
      expect([...independent.keys()].filter((i) => !touched.has(i) && !read.has(i))).toEqual([])
    }),
    { numRuns: 200 },
  )
})

test('several blocks that claim more than there is cost themselves alone', () => {
  const broken = Uint8Array.from(stream)
  const damaged = [10, 40, 41, 200, 299]
  // The second byte of the length: thousands more than it has.
  for (const i of damaged) broken[lead.length + i * blockLength + 5] = 0x60
  const read = new Set(readPieces([broken], epochOf(writtenOrigin)).lines.map(indexOf))
  expect([...independent.keys()].filter((i) => !read.has(i))).toEqual(damaged)
})

test('garbage between two events is told once, and both are read', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: count - 1 }),
      (garbage, i) => {
        const broken = joined(lead, ...independent.slice(0, i), garbage, ...independent.slice(i))
        const { lines, complaints } = readPieces([broken], epochOf(writtenOrigin))
        expect(lines).toEqual(written)
        expect(complaints.length).toBeLessThanOrEqual(1)
      },
    ),
    { numRuns: 100 },
  )
})

test('garbage alone says where it begins, and nothing more', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 12, maxLength: 5000 }), (garbage) => {
      garbage[0] = 0xee
      const { lines } = readPieces([garbage])
      expect(lines).toEqual([])
    }),
    { numRuns: 50 },
  )
})

test('a block that claims more than its kind may have is not waited for', () => {
  const claiming = joined(u32(0x216), u32(0x7fffff00), new Uint8Array(40))
  const { lines, complaints } = readPieces([joined(lead, claiming, ...independent)], epochOf(writtenOrigin))
  expect(lines).toEqual(written)
  expect(complaints).toEqual([
    { reason: 'a block of 2147483392 bytes, more than is believed of its kind (131072)', where: lead.length },
  ])
})

test('a process list whose length is a lie costs the names, not the events', () => {
  const list = processes([{ tid: 100, pid: 100, comm: 'keepalived' }])
  const lying = Uint8Array.from(list)
  lying[4] = (lying[4] ?? 0) ^ 0x10
  const { lines, complaints } = readPieces([joined(section(), lying, ...independent)], epochOf(writtenOrigin))
  expect(lines).toHaveLength(count)
  expect(complaints[0]?.reason).toMatch(/^a block that begins as \d+ bytes and ends as \d+$/)
})

test('a thread table that is full forgets, and does not grow', () => {
  const log = openKernelLog()
  const parser = createScapParser({ origin: epochOf(writtenOrigin), sink: log.sink })
  const strangers = Array.from({ length: 1000 }, (_, i) =>
    event({ at: i, tid: 1_000_000 + i, type: 4, params: [u64(3)] }),
  )
  const template = joined(...strangers)
  const view = new DataView(template.buffer)
  const each = strangers[0]?.length ?? 0
  for (let round = 0; round < 140; round++) {
    for (let i = 0; i < 1000; i++) view.setUint32(i * each + 18, 1_000_000 + round * 1000 + i, true)
    parser.push(template.slice())
  }
  parser.end()
  expect(parser.counts.forgotten).toBe(140_000 - 2 ** 17)
  expect(parser.pendingCalls()).toHaveLength(2 ** 17)
})
