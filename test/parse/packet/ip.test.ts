// What the IP headers and ARP say: who spoke, and what it was.

import { expect, test } from 'vitest'
import { buildAdvert, buildPcap, buildVrrp } from '../../fixtures/pcap-builder.ts'
import { buildArp, buildEthernet, buildIpv4, buildIpv6, buildPing } from '../../fixtures/frame-builder.ts'
import { readCapture } from '../../fixtures/packet-record.ts'

const atNs = 1_790_000_000_000_000_000n
const source = '192.168.205.11'
const destination = '224.0.0.18'
const source6 = 'fe80::11'
const destination6 = 'ff02::12'
const vrrp4 = buildVrrp({}, 4, source, destination)
const vrrp6 = buildVrrp({}, 6, source6, destination6)

const readFrames = (...frames: readonly Uint8Array[]): string[] =>
  readCapture(buildPcap(frames.map((bytes) => ({ atNs, bytes }))), { link: 'eth0' }).lines.map((line) =>
    line.replace('2026-09-21T14:13:20.000000000Z ', '').replace('52:54:00:20:5a:01 ', ''),
  )
const readIpv4 = (packet: Uint8Array): string[] => readFrames(buildEthernet({ etherType: 0x0800, payload: packet }))
const readIpv6 = (packet: Uint8Array): string[] => readFrames(buildEthernet({ etherType: 0x86dd, payload: packet }))
const cut = (frame: Buffer, length: number): string[] =>
  readCapture(buildPcap([{ atNs, bytes: frame.subarray(0, length), wireBytes: frame.length }]), {
    link: 'eth0',
  }).lines.map((line) => line.replace('2026-09-21T14:13:20.000000000Z eth0 52:54:00:20:5a:01 ', ''))

const advert4 = 'eth0 192.168.205.11>224.0.0.18 v2 vrid 205 prio 101 1000ms id 0 hl 64 none ok [192.168.205.7]'
const advert6 = 'eth0 fe80::11>ff02::12 v3 vrid 205 prio 101 1000ms hl 64 none ok [fe80::7]'

test('IPv4 with options: the advert is behind them', () => {
  const options = Buffer.from('94040000', 'hex')
  expect(readIpv4(buildIpv4({ source, destination, protocol: 112, payload: vrrp4, options }))).toEqual([advert4])
})

test('Ethernet padding behind a short packet belongs to nobody', () => {
  const packet = buildIpv4({ source, destination, protocol: 112, payload: vrrp4 })
  expect(readIpv4(Buffer.concat([packet, Buffer.alloc(6, 0xee)]))).toEqual([advert4])
})

test.each([
  ['the first fragment', 0x2000],
  ['a later fragment', 0x0002],
])('VRRP in fragments is malformed: %s', (_, fragment) => {
  expect(readIpv4(buildIpv4({ source, destination, protocol: 112, payload: vrrp4, fragment }))).toEqual([
    'malformed at 74: VRRP packet in fragments: an advert has to come in one',
  ])
})

test('fragments of anything else prove that their sender is alive', () => {
  const payload = Buffer.alloc(16)
  expect(readIpv4(buildIpv4({ source, destination, protocol: 17, payload, fragment: 0x2000 }))).toEqual([
    'eth0 192.168.205.11 other',
  ])
  // What would be the header of AH is the middle of something, and its length nonsense.
  const middle = Buffer.alloc(16, 0xff)
  expect(readIpv4(buildIpv4({ source, destination, protocol: 51, payload: middle, fragment: 0x0010 }))).toEqual([
    'eth0 192.168.205.11 other',
  ])
})

test("Don't Fragment is no fragment", () => {
  expect(readIpv4(buildIpv4({ source, destination, protocol: 112, payload: vrrp4, fragment: 0x4000 }))).toEqual([
    advert4,
  ])
})

test('everything of IP that is no advert is a sign of life', () => {
  const payload = Buffer.alloc(8)
  expect(
    readFrames(
      buildPing({ source, destination: '192.168.205.12' }),
      buildEthernet({ etherType: 0x0800, payload: buildIpv4({ source, destination, protocol: 6, payload }) }),
      buildEthernet({
        etherType: 0x86dd,
        payload: buildIpv6({ source: source6, destination: destination6, protocol: 58, payload }),
      }),
      buildEthernet({
        etherType: 0x86dd,
        payload: buildIpv6({ source: source6, destination: destination6, protocol: 17, payload }),
      }),
    ),
  ).toEqual(['eth0 192.168.205.11 icmp', 'eth0 192.168.205.11 other', 'eth0 fe80::11 icmp6', 'eth0 fe80::11 other'])
})

test('ARP tells its sender, also inside a VLAN; a probe has none', () => {
  const arp = buildArp({ sender: '192.168.205.7' })
  const tagged = Buffer.concat([arp.subarray(0, 12), Buffer.from('8100000a', 'hex'), arp.subarray(12)])
  expect(readFrames(arp, tagged, buildArp({ sender: '0.0.0.0', target: '192.168.205.7' }))).toEqual([
    'eth0 192.168.205.7 arp',
    'eth0.10 192.168.205.7 arp',
    'eth0 - arp',
  ])
})

