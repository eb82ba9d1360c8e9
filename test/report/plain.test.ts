// The plain text as a whole (test/golden/plain), and what it never does.

import { expect, test } from 'vitest'
import { widthOf } from '../../src/report/display-width.ts'
import { formatNews, formatSession, formatWindow } from '../../src/report/plain.ts'
import {
  hostile,
  hostileSnapshot,
  late,
  noFlows,
  overdue,
  probeFailed,
  quiet,
  slightWindow,
  takeoverWindow,
  twoLate,
} from '../fixtures/snapshots.ts'

test.each(Object.entries({ quiet, overdue, twoLate, probeFailed, noFlows }))(
  'the session %s reads as in its golden file',
  async (name, snapshot) => {
    await expect(formatSession(snapshot)).toMatchFileSnapshot(`../golden/plain/${name}.txt`)
  },
)

test('what all late adverts have in common stands below their list', () => {
  const lines = formatSession(twoLate, ['2 of 2 late adverts: sender-stopped.']).split('\n')
  const list = lines.findIndex((line) => line.startsWith('LATE '))
  const blank = lines.indexOf('', list)
  expect(lines[blank - 1]).toBe('  2 of 2 late adverts: sender-stopped.')
})

test('a window stands alone, for a ticket', async () => {
  await expect(formatWindow(takeoverWindow, twoLate)).toMatchFileSnapshot('../golden/plain/window.txt')
})

test.each(hostile)('the name %j breaks no line and sends nothing to a terminal', (name) => {
  const snapshot = hostileSnapshot(name)
  const text = formatSession(snapshot)
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u)
})

test('no line is wider than 80 columns, whatever the names', () => {
  for (const name of [...hostile, 'x'.repeat(65_536), '界'.repeat(65_536)]) {
    for (const line of formatSession(hostileSnapshot(name)).split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(80)
  }
})

test('of many late adverts the newest twenty are listed, and all are counted', () => {
  const many = Array.from({ length: 45 }, (_, index) => late(index + 1, 100 + index * 10))
  const text = formatSession({ ...quiet, late: many })
  expect(text).toContain('LATE 45 (the newest 20)')
  expect(text).toContain('#45 ')
  expect(text).not.toContain('#25 ')
})

test('news are late adverts, their window, and probes that changed their state', () => {
  expect(formatNews(quiet, { ...quiet, version: 9 })).toBe('')
  const news = formatNews(quiet, twoLate)
  expect(news).toContain('#1 11:55:37.702')
  expect(news).toContain('#2 12:03:26.375')
  expect(news).toContain('LATE ADVERT 2')
  expect(formatNews(twoLate, twoLate)).toBe('')
  expect(formatNews(twoLate, probeFailed)).toContain('sysdig failed: no driver loads')
  expect(formatNews(quiet, { ...quiet, fault: 'no advert source is left' })).toBe('FAULT: no advert source is left\n')
})

test('a window is told again once it is settled', () => {
  const open = { ...slightWindow, late: { ...slightWindow.late, isSettled: false } }
  const before = { ...quiet, late: [open.late], selected: open }
  const after = { ...quiet, late: [slightWindow.late], selected: slightWindow }
  expect(formatNews(before, after)).toContain('LATE ADVERT 1')
  expect(formatNews(after, after)).toBe('')
})
