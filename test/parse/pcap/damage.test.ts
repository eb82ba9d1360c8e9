// A damaged capture: what is behind the damage is read as before, and the damage is said once, where it lies.

import { expect, test } from 'vitest'
import { buildAdvert, buildPcap, type PacketSpec, type PcapSpec } from '../../fixtures/pcap-builder.ts'
import { readCapture, type PacketRecord } from '../../fixtures/packet-record.ts'
import { buildPcapng } from '../../fixtures/pcapng-builder.ts'

const second = 1_000_000_000n
const atNs = 1_790_000_000n * second + 500n
const recordBytes = 16 + buildAdvert().length
const packets: readonly PacketSpec[] = Array.from({ length: 6 }, (_, i) => ({
  atNs: atNs + BigInt(i) * second,
  bytes: buildAdvert({ ipId: i + 1 }),
}))
const idsOf = ({ adverts }: PacketRecord): (number | undefined)[] => adverts.map(({ ipId }) => ipId)
const recordAt = (index: number): number => 24 + index * recordBytes

/** Six adverts, and the third one's record header changed. */
const damage = (change: (bytes: Buffer, record: number) => void, spec: PcapSpec = {}): PacketRecord => {
  const bytes = buildPcap(packets, spec)
  change(bytes, recordAt(2))
  return readCapture(bytes)
}

test.each([
  [
    'captured length beyond the cap',
    8,
    0x7fffffff,
    '2147483647 bytes captured, more than the 262144 that a packet may have',
  ],
  ['captured more than was on the wire', 8, 1000, '1000 bytes captured of 54 on the wire'],
  [
    'on the wire beyond the cap',
    12,
    0x7fffffff,
    '2147483647 bytes on the wire, more than the 262144 that a packet may have',
  ],
  ['a fraction of more than a second', 4, 1_000_000_000, 'a fraction of 1000000000 in a second of 1000000000'],
  ['a time years away', 0, 1_000_000_000, "a time 790000001 s from its neighbours'"],
])('%s loses that one advert only', (_, field, value, reason) => {
  const record = damage((bytes, at) => bytes.writeUInt32LE(value, at + field))
  expect(idsOf(record)).toEqual([1, 2, 4, 5, 6])
  expect(record.malformed).toEqual([
    { reason: `damaged pcap record: ${reason}; searching for the next one`, where: recordAt(2) },
  ])
})

test('a big-endian capture in microseconds is searched in its own terms', () => {
  const record = damage((bytes, at) => bytes.writeUInt32BE(1_000_000, at + 4), { isBigEndian: true, isNano: false })
  expect(idsOf(record)).toEqual([1, 2, 4, 5, 6])
})

test('a length that is too short is noticed at the record behind it', () => {
  const record = damage((bytes, at) => bytes.writeUInt32LE(50, at + 8))
  expect(idsOf(record)).toEqual([1, 2, 3, 4, 5, 6])
  expect(record.adverts[2]?.checksum).toBe('unknown')
  expect(record.malformed.map(({ where }) => where)).toEqual([recordAt(3) - 4])
})

test.each([
  ['zeros', 0],
  ['ones', 0xff],
  ['text', 0x41],
])('a lost page full of %s', (_, filling) => {
  const bytes = buildPcap(packets)
  const whole = Buffer.concat([
    bytes.subarray(0, recordAt(2)),
    Buffer.alloc(4096, filling),
    bytes.subarray(recordAt(2)),
  ])
  const record = readCapture(whole)
  expect(idsOf(record)).toEqual([1, 2, 3, 4, 5, 6])
  expect(record.malformed).toHaveLength(1)
  expect(record.malformed[0]?.where).toBe(recordAt(2))
})

test('bytes that are missing from the middle take the records around them along, no more', () => {
  const bytes = buildPcap(packets)
  const record = readCapture(Buffer.concat([bytes.subarray(0, recordAt(1) + 20), bytes.subarray(recordAt(3))]))
  expect(idsOf(record)).toEqual([1, 5, 6])
  expect(record.malformed.map(({ reason }) => reason)).toEqual([expect.stringContaining('searching for the next one')])
})

test('damage to the very first record, when no time is known yet', () => {
  const bytes = buildPcap(packets)
  bytes.writeUInt32LE(0xffffffff, 24 + 8)
  expect(idsOf(readCapture(bytes))).toEqual([2, 3, 4, 5, 6])
})

test('damage to the last record: there is nothing behind it', () => {
  const bytes = buildPcap(packets)
  bytes.writeUInt32LE(0xffffffff, recordAt(5) + 8)
  const record = readCapture(bytes)
  expect(idsOf(record)).toEqual([1, 2, 3, 4, 5])
  expect(record.malformed).toHaveLength(2)
  expect(record.malformed[1]?.reason).toMatch(/^no record in the last \d+ bytes$/)
})

