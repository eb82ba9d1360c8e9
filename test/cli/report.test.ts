// `whylate report` over files that others captured: the answer, its exit code, and what it says of files that are no good.

import { execFile } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Fault } from '../../src/capture/fault.ts'
import { makeReport } from '../../src/cli/report.ts'
import { reportFormats, type ReportOptions } from '../../src/cli/report-options.ts'
import type { Report } from '../../src/report/report-shape.ts'
import type { ImportFiles } from '../../src/session/import/import-sources.ts'
import { incidentNames, incidentsFolder, readTruth } from '../fixtures/incident.ts'
import { buildProgram } from '../fixtures/built-program.ts'
import { buildAdvert } from '../fixtures/pcap-builder.ts'
import { buildPcapng } from '../fixtures/pcapng-builder.ts'
import { filesOf, noFiles, optionsOf, type Source } from '../fixtures/report.ts'

const captures = resolve(import.meta.dirname, '../captures')
const folder = mkdtempSync(join(tmpdir(), 'whylate-report-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const pcap = (path: string, name?: string): ImportFiles => ({ ...noFiles, pcaps: [{ name, path }] })
const member = (incident: string, name: string): string => join(incidentsFolder, incident, name)

function written(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

async function reportOf(files: ImportFiles, more: Partial<ReportOptions> = {}): Promise<Report> {
  return JSON.parse((await makeReport(undefined, optionsOf(files, more))).text) as Report
}

async function faultOf(files: ImportFiles, more: Partial<ReportOptions> = {}): Promise<string> {
  const fault = await makeReport(undefined, optionsOf(files, more)).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(fault instanceof Fault)) throw new Error(`expected a Fault, got ${String(fault)}`)
  expect(fault.remedy).not.toBe('')
  return `${fault.exitCode} ${fault.message.replaceAll(`${folder}/`, '')} ${fault.remedy}`
}

describe.each(incidentNames)('%s', (name) => {
  test('every form tells of each late advert, and the exit code says whether there was one', async () => {
    const count = readTruth(name).late.length
    for (const format of reportFormats) {
      const { text, code } = await makeReport(undefined, optionsOf(filesOf(name), { format }))
      expect(code).toBe(count > 0 ? 10 : 0)
      expect(text.endsWith('\n')).toBe(true)
      for (const { sent_ns: sentUs } of readTruth(name).late)
        expect(text).toContain(new Date(sentUs / 1000).toISOString().slice(0, 23))
    }
  })
})

test('two runs give the same bytes, in every form', async () => {
  for (const format of reportFormats) {
    const options = optionsOf(filesOf('netns-blocked-log'), { format })
    expect((await makeReport(undefined, options)).text).toBe((await makeReport(undefined, options)).text)
  }
})

test('where the files lie does not show', async () => {
  const moved = join(folder, 'tap.pcap')
  copyFileSync(member('qemu-sigstop', 'tap.pcap'), moved)
  const there = await makeReport(undefined, optionsOf(pcap(member('qemu-sigstop', 'tap.pcap'))))
  expect((await makeReport(undefined, optionsOf(pcap(moved)))).text).toBe(there.text)
  rmSync(moved)
})

test('what was due after the last packet is not overdue, and a healthy capture ends with 0 wherever it is cut', async () => {
  const whole = readFileSync(member('healthy-netns-busy', 'tap.pcap'))
  const ends: number[] = []
  for (let at = 24; at < whole.length; at += 16 + whole.readUInt32LE(at + 8)) ends.push(at)
  for (const end of ends.slice(-40)) {
    const path = written('cut.pcap', whole.subarray(0, end))
    const { code, text } = await makeReport(undefined, optionsOf(pcap(path), { format: 'json' }))
    expect((JSON.parse(text) as Report).flows.map((one) => one.overdueMs)).toEqual([null])
    expect(code).toBe(0)
  }
})

test('late only behind a second vantage point: its verdict, and the flow that it belongs to', async () => {
  const pcaps = ['tap', 'peer'].map((name) => ({ name, path: member('peer-port-out', `${name}.pcap`) }))
  const { late, flows } = await reportOf({ ...noFiles, pcaps })
  expect(late.map((one) => [one.wire, one.verdict.cause, one.verdict.culprit?.name])).toEqual([['W10', 'path', 'peer']])
  expect(flows.map((one) => one.id)).toContain(late[0]?.flow)
})

describe('what is missing is said, and makes the verdict less sure', () => {
  const ranks = ['unknown', 'possible', 'likely', 'certain']
  const rankOf = (report: Report): number[] => report.late.map((one) => ranks.indexOf(one.verdict.confidence))

  test.each([
    ['netns-blocked-log', 'scap'],
    ['netns-freezer', 'scap'],
    ['qemu-sigstop', 'scap'],
    ['netns-freezer', 'host'],
    ['qemu-sigstop', 'host'],
    ['netns-blocked-log', 'iostat'],
  ] as const)('%s without %s', async (name, source: Source) => {
    const whole = await reportOf(filesOf(name))
    const part = await reportOf(filesOf(name, [source]))
    const probe = source === 'scap' ? 'sysdig' : source
    expect(part.capture.probes.find((one) => one.name === probe)?.state).toBe('absent')
    expect(whole.capture.probes.find((one) => one.name === probe)?.state).toBe('ok')
    expect(part.late.map((one) => one.atNs)).toEqual(whole.late.map((one) => one.atNs))
    for (const one of part.late) expect(one.blindSpots.map((spot) => spot.source)).toContain(probe)
    rankOf(part).forEach((rank, i) => expect(rank).toBeLessThanOrEqual(rankOf(whole)[i] ?? 0))
  })

  test('a capture alone: lateness and wire as before, no culprit on this host', async () => {
    const { late, capture } = await reportOf(pcap(member('qemu-sigstop', 'tap.pcap')))
    expect(late.map((one) => [one.wire, one.liveness])).toEqual([['W1', 'silent']])
    expect(late[0]?.verdict.culprit?.pid ?? null).toBeNull()
    expect(late[0]?.verdict.confidence).not.toBe('certain')
    expect(capture.probes.filter((one) => one.state === 'absent').map((one) => one.name)).toEqual([
      'sysdig',
      'iostat',
      'host',
    ])
  })

  test('a file that covers a part of the time only leaves the rest unseen', async () => {
    const lines = gunzipSync(readFileSync(member('qemu-sigstop', 'host.ndjson.gz')))
      .toString()
      .split('\n')
    const half = written('half.ndjson', `${lines.slice(0, 100).join('\n')}\n`)
    const { late } = await reportOf({ ...filesOf('qemu-sigstop', ['scap']), host: half })
    expect(late[0]?.blindSpots.map((spot) => spot.reason)).toContain('half.ndjson ends here')
  })
})

describe('several captures', () => {
  test('a second vantage point shows what was lost on the way', async () => {
    const files = filesOf('peer-port-out')
    const peer = { name: 'backup', path: member('peer-port-out', 'peer.pcap') }
    const { late } = await reportOf({ ...files, pcaps: [...files.pcaps, peer] })
    expect(late.map((one) => [one.flow.split(' ')[0], one.wire])).toEqual([['backup', 'W10']])
  })

  test('in either order, plain or gzip, pcap or pcapng, they say the same', async () => {
    const tap = { name: 'tap', path: member('peer-port-out', 'tap.pcap') }
    const peer = { name: 'peer', path: member('peer-port-out', 'peer.pcap') }
    const packed = { name: 'tap', path: written('other-name.gz', gzipSync(readFileSync(tap.path))) }
    const one = await reportOf({ ...noFiles, pcaps: [tap, peer] })
    const other = await reportOf({ ...noFiles, pcaps: [peer, packed] })
    expect(other.late).toEqual(one.late)
    expect(other.capture.to).toBe(one.capture.to)
  })

  test('a pcapng names its links itself; NAME=FILE has the last word', async () => {
    const begin = 1_795_350_000_000_000_000n
    const packets = Array.from({ length: 30 }, (_, i) => ({
      interface: i % 2,
      stamp: begin + BigInt(i) * 500_000_000n + (i === 28 ? 700_000_000n : 0n),
      bytes: buildAdvert({ source: i % 2 === 0 ? '192.0.2.1' : '192.0.2.2', vrid: 50 + (i % 2), ipId: i }),
    }))
    const bytes = buildPcapng(
      [
        { name: 'tapA', resolution: 9 },
        { name: 'tapB', resolution: 9 },
      ],
      packets,
    )
    const path = written('two-links.pcapng', bytes)
    const { flows, late } = await reportOf(pcap(path))
    expect(flows.map((one) => [one.link, one.vrid, one.adverts])).toEqual([
      ['tapA', 50, 15],
      ['tapB', 51, 15],
    ])
    expect(late.map((one) => [one.flow.split(' ')[0], one.overrunMs])).toEqual([['tapA', 700]])
    expect((await reportOf(pcap(path, 'node'))).flows.map((one) => one.link)).toEqual(['node', 'node'])
  })

  test('what tcpdump said of its losses is a blind spot over the capture', async () => {
    const files = { ...filesOf('capture-drops'), logs: [member('capture-drops', 'tap-tcpdump.stderr')] }
    const { capture, late } = await reportOf(files)
    const tcpdump = capture.probes.find((one) => one.name === 'tcpdump')
    expect([tcpdump?.state, tcpdump?.dropped]).toEqual(['degraded', 330_843])
    for (const one of late) expect(one.blindSpots.map((spot) => spot.source)).toContain('tcpdump')
    expect(late.map((one) => one.verdict.cause)).toEqual(['capture-loss', 'capture-loss'])
  })
})

test('sysdig as text names the sender and its file as scap does', async () => {
  const text = join(captures, 'sysdig-text/netns-freezer-sysdig-0.36.tsv.gz')
  const { late, flows, capture } = await reportOf({ ...filesOf('netns-freezer', ['scap']), sysdig: [text] })
  expect(capture.probes.find((one) => one.name === 'sysdig')?.state).toBe('ok')
  expect(flows[0]?.sender).toBe('keepalived')
  expect(late.map((one) => one.verdict.cause)).toEqual(['sender-stopped', 'sender-stopped'])
})

describe('files that are no good', () => {
  beforeAll(() => {
    written('empty', '')
    written('garbage', Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919) % 251)))
    written('notes.txt', 'dear diary\n')
    written('text.pcap', '12:03:26.375374 IP 192.0.2.2 > 224.0.0.18: VRRPv2, Advertisement, vrid 205\n')
    written('packed.xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]))
    written('broken.gz', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]))
    written('header.pcap', readFileSync(member('qemu-sigstop', 'tap.pcap')).subarray(0, 24))
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'))
  })

  test.each([
    ['empty', 'is empty'],
    ['garbage', 'is nothing known here'],
    ['notes.txt', 'is nothing known here'],
    ['text.pcap', 'is what tcpdump prints'],
    ['packed.xz', 'is compressed by something else than gzip'],
    ['broken.gz', 'looks like gzip and cannot be unpacked'],
    ['dangling', 'does not exist'],
    ['missing', 'does not exist'],
    ['.', 'is a directory'],
  ])('%s %s', async (name, sentence) => {
    expect(await faultOf(pcap(join(folder, name)))).toMatch(new RegExp(`^2 .*${sentence}`))
  })

  test('a device is not read to no end', async () => {
    expect(await faultOf(pcap('/dev/zero'))).toMatch(/^2 \/dev\/zero is not a regular file/)
  })

  test.skipIf(process.getuid?.() === 0)('no permission (needs not to be root)', async () => {
    chmodSync(written('secret', 'x'), 0)
    expect(await faultOf(pcap(join(folder, 'secret')))).toMatch(/^2 secret cannot be read: permission denied/)
  })

  test('a file under the wrong option: the sentence names the right one', async () => {
    const files = filesOf('qemu-sigstop')
    expect(await faultOf(pcap(files.scaps[0]?.path ?? ''))).toContain('Give it as --scap host.scap.gz.')
    expect(await faultOf({ ...files, iostat: files.host })).toContain('Give it as --host host.ndjson.gz.')
    expect(await faultOf({ ...files, host: files.iostat })).toContain('Give it as --iostat iostat.json.gz.')
    expect(await faultOf({ ...files, sysdig: [files.pcaps[0]?.path ?? ''] })).toContain('Give it as --pcap tap.pcap.')
  })

  test('no capture, or one without a packet', async () => {
    expect(await faultOf(noFiles)).toMatch(/^2 Without a packet capture/)
    expect(await faultOf(pcap(join(folder, 'header.pcap')))).toMatch(/^2 The captures hold no packet/)
  })

  test('a flow, a time that there is not', async () => {
    const files = pcap(member('qemu-sigstop', 'tap.pcap'))
    expect(await faultOf(files, { flow: '7' })).toContain('There are: tap vrid 205 from 192.168.205.11;')
    expect(await faultOf(files, { since: 'noon' })).toMatch(/^2 --since noon is no time/)
  })
})

