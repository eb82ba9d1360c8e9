// keepalived's log in every form that people keep it in, and what no log should be able to do.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogLine } from '../../src/events/log.ts'
import { createKeepalivedLogParser } from '../../src/parse/keepalived-log.ts'
import { epochFrom } from '../../src/time/instant.ts'
import { incidentsFolder } from '../fixtures/incident.ts'

/** 2026-11-22T12:28:20Z. */
const origin = epochFrom('1795350500', '0')

interface Read {
  readonly lines: LogLine[]
  readonly drops: number[]
  readonly malformed: string[]
  readonly ignored: string[]
  passed: number
}

function read(bytes: string | Uint8Array, pieceBytes = 1 << 20): Read {
  const found: Read = { lines: [], drops: [], malformed: [], ignored: [], passed: 0 }
  const parser = createKeepalivedLogParser({
    origin,
    file: 'lb.log',
    sink: {
      line: (line) => found.lines.push(line),
      passed: () => found.passed++,
      captureDrops: (packets) => found.drops.push(packets),
      malformed: ({ reason }) => found.malformed.push(reason),
      ignored: (kind) => found.ignored.push(kind),
    },
  })
  const all = Buffer.from(bytes)
  for (let at = 0; at < all.length; at += pieceBytes) parser.push(all.subarray(at, at + pieceBytes))
  parser.end()
  return found
}

const one = (line: string): LogLine | undefined => read(`${line}\n`).lines[0]

describe('stamps', () => {
  const text = 'A thread timer expired 1.909790 seconds ago'
  test.each([
    ['console', `Sun Nov 22 12:28:42 2026: ${text}`, 22e9, 1e9, false],
    ['syslog', `Nov 22 12:28:42 lb01 Keepalived_vrrp[812]: ${text}`, 22e9, 1e9, false],
    ['syslog, as sent', `<30>Nov 22 12:28:42 lb01 Keepalived_vrrp[812]: ${text}`, 22e9, 1e9, false],
    ['short-iso', `2026-11-22T12:28:42+0000 lb01 Keepalived_vrrp[812]: ${text}`, 22e9, 1e9, true],
    ['short-iso, elsewhere', `2026-11-22T13:28:42+01:00 lb01 Keepalived_vrrp[812]: ${text}`, 22e9, 1e9, true],
    ['precise', `2026-11-22T12:28:42.934951+00:00 lb01 Keepalived_vrrp[812]: ${text}`, 22.934951e9, 1e3, true],
    [
      'json',
      JSON.stringify({ __REALTIME_TIMESTAMP: '1795350522934951', SYSLOG_IDENTIFIER: 'Keepalived_vrrp', MESSAGE: text }),
      22.934951e9,
      1e3,
      true,
    ],
    [
      'a bundle’s',
      JSON.stringify({ from: 'keepalived.log', line: `Sun Nov 22 12:28:42 2026: ${text}` }),
      22e9,
      1e9,
      false,
    ],
  ])('%s', (name, line, at, width, hasZone) => {
    expect(one(line)).toEqual({
      at,
      width,
      hasZone,
      file: name === 'a bundle’s' ? 'keepalived.log' : 'lb.log',
      kind: 'timer-expired',
      expired: 1.90979e9,
      rival: undefined,
      text,
    })
  })

  test('syslog tells no year: the one nearest to the capture', () => {
    const parserAt = (near: string, line: string): number | undefined => {
      let at: number | undefined
      const parser = createKeepalivedLogParser({
        origin: epochFrom(near, '0'),
        file: '',
        sink: {
          line: (found) => (at = found.at),
          passed: () => undefined,
          captureDrops: () => undefined,
          malformed: () => undefined,
          ignored: () => undefined,
        },
      })
      parser.push(Buffer.from(`${line}\n`))
      return at
    }
    // 2027-01-01T00:00:10Z; ten seconds before it was another year.
    expect(parserAt('1798761610', `Dec 31 23:59:50 lb Keepalived_vrrp[1]: ${text}`)).toBe(-20e9)
  })

  test('days and times that do not exist are no stamps; a log of another season is not used', () => {
    for (const line of [
      'Sun Feb 30 12:28:42 2026: x',
      'Sun Nov 22 25:28:42 2026: x',
      '2026-13-22T12:28:42Z lb keepalived: x',
    ])
      expect(read(line).malformed).toEqual(['a line without a time stamp'])
    expect(read(`Sun Mar 22 12:28:42 2026: ${text}`).ignored).toEqual(['a line of another season'])
  })
})

