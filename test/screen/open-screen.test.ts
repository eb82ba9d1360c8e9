// The whole screen, keys in and terminal bytes out.

import { expect, test, vi } from 'vitest'
import { formatSession } from '../../src/report/plain.ts'
import { frameOf } from '../../src/screen/frame.ts'
import { openScreen } from '../../src/screen/open-screen.ts'
import { initialState } from '../../src/screen/state.ts'
import { textOf } from '../../src/screen/cells.ts'
import type { Snapshot } from '../../src/engine/snapshot.ts'
import {
  hostile,
  hostileSnapshot,
  noFlows,
  overdue,
  quiet,
  slightWindow,
  takeoverWindow,
  twoLate,
} from '../fixtures/snapshots.ts'
import { createSourceRig, createTerminalRig, type SourceRig, type TerminalRig } from './terminal-rig.ts'

const escape = String.fromCharCode(0x1b)
const bell = String.fromCharCode(7)
const c1 = `${String.fromCharCode(0x80)}-${String.fromCharCode(0x9f)}`

interface Opened {
  readonly rig: TerminalRig
  readonly source: SourceRig
  readonly quits: (NodeJS.Signals | undefined)[]
  readonly closed: Promise<void>
}

function opened(snapshot: Snapshot, columns = 80, rows = 24, env: Record<string, string> = {}): Opened {
  const rig = createTerminalRig(columns, rows, env)
  const source = createSourceRig(snapshot)
  const quits: (NodeJS.Signals | undefined)[] = []
  const closed = openScreen({ source, terminal: rig.streams, onQuit: (signal) => void quits.push(signal) })
  return { rig, source, quits, closed }
}

const shows = (rig: TerminalRig, text: string): Promise<void> =>
  vi.waitFor(async () => expect((await rig.screen()).join('\n')).toContain(text))

/** What stands on the terminal is the frame, row by row. */
const showsFrame = (rig: TerminalRig, snapshot: Snapshot, columns: number, rows: number): Promise<void> =>
  vi.waitFor(async () => {
    const frame = frameOf(snapshot, initialState, { columns, rows })
    // A cell with a colour may end in spaces, which nobody sees.
    expect((await rig.screen()).map((row) => row.trimEnd())).toEqual([...frame.rows.map(textOf), ''])
  })

test('the first frame stands on the alternate screen, row by row', async () => {
  const { rig, closed } = opened(twoLate)
  await showsFrame(rig, twoLate, 80, 24)
  expect(await rig.buffer()).toBe('alternate')
  expect(rig.isRaw()).toBe(true)
  rig.type('q')
  await closed
})

test('a change is drawn where it belongs, and nothing else is drawn', async () => {
  const { rig, source, closed } = opened(quiet)
  await showsFrame(rig, quiet, 80, 24)
  const before = rig.bytes().length
  const changed = { ...quiet, probes: quiet.probes.map((probe) => ({ ...probe, dropped: 5 })) }
  source.show(changed)
  await showsFrame(rig, changed, 80, 24)
  // Two rows with their colours; the whole frame is more than 5 kB.
  expect(rig.bytes().length - before).toBeLessThan(1200)
  rig.type('q')
  await closed
})