describe('damage is a blind spot', () => {
  test('a compressed file that was cut is read up to the cut', async () => {
    const whole = readFileSync(member('netns-freezer', 'host.scap.gz'))
    const path = written('cut.scap.gz', whole.subarray(0, whole.length / 2))
    const { capture, late } = await reportOf({
      ...filesOf('netns-freezer', ['scap']),
      scaps: [{ name: undefined, path }],
    })
    expect(capture.probes.find((one) => one.name === 'sysdig')?.events).toBeGreaterThan(1000)
    expect(late).toHaveLength(2)
    expect(late[1]?.blindSpots.map((spot) => spot.reason)).toContain('cut.scap.gz ends here')
    expect(late[1]?.verdict.confidence).not.toBe('certain')
  })

  test('flipped bytes in the middle of a compressed file', async () => {
    const bytes = Buffer.from(readFileSync(member('netns-freezer', 'host.scap.gz')))
    bytes.fill(0x55, bytes.length / 2, bytes.length / 2 + 64)
    const path = written('flipped.scap.gz', bytes)
    const { capture, late } = await reportOf({
      ...filesOf('netns-freezer', ['scap']),
      scaps: [{ name: undefined, path }],
    })
    expect(capture.probes.find((one) => one.name === 'sysdig')?.state).toBe('degraded')
    expect(late[1]?.blindSpots.some((spot) => spot.reason.startsWith('flipped.scap.gz'))).toBe(true)
  })

  test('a damaged packet capture gives what is around the damage, and says where it is', async () => {
    const bytes = Buffer.from(readFileSync(member('netns-freezer', 'tap.pcap')))
    bytes.fill(0xff, 8000, 8200)
    const { capture, late } = await reportOf(pcap(written('damaged.pcap', bytes)))
    const tcpdump = capture.probes.find((one) => one.name === 'tcpdump')
    expect(tcpdump?.state).toBe('degraded')
    expect(tcpdump?.events).toBeGreaterThan(150)
    const damaged = late.filter((one) => one.blindSpots.some((spot) => spot.reason === 'damaged.pcap is damaged here'))
    expect(damaged.length).toBeGreaterThan(0)
    for (const one of damaged) expect(one.verdict.confidence).not.toBe('certain')
    // The advert that was damaged is not called late: nobody held it.
    expect(late.filter((one) => one.wire === 'W3').map((one) => one.verdict.cause)).toEqual(['capture-loss'])
  })
})

