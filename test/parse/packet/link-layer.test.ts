// Which frame is it? Each test gives one packet of one link type, as hex, and reads what came out.

import { expect, test } from 'vitest'
import { asSll2, buildAdvert, buildPcap } from '../../fixtures/pcap-builder.ts'
import { buildArp, buildEthernet, buildIpv4 } from '../../fixtures/frame-builder.ts'
import { readCapture } from '../../fixtures/packet-record.ts'

const atNs = 1_790_000_000_000_000_000n
/** 192.168.205.11 > 224.0.0.18, VRRPv2, VRID 205, priority 101, IPv4 ID 18, hop limit 255. */
const advert = buildAdvert({ ipId: 18 }).subarray(14)
const advert6 = buildAdvert({ source: 'fe80::11' }).subarray(14)

const read = (linkType: number, ...packets: readonly (Uint8Array | string)[]): string[] =>
  readCapture(
    buildPcap(
      packets.map((bytes) => ({
        atNs,
        bytes: typeof bytes === 'string' ? Buffer.from(bytes.replaceAll(' ', ''), 'hex') : bytes,
      })),
      { linkType },
    ),
  ).lines.map((line) => line.replace('2026-09-21T14:13:20.000000000Z ', ''))

const read4 = (linkType: number, header: string): string[] =>
  read(linkType, Buffer.concat([Buffer.from(header.replaceAll(' ', ''), 'hex'), advert]))
const read6 = (linkType: number, header: string): string[] =>
  read(linkType, Buffer.concat([Buffer.from(header.replaceAll(' ', ''), 'hex'), advert6]))

const tail = 'v2 vrid 205 prio 101 1000ms id 18 hl 255 none ok [192.168.205.7]'

test('Ethernet gives the source MAC and knows no direction', () => {
  expect(read4(1, '01005e000012 00005e0001cd 0800')).toEqual([
    `unnamed 00:00:5e:00:01:cd 192.168.205.11>224.0.0.18 ${tail}`,
  ])
})

test.each([
  ['802.1Q', '01005e000012 525400205a01 8100 600a 0800', 'unnamed.10'],
  ['802.1ad around 802.1Q: the inner one counts', '01005e000012 525400205a01 88a8 0064 8100 0014 0800', 'unnamed.20'],
  ['the old 0x9100 around 802.1Q', '01005e000012 525400205a01 9100 0064 8100 0014 0800', 'unnamed.20'],
  ['a priority tag is no VLAN', '01005e000012 525400205a01 8100 e000 0800', 'unnamed'],
  ['a priority tag inside a VLAN', '01005e000012 525400205a01 8100 0064 8100 e000 0800', 'unnamed.100'],
])('Ethernet tagged: %s', (_, header, place) => {
  expect(read4(1, header)).toEqual([`${place} 52:54:00:20:5a:01 192.168.205.11>224.0.0.18 ${tail}`])
})

test('SLL tells the direction and keeps the MAC; its link is "any"', () => {
  expect(read4(113, '0004 0001 0006 525400205a01 0000 0800')).toEqual([
    `any out 52:54:00:20:5a:01 192.168.205.11>224.0.0.18 ${tail}`,
  ])
  expect(read4(113, '0002 0001 0006 525400205a01 0000 0800')).toEqual([
    `any in 52:54:00:20:5a:01 192.168.205.11>224.0.0.18 ${tail}`,
  ])
})

test('SLL with a VLAN tag where the protocol was', () => {
  expect(read4(113, '0002 0001 0006 525400205a01 0000 8100 600a 0800')).toEqual([
    `any.10 in 52:54:00:20:5a:01 192.168.205.11>224.0.0.18 ${tail}`,
  ])
})

test('SLL2 names its interface by number, by name where one is known', () => {
  const frame = asSll2(buildAdvert({ ipId: 18 }), { ifindex: 7, type: 4 })
  expect(read(276, frame)).toEqual([`if7 out 52:54:00:20:5a:01 192.168.205.11>224.0.0.18 ${tail}`])
  const named = readCapture(buildPcap([{ atNs, bytes: frame }], { linkType: 276 }), {
    linkName: (ifindex) => (ifindex === 7 ? 'tap7' : undefined),
  })
  expect(named.adverts[0]?.link).toBe('tap7')
})

test('SLL2 with a VLAN tag where the protocol was', () => {
  expect(read4(276, '8100 0000 00000007 0001 02 06 525400205a01 0000 600a 0800')).toEqual([
    `if7.10 in 52:54:00:20:5a:01 192.168.205.11>224.0.0.18 ${tail}`,
  ])
})