test('nothing is written when nothing changes', async () => {
  const { rig, source, closed } = opened(twoLate)
  await showsFrame(rig, twoLate, 80, 24)
  const before = rig.bytes()
  for (let version = 100; version < 120; version++) {
    source.show({ ...twoLate, version })
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  expect(rig.bytes()).toBe(before)
  rig.type('q')
  await closed
})

test('what is overdue counts up between two snapshots', async () => {
  const { rig, closed } = opened(overdue)
  await shows(rig, 'overdue 0.3')
  await shows(rig, 'overdue 0.7')
  rig.type('q')
  await closed
  expect(await rig.buffer()).toBe('normal')
})

test('a comma goes to the older late advert, asks for its window, and says so until it is there', async () => {
  const { rig, source, closed } = opened(twoLate)
  await shows(rig, 'WHY #2')
  rig.type(',')
  await shows(rig, 'Reading the window')
  expect(source.asked).toEqual([{ late: 1 }])
  source.show({ ...twoLate, selected: slightWindow })
  await shows(rig, 'main loop waited')
  rig.type('.')
  await vi.waitFor(() => expect(source.asked).toEqual([{ late: 1 }, { late: 2 }]))
  rig.type('q')
  await closed
})

test('keys that arrive in one piece are all obeyed, in their order', async () => {
  const { rig, source, closed } = opened(twoLate)
  await shows(rig, 'WHY #2')
  rig.type(',.,\r')
  await vi.waitFor(() => expect(source.asked).toEqual([{ late: 1 }, { late: 2 }, { late: 1 }]))
  source.show({ ...twoLate, selected: slightWindow })
  await shows(rig, 'previous 11:55:36.290')
  rig.type('q')
  await closed
})

test('arrows, Enter and Esc work as their escape sequences', async () => {
  const { rig, closed } = opened(twoLate)
  await shows(rig, 'WHY #2')
  rig.type('\u001B[B')
  await shows(rig, 'LATE 1 of 2, 1 newer')
  rig.type('\u001BOA')
  await shows(rig, 'LATE 2 of 2')
  rig.type('\r')
  await shows(rig, 'previous 12:03:21.340')
  rig.type('\u001B[6~')
  await shows(rig, 'end')
  rig.type('\u001B')
  await shows(rig, 'LATE 2 of 2')
  rig.type('q')
  await closed
  expect(await rig.buffer()).toBe('normal')
})

test.each(['\u001B?', '\u001B\u001B?', '\u001B\u001B[A?'])(
  '%j in one piece is Esc and what comes after it',
  async (keys) => {
    const { rig, closed } = opened(twoLate)
    await shows(rig, 'WHY #2')
    rig.type('\r')
    await shows(rig, 'previous 12:03:21.340')
    rig.type(keys)
    // The help is that of the overview, into which Esc has gone back.
    await shows(rig, 'down the list of late adverts')
    rig.type('?')
    await shows(rig, 'LATE 2 of 2')
    rig.type('q')
    await closed
    expect(await rig.buffer()).toBe('normal')
  },
)

test('a pause holds the view and counts what is new', async () => {
  const { rig, source, closed } = opened({ ...twoLate, late: twoLate.late.slice(0, 1), selected: slightWindow })
  await shows(rig, 'WHY #1')
  rig.type(' ')
  await shows(rig, 'PAUSED · 0 new late')
  source.show(twoLate)
  await shows(rig, 'PAUSED · 1 new late')
  await shows(rig, 'WHY #1')
  rig.type(' ')
  await shows(rig, 'WHY #2')
  rig.type('q')
  await closed
  expect(await rig.buffer()).toBe('normal')
})

test('the help shows the keys', async () => {
  const { rig, closed } = opened(twoLate)
  await shows(rig, 'WHY #2')
  rig.type('?')
  await shows(rig, 'back to the shell until fg')
  rig.type('?')
  await shows(rig, 'WHY #2')
  rig.type('q')
  await closed
  expect(await rig.buffer()).toBe('normal')
})

test.each(['q', '\u0003'])('%j quits once, and the terminal is as it was', async (key) => {
  const { rig, source, quits, closed } = opened(twoLate)
  await shows(rig, 'WHY #2')
  rig.type(key)
  await closed
  expect(quits).toEqual([undefined])
  expect(await rig.buffer()).toBe('normal')
  expect(rig.isRaw()).toBe(false)
  expect(source.listeners()).toBe(0)
  const bytes = rig.bytes()
  expect(bytes.lastIndexOf('\u001B[?25h')).toBeGreaterThan(bytes.lastIndexOf('\u001B[?25l'))
  source.show(quiet)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(rig.bytes()).toBe(bytes)
})

test('a signal ends the screen, and the terminal is restored before anybody hears of it', async () => {
  const rig = createTerminalRig(80, 24)
  const heard: string[] = []
  const closed = openScreen({
    source: createSourceRig(twoLate),
    terminal: rig.streams,
    onQuit: (signal) => void heard.push(`${signal} ${rig.isRaw() ? 'raw' : 'restored'}`),
  })
  await shows(rig, 'WHY #2')
  process.emit('SIGTERM', 'SIGTERM')
  await closed
  expect(heard).toEqual(['SIGTERM restored'])
})

test('a storm of sizes ends in the right frame and never wipes the scrollback', async () => {
  const { rig, closed } = opened(twoLate)
  rig.streams.stdout.write('')
  await showsFrame(rig, twoLate, 80, 24)
  for (let step = 0; step < 60; step++) {
    rig.resize(30 + ((step * 37) % 120), 4 + ((step * 13) % 50))
    if (step % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 40))
  }
  rig.resize(100, 30)
  await showsFrame(rig, twoLate, 100, 30)
  rig.resize(40, 10)
  await showsFrame(rig, twoLate, 40, 10)
  expect(rig.bytes()).not.toContain('\u001B[3J')
  expect(rig.bytes()).not.toContain('\u001Bc')
  rig.type('q')
  await closed
  expect(await rig.buffer()).toBe('normal')
})

