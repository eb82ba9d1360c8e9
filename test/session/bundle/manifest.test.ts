// What a manifest may and may not say.

import { expect, test } from 'vitest'
import { isMemberName, memberNameOf, probeOfMember } from '../../../src/session/bundle/member-name.ts'
import { parseTapeLine } from '../../../src/session/bundle/tape-line.ts'

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
