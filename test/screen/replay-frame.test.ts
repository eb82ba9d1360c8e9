// Frames of replays of real incidents, golden ones in test/golden/screen/replay; and what a key makes of them.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { textOf, widthOfRow } from '../../src/screen/cells.ts'
import { formatElapsed } from '../../src/screen/clock-bar.ts'
import { parseFilter } from '../../src/screen/filter.ts'
import { frameOf } from '../../src/screen/frame.ts'
import type { Size } from '../../src/screen/cells.ts'
import { initialState, type ScreenState } from '../../src/screen/state.ts'
import { requestOf } from '../../src/screen/request.ts'
import { openReplay, type ReplaySession } from '../../src/session/replay/replay-session.ts'
import type { Snapshot } from '../../src/engine/snapshot.ts'
import { instantOf, spanOf } from '../../src/time/instant.ts'
import { writeIncidentBundle } from '../fixtures/incident-bundle.ts'
import { hostile, hostileSnapshot } from '../fixtures/snapshots.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-replay-frames-'))
const settings = { budgetBytes: 128 * 1024 * 1024, interval: undefined, late: undefined, vrid: undefined }
const incidents = ['netns-freezer', 'qemu-sigstop-repeated', 'netns-blocked-log'] as const
const sessions = new Map<string, ReplaySession>()

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 3000 && !isSo(); tries++) await new Promise((done) => setTimeout(done, 10))
  expect(isSo()).toBe(true)
}

beforeAll(async () => {
  for (const name of incidents) {
    const path = join(folder, `${name}.whylate`)
    await writeIncidentBundle(name, path)
    const session = await openReplay(path, settings, { speed: undefined })
    sessions.set(name, session)
    await until(() => session.snapshot().replay?.reading === undefined)
  }
}, 120_000)
afterAll(async () => {
  for (const session of sessions.values()) await session.stop()
  rmSync(folder, { recursive: true, force: true })
})

function sessionOf(name: string): ReplaySession {
  const session = sessions.get(name)
  if (session === undefined) throw new Error(`no session of ${name}`)
  return session
}

const textAt = (snapshot: Snapshot, size: Size, state: ScreenState = initialState): string =>
  frameOf(snapshot, state, size)
    .rows.map((row) => `${textOf(row)}\n`)
    .join('')

const sizes: readonly (readonly [columns: number, rows: number])[] = [
  [80, 24],
  [120, 40],
  [200, 50],
  [40, 12],
]

/** The frame once all has come that it asks for. */
async function answeredAt(session: ReplaySession, size: Size, state: ScreenState = initialState): Promise<string> {
  const request = requestOf(session.snapshot(), state, size)
  session.ask(request)
  const isAnswered = ({ timeline, selected, beside }: Snapshot): boolean =>
    timeline?.from === request.timeline?.from &&
    timeline?.to === request.timeline?.to &&
    timeline?.columns === request.timeline?.columns &&
    timeline?.events?.from === request.timeline?.events?.from &&
    (request.late === undefined || selected?.late.number === request.late) &&
    beside?.late.number === request.beside
  await until(() => isAnswered(session.snapshot()))
  return textAt(session.snapshot(), size, state)
}

describe.each(incidents)('%s', (name) => {
  test.each(sizes)('at its end, %i×%i', async (columns, rows) => {
    const text = await answeredAt(sessionOf(name), { columns, rows })
    await expect(text).toMatchFileSnapshot(`../golden/screen/replay/${columns}x${rows}-${name}.txt`)
  })
})

/** The same engine live: no clock bar, and what is the newest is the newest. */
const asLive = (snapshot: Snapshot): Snapshot => ({ ...snapshot, mode: 'live', replay: undefined })

describe.each(['netns-freezer', 'netns-blocked-log'] as const)('%s, as it was seen live', (name) => {
  test.each(sizes)('%i×%i', async (columns, rows) => {
    const session = sessionOf(name)
    await answeredAt(session, { columns, rows })
    const text = textAt(asLive(session.snapshot()), { columns, rows })
    await expect(text).toMatchFileSnapshot(`../golden/screen/live/${columns}x${rows}-${name}.txt`)
  })
})

test('a note stands on the axis of the timeline, at its moment', async () => {
  const session = sessionOf('netns-freezer')
  const state: ScreenState = { ...initialState, pane: 'timeline', selected: 1 }
  await answeredAt(session, { columns: 80, rows: 24 }, state)
  const [one] = session.snapshot().late
  if (one === undefined) throw new Error('nothing was late')
  const marks = [{ at: one.at, text: 'Anna unfroze it' }]
  const rows = textAt({ ...session.snapshot(), marks }, { columns: 80, rows: 24 }, state).split('\n')
  const axis = rows.find((row) => row.includes('╵')) ?? ''
  expect(axis.indexOf('■')).toBe((rows.find((row) => row.includes('┤sent')) ?? '').indexOf('┤sent'))
})

describe.each(['netns-freezer', 'netns-blocked-log'] as const)('the timeline of %s', (name) => {
  test.each(sizes)('%i×%i', async (columns, rows) => {
    const text = await answeredAt(
      sessionOf(name),
      { columns, rows },
      { ...initialState, pane: 'timeline', selected: 1 },
    )
    await expect(text).toMatchFileSnapshot(`../golden/screen/replay/${columns}x${rows}-timeline-${name}.txt`)
  })
})

