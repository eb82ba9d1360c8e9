import { isIPv6 } from 'node:net'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinPath } from '../../../src/parse/scap/paths.ts'
import { formatIpv6, nameOfAddress, nameOfTuple, transport, transportOf } from '../../../src/parse/scap/socket-names.ts'
import { textOf, textUpToZero } from '../../../src/parse/scap/text.ts'
import { tuple4, u64 } from './written-capture.ts'

test.each([
  ['/', 'etc/hosts', '/etc/hosts'],
  ['/srv/', 'a', '/srv/a'],
  ['/srv', '/abs', '/abs'],
  ['/srv', './a/../b//c/.', '/srv/b/c'],
  ['/srv', '../../../x', '/x'],
  ['/srv', '', '/srv'],
  ['/', '', '/'],
  ['', 'rel', 'rel'],
  ['', './rel', 'rel'],
  ['', '', ''],
  ['<UNKNOWN>', 'a', '<UNKNOWN>/a'],
  ['/srv', '...', '/srv/...'],
  ['/srv', '.hidden/..x', '/srv/.hidden/..x'],
])('from %j the path %j is %j', (base, name, expected) => {
  expect(joinPath(base, name)).toBe(expected)
})

test('raw and ICMP sockets are named without ports', () => {
  const tuple = tuple4([10, 0, 0, 1], 112, [224, 0, 0, 18], 0)
  expect(nameOfTuple(tuple, 0, tuple.length, transport.unknown)).toBe('10.0.0.1:112->224.0.0.18:0')
  expect(nameOfTuple(tuple, 0, tuple.length, transport.raw)).toBe('10.0.0.1->224.0.0.18')
  expect(nameOfTuple(tuple, 0, tuple.length - 1, transport.raw)).toBeUndefined()
})

test('a unix socket is named by its kernel pointers and its path', () => {
  const tuple = Uint8Array.from([1, ...u64(0xffff88800b1234cdn), ...u64(0n), ...Buffer.from('/dev/log\0')])
  expect(nameOfTuple(tuple, 0, tuple.length, transport.none)).toBe('ffff88800b1234cd->0 /dev/log')
})

test('addresses of an IPv6 socket that carry IPv4 are shown as IPv4', () => {
  const mapped = [...Array.from({ length: 10 }, () => 0), 0xff, 0xff, 10, 0, 0, 9]
  const tuple = Uint8Array.from([10, ...mapped, 80, 0, ...mapped, 81, 0])
  expect(nameOfTuple(tuple, 0, tuple.length, transport.tcp)).toBe('10.0.0.9:80->10.0.0.9:81')
  const address = Uint8Array.from([10, ...mapped, 80, 0])
  expect(nameOfAddress(address, 0, address.length)).toBe('::ffff:10.0.0.9:80')
})

test('IPv6 addresses are written the one way that RFC 5952 allows', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 0, 0, 1, 0xdb8, 0xffff), { minLength: 8, maxLength: 8 }), (groups) => {
      const bytes = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 255]))
      const text = formatIpv6(bytes, 0)
      expect(isIPv6(text)).toBe(true)
      const host = new URL(`http://[${text}]`).hostname.slice(1, -1)
      expect(host).toBe(
        new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`).hostname.slice(1, -1),
      )
    }),
  )
})

test('a socket of protocol 112 has no transport that sysdig knows', () => {
  expect(transportOf(2, 3, 112)).toBe(transport.unknown)
  expect([transportOf(2, 2, 0), transportOf(2, 1 | 0x80000, 0), transportOf(2, 3, 255), transportOf(1, 2, 0)]).toEqual([
    transport.udp,
    transport.tcp,
    transport.raw,
    transport.none,
  ])
})

test('texts are the same text however often and wherever they are read', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 300 })), (texts) => {
      for (const text of [...texts, ...texts]) {
        const bytes = Buffer.from(`x${text}\0tail`)
        const expected = bytes.toString('utf8', 1, 1 + Buffer.byteLength(text))
        expect(textOf(bytes, 1, 1 + Buffer.byteLength(text))).toBe(expected)
        expect(textUpToZero(bytes, 1, bytes.length)).toBe(expected.split('\0')[0])
      }
    }),
  )
})

test('bytes that are no UTF-8 are shown as such', () => {
  expect(textOf(Uint8Array.of(0x61, 0xff, 0x62), 0, 3)).toBe('a\ufffdb')
})