test('iostat cut off in the middle, and its tables, are read too', async () => {
  const json = gunzipSync(readFileSync(member('qemu-sigstop', 'iostat.json.gz')))
  const cut = written('cut.json', json.subarray(0, json.length / 2))
  const { capture } = await reportOf({ ...filesOf('qemu-sigstop', ['scap', 'host']), iostat: cut })
  expect(capture.probes.find((one) => one.name === 'iostat')?.events).toBeGreaterThan(10)
  const tables = written(
    'iostat.txt',
    'Linux 6.18.44 (node01)  2026-11-22  _x86_64_  (2 CPU)\n\n2026-11-22T12:23:40+0000\nDevice r/s w/s %util\nvda 1 1 0.1\n\n2026-11-22T12:23:41+0000\nDevice r/s w/s %util\nvda 1 1 0.1\n',
  )
  const { capture: other } = await reportOf({ ...filesOf('qemu-sigstop', ['scap', 'host']), iostat: tables })
  expect(other.host).toBe('node01')
  expect(other.probes.find((one) => one.name === 'iostat')?.events).toBe(1)
})

test('a small budget still keeps what lies around the late adverts', async () => {
  const options = { budget: 16 * 1024 * 1024 }
  const small = await reportOf(filesOf('netns-blocked-log'), options)
  const large = await reportOf(filesOf('netns-blocked-log'))
  expect(small.late.map((one) => one.verdict.cause)).toEqual(large.late.map((one) => one.verdict.cause))
})

