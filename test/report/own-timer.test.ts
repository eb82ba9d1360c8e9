// An advert that is late by its own timer alone (W4r): every form tells that lateness, and none tells how much too early it
// came by the timer that foreign adverts had re-armed.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { isByOwnTimer, latenessOf } from '../../src/diagnose/lateness.ts'
import { comparisonOf } from '../../src/report/comparison.ts'
import { formatHtml } from '../../src/report/html.ts'
import { formatMarkdown } from '../../src/report/markdown.ts'
import { formatSession } from '../../src/report/plain.ts'
import { reportOf } from '../../src/report/report.ts'
import { everything } from '../../src/report/selection.ts'
import { formatText } from '../../src/report/text.ts'
import { textOf } from '../../src/screen/cells.ts'
import { frameOf } from '../../src/screen/frame.ts'
import { initialState } from '../../src/screen/state.ts'
import type { FinishedSession } from '../../src/engine/finished.ts'
import { openReplay, type ReplaySession } from '../../src/session/replay/replay-session.ts'
import { spanOf } from '../../src/time/instant.ts'
import { writeIncidentBundle } from '../fixtures/incident-bundle.ts'
import { filesOf, importOf } from '../fixtures/report.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-own-timer-'))
let session: FinishedSession
let replay: ReplaySession

beforeAll(async () => {
  session = await importOf(filesOf('foreign-vrid'))
  const path = join(folder, 'foreign-vrid.whylate')
  await writeIncidentBundle('foreign-vrid', path)
  const settings = { budgetBytes: 128 * 1024 * 1024, interval: undefined, late: undefined, vrid: undefined }
  replay = await openReplay(path, settings, { speed: undefined })
  for (let tries = 0; tries < 3000 && replay.snapshot().replay?.reading !== undefined; tries++)
    await new Promise((done) => setTimeout(done, 10))
}, 60_000)
afterAll(async () => {
  await replay.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** How late, and how long: `-0.390 s late`, `+-0.390 s`, `unexplained -390 ms`. Offsets from due and a drift may be below 0. */
const negative = /-\d+(?:\.\d+)? (?:s|ms|µs|min) late|\+-\d|(?:unexplained|re-armed)[\s|]+-\d/

test('the incident has adverts that came before the timer as re-armed was due', () => {
  const early = session.windows.filter(({ late }) => late.overrun < 0)
  expect(early.length).toBeGreaterThan(3)
  for (const { late } of early) {
    expect(isByOwnTimer(late)).toBe(true)
    expect(latenessOf(late)).toBe(late.ownOverrun)
  }
})

test('late by the timer that counts is told by that one, whatever its own alone says', () => {
  expect(latenessOf({ wire: 'W1', overrun: spanOf(4e8), ownOverrun: spanOf(24e8) })).toBe(4e8)
})

test.each([
  ['text', formatText],
  ['Markdown', formatMarkdown],
  ['HTML', formatHtml],
])('%s', (_form, format) => {
  const told = format(session, everything)
  expect(told).not.toMatch(negative)
  expect(told).toContain('2.652 s late by its own timer, gap 3.653 s')
  expect(told).toMatch(/re-armed[ |,]+2\.652 s/)
})

test('the other router leads the suspects, and nobody is measured against a lateness that is none', () => {
  for (const { explanation } of session.windows)
    expect(explanation?.suspects.map((one) => [one.kind, one.what, one.covers])).toEqual([
      ['flow', explanation?.culprit?.name, 1],
    ])
})

test('the causes and a comparison sum what is told', () => {
  const report = reportOf(session, everything)
  const sum = report.late.reduce((all, one) => all + one.ownOverrunMs, 0)
  expect(report.causes.map((one) => [one.cause, Math.round(one.ms)])).toEqual([['foreign-vrid', Math.round(sum)]])
  const before = comparisonOf(report, report)?.before
  expect(Math.round(before?.totalLateMs ?? 0)).toBe(Math.round(sum))
  expect(before?.overrunMs?.median).toBeGreaterThan(500)
})

test.each([
  [40, 12],
  [80, 24],
  [120, 40],
  [200, 50],
])('the screen at %i x %i, the list and the window', (columns, rows) => {
  const snapshot = replay.snapshot()
  expect(snapshot.late.some((late) => late.overrun < 0)).toBe(true)
  for (const pane of ['overview', 'window'] as const) {
    const told = frameOf(snapshot, { ...initialState, pane }, { columns, rows })
      .rows.map(textOf)
      .join('\n')
    expect(told).not.toMatch(negative)
    expect(told).toMatch(columns < 80 ? /by its own timer/ : /re-armed +[\d.]+ m?s +100 %/)
  }
})

test('lines of text, too', () => {
  const told = formatSession(replay.snapshot())
  expect(told).not.toMatch(negative)
  expect(told).toContain('late by its own timer')
})
