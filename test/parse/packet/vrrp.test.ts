// The advert itself: versions, lengths, checksums, authentication, and what is no advert.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildAdvert, buildPcap, type AdvertSpec } from '../../fixtures/pcap-builder.ts'
import { buildEthernet, buildIpv4, buildIpv6 } from '../../fixtures/frame-builder.ts'
import { readCapture } from '../../fixtures/packet-record.ts'

const atNs = 1_790_000_000_000_000_000n

const readFrame = (bytes: Uint8Array, wireBytes = bytes.length): string[] =>
  readCapture(buildPcap([{ atNs, bytes, wireBytes }]), { link: 'eth0' }).lines.map((line) =>
    line.replace('2026-09-21T14:13:20.000000000Z eth0 52:54:00:20:5a:01 ', ''),
  )
const read = (spec: AdvertSpec): string[] => readFrame(buildAdvert(spec))
const readMessage = (hex: string): string[] => {
  const payload = Buffer.from(hex.replaceAll(' ', ''), 'hex')
  const packet = buildIpv4({
    source: '192.0.2.11',
    destination: '224.0.0.18',
    protocol: 112,
    payload,
    hopLimit: 255,
    id: 9,
  })
  return readFrame(buildEthernet({ etherType: 0x0800, payload: packet }))
}

describe('frames of keepalived 2.2.7, byte for byte', () => {
  test('VRRPv2, auth_type PASS', () => {
    const frame =
      '01005e00001252540020 5a010800 45c00028 00010000 ff705b92 c0a8cd0b e0000012 21cd6501 0101b4a2 c0a8cd07 746f7461 6c6c795f'
    expect(readFrame(Buffer.from(frame.replaceAll(' ', ''), 'hex'))).toMatchInlineSnapshot(`
      [
        "192.168.205.11>224.0.0.18 v2 vrid 205 prio 101 1000ms id 1 hl 255 password wrong [192.168.205.7]",
      ]
    `)
  })

  test('the builder of the other tests makes the same frame as keepalived', () => {
    const folder = join(import.meta.dirname, '../../captures/pcap')
    const firstAdvert = (name: string): string => {
      const bytes = readFileSync(join(folder, `tcpdump-4.99.3-keepalived-2.2.7-${name}-eth0-ns.pcap`))
      for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) {
        const frame = bytes.subarray(at + 16, at + 16 + bytes.readUInt32LE(at + 8))
        if (frame[23] === 112 || frame[20] === 112) return frame.toString('hex')
      }
      return 'none'
    }
    const mac = '7a:b7:61:78:b1:ca'
    const source = '192.0.2.11'
    expect(
      buildAdvert({ mac, source, addresses: ['192.0.2.7'], auth: 'password', password: 'hunter2x' }).toString('hex'),
    ).toBe(firstAdvert('v2-password'))
    expect(
      buildAdvert({
        mac,
        source,
        version: 3,
        vrid: 51,
        intervalMs: 500,
        addresses: ['192.0.2.99'],
        destination: '192.0.2.12',
      })
        .toString('hex')
        .slice(12),
    ).toBe(firstAdvert('v3-unicast').slice(12))
    const ipv6 = buildAdvert({
      mac,
      source: 'fe80::78b7:61ff:fe78:b1ca',
      vrid: 66,
      intervalMs: 500,
      addresses: ['fe80::7', '2001:db8::7'],
    })
    // keepalived sets the traffic class and flow label, which nothing here reads.
    expect(ipv6.toString('hex').slice(36)).toBe(firstAdvert('v3-ipv6').slice(36))
  })
})

describe('intervals', () => {
  test('v2 counts seconds, v3 centiseconds, up to 4095', () => {
    expect(read({ intervalMs: 255_000 })[0]).toContain('255000ms')
    expect(read({ version: 3, intervalMs: 40_950 })[0]).toContain('40950ms')
    expect(read({ version: 3, intervalMs: 200 })[0]).toContain('200ms')
  })
  test('v3: the reserved bits beside the interval are no part of it', () => {
    expect(readMessage('31cd6501 f064 0000 c0000207')[0]).toContain(' 1000ms ')
  })
  test('0 stays 0: keepalived once sent it when told 0.4 s', () => {
    expect(read({ intervalMs: 0 })[0]).toContain(' 0ms ')
    expect(read({ version: 3, intervalMs: 0 })[0]).toContain(' 0ms ')
  })
})

