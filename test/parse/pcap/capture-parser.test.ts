// Classic pcap: its headers, its byte orders, its time stamps, and what a stream of it may hold.

import { expect, test } from 'vitest'
import { epochAt, epochOf } from '../../../src/time/instant.ts'
import { buildPing } from '../../fixtures/frame-builder.ts'
import { buildAdvert, buildPcap, type PacketSpec } from '../../fixtures/pcap-builder.ts'
import { readCapture } from '../../fixtures/packet-record.ts'
import { buildPcapng } from '../../fixtures/pcapng-builder.ts'

const second = 1_000_000_000n
const atNs = 1_790_000_000n * second
const advertAt = (ns: bigint, ipId = 1): PacketSpec => ({ atNs: ns, bytes: buildAdvert({ ipId }) })
const timesOf = (bytes: Uint8Array, origin = epochOf(atNs)): bigint[] =>
  readCapture(bytes, { origin }).adverts.map(({ at }) => epochAt(at, origin))

// tcpdump -i eth0 --time-stamp-precision=nano -w - vrrp: the header and one advert, as they came out of the pipe.
const verbatim = `
  4d3cb2a1 0200 0400 00000000 00000000 00000400 01000000
  12345678 15cd5b07 36000000 36000000
  01005e000012 525400205a01 0800
  45c00028 00120000 ff705b81 c0a8cd0b e0000012
  21cd6501 01010000 c0a8cd07 0000000000000000`

test('a stream as tcpdump writes it', () => {
  const bytes = Buffer.from(verbatim.replaceAll(/\s/g, ''), 'hex')
  expect(readCapture(bytes, { origin: epochOf(0x78563412n * second), link: 'eth0' }).lines).toMatchInlineSnapshot(`
    [
      "2033-12-23T01:49:06.123456789Z eth0 52:54:00:20:5a:01 192.168.205.11>224.0.0.18 v2 vrid 205 prio 101 1000ms id 18 hl 255 password wrong [192.168.205.7]",
    ]
  `)
})

test.each([
  ['nanoseconds, little endian', true, false],
  ['nanoseconds, big endian', true, true],
  ['microseconds, little endian', false, false],
  ['microseconds, big endian', false, true],
])('both resolutions and both byte orders are read: %s', (_, isNano, isBigEndian) => {
  const ns = atNs + 123_456_000n
  expect(timesOf(buildPcap([advertAt(ns)], { isNano, isBigEndian }))).toEqual([ns])
})

test('nanoseconds are exact, whatever the origin', () => {
  const moments = [atNs + 1n, atNs + 999_999_999n, atNs + 3_000_000_007n]
  const bytes = buildPcap(moments.map((ns) => advertAt(ns)))
  for (const origin of [atNs, atNs + 999_999_999n, atNs - 86_400n * second + 123_456_789n]) {
    expect(timesOf(bytes, epochOf(origin))).toEqual(moments)
  }
})

test('the upper bits of the link type, which tell of a frame check sequence, are no part of it', () => {
  const bytes = buildPcap([advertAt(atNs)])
  bytes.writeUInt32LE(0x54000001, 20)
  expect(readCapture(bytes).adverts).toHaveLength(1)
})

test('an empty stream is no complaint: tcpdump ended before it began', () => {
  expect(readCapture(Buffer.alloc(0)).lines).toEqual([])
})

test('a header without packets is no complaint', () => {
  expect(readCapture(buildPcap([])).lines).toEqual([])
})

test('an advert is told as soon as its last byte is there', () => {
  const bytes = buildPcap([advertAt(atNs), advertAt(atNs + second)])
  const firstEnd = 24 + 16 + buildAdvert().length
  // Nothing was told by end(): that only adds the complaint about the half record.
  expect(readCapture(bytes.subarray(0, firstEnd)).lines).toHaveLength(1)
  expect(readCapture(bytes.subarray(0, firstEnd - 1)).adverts).toHaveLength(0)
  expect(readCapture(bytes.subarray(0, firstEnd + 15)).lines).toEqual([
    expect.stringContaining('vrid 205'),
    `malformed at ${firstEnd}: the stream ends inside a pcap record`,
  ])
})

test('several captures one behind the other are one stream, each with its own link type and clock', () => {
  const files = [
    buildPcap([advertAt(atNs, 1)], { isNano: true }),
    buildPcap([advertAt(atNs + second, 2)], { isNano: false, isBigEndian: true }),
    buildPcapng(
      [{ name: 'eth9' }],
      [{ interface: 0, stamp: (atNs + 2n * second) / 1000n, bytes: buildAdvert({ ipId: 3 }) }],
    ),
    buildPcap([{ atNs: atNs + 3n * second, bytes: buildAdvert({ ipId: 4 }).subarray(14) }], { linkType: 101 }),
  ]
  const { adverts, malformed } = readCapture(Buffer.concat(files), { origin: epochOf(atNs) })
  expect(adverts.map(({ at, link, ipId }) => `${at / 1e9} ${link} ${ipId}`)).toEqual([
    '0 unnamed 1',
    '1 unnamed 2',
    '2 eth9 3',
    '3 unnamed 4',
  ])
  expect(malformed).toEqual([])
})

test('what is no capture says so once, with its first bytes', () => {
  const text = Buffer.from('tcpdump: eth9: No such device exists\n'.repeat(20))
  expect(readCapture(text).lines).toEqual([
    'malformed at 0: no capture begins here: the first bytes are 74 63 70 64',
    'malformed at 0: no record in the last 740 bytes',
  ])
})

test('a capture behind something else is found', () => {
  const bytes = Buffer.concat([Buffer.from('Warning: this is a wrapper script\n'), buildPcap([advertAt(atNs)])])
  expect(readCapture(bytes).lines).toEqual([
    'malformed at 0: no capture begins here: the first bytes are 57 61 72 6e',
    expect.stringContaining('vrid 205'),
  ])
})

test('a record without bytes is counted or malformed, and the next one read', () => {
  const none: PacketSpec = { atNs, bytes: Buffer.alloc(0), wireBytes: 60 }
  const nothing: PacketSpec = { atNs, bytes: Buffer.alloc(0) }
  expect(readCapture(buildPcap([none, nothing, advertAt(atNs)])).lines).toEqual([
    'ignored Ethernet header cut off by the snapshot length',
    'malformed at 56: Ethernet header reaches past the end of the packet',
    expect.stringContaining('vrid 205'),
  ])
})

test('other packets of the same link prove that their senders live', () => {
  const bytes = buildPcap([{ atNs, bytes: buildPing({ source: '192.168.205.11', destination: '192.168.205.12' }) }])
  expect(readCapture(bytes, { link: 'tap0', origin: epochOf(atNs) }).traffic).toEqual([
    {
      at: 0,
      link: 'tap0',
      vlan: undefined,
      sourceMac: '52:54:00:20:5a:01',
      source: '192.168.205.11',
      isOutgoing: undefined,
      what: 'icmp',
    },
  ])
})