describe('what keepalived says', () => {
  test.each([
    ['(VI_1) Receive advertisement timeout', 'down-timeout'],
    ['VRRP_Instance(VI_1) Transition to MASTER STATE', 'down-timeout'],
    ['(VI_1) Entering MASTER STATE', 'state'],
    ['VRRP_Instance(VI_1) Entering FAULT STATE', 'state'],
    ['(VI_1) Master received advert from 192.168.205.11 with higher priority 101, ours 100', 'higher-priority'],
    ['VRRP_Instance(VI_1) Received lower prio advert, forcing new election', 'lower-priority'],
    ['(VI_1) received an invalid passwd!', 'foreign'],
    ['(VI_1) send advert error 1 (Operation not permitted)', 'send-error'],
    ['(VI_1) Changing effective priority from 102 to 101', 'planned'],
    ['VRRP_Script(chk_lb) failed (exited with status 1)', 'planned'],
    ['Track script chk_lb is already running, expect idle - skipping run', 'slow'],
    ['AgentX master agent failed to respond to ping', 'slow'],
  ])('%s', (text, kind) => {
    expect(one(`Sun Nov 22 12:28:42 2026: ${text}`)).toMatchObject({ kind, text })
  })

  test('a rival’s advert, with both priorities', () => {
    const text = '(lb) Received advert from 192.168.205.12 with lower priority 100, ours 101, forcing new election'
    expect(one(`Sun Nov 22 12:29:03 2026: ${text}`)?.rival).toEqual({
      source: '192.168.205.12',
      theirs: 100,
      ours: 101,
    })
  })

  test('lines of other programs, of GARPs and of several lines say nothing', () => {
    const { lines, passed, ignored, malformed } = read(
      [
        'Nov 22 12:28:42 lb01 sshd[9]: A thread timer expired 9.000000 seconds ago',
        'Sun Nov 22 12:28:42 2026: Sending gratuitous ARP on eth0 for 192.168.205.7',
        '   and include a full copy of your keepalived configuration files, and',
      ].join('\n'),
    )
    expect([lines, passed, ignored.length, malformed]).toEqual([[], 1, 2, []])
  })

  test('what tcpdump lost', () => {
    expect(read(readFileSync(join(incidentsFolder, 'capture-drops/tap-tcpdump.stderr'))).drops).toEqual([330_843])
  })

  test('an incident’s log, whole, and in pieces of any size', () => {
    const bytes = readFileSync(join(incidentsFolder, 'netns-freezer/keepalived-master.log'))
    const whole = read(bytes)
    expect(whole.lines.filter((line) => line.kind === 'timer-expired').map((line) => line.expired)).toEqual([
      1.90979e9, 4.053618e9,
    ])
    expect(whole.malformed).toEqual([])
    for (const pieceBytes of [1, 7, 64]) expect(read(bytes, pieceBytes)).toEqual(whole)
  })
})

describe('hostile logs', () => {
  test('arbitrary bytes never throw, and are bounded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.nat(300), (bytes, piece) => {
        const { lines } = read(bytes, piece + 1)
        for (const line of lines) expect(line.text.length).toBeLessThanOrEqual(1024)
      }),
    )
  })

  test('a real log with bytes changed never throws, and what is not hit is read as before', () => {
    const log = readFileSync(join(incidentsFolder, 'netns-freezer/keepalived-master.log'))
    const all = read(log).lines.length
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(log.length - 1), fc.nat(255)), { maxLength: 8 }), (changes) => {
        const copy = Buffer.from(log)
        for (const [at, value] of changes) copy[at] = value
        // A line feed that is gone takes two lines along.
        expect(read(copy).lines.length).toBeGreaterThanOrEqual(all - 2 * changes.length)
      }),
    )
  })

  test('a line without end, JSON that is none, a message that is no text', () => {
    expect(read(Buffer.alloc(200_000, 0x41)).malformed).toEqual(['a line of more than 65536 bytes'])
    expect(read('{"MESSAGE":\n{"__REALTIME_TIMESTAMP":"x","MESSAGE":"y"}\n{"MESSAGE":[1,2]}').malformed).toHaveLength(3)
    const nested = JSON.stringify({ line: JSON.stringify({ line: '{"line":"x"}' }) })
    expect(read(nested).malformed).toHaveLength(1)
    const sly = `Sun Nov 22 12:28:42 2026: A thread timer expired ${'9'.repeat(5000)}.000000 seconds ago`
    expect(read(sly).lines).toEqual([])
  })
})
