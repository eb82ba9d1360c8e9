// A redacted frame says of the router what the original said, and of its addresses nothing.

import { expect, test } from 'vitest'
import type { Advert } from '../../../src/events/packet.ts'
import { openEngine } from '../../../src/engine/engine.ts'
import { createPseudonyms } from '../../../src/bundle/redact/pseudonyms.ts'
import { redactFrame } from '../../../src/bundle/redact/frame-in-place.ts'
import { epochOf, instantOf } from '../../../src/time/instant.ts'
import { asSll2, buildAdvert, buildPcap, type AdvertSpec } from '../../fixtures/pcap-builder.ts'
import { engineOptions } from '../../fixtures/engine-options.ts'

const stampNs = 1_795_350_000_000_000_000n

function advertOf(frame: Uint8Array, linkType: number): Advert | undefined {
  const adverts: Advert[] = []
  const engine = openEngine(
    engineOptions(epochOf(stampNs), {
      host: '',
      budgetBytes: 64 * 2 ** 20,
      onAdvert: (advert) => void adverts.push(advert),
    }),
  )
  const bytes = buildPcap([{ atNs: stampNs, bytes: frame }], { linkType })
  engine.take({ kind: 'bytes', probe: 'tcpdump', part: '', life: 0, at: instantOf(0), bytes })
  engine.end()
  return adverts[0]
}

const ethernet = (spec: AdvertSpec): readonly [Buffer, number] => [buildAdvert(spec), 1]
const cooked = (spec: AdvertSpec): readonly [Buffer, number] => [
  asSll2(buildAdvert(spec), { ifindex: 3, type: 4 }),
  276,
]

test.each([
  ['version 2', ethernet({ ipId: 7, auth: 'password', password: 'hunter42' })],
  ['version 3', ethernet({ version: 3, ipId: 8 })],
  ['version 3 over IPv6', ethernet({ version: 3, family: 6 })],
  ['of any interface', cooked({ version: 3, ipId: 9 })],
  ['of any interface, IPv6', cooked({ version: 3, family: 6 })],
  ['a wrong checksum', ethernet({ sum: 'broken' })],
  ['a wrong checksum over IPv6', ethernet({ version: 3, family: 6, sum: 'broken' })],
  ['without a pseudo header', ethernet({ version: 3, sum: 'without-pseudo-header' })],
  [
    'with the group in the pseudo header',
    ethernet({ version: 3, destination: '192.168.205.12', sum: 'with-multicast-pseudo-header' }),
  ],
  ['with an authentication header', ethernet({ auth: 'ah' })],
  ['with an HMAC', ethernet({ version: 3, auth: 'hmac', stampedAtNs: stampNs })],
  ['with an HMAC over IPv6', ethernet({ version: 3, family: 6, auth: 'hmac', stampedAtNs: stampNs })],
  ['tagged', ethernet({ vlan: [100, 200] })],
] as const)('%s', (_, [frame, linkType]) => {
  const original = advertOf(frame, linkType)
  expect(original).toBeDefined()
  const changed = Uint8Array.from(frame)
  redactFrame(changed, linkType, createPseudonyms('key'))
  expect(changed.length).toBe(frame.length)
  const redacted = advertOf(changed, linkType)
  const what = (advert: Advert | undefined): unknown => {
    const { source: _source, sourceMac: _mac, destination: _destination, addresses, ...rest } = advert ?? {}
    return { ...rest, addresses: addresses?.length }
  }
  expect(what(redacted)).toEqual(what(original))
  expect(redacted?.source).not.toBe(original?.source)
  expect(redacted?.source).toMatch(/^(?:198\.1[89]\.|fd00::)/)
  expect(Buffer.from(changed).includes('hunter42')).toBe(false)
  expect(redacted?.addresses.filter((one) => original?.addresses.includes(one))).toEqual([])
})

test('any bytes at all: never an error, never longer', () => {
  const names = createPseudonyms('key')
  for (let seed = 1; seed <= 3000; seed++) {
    let state = seed
    const next = (): number => (state = (state * 1_103_515_245 + 12_345) & 0x7fffffff) >> 8
    const frame = Uint8Array.from({ length: next() % 90 }, () => next() & 255)
    if (seed % 3 === 0 && frame.length > 14) frame.set([0x08, seed % 2 === 0 ? 0x00 : 0x06, 0x45], 12)
    const { length } = frame
    redactFrame(frame, [1, 113, 276, 147][seed % 4] ?? 1, names)
    expect(frame.length).toBe(length)
  }
})
