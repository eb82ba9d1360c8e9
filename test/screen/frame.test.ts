// Frames as text: golden ones in test/golden/screen, one a situation and size. What holds for every frame is in every-frame.test.ts.

import { expect, test } from 'vitest'
import { textOf } from '../../src/screen/cells.ts'
import { frameOf } from '../../src/screen/frame.ts'
import { initialState, type ScreenState } from '../../src/screen/state.ts'
import type { Snapshot } from '../../src/engine/snapshot.ts'
import { after, spanOf } from '../../src/time/instant.ts'
import {
  flow,
  late,
  noFlows,
  overdue,
  probeFailed,
  quiet,
  slightWindow,
  takeoverWindow,
  twoLate,
} from '../fixtures/snapshots.ts'

const situations = { quiet, overdue, twoLate, probeFailed, noFlows }
const inWindow: ScreenState = { ...initialState, pane: 'window', selected: 2 }

function textAt(snapshot: Snapshot, columns: number, rows: number, state = initialState): string {
  return frameOf(snapshot, state, { columns, rows })
    .rows.map((row) => `${textOf(row)}\n`)
    .join('')
}

for (const [columns, rows] of [
  [80, 24],
  [120, 40],
  [200, 50],
  [40, 12],
] as const) {
  test.each(Object.entries(situations))(`%s at ${columns}×${rows}`, async (name, snapshot) => {
    const golden = `../golden/screen/${columns}x${rows}-${name}.txt`
    await expect(textAt(snapshot, columns, rows)).toMatchFileSnapshot(golden)
  })
}

test('the window of a late advert at full height', async () => {
  await expect(textAt(twoLate, 80, 24, inWindow)).toMatchFileSnapshot('../golden/screen/80x24-window.txt')
})

test('the help', async () => {
  await expect(textAt(twoLate, 80, 24, { ...initialState, isHelp: true })).toMatchFileSnapshot(
    '../golden/screen/80x24-help.txt',
  )
})

test('the first frame without UTF-8', async () => {
  const frame = frameOf(twoLate, initialState, { columns: 80, rows: 24 }, 'ascii')
  await expect(frame.rows.map((row) => `${textOf(row)}\n`).join('')).toMatchFileSnapshot(
    '../golden/screen/80x24-ascii.txt',
  )
})

test('at 40×10 the takeover, its meaning and the fact that covers most are still there', () => {
  const text = textAt(twoLate, 40, 10)
  expect(text).toContain('LATE 2 of 2')
  expect(text).toContain('4.035 s late')
  expect(text).toContain('Never issued in time')
  expect(text).toContain('-0.390 s  99 %')
})

test('below 20×5 one line still tells whether there is trouble', () => {
  expect(textAt(twoLate, 19, 4)).toMatch(/^2 late\n/)
  expect(textAt(overdue, 19, 4)).toMatch(/^1 overdue 0 late\n/)
})

test('an overdue advert counts with the clock, and its margin runs out', () => {
  const later = { ...overdue, now: after(overdue.now, spanOf(0.5e9)) }
  expect(textAt(overdue, 80, 24)).toContain('overdue 0.312 s, 0.089 s to a takeover')
  expect(textAt(later, 80, 24)).toContain('overdue 0.812 s, takeover due since 0.411 s')
})

test('where flows do not fit, those in trouble come first and the rest is counted', () => {
  const flows = Array.from({ length: 30 }, (_, index) =>
    flow({ id: `f${index}`, link: `tap${index}`, late: index === 28 ? 3 : 0 }),
  )
  const [one] = overdue.overdue
  if (one === undefined) throw new Error('the fixture has nothing overdue')
  const snapshot = { ...quiet, flows, overdue: [{ ...one, flow: 'f29' }] }
  const rows = textAt(snapshot, 80, 16).split('\n')
  expect(rows[3]).toContain('tap29 vrid 205 v2')
  expect(rows[3]).toContain('overdue')
  expect(rows[4]).toContain('tap28 vrid 205 v2')
  expect(rows.join('\n')).toMatch(/and \d+ more flows, all on time so far/)
})

test('two routers of one VRID on one link are told apart by their source', () => {
  const flows = [flow(), flow({ id: 'backup', source: '192.168.7.12', state: 'backup', dueAt: undefined })]
  const text = textAt({ ...quiet, flows }, 120, 40)
  expect(text).toContain('tap1a2b3c4d-5e vrid 205 v2 192.168.7.11')
  expect(text).toMatch(/vrid 205 v2 192\.168\.7\.12 .*○ backup/)
})

test('a flow that has gone silent says since when', () => {
  const flows = [flow({ state: 'silent', dueAt: undefined })]
  expect(textAt({ ...quiet, flows }, 80, 24)).toContain('▲ silent from 12:03:33')
})

test('of many late adverts the cursor is always in view', () => {
  const many = Array.from({ length: 50 }, (_, index) => late(index + 1, 100 + index * 10))
  const snapshot = { ...twoLate, late: many }
  for (const selected of [1, 2, 25, 49, 50]) {
    const text = textAt(snapshot, 80, 24, { ...initialState, selected })
    expect(text).toMatch(new RegExp(`▶ +#${selected} `))
    expect(text).toContain(`LATE ${selected} of 50`)
  }
})

test('the window of another late advert is not shown for the selected one', () => {
  const text = textAt({ ...twoLate, selected: takeoverWindow }, 80, 24, { ...initialState, selected: 1 })
  expect(text).toContain('WHY #1')
  expect(text).toContain('Reading the window')
  expect(text).not.toContain('stopped by SIGSTOP')
})

test('while paused the held view stays, and the window that was asked for is still brought', () => {
  const held = { ...twoLate, runningFor: spanOf(60e9) }
  const state: ScreenState = { ...initialState, held, selected: 1 }
  const newest = late(3, 1085)
  const text = textAt({ ...twoLate, late: [...twoLate.late, newest], selected: slightWindow }, 80, 24, state)
  expect(text).toContain('PAUSED · 1 new late')
  expect(text).toContain('1 min')
  expect(text).toContain('main loop waited')
  expect(text).toContain('space goes on')
})

test('a coarse fact that covers everything does not push out one that is exact', () => {
  const text = textAt(twoLate, 40, 10)
  expect(text).not.toContain('sda')
  expect(text).toContain('qemu')
})

test('what could not be seen stays in view when facts are many', () => {
  const view = { ...takeoverWindow, blindSpots: probeFailed.blindSpots }
  expect(textAt({ ...twoLate, selected: view }, 80, 24)).toMatch(/UNSEEN sysdig from -0\.412 s to \+0\.088/)
})

test('the window pane scrolls to its end and not beyond', () => {
  const size = { columns: 80, rows: 24 }
  const top = frameOf(twoLate, inWindow, size)
  expect(top.scrollRows).toBeGreaterThan(0)
  const end = frameOf(twoLate, { ...inWindow, scroll: 10_000 }, size)
  expect(end.rows.map(textOf).join('\n')).toContain('3 more facts are not kept')
  expect(end.rows.map(textOf).join('\n')).toMatch(/ end$/)
})

test('a fault of the session stands on top', () => {
  const rows = textAt({ ...noFlows, fault: 'tcpdump cannot be started: no permission' }, 80, 24).split('\n')
  expect(rows[2]).toBe(' ✗ tcpdump cannot be started: no permission')
})
