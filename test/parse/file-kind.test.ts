import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fileKindOf } from '../../src/parse/file-kind.ts'
import { buildPcapng } from '../fixtures/pcapng-builder.ts'

const incidents = join(import.meta.dirname, '../captures/incidents')
const captures = join(import.meta.dirname, '../captures')

function kindOfFile(path: string): string {
  const bytes = readFileSync(path)
  return fileKindOf(path.endsWith('.gz') ? gunzipSync(bytes) : bytes)
}
const kindOf = (text: string): string => fileKindOf(new TextEncoder().encode(text))

test('real captures are told by their first bytes', () => {
  expect(kindOfFile(join(incidents, 'qemu-sigstop/tap.pcap'))).toBe('pcap')
  expect(kindOfFile(join(incidents, 'qemu-sigstop/host.scap.gz'))).toBe('scap')
  expect(kindOfFile(join(captures, 'heartbeat/sysdig-0.29.3-beats.scap.gz'))).toBe('scap')
  expect(kindOfFile(join(incidents, 'qemu-sigstop/iostat.json.gz'))).toBe('iostat-json')
  expect(kindOfFile(join(incidents, 'qemu-sigstop/host.ndjson.gz'))).toBe('host')
  expect(kindOfFile(join(incidents, 'qemu-sigstop/tap-tcpdump.stderr'))).toBe('log')
  expect(kindOfFile(join(captures, 'sysdig-text/netns-freezer-sysdig-0.36.tsv.gz'))).toBe('sysdig-text')
})

test('a pcapng is not mistaken for scap, which begins with the same header, in either byte order', () => {
  const interfaces = [{ name: 'tap0', resolution: 9 }]
  for (const isBigEndian of [false, true]) expect(fileKindOf(buildPcapng(interfaces, [], isBigEndian))).toBe('pcapng')
})

test.each([
  ['Sun Nov 22 12:55:43 2026: (loadbalancer) Entering MASTER STATE\n', 'log'],
  ['Nov 22 12:55:43 lb01 Keepalived_vrrp[812]: (loadbalancer) Entering MASTER STATE\n', 'log'],
  ['2026-11-22T12:55:43+0000 lb01 Keepalived_vrrp[812]: Entering MASTER STATE\n', 'log'],
  ['{"__REALTIME_TIMESTAMP":"1","MESSAGE":"Entering MASTER STATE"}\n', 'log'],
  ['Linux 6.18.44 (node01) \t11/22/26 \t_x86_64_\t(2 CPU)\n\n11/22/26 11:44:59\nDevice r/s\n', 'iostat-text'],
  ['{"sysstat": {"hosts": [', 'iostat-json'],
  ['12:03:26.375374 IP 192.0.2.2 > 224.0.0.18: VRRPv2, Advertisement\n', 'tcpdump-text'],
  ['{"name":"something else"}\n', 'unknown'],
  ['', 'empty'],
])('%s', (text, kind) => {
  expect(kindOf(text)).toBe(kind)
})

test('no bytes at all make it fail', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(typeof fileKindOf(bytes)).toBe('string')
    }),
  )
})