describe('priorities and addresses', () => {
  test('0 gives up, 255 owns', () => {
    expect(read({ priority: 0 })[0]).toContain('prio 0')
    expect(read({ priority: 255 })[0]).toContain('prio 255')
  })
  test('no address at all is still an advert: it re-arms a master', () => {
    expect(read({ version: 3, addresses: [] })).toEqual([
      '192.168.205.11>224.0.0.18 v3 vrid 205 prio 101 1000ms id 1 hl 255 none ok []',
    ])
  })
  test('twenty addresses', () => {
    const addresses = Array.from({ length: 20 }, (_, i) => `10.0.0.${i + 1}`)
    expect(readCapture(buildPcap([{ atNs, bytes: buildAdvert({ addresses }) }])).adverts[0]?.addresses).toEqual(
      addresses,
    )
  })
  test('v2 over IPv6, which keepalived sends when forced', () => {
    expect(read({ version: 2, source: 'fe80::11' })).toEqual([
      'fe80::11>ff02::12 v2 vrid 205 prio 101 1000ms hl 255 none ok [fe80::7]',
    ])
  })
})

describe('checksums: whatever a sender was known to do is told apart, and nothing is thrown away', () => {
  test.each([
    ['v2', {}, 'ok'],
    ['v3 over IPv4', { version: 3 }, 'ok'],
    ['v3 over IPv4 as RFC 9568 has it', { version: 3, sum: 'without-pseudo-header' }, 'ok-without-pseudo-header'],
    ['v3 to a peer', { version: 3, destination: '192.168.205.12' }, 'ok'],
    [
      'v3 to a peer, summed as multicast',
      { version: 3, destination: '192.168.205.12', sum: 'with-multicast-pseudo-header' },
      'ok-with-multicast-pseudo-header',
    ],
    ['v3 over IPv6', { source: 'fe80::11' }, 'ok'],
    [
      'v3 over IPv6 without a pseudo-header',
      { source: 'fe80::11', sum: 'without-pseudo-header' },
      'ok-without-pseudo-header',
    ],
    ['v2 that fits nothing', { sum: 'broken' }, 'wrong'],
    ['v3 that fits nothing', { version: 3, sum: 'broken' }, 'wrong'],
    ['IPv6 that fits nothing', { source: 'fe80::11', sum: 'broken' }, 'wrong'],
  ] as const)('%s', (_, spec: AdvertSpec, checksum) => {
    const { adverts } = readCapture(buildPcap([{ atNs, bytes: buildAdvert(spec) }]))
    expect(adverts.map((advert) => advert.checksum)).toEqual([checksum])
  })

  test('v2 is not excused by a pseudo-header', () => {
    const message = buildAdvert({ version: 3 }).subarray(34)
    const asV2 = Buffer.concat([message, Buffer.alloc(8)])
    asV2[0] = 0x21
    // Takes back in the sum what the version changed.
    asV2.writeUInt16BE(asV2.readUInt16BE(6) + 0x1000, 6)
    expect(readMessage(asV2.toString('hex'))[0]).toContain(' wrong ')
  })
})

describe('a snapshot length that cuts', () => {
  const frame = buildAdvert({ auth: 'password' })
  test('into the authentication data: an advert whose checksum nobody can know', () => {
    expect(readFrame(frame.subarray(0, 48), frame.length)).toEqual([
      '192.168.205.11>224.0.0.18 v2 vrid 205 prio 101 1000ms id 1 hl 255 password unknown [192.168.205.7]',
    ])
  })
  test('into the addresses: those that are there', () => {
    expect(readFrame(frame.subarray(0, 44), frame.length)).toEqual([
      '192.168.205.11>224.0.0.18 v2 vrid 205 prio 101 1000ms id 1 hl 255 password unknown []',
    ])
  })
  test('into the header: malformed, because an advert went by unread', () => {
    expect(readFrame(frame.subarray(0, 40), frame.length)).toEqual([
      'malformed at 74: VRRP header cut off by the snapshot length',
    ])
  })
  test('into the HMAC trailer: no stamp, but the checksum is before it', () => {
    const hmac = buildAdvert({ version: 3, auth: 'hmac', stampedAtNs: atNs })
    expect(readFrame(hmac.subarray(0, 50), hmac.length)).toEqual([
      '192.168.205.11>224.0.0.18 v3 vrid 205 prio 101 1000ms id 1 hl 255 hmac ok [192.168.205.7]',
    ])
  })
})

