// The plan of `npm start`, played through without a pair.

import { expect, test } from 'vitest'
import { createWatchPlan, formatStep, type Watched, type WatchPlan, type WatchStep } from '../../src/drill/watch.ts'

const nothing: Watched = { elapsedMs: 0, adverts: 0, isFaultOver: false, late: undefined }
const play = (plan: WatchPlan, ...seen: readonly Partial<Watched>[]): readonly string[] =>
  seen.map((each) => {
    const step = plan.next({ ...nothing, ...each })
    return step.kind === 'end' ? step.outcome : step.kind
  })

test('it listens, has the fault injected once, waits, and ends when the late advert is explained', () => {
  const late = { isSettled: false, isTakeover: true }
  expect(
    play(
      createWatchPlan(),
      { elapsedMs: 100 },
      { elapsedMs: 6700, adverts: 3 },
      { elapsedMs: 7700, adverts: 4 },
      { elapsedMs: 7800, adverts: 4 },
      { elapsedMs: 11_900, adverts: 4 },
      { elapsedMs: 12_000, adverts: 5, isFaultOver: true, late },
      { elapsedMs: 14_000, adverts: 7, isFaultOver: true, late: { ...late, isSettled: true } },
      { elapsedMs: 15_000, adverts: 8, isFaultOver: true, late: { ...late, isSettled: true } },
    ),
  ).toEqual(['listen', 'listen', 'inject', 'hold', 'hold', 'explain', 'explained', 'explained'])
})

test('without adverts it gives up after the start that keepalived takes, and some grace', () => {
  expect(
    play(createWatchPlan(), { elapsedMs: 52_900 }, { elapsedMs: 53_100 }, { elapsedMs: 54_000, adverts: 9 }),
  ).toEqual(['listen', 'no-adverts', 'no-adverts'])
})

test('a fault that makes nothing late is not waited for without end', () => {
  const over = { adverts: 4, isFaultOver: true }
  expect(
    play(
      createWatchPlan(),
      { elapsedMs: 7000, adverts: 4 },
      { elapsedMs: 12_000, ...over },
      { elapsedMs: 62_900, ...over },
      { elapsedMs: 63_100, ...over },
    ),
  ).toEqual(['inject', 'explain', 'explain', 'not-explained'])
})

test('an advert that is late before the fault ends it without one', () => {
  expect(
    play(createWatchPlan(), { elapsedMs: 5000, adverts: 2, late: { isSettled: true, isTakeover: false } }),
  ).toEqual(['early'])
})

test('each step is one short line', () => {
  const steps: readonly WatchStep[] = [
    { kind: 'listen', heard: 0, of: 4 },
    { kind: 'listen', heard: 3, of: 4 },
    { kind: 'inject', seconds: 4.2 },
    { kind: 'hold', forMs: 1234, seconds: 4.2 },
    { kind: 'explain', forMs: 900 },
    { kind: 'end', outcome: 'explained' },
    { kind: 'end', outcome: 'no-adverts' },
    { kind: 'end', outcome: 'not-explained' },
    { kind: 'end', outcome: 'early' },
  ]
  expect(steps.map(formatStep).filter((text) => text.length > 80)).toEqual([])
  expect(formatStep({ kind: 'hold', forMs: 1234, seconds: 4.2 })).toBe(
    'drill: the MASTER has been stopped for 1.2 of 4.2 s',
  )
})