test('ARP of another family is counted, a cut one too, a damaged one is malformed', () => {
  const infiniband = buildEthernet({ etherType: 0x0806, payload: Buffer.from('0020080014040001', 'hex') })
  const short = buildEthernet({ etherType: 0x0806, payload: Buffer.from('00010800060400015254', 'hex') })
  expect(readFrames(infiniband, short)).toEqual([
    'ignored ARP of another family',
    'malformed at 92: ARP packet reaches past the end of the packet',
  ])
  expect(cut(buildArp({ sender: source }), 20)).toEqual(['ignored ARP packet cut off by the snapshot length'])
})

test.each([
  ['an Authentication Header', 51, '70040000c0a8cd0b00000001f0c4bfc0eee4c67fe93416e5', 'ah'],
  ['hop-by-hop options', 0, '7000050200000000', 'none'],
  ['a routing header of 24 bytes', 43, `7002${'00'.repeat(22)}`, 'none'],
  ['destination options', 60, '7000010400000000', 'none'],
  ['an atomic fragment header', 44, '7000000000000001', 'none'],
  ['an atomic fragment header with its reserved bits set', 44, '7000000600000001', 'none'],
  [
    'hop-by-hop options and an Authentication Header',
    0,
    '330005020000000070040000c0a8cd0b00000001f0c4bfc0eee4c67fe93416e5',
    'ah',
  ],
])('IPv6: the advert is behind %s', (_, protocol, header, auth) => {
  const payload = Buffer.concat([Buffer.from(header, 'hex'), vrrp6])
  const packet = buildIpv6({ source: source6, destination: destination6, protocol, payload })
  expect(readIpv6(packet)).toEqual([advert6.replace('none', auth)])
})

test('IPv6: a fragment of VRRP is malformed, a later fragment of anything else a sign of life', () => {
  const first = Buffer.concat([Buffer.from('7000000100000001', 'hex'), vrrp6])
  const later = Buffer.concat([Buffer.from('3c00000800000001', 'hex'), Buffer.alloc(8, 0xff)])
  const packetOf = (payload: Buffer): Buffer =>
    buildIpv6({ source: source6, destination: destination6, protocol: 44, payload })
  expect(readIpv6(packetOf(first))).toEqual([
    'malformed at 102: VRRP packet in fragments: an advert has to come in one',
  ])
  expect(readIpv6(packetOf(later))).toEqual(['eth0 fe80::11 other'])
})

test('IPv6: a chain of headers that runs past the packet is malformed', () => {
  const payload = Buffer.from('2bff000000000000', 'hex')
  expect(readIpv6(buildIpv6({ source: source6, destination: destination6, protocol: 0, payload }))).toEqual([
    'malformed at 94: IPv6 extension header reaches past the end of the packet',
  ])
})

test('IPv4: an Authentication Header in front of something else is a sign of life', () => {
  const payload = Buffer.from('06040000c0a8cd0b00000001f0c4bfc0eee4c67fe93416e5', 'hex')
  expect(readIpv4(buildIpv4({ source, destination, protocol: 51, payload }))).toEqual(['eth0 192.168.205.11 other'])
})

test('a header that lies about itself is malformed', () => {
  const packet = buildIpv4({ source, destination, protocol: 112, payload: vrrp4 })
  const broken = (at: number, value: number): string[] => {
    const copy = Buffer.from(packet)
    copy[at] = value
    return readIpv4(copy)
  }
  expect(broken(0, 0x65)).toEqual(['malformed at 54: IPv4 packet that says it is version 6'])
  expect(broken(0, 0x44)).toEqual(['malformed at 54: IPv4 header length of 16 bytes, at least 20 are needed'])
  expect(broken(0, 0x4f)).toEqual(['malformed at 54: IPv4 header reaches past the end of the packet'])
  expect(broken(3, 10)).toEqual(["malformed at 54: IPv4 total length of 10 bytes, less than its header's 20"])
  expect(broken(3, 200)).toEqual(['malformed at 74: VRRP message reaches past the end of the packet'])
  expect(broken(9, 51)).toEqual(['malformed at 74: Authentication Header reaches past the end of the packet'])
  expect(readIpv6(packet.subarray(0, 39))).toEqual(['malformed at 54: IPv6 header reaches past the end of the packet'])
  expect(readIpv6(packet)).toEqual(['malformed at 54: IPv6 packet that says it is version 4'])
})

test('a snapshot length that cuts before the sender is counted; behind the sender it is a sign of life', () => {
  const frame = buildEthernet({
    etherType: 0x86dd,
    payload: buildIpv6({ source: source6, destination: destination6, protocol: 0, payload: Buffer.alloc(64) }),
  })
  expect(cut(frame, 40)).toEqual(['ignored IPv6 header cut off by the snapshot length'])
  expect(cut(frame, 56)).toEqual(['fe80::11 other'])
  expect(cut(buildAdvert({ auth: 'ah' }), 40)).toEqual(['192.168.205.11 other'])
})

test.each([
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['fe80::5054:ff:fe20:5a01', 'fe80::5054:ff:fe20:5a01'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
])('the IPv6 address %s is written %s (RFC 5952)', (address, written) => {
  const packet = buildIpv6({ source: address, destination: destination6, protocol: 58, payload: Buffer.alloc(8) })
  expect(readIpv6(packet)).toEqual([`eth0 ${written} icmp6`])
})
