// When a frame is made, by a clock that the test moves.

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { textOf } from '../../src/screen/cells.ts'
import { createLiveFrame, type LiveFrame } from '../../src/screen/live-frame.ts'
import type { Snapshot } from '../../src/engine/snapshot.ts'
import { spanOf } from '../../src/time/instant.ts'
import { overdue, quiet, slightWindow, twoLate } from '../fixtures/snapshots.ts'
import { createSourceRig, type SourceRig } from './terminal-rig.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

interface Opened {
  readonly live: LiveFrame
  readonly source: SourceRig
  readonly draws: () => number
  readonly text: () => string
}

function opened(snapshot: Snapshot): Opened {
  const source = createSourceRig(snapshot)
  let draws = 0
  const live = createLiveFrame({
    source,
    size: () => ({ columns: 80, rows: 24 }),
    form: 'utf8',
    onCommand: () => {},
    exportWindow: () => Promise.resolve({ sentence: 'Written.', isWritten: true }),
    onDefect: (defect) => expect.unreachable(String(defect)),
    nowMs: () => Date.now(),
  })
  live.subscribe(() => draws++)
  return { live, source, draws: () => draws, text: () => live.frame().rows.map(textOf).join('\n') }
}

test('a late advert is drawn at once, mere figures wait for one another', () => {
  const { live, source, draws, text } = opened(quiet)
  source.show(twoLate)
  expect(draws()).toBe(1)
  expect(text()).toContain('LATE 2 of 2')
  for (let version = 10; version < 18; version++) {
    source.show({ ...twoLate, version })
    vi.advanceTimersByTime(125)
  }
  expect(draws()).toBeLessThanOrEqual(4)
  live.close()
})

test('the frame is the same object until something is drawn', () => {
  const { live, source } = opened(quiet)
  const frame = live.frame()
  expect(live.frame()).toBe(frame)
  source.show(twoLate)
  expect(live.frame()).not.toBe(frame)
  live.close()
})

test('an overdue advert counts up five times a second', () => {
  const { live, draws, text } = opened(overdue)
  // Each waits for its turn behind the keys, which this clock counts as up to a millisecond.
  vi.advanceTimersByTime(1010)
  expect(draws()).toBe(5)
  expect(text()).toContain('overdue 1.3')
  live.close()
})

test('in a replay nothing counts by our clock', () => {
  const { live, text } = opened({ ...overdue, mode: 'replay' })
  vi.advanceTimersByTime(20_000)
  expect(text()).toContain('overdue 0.312 s')
  expect(text()).not.toContain('No news')
  live.close()
})

test('an engine that is not heard of is a fault, and what was overdue does not count on', () => {
  const { live, source, text } = opened(overdue)
  vi.advanceTimersByTime(8000)
  expect(text()).toContain('No news from the engine for 8 s')
  expect(text()).toContain('overdue 0.312 s')
  source.show({ ...quiet, version: 50 })
  expect(text()).not.toContain('No news')
  live.close()
})

test('a step asks for the window of the other late advert, once', () => {
  const { live, source, text } = opened(twoLate)
  live.press(',')
  live.press(',')
  expect(source.asked).toEqual([{ late: 1 }])
  source.show({ ...twoLate, selected: slightWindow })
  expect(text()).toContain('main loop waited')
  live.press('home')
  expect(source.asked).toEqual([{ late: 1 }, { late: undefined }])
  live.close()
})

test('a frame that nobody asked for lets a key go first, and is drawn with it', () => {
  const { live, source, draws, text } = opened(quiet)
  source.show({ ...quiet, version: 60, runningFor: spanOf(7200e9) })
  vi.advanceTimersByTime(400)
  expect(draws()).toBe(0)
  live.press('?')
  expect(draws()).toBe(1)
  expect(text()).toContain('2 h 0 min')
  vi.advanceTimersByTime(1)
  expect(draws()).toBe(1)
  live.close()
})

test('once closed it neither listens nor draws', () => {
  const { live, source, draws } = opened(overdue)
  live.close()
  source.show(twoLate)
  vi.advanceTimersByTime(5000)
  expect(draws()).toBe(0)
  expect(source.listeners()).toBe(0)
  expect(vi.getTimerCount()).toBe(0)
})
