// What reaches a disk: whole units of each tool's own format, and none of anybody's secrets.

import { readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Advert } from '../../src/events/packet.ts'
import { createIostatParser } from '../../src/parse/iostat.ts'
import { createCaptureParser } from '../../src/parse/pcap/capture-parser.ts'
import { createIostatSamples } from '../../src/bundle/iostat-samples.ts'
import { createPcapRecords } from '../../src/bundle/pcap-records.ts'
import type { UnitStream } from '../../src/bundle/unit-stream.ts'
import { createWholeLines } from '../../src/bundle/whole-lines.ts'
import { epochOf } from '../../src/time/instant.ts'
import { buildEthernet, buildIpv4 } from '../fixtures/frame-builder.ts'
import { asSll2, buildAdvert, buildPcap, type AdvertSpec } from '../fixtures/pcap-builder.ts'

const captures = resolve(import.meta.dirname, '../captures')
const origin = epochOf(1_795_350_000_000_000_000n)

function pushed(units: UnitStream, bytes: Uint8Array, cuts: readonly number[] = []): Buffer {
  const ends = [...new Set([...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].toSorted((a, b) => a - b)
  let from = 0
  const pieces = ends.map((to) => {
    // The tool's buffer is used again at once: nothing of it may be kept.
    const piece = new Uint8Array(bytes.subarray(from, to))
    from = to
    const out = units.push(piece)
    piece.fill(0xee)
    return out
  })
  return Buffer.concat(pieces)
}

function advertsIn(pcap: Uint8Array): { readonly adverts: readonly Advert[]; readonly problems: readonly string[] } {
  const adverts: Advert[] = []
  const problems: string[] = []
  const parser = createCaptureParser({
    origin,
    link: 'tap0',
    linkName: () => undefined,
    sink: {
      advert: (one) => adverts.push(one),
      traffic: () => undefined,
      malformed: ({ reason }) => problems.push(reason),
      ignored: (kind) => problems.push(kind),
    },
  })
  parser.push(pcap)
  parser.end()
  return { adverts, problems }
}

const pcapOf = (frames: readonly Uint8Array[], linkType = 1): Buffer =>
  buildPcap(
    frames.map((bytes, i) => ({ atNs: origin + BigInt(i) * 1_000_000_000n, bytes })),
    { linkType },
  )

function kept(pcap: Uint8Array, cuts: readonly number[] = [], keepsSecrets = false): Buffer {
  const records = createPcapRecords(keepsSecrets)
  const body = pushed(records, pcap, cuts)
  return Buffer.concat([records.header ?? Buffer.alloc(0), body])
}

const secret = 'hunter42'
const variants: readonly AdvertSpec[] = [
  {},
  { addresses: ['192.0.2.1', '192.0.2.2', '192.0.2.3'] },
  { vlan: [100, 200] },
  { sum: 'broken' },
  { destination: '192.0.2.9' },
]

test('the password of VRRPv2 is gone, and the advert is otherwise the same, its checksum right or wrong as before', () => {
  for (const spec of variants) {
    const pcap = pcapOf([buildAdvert({ ...spec, auth: 'password', password: secret })])
    expect(pcap.includes(secret)).toBe(true)
    const blanked = kept(pcap)
    expect(blanked.length).toBe(pcap.length)
    expect(blanked.includes(secret)).toBe(false)
    expect(blanked.includes(secret.slice(4))).toBe(false)
    expect(advertsIn(blanked)).toEqual(advertsIn(pcap))
    expect(advertsIn(pcap).adverts[0]?.checksum).toBe(spec.sum === 'broken' ? 'wrong' : 'ok')
  }
})

test('the same for a capture of all interfaces, and --keep-secrets keeps it', () => {
  const frame = asSll2(buildAdvert({ auth: 'password', password: secret }), { ifindex: 7, type: 4 })
  const pcap = pcapOf([frame], 276)
  expect(kept(pcap).includes(secret)).toBe(false)
  expect(kept(pcap, [], true).equals(pcap)).toBe(true)
})

test('an advert that is quoted in an ICMP error loses its password too', () => {
  const advert = buildAdvert({ auth: 'password', password: secret, destination: '192.0.2.9' }).subarray(14)
  const icmp = Buffer.concat([Buffer.from([3, 2, 0, 0, 0, 0, 0, 0]), advert])
  const packet = buildIpv4({
    source: '192.0.2.9',
    destination: '192.0.2.1',
    protocol: 1,
    payload: icmp,
    id: 1,
    hopLimit: 64,
    tos: 0,
  })
  const frame = buildEthernet({
    destination: '52:54:00:00:00:01',
    source: '52:54:00:00:00:02',
    etherType: 0x0800,
    vlan: undefined,
    payload: packet,
  })
  expect(kept(pcapOf([frame])).includes(secret)).toBe(false)
})

test('any password, any cut of the pipe: the same adverts, and never the password', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
      fc.array(fc.nat(400)),
      fc.integer({ min: 1, max: 12 }),
      (bytes, cuts, addresses) => {
        const password = Buffer.from(bytes).toString('latin1')
        const list = Array.from({ length: addresses }, (_, i) => `192.0.2.${i}`)
        const pcap = pcapOf([1, 2, 3].map((ipId) => buildAdvert({ ipId, auth: 'password', password, addresses: list })))
        const blanked = kept(pcap, cuts)
        expect(advertsIn(blanked)).toEqual(advertsIn(pcap))
        expect(blanked.includes(Buffer.from(bytes)) && bytes.some((byte) => byte !== 0)).toBe(false)
      },
    ),
  )
})

