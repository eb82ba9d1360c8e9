// pcapng: interfaces and their clocks, the three kinds of packet block, sections.

import { expect, test } from 'vitest'
import { epochAt, epochOf } from '../../../src/time/instant.ts'
import { asSll2, buildAdvert } from '../../fixtures/pcap-builder.ts'
import { readCapture } from '../../fixtures/packet-record.ts'
import { buildPcapng, type InterfaceSpec } from '../../fixtures/pcapng-builder.ts'

const atNs = 1_790_000_000_123_456_789n
const bytes = buildAdvert()

const timeOf = (spec: InterfaceSpec, stamp: bigint, isBigEndian = false): bigint | undefined => {
  const origin = epochOf(atNs)
  const advert = readCapture(buildPcapng([spec], [{ interface: 0, stamp, bytes }], isBigEndian), { origin }).adverts[0]
  return advert === undefined ? undefined : epochAt(advert.at, origin)
}

test.each([
  ['microseconds without the option', {}, atNs / 1000n, 1_790_000_000_123_456_000n],
  ['nanoseconds', { resolution: 9 }, atNs, atNs],
  ['milliseconds', { resolution: 3 }, atNs / 1_000_000n, 1_790_000_000_123_000_000n],
  ['seconds', { resolution: 0 }, atNs / 1_000_000_000n, 1_790_000_000_000_000_000n],
  ['picoseconds need more than 53 bits', { resolution: 12 }, 123_456_789_012n, 123_456_789n],
  ['powers of two', { resolution: 0x94 }, (1_790_000_000n << 20n) + (1n << 19n), 1_790_000_000_500_000_000n],
  ['an offset in seconds', { resolution: 9, offsetSeconds: 1_790_000_000n }, 123_456_789n, atNs],
  ['an offset below zero', { resolution: 9, offsetSeconds: -10n }, atNs + 10_000_000_000n, atNs],
] as const)('time stamps in %s', (_, spec: InterfaceSpec, stamp, expected) => {
  expect(timeOf(spec, stamp)).toBe(expected)
  expect(timeOf(spec, stamp, true)).toBe(expected)
})

test.each([
  ['before 1970', { offsetSeconds: -1n }, 0n],
  ['after 2106', {}, 2n ** 63n],
  ['in years that no calendar knows', { resolution: 0 }, 2n ** 64n - 1n],
])('a time %s is malformed', (_, spec: InterfaceSpec, stamp) => {
  const { lines } = readCapture(buildPcapng([spec], [{ interface: 0, stamp: BigInt.asIntN(64, stamp), bytes }]))
  expect(lines).toEqual([expect.stringContaining('pcapng packet of a time outside the years 1970 to 2106')])
})

test('interfaces name the link; one without a name is told by its number', () => {
  const file = buildPcapng(
    [{ name: 'tap-lb01' }, {}, { name: 'Ethernet 3 — Büro' }],
    [2, 1, 0].map((number) => ({ interface: number, stamp: atNs / 1000n, bytes })),
  )
  expect(readCapture(file).adverts.map(({ link }) => link)).toEqual(['Ethernet 3 — Büro', 'interface-1', 'tap-lb01'])
  expect(readCapture(file, { link: 'here' }).adverts.map(({ link }) => link)).toEqual(['here', 'here', 'here'])
})

test('each interface has its own link type; SLL2 knows its interface better than the file', () => {
  const file = buildPcapng(
    [
      { name: 'any', linkType: 276, resolution: 9 },
      { name: 'tun0', linkType: 101 },
    ],
    [
      { interface: 0, stamp: atNs, bytes: asSll2(bytes, { ifindex: 7, type: 0 }) },
      { interface: 1, stamp: atNs / 1000n, bytes: bytes.subarray(14) },
    ],
  )
  expect(readCapture(file).adverts.map(({ link, isOutgoing }) => `${link} ${isOutgoing}`)).toEqual([
    'if7 false',
    'tun0 undefined',
  ])
})

test('the flags of a packet tell its direction', () => {
  const file = buildPcapng(
    [{ name: 'eth0' }],
    [undefined, 0, 1, 2].map((flags) => ({
      interface: 0,
      stamp: 1n,
      bytes,
      ...(flags === undefined ? {} : { flags }),
    })),
  )
  expect(readCapture(file).adverts.map(({ isOutgoing }) => isOutgoing)).toEqual([undefined, undefined, false, true])
})

test('the obsolete packet block is read, the simple one has no time', () => {
  const file = buildPcapng(
    [{ name: 'eth0' }],
    [
      { interface: 0, stamp: atNs / 1000n, bytes, block: 'obsolete' },
      { interface: 0, stamp: 0n, bytes, block: 'simple' },
    ],
  )
  const record = readCapture(file)
  expect(record.adverts.map(({ link, checksum }) => `${link} ${checksum}`)).toEqual(['eth0 ok'])
  expect([...record.ignored]).toEqual([['pcapng simple packet (it has no time)', 1]])
})

test('a new section counts its interfaces anew and may have the other byte order', () => {
  const sections = [
    buildPcapng([{ name: 'a0' }, { name: 'a1' }], [{ interface: 1, stamp: 1n, bytes }]),
    buildPcapng(
      [{ name: 'b0' }],
      [
        { interface: 0, stamp: 2n, bytes },
        { interface: 1, stamp: 3n, bytes },
      ],
      true,
    ),
  ]
  const record = readCapture(Buffer.concat(sections))
  expect(record.adverts.map(({ link }) => link)).toEqual(['a1', 'b0'])
  expect(record.malformed.map(({ reason }) => reason)).toEqual([
    'pcapng packet of interface 1, which was not described',
  ])
})

test('an unknown link type is said where its interface is described', () => {
  const file = buildPcapng(
    [{ linkType: 147 }],
    [1n, 2n].map((stamp) => ({ interface: 0, stamp, bytes })),
  )
  const record = readCapture(file)
  expect(record.malformed.map(({ reason }) => reason)).toEqual([
    'link type 147 is not known here; capture an Ethernet interface, or `-i any`',
  ])
  expect([...record.ignored]).toEqual([['link type 147', 2]])
})

test('a hostile interface name is kept short', () => {
  const file = buildPcapng([{ name: 'x'.repeat(60_000) }], [{ interface: 0, stamp: 1n, bytes }])
  expect(readCapture(file).adverts[0]?.link).toHaveLength(256)
})

test('blocks that nobody here knows are passed over', () => {
  const unknown = Buffer.from('efbeadde100000000000000010000000', 'hex')
  const names = Buffer.from('04000000100000000000000010000000', 'hex')
  const file = buildPcapng([{ name: 'eth0' }], [{ interface: 0, stamp: 1n, bytes }])
  const record = readCapture(Buffer.concat([file, unknown, names, file]))
  expect(record.adverts).toHaveLength(2)
  expect([...record.ignored]).toEqual([
    ['pcapng block of another type', 1],
    ['pcapng name resolution', 1],
  ])
})