test('two late adverts beside each other', async () => {
  const state: ScreenState = { ...initialState, pane: 'compare', selected: 2, marked: 1 }
  const text = await answeredAt(sessionOf('qemu-sigstop-repeated'), { columns: 120, rows: 40 }, state)
  await expect(text).toMatchFileSnapshot('../golden/screen/replay/120x40-compare.txt')
})

test('the first late advert, its window, and one of its facts', async () => {
  const session = sessionOf('netns-freezer')
  const [first] = session.snapshot().late
  if (first === undefined) throw new Error('nothing was late')
  session.ask({ late: 1 })
  session.seek(first.at)
  await until(() => session.snapshot().now === first.at && session.snapshot().selected?.late.number === 1)
  const size = { columns: 80, rows: 24 }
  const state: ScreenState = { ...initialState, selected: 1 }
  for (const [what, one] of [
    ['first', state],
    ['window', { ...state, pane: 'window' }],
    ['item', { ...state, pane: 'item', item: 1 }],
  ] as const)
    await expect(textAt(session.snapshot(), size, one)).toMatchFileSnapshot(`../golden/screen/replay/80x24-${what}.txt`)
})

test('before the first late advert the list says when it comes, and the bar where', async () => {
  const session = sessionOf('qemu-sigstop-repeated')
  session.ask({ late: undefined })
  const { from } = session.snapshot().replay ?? { from: instantOf(0) }
  session.seek(instantOf(from + 2e9))
  await until(() => session.snapshot().now === from + 2e9)
  const text = textAt(session.snapshot(), { columns: 80, rows: 24 })
  expect(text).toMatch(/LATE - of \d+, the first in /)
  expect(text).toMatch(/paused .*┃.*▲.* 0:02 of \d+:\d\d/)
})

test('a note stands in the bar, below it at its moment, and in the window of a late advert', () => {
  const snapshot = sessionOf('netns-freezer').snapshot()
  const [one] = snapshot.late
  if (one === undefined) throw new Error('nothing was late')
  const noted = {
    ...snapshot,
    now: one.at,
    marks: [{ at: instantOf(one.at - 1e8), text: 'Anna unfroze \u001B[2Jit' }],
  }
  const text = textAt(noted, { columns: 80, rows: 24 }, { ...initialState, selected: one.number })
  expect(text).toMatch(/■ note \d\d:\d\d:\d\d Anna unfroze/)
  expect(text).toMatch(/NOTE \d\d:\d\d:\d\d\.\d{3} UTC Anna unfroze/)
  expect(text).not.toContain('\u001B')
})

test('a prompt and what is wrong with it fit every size, and the rows stay as many', () => {
  const snapshot = sessionOf('netns-blocked-log').snapshot()
  const filter = parseFilter('late>1s')
  const prompt = { kind: 'filter', text: `cause=${'界x'.repeat(200)}`, at: snapshot.now } as const
  const said = { text: 'wrong '.repeat(90), isWrong: true }
  const states: ScreenState[] = [
    { ...initialState, prompt },
    { ...initialState, prompt, said },
    { ...initialState, said },
    { ...initialState, pane: 'window', prompt },
    { ...initialState, pane: 'item', item: 3 },
    { ...initialState, filter: typeof filter === 'string' ? undefined : filter },
  ]
  const evil = hostile.slice(0, 10).map((name): Snapshot => {
    const { replay } = snapshot
    return { ...hostileSnapshot(name), mode: 'replay', replay, marks: [{ at: snapshot.now, text: name }] }
  })
  for (const one of [snapshot, ...evil])
    for (const state of states)
      for (const [columns, rows] of [
        [80, 24],
        [40, 12],
        [300, 60],
        [33, 7],
      ] as const) {
        for (const form of ['utf8', 'ascii'] as const) {
          const frame = frameOf(one, state, { columns, rows }, form)
          expect(frame.rows).toHaveLength(rows - 1)
          for (const row of frame.rows) expect(widthOfRow(row)).toBeLessThan(columns)
          const text = frame.rows.map(textOf).join('')
          expect(text).not.toMatch(form === 'ascii' ? /[^\x20-\x7e]/ : /[\p{Cc}\p{Cf}\p{Cs}]/u)
          // Where there is a prompt it is the last row.
          const isPrompted = state.prompt !== undefined && rows > 6
          expect(!isPrompted || textOf(frame.rows.at(-1) ?? []).includes('filter:')).toBe(true)
        }
      }
}, 60_000)

test('while a bundle is read there is a bar, a rate, the time left, and the key that stops it', () => {
  const snapshot = sessionOf('netns-freezer').snapshot()
  const { replay } = snapshot
  if (replay === undefined) throw new Error('no replay')
  const reading = { share: 0.43, bytesPerSecond: 118.3e6, leftMs: 12_200 }
  const busy = { ...snapshot, replay: { ...replay, reading } }
  expect(textAt(busy, { columns: 80, rows: 24 })).toMatch(
    /reading █+▌?░+ +43 % {2}118\.3 MB\/s {2}13 s left {2}Esc stops/,
  )
  expect(textAt(busy, { columns: 40, rows: 12 })).toMatch(/reading █*▌?░* +43 % {2}13 s left {2}Esc stops/)
})

test('an elapsed time is as short as it can be', () => {
  expect([0, 62, 3599, 3600, 30_125].map((seconds) => formatElapsed(spanOf(seconds * 1e9)))).toEqual([
    '0:00',
    '1:02',
    '59:59',
    '1:00:00',
    '8:22:05',
  ])
})