describe('a bundle', () => {
  const ofBundle = (path: string, files = noFiles): Promise<unknown> =>
    makeReport(path, optionsOf(files)).then(
      () => undefined,
      (error: unknown) => (error instanceof Fault ? error.exitCode : error),
    )

  test('what is none, or is not there: exit code 4', async () => {
    expect(await ofBundle(folder)).toBe(4)
    expect(await ofBundle(join(folder, 'nowhere.whylate'))).toBe(4)
    expect(await ofBundle(member('qemu-sigstop', 'tap.pcap'))).toBe(4)
  })

  test('a bundle and files at once: exit code 2', async () => {
    expect(await ofBundle(folder, filesOf('qemu-sigstop'))).toBe(2)
  })
})

describe('the built program', () => {
  const run = promisify(execFile)
  const built = join(folder, 'built')
  let program = ''

  beforeAll(() => {
    mkdirSync(built)
    program = buildProgram(built)
  }, 60_000)

  const whylate = (...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
    run(process.execPath, [program, ...argv]).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    )

  test('prints the answer and nothing else, and exits with 10 where something was late', async () => {
    const tap = member('qemu-sigstop', 'tap.pcap')
    const { code, stdout, stderr } = await whylate('report', '--pcap', `node=${tap}`, '--format', 'json')
    expect([code, stderr]).toEqual([10, ''])
    expect((JSON.parse(stdout) as Report).late[0]?.flow.split(' ')[0]).toBe('node')
  })

  test('wrong usage: a sentence on stderr, nothing on stdout, exit code 2', async () => {
    for (const argv of [['--format', 'pdf'], ['--pcap', '/nonexistent'], ['--vrid', '300'], []]) {
      const { code, stdout, stderr } = await whylate('report', ...argv)
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).not.toMatch(/\n\s+at /)
      expect(stderr.length).toBeGreaterThan(20)
    }
  })

  test('its help shows an example, the fields of --sysdig, the cost and the exit codes', async () => {
    const { code, stdout } = await whylate('report', '--help')
    expect(code).toBe(0)
    for (const part of ['Example:', '%evt.rawtime\\t', 'Cost to the host:', 'Exit codes:'])
      expect(stdout).toContain(part)
  })
})