test('cooked frames of two tags: the inner one is left in front of the packet (kernel 6.18, libpcap 1.10.3)', () => {
  expect(read4(276, '0800 0000 00000005 0001 02 06 ce487163b8ba 0000 0014 0800')).toEqual([
    `if5.20 in ce:48:71:63:b8:ba 192.168.205.11>224.0.0.18 ${tail}`,
  ])
  expect(read6(113, '0002 0001 0006 ce487163b8ba 0000 88a8 0064 86dd 0014 86dd')[0]).toContain(
    'any.20 in ce:48:71:63:b8:ba fe80::11>ff02::12 v3 vrid 205',
  )
})

test('a real packet that looks as if a tag were left in front of it keeps its sender: 2048 bytes long, ID 0x4500', () => {
  const packet = buildIpv4({
    source: '192.0.2.1',
    destination: '192.0.2.2',
    protocol: 17,
    payload: Buffer.alloc(2028),
    id: 0x4500,
  })
  const header = Buffer.from('0800000000000005000100065254002f5a010000', 'hex')
  expect(read(276, Buffer.concat([header, packet]))).toEqual(['if5 in 52:54:00:2f:5a:01 192.0.2.1 other'])
})

test('a cooked frame without a hardware address has no MAC: a tun device', () => {
  expect(read4(276, '0800 0000 00000007 fffe 04 00 0000000000000000')).toEqual([
    `if7 out 192.168.205.11>224.0.0.18 ${tail}`,
  ])
})

test.each([
  ['in the order of a PC', 0, '02000000'],
  ['in network order', 0, '00000002'],
  ['OpenBSD loopback', 108, '00000002'],
])('BSD loopback, IPv4, %s', (_, linkType, header) => {
  expect(read4(linkType, header)).toEqual([`unnamed 192.168.205.11>224.0.0.18 ${tail}`])
})

test.each([24, 28, 30, 10])('BSD loopback, IPv6 as family %i', (family) => {
  expect(read6(0, `${family.toString(16).padStart(2, '0')}000000`)[0]).toContain('fe80::11>ff02::12 v3 vrid 205')
})

test.each([101, 12, 14, 228])('raw IP, link type %i, needs no header', (linkType) => {
  expect(read(linkType, advert)).toEqual([`unnamed 192.168.205.11>224.0.0.18 ${tail}`])
})

test('raw IPv6', () => {
  expect(read(101, advert6)[0]).toContain('fe80::11>ff02::12 v3 vrid 205')
})

test('the link that the caller names wins over all others', () => {
  const bytes = buildPcap([{ atNs, bytes: asSll2(buildAdvert(), { ifindex: 7, type: 4 }) }], { linkType: 276 })
  expect(readCapture(bytes, { link: 'tap-lb01', linkName: () => 'eth0' }).adverts[0]?.link).toBe('tap-lb01')
})

test('what carries no IP and no ARP is counted by kind', () => {
  const lldp = buildEthernet({ etherType: 0x88cc, payload: Buffer.alloc(50) })
  const spanningTree = buildEthernet({ etherType: 0x0026, payload: Buffer.alloc(46) })
  expect(read(1, lldp, spanningTree)).toEqual(['ignored EtherType 0x88cc', 'ignored LLC frame'])
  expect(read(0, '07000000 45')).toEqual(['ignored loopback packet of another address family'])
  expect(read(113, '0004 0338 0000 0000000000000000 0000 45')).toEqual(['ignored netlink message'])
})

test('a frame too short for its own header is malformed, at its place in the stream', () => {
  expect(read(1, '01005e000012 52540020')).toEqual([
    'malformed at 40: Ethernet header reaches past the end of the packet',
  ])
  expect(read(1, '01005e000012 525400205a01 8100 60')).toEqual([
    'malformed at 54: VLAN tag reaches past the end of the packet',
  ])
  expect(read(113, '0004')).toEqual(['malformed at 40: SLL header reaches past the end of the packet'])
  expect(read(276, '0800')).toEqual(['malformed at 40: SLL2 header reaches past the end of the packet'])
  expect(read(0, '0200')).toEqual(['malformed at 40: loopback header reaches past the end of the packet'])
  expect(read(101, '', '15')).toEqual([
    'malformed at 40: IP header reaches past the end of the packet',
    'malformed at 56: raw IP packet of version 1',
  ])
})

test('a frame that the snapshot length cut before its header ended is counted, not malformed', () => {
  const bytes = buildPcap([{ atNs, bytes: buildArp({ sender: '192.168.205.7' }).subarray(0, 8), wireBytes: 42 }])
  expect(readCapture(bytes).lines).toEqual(['ignored Ethernet header cut off by the snapshot length'])
})

test('an unknown link type is one sentence with its number, however many packets come', () => {
  expect(read(147, 'aa', 'bb', 'cc')).toEqual([
    'malformed at 20: link type 147 is not known here; capture an Ethernet interface, or `-i any`',
    'ignored link type 147',
    'ignored link type 147',
    'ignored link type 147',
  ])
})
