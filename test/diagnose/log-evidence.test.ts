// keepalived's log beside the verdict: it confirms what others have seen, by content and not by its clock, and convicts nobody.

import { readFileSync, writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import type { FinishedSession } from '../../src/engine/finished.ts'
import { guestScapOf, incidentsFolder, playIncident } from '../fixtures/incident.ts'
import { movedScap } from '../fixtures/moved-scap.ts'
import { instantOf } from '../../src/time/instant.ts'
import { filesOf, importOf, type Source } from '../fixtures/report.ts'

vi.setConfig({ testTimeout: 60_000 })

const folder = mkdtempSync(join(tmpdir(), 'whylate-log-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0

const logOf = (incident: string, name: string): string => readFileSync(join(incidentsFolder, incident, name), 'utf8')

function withLog(
  incident: string,
  text: string,
  without: readonly Source[] = ['scap', 'iostat'],
): Promise<FinishedSession> {
  const path = join(folder, `${++count}-master.log`)
  writeFileSync(path, text)
  return importOf({ ...filesOf(incident, without), logs: [path] })
}

const sentences = (session: FinishedSession): (string | undefined)[] =>
  session.windows.map((view) =>
    view.explanation?.evidence.find((one) => one.includes('-master.log'))?.replaceAll(/\d+-master/g, 'master'),
  )
const agrees = (expired: string): string =>
  `keepalived’s own log agrees: “A thread timer expired ${expired} seconds ago” (master.log): its loop ran late by as much`

test('a line of the same length right behind the gap agrees, and stands in the window as wide as its stamp', async () => {
  const session = await withLog('netns-freezer', logOf('netns-freezer', 'keepalived-master.log'))
  expect(sentences(session)).toEqual([agrees('1.909790'), agrees('4.053618')])
  const fact = session.windows[0]?.facts.find((one) => one.kind === 'log')
  expect(fact).toMatchObject({ isCoarse: true, share: 0, text: expect.stringContaining('1.909790') })
  expect((fact?.window.to ?? 0) - (fact?.window.from ?? 0)).toBe(1e9)
})

test('a guest’s clock that is off by seconds, and one in another zone', async () => {
  expect(sentences(await withLog('qemu-sigstop', logOf('qemu-sigstop', 'keepalived-master.log')))).toEqual([
    agrees('3.268874'),
  ])
  const elsewhere = logOf('netns-freezer', 'keepalived-master.log').replaceAll(' 12:', ' 17:')
  expect(sentences(await withLog('netns-freezer', elsewhere))).toEqual([agrees('1.909790'), agrees('4.053618')])
})

test('one line hours away, or of another length, agrees with nothing', async () => {
  expect(
    sentences(
      await withLog('netns-freezer', 'Sun Nov 22 17:28:42 2026: A thread timer expired 1.909790 seconds ago\n'),
    ),
  ).toEqual([undefined, undefined])
  expect(
    sentences(
      await withLog('netns-freezer', 'Sun Nov 22 12:28:40 2026: A thread timer expired 1.209790 seconds ago\n'),
    ),
  ).toEqual([
    'in this gap keepalived logged “A thread timer expired 1.209790 seconds ago” (master.log): its loop ran late, too',
    undefined,
  ])
})

test('silence says something of a long gap in a log that goes on and is this router’s, and else nothing', async () => {
  const held = await withLog('tap-held', logOf('tap-held', 'keepalived-master.log'))
  expect(sentences(held)[0]).toMatch(/^master\.log goes on through this gap and tells of no thread timer/)
  // The backup's log is no account of the master, and below a second keepalived says nothing.
  expect(sentences(await withLog('tap-held', logOf('tap-held', 'keepalived-backup.log')))).toEqual([
    undefined,
    undefined,
  ])
  const cut = logOf('netns-freezer', 'keepalived-master.log').split('\n').slice(0, 6).join('\n')
  expect(sentences(await withLog('netns-freezer', cut))).toEqual([undefined, undefined])
})

test('with or without the log, cause, culprit and confidence are the same', async () => {
  const told = ({ windows }: FinishedSession): unknown =>
    windows.map(({ explanation }) => [explanation?.cause, explanation?.confidence, explanation?.culprit])
  for (const incident of ['netns-freezer', 'tap-held', 'cpu-quota-qemu'] as const) {
    const without = await importOf(filesOf(incident, ['iostat']))
    const lies = 'Sun Nov 22 12:28:42 2026: A thread timer expired 4.100000 seconds ago\n'
    for (const text of [logOf(incident, 'keepalived-master.log'), lies])
      expect(told(await withLog(incident, text, ['iostat']))).toEqual(told(without))
  }
})

test('a log that bears a guest’s name lies where that guest’s adverts say, to the millisecond; another one by its own clock', async () => {
  const scap = guestScapOf('qemu-sigstop') ?? new Uint8Array()
  // Five seconds ahead of what it was.
  const ahead = movedScap(scap, (ns) => ns + 5_000_000_000n)
  const { engine, originUs } = await playIncident('qemu-sigstop', ['host', 'tcpdump'], {}, { lb01: ahead })
  const [late] = engine.late
  const placing = engine.kernels().find(({ vantage }) => vantage.part === 'lb01')?.placing
  if (late === undefined || placing?.kind !== 'guest') throw new Error('nothing late, or no guest')
  const moment = instantOf(late.at + 300e6)
  const stamp = new Date(originUs / 1000 + Math.round(placing.clock.there(moment) / 1e6)).toISOString()
  const line = `${stamp.replace('Z', '000+00:00')} lb01 Keepalived_vrrp[812]: (VI_1) Entering MASTER STATE\n`
  for (const part of ['lb01', 'lb02'])
    engine.take({ kind: 'bytes', probe: 'log', at: late.at, life: 0, part, bytes: Buffer.from(line) })
  const facts = engine.snapshot({ late: late.number }).selected?.facts.filter(({ kind }) => kind === 'log') ?? []
  expect(facts.map(({ text }) => text)).toEqual(['(VI_1) Entering MASTER STATE (lb01)'])
  expect(Math.abs((facts[0]?.window.from ?? 0) - moment)).toBeLessThan(3e6)
})