test('what stood in the terminal before is there again', async () => {
  const rig = createTerminalRig(80, 24)
  rig.streams.stdout.write(Array.from({ length: 100 }, (_, line) => `line ${line}\n`).join(''))
  const before = await rig.history()
  const closed = openScreen({ source: createSourceRig(twoLate), terminal: rig.streams, onQuit: () => {} })
  await shows(rig, 'WHY #2')
  rig.type('q')
  await closed
  expect(await rig.history()).toEqual(before)
})

test('a defect of ours restores the terminal and comes out', async () => {
  const rig = createTerminalRig(80, 24)
  const source = createSourceRig(twoLate)
  const closed = openScreen({ source, terminal: rig.streams, onQuit: () => {} })
  await shows(rig, 'WHY #2')
  const broken = { ...twoLate, mode: 'replay' as const, fault: 'so that it is drawn' }
  Object.defineProperty(broken, 'own', {
    get() {
      throw new Error('a defect')
    },
  })
  source.show(broken)
  await expect(closed).rejects.toThrow('a defect')
  expect(await rig.buffer()).toBe('normal')
  expect(rig.isRaw()).toBe(false)
})

test.each(hostile)('the terminal shows the name %j as text, and every column stays in its place', async (name) => {
  const { rig, closed } = opened(hostileSnapshot(name), 100, 44)
  await shows(rig, 'FROM DUE')
  // Through every pane, the event and the two beside each other included.
  for (const [key, text] of [
    ['t', 'TIMELINE'],
    ['\r', 'EVENTS'],
    ['t', 'TIMELINE'],
    ['t', 'WHY #2'],
    ['c', '#2 is marked'],
    [',', 'WHY #1'],
    ['c', '#2 AND #1'],
  ] as const) {
    rig.type(key)
    await shows(rig, text)
  }
  rig.type(escape)
  await shows(rig, 'FLOW')
  rig.type(' ')
  await shows(rig, 'PAUSED')
  // In the rows of both flows these stand behind the name.
  const [overdueSign] = await rig.columnsOf('1.000 s ▲')
  expect(overdueSign).toBeGreaterThan(16)
  expect(await rig.columnsOf('1.000 s ●')).toEqual([overdueSign])
  expect(await rig.buffer()).toBe('alternate')
  // Nothing but what Ink and we send: no OSC, no DCS, no C1, no bell.
  expect(rig.bytes()).not.toMatch(new RegExp(`${escape}[\\]PX^_]|[${c1}${bell}]`, 'u'))
  rig.type('q')
  await closed
})

test('without colour there is no colour', async () => {
  const { rig, closed } = opened(twoLate, 80, 24, { NO_COLOR: '1' })
  await shows(rig, 'WHY #2')
  expect(rig.bytes()).not.toMatch(new RegExp(`${escape}\\[(?:3|4|9)\\d*(?:;[\\d;]*)?m`))
  rig.type('q')
  await closed
})

test('without UTF-8 everything is ASCII', async () => {
  const { rig, closed } = opened(twoLate, 80, 24, { LANG: 'C' })
  await shows(rig, 'WHY #2')
  expect(Buffer.byteLength(rig.bytes())).toBe(rig.bytes().length)
  rig.type('q')
  await closed
})

test('a dumb terminal gets lines, and what is new', async () => {
  const { rig, source, quits, closed } = opened(noFlows, 80, 24, { TERM: 'dumb' })
  expect(rig.bytes()).toContain(formatSession(noFlows))
  source.show({ ...twoLate, selected: takeoverWindow })
  await vi.waitFor(() => expect(rig.bytes()).toContain('3 more facts are not listed'))
  expect(rig.bytes()).not.toContain('\u001B')
  const told = rig.bytes()
  source.show({ ...twoLate, version: 1000 })
  await rig.screen()
  expect(rig.bytes()).toBe(told)
  rig.type('q\n')
  await closed
  expect(quits).toEqual([undefined])
})