describe('authentication', () => {
  test('an Authentication Header in front', () => {
    expect(read({ auth: 'ah' })).toEqual([
      '192.168.205.11>224.0.0.18 v2 vrid 205 prio 101 1000ms id 1 hl 255 ah ok [192.168.205.7]',
    ])
  })
  test.each([
    ['v2', {}],
    ['v3', { version: 3 }],
    ['v3 over IPv6', { source: 'fe80::11' }],
  ] as const)("keepalived's HMAC trailer tells when the sender sent: %s", (_, spec: AdvertSpec) => {
    const stampedAtNs = 1_790_000_000_500_000_000n
    const { adverts } = readCapture(buildPcap([{ atNs, bytes: buildAdvert({ ...spec, auth: 'hmac', stampedAtNs }) }]))
    expect(adverts.map(({ auth, checksum, stampedAt }) => ({ auth, checksum, stampedAt }))).toEqual([
      { auth: 'hmac', checksum: 'ok', stampedAt: stampedAtNs },
    ])
  })
  test('the trailer counts in 1/65536 s: the stamp is at most 15.3 µs early', () => {
    const stampedAtNs = 1_790_000_000_123_456_789n
    const { adverts } = readCapture(buildPcap([{ atNs, bytes: buildAdvert({ auth: 'hmac', stampedAtNs }) }]))
    const early = stampedAtNs - (adverts[0]?.stampedAt ?? 0n)
    expect(early >= 0n && early < 15_259n).toBe(true)
  })
  test('bytes behind the advert that are no trailer change nothing', () => {
    expect(readMessage('31cd6501 0064 0000 c0000207 0000')[0]).toContain(
      'v3 vrid 205 prio 101 1000ms id 9 hl 255 none wrong',
    )
  })
  test('thirty bytes behind the advert are no trailer of 28', () => {
    expect(readMessage(`31cd6501 0064 0000 c0000207 ${'00'.repeat(30)}`)[0]).toContain(' none wrong [192.0.2.7]')
  })
  test('the password is in no event, whatever else is wrong with the packet', () => {
    const password = 'swordfis'
    const spec: AdvertSpec = { auth: 'password', password }
    const whole = buildAdvert(spec)
    const broken = Array.from({ length: whole.length }, (_, at) => {
      const copy = Buffer.from(whole)
      copy[at] = (copy[at] ?? 0) ^ 0xff
      return copy
    })
    const forms = [whole, buildAdvert({ ...spec, vlan: 10 }), buildAdvert({ ...spec, addresses: [] }), ...broken]
    const record = readCapture(buildPcap(forms.map((bytes) => ({ atNs, bytes }))), { link: 'eth0' })
    const said = JSON.stringify(record, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value instanceof Map ? [...value] : value,
    )
    expect(record.adverts.length).toBeGreaterThan(20)
    expect(said).not.toContain(password)
    expect(said).not.toContain(Buffer.from(password).toString('hex'))
    // Read as addresses: 115.119.111.114 and 100.102.105.115. A lying count must not print them.
    expect(record.adverts.filter(({ addresses }) => addresses.includes('115.119.111.114'))).toEqual([])
  })
})

describe('what is no advert says why', () => {
  test.each([
    [
      'another type',
      '22cd6501 0001 0000 c0000207 0000000000000000',
      'VRRPv2 packet of type 2; only adverts, type 1, exist',
    ],
    ['version 1', '11cd6501 0001 0000 c0000207', 'VRRP version 1; 2 and 3 are known'],
    ['version 4', '41cd6501 0001 0000 c0000207', 'VRRP version 4; 2 and 3 are known'],
    ['VRID 0', '31006501 0064 0000 c0000207', 'VRRPv3 advert with VRID 0'],
    ['seven bytes', '31cd6501 0064 00', 'VRRP message of 7 bytes, its header alone has 8'],
    ['nothing', '', 'VRRP message of 0 bytes, its header alone has 8'],
    [
      'more addresses than bytes',
      '31cd65ff 0064 0000 c0000207',
      'VRRPv3 advert of 12 bytes, but its 255 addresses need 1028',
    ],
    [
      'v2 without authentication data',
      '21cd6501 0001 0000 c0000207',
      'VRRPv2 advert of 12 bytes, but its 1 addresses need 20',
    ],
  ])('%s', (_, hex, reason) => {
    expect(readMessage(hex)).toEqual([`malformed at 74: ${reason}`])
  })

  test('the offset is that of the VRRP message, also over IPv6', () => {
    const payload = Buffer.from('3100', 'hex')
    const packet = buildIpv6({ source: 'fe80::11', destination: 'ff02::12', protocol: 112, payload })
    expect(readFrame(buildEthernet({ etherType: 0x86dd, payload: packet }))).toEqual([
      'malformed at 94: VRRP message of 2 bytes, its header alone has 8',
    ])
  })
})
