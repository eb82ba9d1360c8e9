// A recording and its replay, with programs on PATH that speak like tcpdump and iostat: what was live is what is played.

import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { formatSession } from '../../src/report/plain.ts'
import { openRecord, type RecordSettings } from '../../src/session/record.ts'
import { replayAll, type Replayed } from '../../src/session/replay/replay.ts'
import type { Snapshot } from '../../src/engine/snapshot.ts'
import { spanOf } from '../../src/time/instant.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-record-'))
// Its own: others unpack bundles at the same time.
const scratch = join(folder, 'tmp')
mkdirSync(scratch)
process.env['TMPDIR'] = scratch
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fake = (name: string): string => resolve(import.meta.dirname, '../fixtures/bin', name)

const settingsOf = (name: string): RecordSettings => ({
  interfaces: [],
  netns: undefined,
  filter: undefined,
  engine: 'none',
  hasIostat: true,
  paths: { tcpdump: fake('streams-adverts'), iostat: fake('streams-samples') },
  vrid: undefined,
  interval: spanOf(100e6),
  late: undefined,
  budgetBytes: 64 * 1024 * 1024,
  path: join(folder, name),
  keepsSecrets: false,
  maxSizeBytes: undefined,
  maxLate: undefined,
  flightBytes: undefined,
  program: { version: '0.1.0', commandLine: ['record'] },
})

const played = (path: string): Promise<Replayed> =>
  replayAll(path, { budgetBytes: 64 * 1024 * 1024, interval: undefined, late: undefined, vrid: undefined })

async function recordFor(
  seconds: number,
  name: string,
  change: Partial<RecordSettings> = {},
): Promise<{ readonly path: string; readonly live: Snapshot }> {
  const recording = await openRecord({ ...settingsOf(name), ...change })
  await sleep(seconds * 1000)
  return { path: recording.path, live: await recording.stop('the test is over') }
}

