// A recording that follows keepalived's log: what it logged is in the bundle, and says the same when it is played.

import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { afterAll, expect, test, vi } from 'vitest'
import { parseGuestCommands, type GuestCommand } from '../../src/capture/guest-command.ts'
import { openRecord, type Recording } from '../../src/session/record.ts'
import { replayAll } from '../../src/session/replay/replay.ts'
import { spanOf } from '../../src/time/instant.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-record-log-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fake = (name: string): string => resolve(import.meta.dirname, '../fixtures/bin', name)

const record = (
  name: string,
  logs: readonly string[],
  flightBytes?: number,
  guestLogs: readonly GuestCommand[] = [],
  commandLine: readonly string[] = ['record'],
): Promise<Recording> =>
  openRecord({
    interfaces: [],
    netns: undefined,
    filter: undefined,
    engine: 'none',
    hasIostat: false,
    paths: { tcpdump: fake('streams-adverts') },
    logs,
    guestLogs,
    vrid: undefined,
    interval: spanOf(100e6),
    late: undefined,
    budgetBytes: 64 * 1024 * 1024,
    path: join(folder, name),
    keepsSecrets: false,
    maxSizeBytes: undefined,
    maxLate: undefined,
    flightBytes,
    program: { version: '0.1.0', commandLine },
  })

/** Of the bundle's log: which log, and what it said. */
const linesOf = (path: string): { readonly from: string; readonly line: string }[] =>
  gunzipSync(readFileSync(join(path, 'log.ndjson.gz')))
    .toString()
    .trimEnd()
    .split('\n')
    .map((one) => JSON.parse(one) as { from: string; line: string })

test.each([undefined, 8 * 1024 * 1024])('with flight memory %s', { timeout: 30_000 }, async (flightBytes) => {
  const log = join(folder, 'keepalived.log')
  writeFileSync(log, '2026-01-01T00:00:00+00:00 lb01 Keepalived_vrrp[812]: of another day\n')
  const recording = await record(`night-${flightBytes ?? 'plain'}`, [log], flightBytes)
  await sleep(500)
  const stamp = new Date().toISOString().replace('Z', '000+00:00')
  const line = (program: string, text: string): string => `${stamp} lb01 ${program}: ${text}\n`
  appendFileSync(
    log,
    [
      line('Keepalived_vrrp[812]', 'A thread timer expired 1.909790 seconds ago'),
      line('sshd[99]', 'Accepted password for root'),
      line('Keepalived_vrrp[812]', `(VI_1) \u001B[31m Entering BACKUP STATE`),
      line('Keepalived_vrrp[812]', 'x'.repeat(70_000)),
      line('Keepalived_vrrp[812]', 'last'),
    ].join(''),
  )
  await sleep(700)
  const live = await recording.stop('the test is over')
  const lines = linesOf(recording.path)
  expect(lines.map(({ from }) => from)).toEqual(Array.from({ length: 3 }, () => 'keepalived.log'))
  expect(lines[0]?.line).toContain('A thread timer expired')
  expect(JSON.stringify(lines)).not.toMatch(/sshd|another day/)
  const played = await replayAll(recording.path, {
    budgetBytes: 64 * 1024 * 1024,
    interval: undefined,
    late: undefined,
    vrid: undefined,
  })
  expect(played.complaints).toEqual([])
  const eventsOf = (probes: typeof live.probes): unknown =>
    probes.filter(({ name }) => name === 'log').map(({ name, events, state }) => ({ name, events, state }))
  expect(eventsOf(live.probes)).toEqual([{ name: 'log', events: 3, state: 'ok' }])
  expect(eventsOf(played.snapshot.probes)).toEqual(eventsOf(live.probes))
})

test(
  '--log journal: what journalctl says of keepalived, and nothing it is not asked for',
  { timeout: 30_000 },
  async () => {
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    const entry =
      '{"__REALTIME_TIMESTAMP":"%s000","SYSLOG_IDENTIFIER":"Keepalived_vrrp","MESSAGE":"A thread timer expired 1.5 seconds ago"}'
    const script = `#!/bin/sh\necho "$@" > ${join(folder, 'argv')}\nprintf '${entry}\\n' "$(date +%s%3N)"\nexec sleep 60\n`
    writeFileSync(join(bin, 'journalctl'), script, { mode: 0o755 })
    const path = process.env['PATH']
    process.env['PATH'] = `${bin}:${path}`
    try {
      const recording = await record('journal', ['journal'])
      await sleep(1000)
      await recording.stop('the test is over')
      expect(linesOf(recording.path)).toEqual([{ from: 'journal', line: expect.stringContaining('A thread timer') }])
      expect(readFileSync(join(folder, 'argv'), 'utf8')).toMatch(
        /^--follow --lines=0 --output=json .*-t Keepalived_vrrp/,
      )
    } finally {
      process.env['PATH'] = path
    }
  },
)

test(
  '--log NAME=COMMAND: lines from inside a guest, by its name; what led there is in no member',
  { timeout: 30_000 },
  async () => {
    const stamp = new Date().toISOString().replace('Z', '000+00:00')
    const says = join(folder, 'says')
    writeFileSync(says, `${stamp} lb01 Keepalived_vrrp[812]: A thread timer expired 1.909790 seconds ago\n`)
    const typed = `lb01=env SECRET=hush tail -n +1 -F ${says} |`
    const argv = ['record', '--log', typed, `--log=${typed}`, '--log', '/var/log/x']
    const recording = await record('guest', [], undefined, parseGuestCommands([typed], '--log'), argv)
    await sleep(1000)
    const live = await recording.stop('the test is over')
    expect(linesOf(recording.path)).toEqual([{ from: 'lb01', line: expect.stringContaining('A thread timer expired') }])
    expect(live.probes.filter(({ name }) => name === 'log')).toMatchObject([{ events: 1, state: 'ok', detail: 'env' }])
    const manifest = readFileSync(join(recording.path, 'manifest.json'), 'utf8')
    const tape = gunzipSync(readFileSync(join(recording.path, 'probes.ndjson.gz'))).toString()
    expect(manifest).toContain('"lb01=env …"')
    expect(manifest).toContain('"--log=lb01=env …"')
    expect(manifest).toContain('"/var/log/x"')
    for (const member of [manifest, tape]) expect(member).not.toContain('hush')
    expect(tape).toContain('"tool":"log"')
  },
)

test(
  'a log inside a guest that has nothing to say is followed, and is no blind spot for it',
  { timeout: 30_000 },
  async () => {
    const recording = await record('quiet', [], undefined, parseGuestCommands(['lb01=sleep 60 |'], '--log'))
    await vi.waitFor(() => {
      const row = recording.session.snapshot().probes.find(({ name }) => name === 'log')
      expect(row).toMatchObject({ state: 'ok', events: 0, detail: 'sleep' })
    }, 5000)
    const { blindSpots } = await recording.stop('the test is over')
    expect(blindSpots.filter(({ source, to }) => source === 'log' && to === undefined)).toEqual([])
  },
)
