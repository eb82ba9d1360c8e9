// keepalived's own account of its adverts, out of real captures.

import { expect, test } from 'vitest'
import { epochOf } from '../../../src/time/instant.ts'
import { createScapParser } from '../../../src/parse/scap/scap-parser.ts'
import { readCapture, type CaptureName } from './captures.ts'
import { openKernelLog } from './kernel-log.ts'
import { readOrigin } from './rows-compared.ts'
import { event, joined, section, tuple4, u32, u64, writtenOrigin } from './written-capture.ts'

interface SentAdvert {
  readonly at: number
  readonly enterAt: number
  readonly tid: number
  readonly ipId: number
  readonly vrid: number
  readonly source: string
  readonly result: number
}

function readAdverts(bytes: Uint8Array, origin = readOrigin): { readonly sent: SentAdvert[]; readonly told: string } {
  const log = openKernelLog()
  const sent: SentAdvert[] = []
  const adverts = {
    sentAdvert: (
      at: number,
      enterAt: number,
      tid: number,
      ipId: number,
      vrid: number,
      source: string,
      result: number,
    ) => sent.push({ at, enterAt, tid, ipId, vrid, source, result }),
  }
  const parser = createScapParser({ origin, sink: log.sink, adverts })
  parser.push(bytes)
  parser.end()
  return { sent, told: [...log.lines, JSON.stringify(sent), JSON.stringify(log.complaints)].join('\n') }
}

test.each<[CaptureName, string]>([
  ['qemu-sigstop-guest', '192.168.205.11'],
  ['netns-reload-host', '192.168.205.11'],
])('every advert of the master in %s is told once, its identifications in a row', (name, master) => {
  const { sent } = readAdverts(readCapture(name))
  const own = sent.filter(({ source }) => source === master)
  expect(own.length).toBeGreaterThan(30)
  const restarts = own.filter(({ ipId }, i) => i > 0 && ipId !== (own[i - 1]?.ipId ?? 0) + 1)
  // keepalived counts from one again when it reloads.
  expect(restarts.length).toBeLessThanOrEqual(2)
  for (const { at, enterAt, vrid, result } of own) {
    expect([vrid, result]).toEqual([205, 40])
    expect(at - enterAt).toBeGreaterThan(0)
    expect(at - enterAt).toBeLessThan(50e6)
  }
})

test('without enters an advert is told with the time it was handed over, and no other', () => {
  const { sent } = readAdverts(readCapture('qemu-sigstop-host-exitonly'))
  expect(sent).toEqual([expect.objectContaining({ source: '192.168.205.12', vrid: 205, ipId: 7, enterAt: Number.NaN })])
})

const ipv4 = [0x45, 0xc0, 0, 40, 0x12, 0x34, 0, 0, 255, 112, 0, 0, 192, 168, 0, 1, 224, 0, 0, 18]
const vrrp = [0x21, 77, 100, 1, 1, 1, 0, 0, 10, 0, 0, 1, ...Buffer.from('s3cretpw')]
const vrrpTuple = tuple4([0, 0, 0, 0], 112, [224, 0, 0, 18], 0)

function sendmsg(data: readonly number[], tuple: Uint8Array, result = data.length): Uint8Array {
  const params = [u64(result), Uint8Array.from(data), u64(15), u32(data.length), tuple]
  return event({ at: 500, tid: 129, type: 49, params })
}
const readWritten = (bytes: Uint8Array): ReturnType<typeof readAdverts> =>
  readAdverts(joined(section(), bytes), epochOf(writtenOrigin))

test('identification, VRID and source are read; the password is nowhere in what is told', () => {
  const { sent, told } = readWritten(sendmsg([...ipv4, ...vrrp], vrrpTuple))
  expect(sent).toEqual([
    { at: 500, enterAt: Number.NaN, tid: 129, ipId: 0x1234, vrid: 77, source: '192.168.0.1', result: 40 },
  ])
  expect(told).not.toContain('s3cretpw')
})

test('a refused advert is told with its error, if the recorder has its bytes', () => {
  expect(readWritten(sendmsg([...ipv4, ...vrrp], vrrpTuple, -1)).sent).toMatchObject([{ vrid: 77, result: -1 }])
})

test('behind an authentication header the VRID is found all the same', () => {
  const withAh = ipv4.with(9, 51)
  const ah = [112, 4, 0, 0, ...Array.from({ length: 20 }, () => 0)]
  expect(readWritten(sendmsg([...withAh, ...ah, ...vrrp], vrrpTuple)).sent).toMatchObject([{ vrid: 77 }])
})

test('over IPv6 there is no identification, and the source is that of the socket', () => {
  const source = [0xfe, 0x80, ...Array.from({ length: 13 }, () => 0), 7]
  const group = [0xff, 2, ...Array.from({ length: 13 }, () => 0), 0x12]
  const tuple = Uint8Array.from([10, ...source, 112, 0, ...group, 0, 0])
  expect(readWritten(sendmsg([0x31, 9, 100, 1], tuple)).sent).toMatchObject([{ ipId: -1, vrid: 9, source: 'fe80::7' }])
})

test('other datagrams are no adverts, however they look', () => {
  const udp = tuple4([10, 0, 0, 1], 5000, [10, 0, 0, 2], 112)
  for (const bytes of [
    sendmsg([...ipv4, ...vrrp], udp),
    sendmsg([...ipv4.with(9, 17), ...vrrp], vrrpTuple),
    sendmsg(ipv4, vrrpTuple),
    sendmsg([...ipv4, 0x11, 77], vrrpTuple),
    sendmsg([], vrrpTuple),
  ]) {
    expect(readWritten(bytes).sent).toEqual([])
  }
})
