import { expect, test } from 'vitest'
import { createSamplerClock } from '../../../src/capture/host/sampler-clock.ts'
import { openOwnClock } from '../../../src/capture/own-clock.ts'
import { instantOf } from '../../../src/time/instant.ts'

test('a wall clock that has stepped since the last pair is noticed at the next reading', () => {
  const real = openOwnClock()
  let pairs = 0
  const clock = createSamplerClock({
    ...real,
    pair() {
      const pair = real.pair()
      // As if the wall had been four seconds behind when the first pair was taken, and was set right since.
      return pairs++ === 0 ? { ...pair, real: instantOf(pair.real - 4e9) } : pair
    },
  })
  const { ns } = clock.read()
  expect(pairs).toBe(2)
  expect(Math.abs(Number(BigInt(ns) / 1_000_000n) - Date.now())).toBeLessThan(100)
})

test('without a step one pair serves many readings', () => {
  const real = openOwnClock()
  let pairs = 0
  const clock = createSamplerClock({
    ...real,
    pair() {
      pairs++
      return real.pair()
    },
  })
  const stamps = Array.from({ length: 50 }, () => BigInt(clock.read().ns))
  expect(pairs).toBe(1)
  expect(stamps).toEqual([...stamps].sort((a, b) => Number(a - b)))
})
