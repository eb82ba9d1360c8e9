// A recording with guests in it: a member for each, what leads there left out, and the same rows when it is played.

import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { parseGuestCommands } from '../../src/capture/guest-command.ts'
import type { Manifest } from '../../src/bundle/manifest.ts'
import { openRecord } from '../../src/session/record.ts'
import { replayAll } from '../../src/session/replay/replay.ts'
import type { ProbeView } from '../../src/engine/snapshot.ts'
import { spanOf } from '../../src/time/instant.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-guests-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const fake = (name: string): string => resolve(import.meta.dirname, '../fixtures/bin', name)
const scap = resolve(import.meta.dirname, '../captures/incidents/guest-keepalived-stopped/guest.scap.gz')
const commands = [
  `lb01=sh -c 'zcat ${scap}; echo "hunter2 went by" >&2; sleep 100' |`,
  `lb-02=sh -c 'zcat ${scap}; exit 3' -p hunter2 |`,
  'lb03=no-such-program -p hunter2',
]
const manifestOf = (path: string): Manifest => JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as Manifest

async function record(name: string, keepsSecrets: boolean): Promise<string> {
  const recording = await openRecord({
    interfaces: [],
    netns: undefined,
    filter: undefined,
    engine: 'none',
    hasIostat: false,
    paths: { tcpdump: fake('streams-adverts') },
    guests: parseGuestCommands(commands),
    vrid: undefined,
    interval: spanOf(100e6),
    late: undefined,
    budgetBytes: 64 * 1024 * 1024,
    path: join(folder, name),
    keepsSecrets,
    maxSizeBytes: undefined,
    maxLate: undefined,
    flightBytes: undefined,
    program: { version: '0.1.0', commandLine: ['record', '--guest', commands[0] ?? '', `--guest=${commands[1]}`] },
  })
  await sleep(2500)
  await recording.stop('the test is over')
  return recording.path
}

const rowsOf = (probes: readonly ProbeView[]): readonly (readonly [string, string, boolean])[] =>
  probes.filter(({ name }) => name === 'sysdig').map(({ part, state, events }) => [part, state, events > 1000])

test('each guest is a member of its own, and the way to it is not kept', async () => {
  const path = await record('guests', false)
  expect(readdirSync(path).filter((name) => name.startsWith('sysdig'))).toEqual([
    'sysdig-lb01.scap.gz',
    'sysdig-lb_02.scap.gz',
  ])
  const { settings, probes, madeBy } = manifestOf(path)
  expect(settings.guests).toEqual(['lb01', 'lb-02', 'lb03'])
  expect(probes.filter(({ part }) => part !== undefined).map(({ part, argv }) => [part, argv])).toEqual([
    ['lb01', ['sh', '…']],
    ['lb-02', ['sh', '…']],
  ])
  expect(madeBy.commandLine).toEqual(['record', '--guest', 'lb01=sh …', '--guest=lb-02=sh …'])
  const played = await replayAll(path, {
    budgetBytes: 64 * 1024 * 1024,
    interval: undefined,
    late: undefined,
    vrid: undefined,
  })
  // Of another day: nothing of them can be placed.
  const rows = new Map(rowsOf(played.snapshot.probes).map(([part, ...rest]) => [part, rest]))
  expect(rows.get('lb01')).toEqual(['degraded', true])
  expect(rows.get('lb03')).toEqual(['absent', false])
  // It ended again and again: whichever of its lives this was, the ends are told.
  expect(rows.get('lb-02')?.[1]).toBe(true)
  const ends = played.session.blindSpots.filter(({ part, reason }) => part === 'lb-02' && reason.includes('code 3'))
  expect(ends.length).toBeGreaterThan(0)
})

test('with --keep-secrets it is kept', async () => {
  const { madeBy, probes } = manifestOf(await record('kept', true))
  expect(madeBy.commandLine).toContain(commands[0])
  expect(probes.some(({ argv }) => argv?.includes('hunter2') === true)).toBe(true)
})
