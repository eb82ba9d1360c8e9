// A recorder that loses events leaves no mark in the stream. These tests take events out of real captures, as a full
// ring buffer does, and ask whether the reader tells; and whether it keeps silent where nothing was lost.

import { expect, test } from 'vitest'
import { epochOf } from '../../../src/time/instant.ts'
import { createScapParser } from '../../../src/parse/scap/scap-parser.ts'
import { guestCaptures, hostCaptures, readCapture, type CaptureName } from './captures.ts'
import { openLossLog } from './kernel-log.ts'

interface Recorded {
  readonly type: number
  readonly tid: number
  readonly seconds: number
}
interface Seen {
  readonly losses: readonly number[]
  readonly dropped: number
}

/** Reads a capture without the events that `drops` takes out. Seconds are counted from its first event. */
function readWithout(name: CaptureName, drops: (event: Recorded) => boolean): Seen {
  const bytes = readCapture(name)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const log = openLossLog()
  let origin: bigint | undefined
  let parser = createScapParser({ origin: epochOf(0n), sink: log.sink })
  const lead: Uint8Array[] = []
  let dropped = 0
  for (let at = 0; at < bytes.length; at += view.getUint32(at + 4, true)) {
    const block = bytes.subarray(at, at + view.getUint32(at + 4, true))
    if (view.getUint32(at, true) !== 0x216) {
      lead.push(block)
      continue
    }
    const stamp = view.getBigUint64(at + 10, true)
    if (origin === undefined) {
      origin = stamp
      parser = createScapParser({ origin: epochOf(origin), sink: log.sink })
      for (const one of lead) parser.push(one)
    }
    const seconds = Number(stamp - origin) / 1e9
    if (drops({ type: view.getUint16(at + 30, true), tid: view.getInt32(at + 18, true), seconds })) dropped++
    else parser.push(block)
  }
  parser.end()
  return { losses: log.losses.map((loss) => loss.at / 1e9), dropped }
}

/** A coin that falls the same way in each run. */
function createCoin(share: number): () => boolean {
  let seed = 12345
  return () => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    return seed / 0x7fffffff < share
  }
}

const all = [...guestCaptures, ...hostCaptures]

test.each(all)('nothing is called lost in %s, where the driver counted no drop', (name) => {
  expect(readWithout(name, () => false).losses).toEqual([])
})

test.each(all)('a tenth of the events lost over five seconds of %s is told, and only there', (name) => {
  const coin = createCoin(0.1)
  const { losses } = readWithout(name, ({ seconds }) => seconds > 15 && seconds < 20 && coin())
  expect(losses.length).toBeGreaterThan(0)
  for (const at of losses) expect(at > 15 && at < 23).toBe(true)
})

test('half of the events lost from the beginning to the end is told all the way', () => {
  const coin = createCoin(0.5)
  const { losses } = readWithout('netns-reload-host', () => coin())
  expect(losses.length).toBeGreaterThan(50)
})

const isCallEnter = (type: number): boolean => type % 2 === 0 && type !== 152 && type !== 232 && type !== 186
const filters: Readonly<Record<string, (event: Recorded) => boolean>> = {
  'one program only': ({ tid }) => tid % 3 !== 0,
  'all programs but some': ({ tid }) => tid % 5 === 0,
  'one kind of call only': ({ type }) => type !== 6 && type !== 7,
  'switches only': ({ type }) => type !== 152,
  'no switches': ({ type }) => type === 152,
  'exits only': ({ type }) => isCallEnter(type),
  'enters only': ({ type }) => type % 2 === 1,
}

test.each(Object.entries(filters))('a recorder that filters (%s) is not taken for one that loses', (_, drops) => {
  for (const name of all) expect(readWithout(name, drops).losses).toEqual([])
})

test('a filter that keeps one process whole and slow exits of the others is not taken for loss', () => {
  const coin = createCoin(0.9)
  const drops = ({ tid, type }: Recorded): boolean => tid % 2 === 0 && (type % 2 === 0 || coin())
  for (const name of guestCaptures) expect(readWithout(name, drops).losses).toEqual([])
})