test('a tcpdump that was killed inside a record leaves a file that ends with a whole one', () => {
  const pcap = pcapOf([buildAdvert(), buildAdvert({ ipId: 2 })])
  for (let length = 0; length < pcap.length; length++) {
    const { adverts, problems } = advertsIn(kept(pcap.subarray(0, length)))
    expect(problems).toEqual([])
    expect(adverts.length).toBe(length >= pcap.length ? 2 : length >= 24 + (pcap.length - 24) / 2 ? 1 : 0)
  }
})

test('iostat becomes one object a line, from which the same rows are read', () => {
  const files = readdirSync(join(captures, 'iostat')).filter((name) => name.endsWith('.json'))
  expect(files.length).toBeGreaterThan(0)
  for (const name of files) {
    const raw = readFileSync(join(captures, 'iostat', name))
    const rowsOf = (bytes: Uint8Array): unknown[] => {
      const rows: unknown[] = []
      const parser = createIostatParser({
        origin,
        sink: {
          disk: (row) => rows.push(row),
          malformed: (one) => rows.push(one.reason),
          ignored: (kind) => rows.push(kind),
        },
      })
      parser.push(bytes)
      return rows
    }
    const lines = pushed(createIostatSamples(), raw)
    expect(rowsOf(lines)).toEqual(rowsOf(raw))
    expect(rowsOf(raw).length).toBeGreaterThan(0)
    for (const line of lines.toString().trim().split('\n')) expect(JSON.parse(line)).toBeTypeOf('object')
    fc.assert(
      fc.property(fc.array(fc.nat(raw.length), { maxLength: 30 }), (cuts) => {
        expect(pushed(createIostatSamples(), raw, cuts).equals(lines)).toBe(true)
      }),
      { numRuns: 20 },
    )
  }
})

test('lines stay whole however the pipe is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 20 })), fc.array(fc.nat(300)), (texts, cuts) => {
      const raw = Buffer.from(`${texts.map((text) => text.replaceAll('\n', ' ')).join('\n')}\nhalf`)
      const units = createWholeLines()
      expect(pushed(units, raw, cuts).equals(raw.subarray(0, -4))).toBe(true)
      expect(units.end()).toBe(4)
    }),
  )
})
