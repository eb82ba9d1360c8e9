// What a manifest may and may not say.

import { expect, test } from 'vitest'
import { parseManifest } from '../../src/bundle/manifest.ts'
import { upgraded, versionOf, type Step } from '../../src/bundle/manifest-versions.ts'
import { isMemberName, memberNameOf, probeOfMember } from '../../src/bundle/member-name.ts'
import { parseTapeLine } from '../../src/bundle/tape-line.ts'

test('a member is called by a plain name, never by a path', () => {
  for (const name of ['tcpdump.pcap', 'tcpdump-peer-2.pcap', 'sysdig.scap.gz', 'bpftrace.tsv.gz', 'blind.ndjson'])
    expect(isMemberName(name), name).toBe(true)
  for (const name of [
    '../tcpdump.pcap',
    'a/b.pcap',
    '.pcap',
    '.hidden.pcap',
    'x.sh',
    'tcpdump.pcap\n',
    '',
    `${'x'.repeat(200)}.pcap`,
  ])
    expect(isMemberName(name), name).toBe(false)
  expect(memberNameOf('tcpdump', '../../etc/passwd')).toBe('tcpdump-_etc_passwd.pcap')
  expect(isMemberName(memberNameOf('tcpdump', '../../etc/passwd'))).toBe(true)
  expect(probeOfMember('iostat.ndjson.gz')).toBe('iostat')
  expect(probeOfMember('probes.ndjson.gz')).toBeUndefined()
  expect(probeOfMember('hostess.ndjson.gz')).toBeUndefined()
})

test('a line of a tape that is none is nothing, whatever it is', () => {
  for (const line of [
    '',
    'null',
    '[]',
    '{}',
    '{"member":5}',
    '{"kind":"links","probe":"host","at":1,"names":{}}',
    '{"kind":"ended","probe":"tcpdump","at":1}',
  ])
    expect(parseTapeLine(line), line).toBeUndefined()
})

test('an older manifest is brought up to the newest version step by step; a newer one is refused by name', () => {
  const steps = new Map<number, Step>([
    [1, ({ host, ...rest }) => ({ ...rest, hosts: [host] })],
    [2, (two) => ({ ...two, isThird: true })],
  ])
  const one = { schema: 'whylate.bundle/1', host: 'node01' }
  expect(upgraded(one, 1, 3, steps)).toEqual({ schema: 'whylate.bundle/3', hosts: ['node01'], isThird: true })
  expect(upgraded(one, 1, 1, steps)).toEqual(one)
  expect(upgraded({ schema: 'whylate.bundle/4' }, 4, 3, steps)).toBeUndefined()
  expect(upgraded(one, 1, 3, new Map())).toBeUndefined()
  expect(versionOf('whylate.bundle/0')).toBeUndefined()
  expect(() => parseManifest('{"schema":"whylate.bundle/7"}', 'night')).toThrow(
    'night is whylate.bundle/7; this whylate reads whylate.bundle/1.',
  )
  expect(() => parseManifest('{"schema":"other/1"}', 'night')).toThrow('night is of another program')
})
