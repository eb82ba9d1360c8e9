// Regular or not: by the clock, by a timer that was seen, by chance, or because the recording is short.

import { expect, test } from 'vitest'
import { periodicityOf, type Periodicity } from '../../../src/diagnose/overall/periodicity.ts'
import { randomOf } from '../../../src/diagnose/statistics/random.ts'
import { instantOf, second, spanOf, type Instant } from '../../../src/time/instant.ts'

const interval = spanOf(second)
const noon = 1_795_348_800_000_000_000n

const adverts = (seconds: number): Instant[] =>
  Array.from({ length: seconds }, (_, i) => instantOf(i * 1.0003 * second))
const moments = (...seconds: readonly number[]): Instant[] => seconds.map((at) => instantOf(at * second))
const told = (at: readonly Instant[], seconds: number, timers: Parameters<typeof periodicityOf>[2] = []): Periodicity =>
  periodicityOf(at, adverts(seconds), timers, interval, noon)

test('what comes at second 22 of each minute is periodic, and says when', () => {
  const { verdict, best, episodes } = told(moments(22, 82.4, 142.1, 201.8, 262, 322.2), 400)
  expect([verdict, episodes, best?.length, best?.timer]).toEqual(['periodic', 6, 60e9, undefined])
  expect((best?.phase ?? 0) / 1e9).toBeCloseTo(22, 0)
  expect(best?.p).toBeLessThan(0.01)
})

test('what comes each hour at 17 past is hourly, though it comes at one second of the minute, too', () => {
  const hourly = Array.from({ length: 9 }, (_, hour) => hour * 3600 + 1020 + (hour % 3))
  expect(told(moments(...hourly), 9 * 3600).best?.length).toBe(3600e9)
})

test('a program that is started with the same period is named, also where it is none of the clock', () => {
  const timers = [{ name: 'backup-agent', period: spanOf(47 * second) }]
  const { verdict, best } = told(moments(10, 57.2, 104, 151.1, 198.3, 245), 300, timers)
  expect([verdict, best?.timer]).toEqual(['periodic', 'backup-agent'])
})

test('moments at random are called periodic in at most one case of twenty', () => {
  const random = randomOf(5)
  const timers = [{ name: 'poller', period: spanOf(10 * second) }]
  let found = 0
  const runs = 200
  for (let run = 0; run < runs; run++) {
    const at = Array.from({ length: 5 + (run % 8) }, () => random() * 3600)
    if (told(moments(...at), 3600, timers).verdict === 'periodic') found++
  }
  expect(found / runs).toBeLessThanOrEqual(0.05)
})

test('adverts themselves come by the clock: that of a timer of theirs is no period', () => {
  const timers = [{ name: 'ticker', period: spanOf(6 * second) }]
  // Six intervals: were the drift not there, every advert would be at one of six phases.
  const exact = Array.from({ length: 600 }, (_, i) => instantOf(i * 6 * second))
  const at = [3, 40, 77, 122, 180, 222].map((i) => exact[i] ?? instantOf(0))
  expect(periodicityOf(at, exact, timers, interval, noon).verdict).toBe('none')
})

test('with fewer than five faults, or no period twice in the recording, nothing is said', () => {
  expect(told(moments(22, 82, 142, 202), 400)).toEqual({
    verdict: 'too-few',
    episodes: 4,
    tried: 0,
    best: undefined,
  })
  expect(told(moments(3, 14, 30, 44, 71), 80).verdict).toBe('too-short')
})