test('the last record but one: the end of the stream proves the last', () => {
  const bytes = buildPcap(packets)
  bytes.writeUInt32LE(0xffffffff, recordAt(4) + 8)
  expect(idsOf(readCapture(bytes))).toEqual([1, 2, 3, 4, 6])
})

test('a clock that is set is no damage: the records behind the step agree with it', () => {
  const stepped = packets.map(({ bytes }, i) => ({
    bytes,
    atNs: atNs + BigInt(i) * second + (i < 3 ? 0n : 86_400n * second),
  }))
  const record = readCapture(buildPcap(stepped))
  expect(idsOf(record)).toEqual([1, 2, 3, 4, 5, 6])
  expect(record.malformed).toEqual([])
})

test('a clock that is set while bytes are lost does not lose the rest', () => {
  const stepped = packets.map(({ bytes }, i) => ({
    bytes,
    atNs: atNs + BigInt(i) * second + (i < 2 ? 0n : 86_400n * second),
  }))
  const bytes = buildPcap(stepped)
  bytes.writeUInt32LE(0xffffffff, recordAt(2) + 8)
  expect(idsOf(readCapture(bytes))).toEqual([1, 2, 4, 5, 6])
})

test('a new capture behind damage is found by its header', () => {
  const bytes = Buffer.concat([buildPcap(packets.slice(0, 2)), Buffer.alloc(100, 0xee), buildPcap(packets.slice(2))])
  const record = readCapture(bytes)
  expect(idsOf(record)).toEqual([1, 2, 3, 4, 5, 6])
  expect(record.malformed).toHaveLength(1)
})

test('the header of a new capture proves the record before it', () => {
  const front = buildPcap(packets.slice(0, 4))
  front.writeUInt32LE(0xffffffff, recordAt(2) + 8)
  expect(idsOf(readCapture(Buffer.concat([front, buildPcap(packets.slice(4))])))).toEqual([1, 2, 4, 5, 6])
})

test('a smaller cap is obeyed', () => {
  const big: PacketSpec = { atNs, bytes: Buffer.alloc(2000) }
  const record = readCapture(buildPcap([...packets, big]), { maxRecordBytes: 1500 })
  expect(record.malformed[0]?.reason).toContain('2000 bytes captured, more than the 1500')
})

const pcapng = (isBigEndian: boolean): { readonly bytes: Buffer; readonly blockAt: (index: number) => number } => {
  const bytes = buildPcapng(
    [{ name: 'eth0' }],
    packets.map((packet, i) => ({ interface: 0, stamp: packet.atNs / 1000n, bytes: buildAdvert({ ipId: i + 1 }) })),
    isBigEndian,
  )
  const blockBytes = 32 + 56
  return { bytes, blockAt: (index) => bytes.length - (6 - index) * blockBytes }
}

test.each([
  ['a length that is no multiple of four', 4, 87, 'a block length of 87 bytes'],
  ['a length below the smallest block', 4, 8, 'a block length of 8 bytes'],
  ['a length beyond all reason', 4, 0x7ffffffc, 'a block length of 2147483644 bytes'],
  ['a closing length that disagrees', 84, 92, 'a block of 88 bytes that ends as one of 92'],
])('pcapng: %s loses that one advert only', (_, field, value, reason) => {
  const { bytes, blockAt } = pcapng(false)
  bytes.writeUInt32LE(value, blockAt(2) + field)
  const record = readCapture(bytes)
  expect(idsOf(record)).toEqual([1, 2, 4, 5, 6])
  expect(record.malformed).toEqual([
    { reason: `damaged pcapng record: ${reason}; searching for the next one`, where: blockAt(2) },
  ])
})

test('pcapng: garbage between two blocks, in either byte order', () => {
  for (const isBigEndian of [false, true]) {
    const { bytes, blockAt } = pcapng(isBigEndian)
    const garbage = Buffer.from('this is not a block', 'latin1')
    const record = readCapture(Buffer.concat([bytes.subarray(0, blockAt(3)), garbage, bytes.subarray(blockAt(3))]))
    expect(idsOf(record)).toEqual([1, 2, 3, 4, 5, 6])
    expect(record.malformed).toHaveLength(1)
  }
})

test('pcapng: a packet that says it is longer than its block, or of an interface that nobody described', () => {
  const { bytes, blockAt } = pcapng(false)
  bytes.writeUInt32LE(7, blockAt(1) + 8)
  bytes.writeUInt32LE(60, blockAt(2) + 20)
  bytes.writeUInt32LE(53, blockAt(3) + 24)
  const record = readCapture(bytes)
  expect(idsOf(record)).toEqual([1, 5, 6])
  expect(record.malformed).toEqual([
    { reason: 'pcapng packet of interface 7, which was not described', where: blockAt(1) },
    { reason: 'pcapng packet of 60 bytes in a block with room for 56', where: blockAt(2) },
    { reason: '54 bytes captured of 53 on the wire', where: blockAt(3) },
  ])
})