const textOf = (path: string, member: string): string => {
  const bytes = readFileSync(join(path, member))
  return (member.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1')
}

test(
  'what was late live is late in the replay, with the same window; and the replay is the same each time, packed or not',
  { timeout: 30_000 },
  async () => {
    const { path, live } = await recordFor(5, 'equal')
    const first = await played(path)
    expect(first.complaints).toEqual([])
    expect(first.remarks).toEqual([])
    expect(live.late.length).toBeGreaterThanOrEqual(2)
    expect(first.snapshot.late).toEqual(live.late)
    expect(first.snapshot.selected).toEqual(live.selected)
    expect(first.snapshot.flows).toEqual(live.flows)
    expect(first.snapshot.blindSpots).toEqual(live.blindSpots)
    expect(first.session.windows.map((view) => view.late)).toEqual(live.late)
    expect(formatSession((await played(path)).snapshot)).toBe(formatSession(first.snapshot))
    const packed = join(folder, 'equal.whylate.tgz')
    execFileSync('tar', ['czf', packed, '-C', folder, 'equal.whylate'])
    const unpacked = await played(packed)
    expect(unpacked.complaints).toEqual([])
    expect(unpacked.snapshot).toEqual(first.snapshot)
    expect(readdirSync(scratch)).toEqual([])

    // Nobody else reads it, and its members open with their own tools.
    expect(statSync(path).mode & 0o777).toBe(0o700)
    for (const name of readdirSync(path)) expect(statSync(join(path, name)).mode & 0o777).toBe(0o600)
    for (const line of textOf(path, 'iostat.ndjson.gz').trim().split('\n')) JSON.parse(line)
    for (const line of textOf(path, 'host.ndjson.gz').trim().split('\n')) JSON.parse(line)
    expect(readdirSync(path)).toEqual([
      'host.ndjson.gz',
      'iostat.ndjson.gz',
      'manifest.json',
      'probes.ndjson.gz',
      'tcpdump.pcap',
    ])
    for (const name of readdirSync(path)) expect(textOf(path, name)).not.toContain('hunter42')
  },
)

test(
  'tcpdump that is killed and starts again appends to one file with one header; another link type gets a further file',
  { timeout: 30_000 },
  async () => {
    const tools = join(folder, 'tools')
    mkdirSync(tools)
    const wrapper = join(tools, 'tcpdump')
    const count = join(tools, 'count')
    writeFileSync(
      wrapper,
      `#!/bin/sh
case " $* " in *' --version '*) echo 'tcpdump version 4.99.3'; exit 0 ;; esac
echo >> ${count}
[ "$(wc -l < ${count})" -ge 3 ] && export ADVERTS_LINK_TYPE=113
timeout -s KILL 1.5 ${fake('streams-adverts')} "$@"
exit 1
`,
      { mode: 0o755 },
    )
    const { path, live } = await recordFor(6, 'restarts', { paths: { tcpdump: wrapper }, hasIostat: false })
    expect(readdirSync(path)).toContain('tcpdump-2.pcap')
    const pcap = readFileSync(join(path, 'tcpdump.pcap'))
    expect(pcap.indexOf(pcap.subarray(0, 24), 1)).toBe(-1)
    const { snapshot, complaints } = await played(path)
    expect(complaints).toEqual([])
    expect(snapshot.late).toEqual(live.late)
    expect(snapshot.flows.map((flow) => flow.adverts)).toEqual(live.flows.map((flow) => flow.adverts))
    expect(snapshot.blindSpots.map((spot) => spot.reason)).toEqual(live.blindSpots.map((spot) => spot.reason))
  },
)

test('a flight recording has the password in none of its members', { timeout: 20_000 }, async () => {
  const { path } = await recordFor(2.5, 'flight', { flightBytes: 1024 * 1024 })
  expect(readdirSync(path)).toContain('tcpdump.pcap')
  expect(JSON.parse(textOf(path, 'manifest.json'))).toMatchObject({ flight: { budgetBytes: 1024 * 1024 } })
  for (const name of readdirSync(path)) expect(textOf(path, name)).not.toContain('hunter42')
})

test('with --keep-secrets the password is there', { timeout: 20_000 }, async () => {
  const { path } = await recordFor(1, 'secrets', { keepsSecrets: true })
  expect(textOf(path, 'tcpdump.pcap')).toContain('hunter42')
  expect(JSON.parse(textOf(path, 'manifest.json'))).toMatchObject({ secrets: 'kept' })
})

test(
  'nothing that is there is written over or followed, and a directory gets a bundle inside',
  { timeout: 20_000 },
  async () => {
    mkdirSync(join(folder, 'there.whylate'))
    symlinkSync('/etc', join(folder, 'link.whylate'))
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.whylate'))
    for (const name of ['there', 'link', 'dangling'])
      await expect(openRecord(settingsOf(name))).rejects.toMatchObject({ name: 'Fault', exitCode: 2 })
    const wrong = { ...settingsOf('wrong'), interfaces: ['no-such-link'] }
    await expect(openRecord(wrong)).rejects.toMatchObject({ name: 'Fault' })
    expect(readdirSync(folder)).not.toContain('wrong.whylate')
    await expect(openRecord(settingsOf('no/such/place'))).rejects.toMatchObject({ name: 'Fault', exitCode: 3 })
    mkdirSync(join(folder, 'place'))
    const { path } = await recordFor(0.5, 'place')
    expect(path).toMatch(/\/place\/whylate-.*-\d{8}T\d{6}Z\.whylate$/)
  },
)

test('it ends by itself after so many late adverts, and when it is large enough', { timeout: 30_000 }, async () => {
  const late = await openRecord({ ...settingsOf('late'), maxLate: 1 })
  expect(await late.over).toEqual({ because: expect.stringContaining('--max-late'), isRefusal: false })
  expect((await late.stop('enough')).late.length).toBeGreaterThanOrEqual(1)
  const large = await openRecord({ ...settingsOf('large'), maxSizeBytes: 3000 })
  expect(await large.over).toEqual({ because: expect.stringContaining('--max-size'), isRefusal: false })
  await large.stop('enough')
})
