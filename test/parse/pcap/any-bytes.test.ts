// Whatever the bytes are and however they are cut: the same events, no throw, and good records survive bad neighbours.

import * as fc from 'fast-check'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { buildArp, buildPing } from '../../fixtures/frame-builder.ts'
import { buildAdvert, buildPcap, type AdvertSpec, type PacketSpec } from '../../fixtures/pcap-builder.ts'
import { readCapture } from '../../fixtures/packet-record.ts'
import { buildPcapng } from '../../fixtures/pcapng-builder.ts'

// Hundreds of runs each: on a machine with other work they take longer than a test usually may.
vi.setConfig({ testTimeout: 60_000 })

const folder = join(import.meta.dirname, '../../captures/pcap')
const captures = readdirSync(folder).map((name) => ({ name, bytes: readFileSync(join(folder, name)) }))
const second = 1_000_000_000n
const startNs = 1_790_000_000n * second

const adverts: fc.Arbitrary<AdvertSpec> = fc.record({
  version: fc.constantFrom(2, 3),
  source: fc.constantFrom('192.168.205.11', 'fe80::11'),
  vrid: fc.integer({ min: 1, max: 255 }),
  priority: fc.nat(255),
  intervalMs: fc.nat(40).map((tenths) => tenths * 1000),
  ipId: fc.nat(65_535),
  vlan: fc.constantFrom<readonly number[]>([], [10], [100, 20]),
  auth: fc.constantFrom('none', 'password', 'ah', 'hmac'),
  addresses: fc.constant<readonly string[]>([]),
})
const frames = fc.oneof(
  adverts.map(buildAdvert),
  fc.constant(buildArp({ sender: '192.168.205.7' })),
  fc.constant(buildPing({ source: '192.168.205.11', destination: '192.168.205.12' })),
)
const packets: fc.Arbitrary<PacketSpec[]> = fc
  .array(fc.tuple(frames, fc.nat(2_000_000_000)), { minLength: 3, maxLength: 12 })
  .map((made) => {
    let atNs = startNs
    return made.map(([bytes, gapNs]) => {
      atNs += BigInt(gapNs)
      return { atNs, bytes }
    })
  })
const pcaps = fc
  .tuple(packets, fc.record({ isNano: fc.boolean(), isBigEndian: fc.boolean() }))
  .map(([made, spec]) => buildPcap(made, spec))
const pcapngs = fc.tuple(packets, fc.boolean()).map(([made, isBigEndian]) =>
  buildPcapng(
    [{ name: 'eth0', resolution: 9 }],
    made.map(({ atNs, bytes }) => ({ interface: 0, stamp: atNs, bytes })),
    isBigEndian,
  ),
)
const pieces = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 8 })
const files = fc.oneof(pcaps, pcapngs)

/** Bytes flipped, some cut out, some put in: at any place. */
const damaged = fc
  .tuple(
    files,
    fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 6 }),
    fc.nat(),
    fc.uint8Array(),
  )
  .map(([file, flips, where, inserted]) => {
    const bytes = Buffer.from(file)
    for (const [at, mask] of flips) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ mask
    const cut = where % bytes.length
    return Buffer.concat([bytes.subarray(0, cut), inserted, bytes.subarray(cut)])
  })

test.each(captures)('any split of $name gives the same events', ({ bytes }) => {
  const whole = readCapture(bytes).lines
  expect(whole.length).toBeGreaterThan(3)
  fc.assert(
    fc.property(pieces, (sizes) => {
      expect(readCapture(bytes, { pieces: sizes }).lines).toEqual(whole)
    }),
    { numRuns: 10 },
  )
})

test('any split of damaged bytes gives the same events', () => {
  fc.assert(
    fc.property(damaged, pieces, (bytes, sizes) => {
      expect(readCapture(bytes, { pieces: sizes }).lines).toEqual(readCapture(bytes).lines)
    }),
    { numRuns: 200 },
  )
})

test('what was built is what is read', () => {
  fc.assert(
    fc.property(fc.array(adverts, { minLength: 1, maxLength: 10 }), (specs) => {
      const made = specs.map((spec, i) => ({ atNs: startNs + BigInt(i), bytes: buildAdvert(spec) }))
      const record = readCapture(buildPcap(made))
      expect(record.malformed).toEqual([])
      expect(
        record.adverts.map(({ vrid, priority, version, checksum }) => ({ vrid, priority, version, checksum })),
      ).toEqual(specs.map(({ vrid, priority, version }) => ({ vrid, priority, version, checksum: 'ok' })))
    }),
  )
})

test('a stream that ends at any byte loses only its tail', () => {
  fc.assert(
    fc.property(files, fc.nat(), (bytes, at) => {
      const whole = readCapture(bytes).lines
      const { lines, malformed } = readCapture(bytes.subarray(0, at % bytes.length))
      const events = lines.slice(0, lines.length - malformed.length)
      expect(events).toEqual(whole.slice(0, events.length))
      expect(malformed.length).toBeLessThanOrEqual(1)
      expect(malformed.filter(({ reason }) => !reason.startsWith('the stream ends inside a'))).toEqual([])
    }),
    { numRuns: 200 },
  )
})

test('every capture cut at every byte loses only its tail', () => {
  const { bytes } = captures.find(({ name }) => name.includes('v3-qinq-any-sll2')) ?? { bytes: Buffer.alloc(0) }
  const whole = readCapture(bytes).lines
  for (let at = 24; at < bytes.length; at++) {
    const { lines, malformed } = readCapture(bytes.subarray(0, at))
    const events = lines.slice(0, lines.length - malformed.length)
    expect(events).toEqual(whole.slice(0, events.length))
    expect(malformed.length).toBeLessThanOrEqual(1)
  }
})

test('garbage between two records costs no record', () => {
  fc.assert(
    fc.property(packets, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 300 }), (made, where, garbage) => {
      const between = where % made.length
      const front = buildPcap(made.slice(0, between))
      const back = buildPcap(made.slice(between)).subarray(24)
      const told = readCapture(Buffer.concat([front, garbage, back])).lines.filter(
        (line) => !line.startsWith('malformed'),
      )
      const expected = readCapture(buildPcap(made)).lines
      // With one record behind the garbage the stream's end is its only witness, which is enough.
      expect(told.filter((line) => expected.includes(line))).toEqual(expected)
    }),
    { numRuns: 200 },
  )
})

test('random bytes never throw, and are never an advert', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4000 }), pieces, (bytes, sizes) => {
      expect(readCapture(bytes, { pieces: sizes }).adverts).toEqual([])
    }),
    { numRuns: 200 },
  )
})

test('random packets of every link type never throw', () => {
  const linkTypes = fc.constantFrom(0, 1, 12, 14, 101, 108, 113, 228, 229, 276)
  fc.assert(
    fc.property(linkTypes, fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 20 }), (linkType, made) => {
      const bytes = buildPcap(
        made.map((packet) => ({ atNs: startNs, bytes: packet })),
        { linkType },
      )
      expect(readCapture(bytes).lines).toHaveLength(made.length)
    }),
    { numRuns: 200 },
  )
})

test('each packet is told exactly once, however its bytes are flipped', () => {
  fc.assert(
    fc.property(
      adverts,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 5 }),
      (spec, flips) => {
        const frame = buildAdvert(spec)
        for (const [at, mask] of flips) frame[at % frame.length] = (frame[at % frame.length] ?? 0) ^ mask
        expect(readCapture(buildPcap([{ atNs: startNs, bytes: frame }])).lines).toHaveLength(1)
      },
    ),
    { numRuns: 200 },
  )
})
