// The distributions: against figures of R (dhyper, fisher.test, wilcox.test, p.adjust), against published tables, and
// against plain counting of every arrangement.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gatheringOf, rayleighP } from '../../../src/diagnose/statistics/circular.ts'
import { fisherMidP, hypergeometric, leastMidP, liftOf } from '../../../src/diagnose/statistics/contingency.ts'
import { doseOf } from '../../../src/diagnose/statistics/dose.ts'
import { falseDiscoveryRates } from '../../../src/diagnose/statistics/false-discovery.ts'
import { rankSumP } from '../../../src/diagnose/statistics/rank-sum.ts'
import { randomOf } from '../../../src/diagnose/statistics/random.ts'

/** Every way to take `count` of `items`. */
function choices<T>(items: readonly T[], count: number): T[][] {
  if (count === 0) return [[]]
  return items.flatMap((item, i) => choices(items.slice(i + 1), count - 1).map((rest) => [item, ...rest]))
}

function arrangements<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]]
  return items.flatMap((item, i) => arrangements(items.toSpliced(i, 1)).map((rest) => [item, ...rest]))
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)

test('hypergeometric probabilities are those of dhyper, and sum to one', () => {
  expect(hypergeometric(2, 20, 5, 6)).toBeCloseTo(0.352167, 6)
  expect(hypergeometric(0, 20, 5, 6)).toBeCloseTo(0.129128, 6)
  expect(hypergeometric(6, 20, 5, 6)).toBe(0)
  expect(sum([0, 1, 2, 3, 4, 5].map((k) => hypergeometric(k, 20, 5, 6)))).toBeCloseTo(1, 12)
})

test('large tables neither overflow nor lose their digits', () => {
  const all = Array.from({ length: 101 }, (_, k) => hypergeometric(k, 2000, 100, 600))
  expect(sum(all)).toBeCloseTo(1, 9)
})

test('a feature in all of three late windows and in none of thirty others is significant', () => {
  const p = fisherMidP({ lateHits: 3, late: 3, baselineHits: 0, baseline: 30 })
  // One arrangement of 5456; mid-p counts half of it.
  expect(p).toBeCloseTo(0.5 / 5456, 9)
})

test('the tea-taster of Fisher: 17 of 70 arrangements, of which 16 count half', () => {
  expect(fisherMidP({ lateHits: 3, late: 4, baselineHits: 1, baseline: 4 })).toBeCloseTo((16 / 2 + 1) / 70, 12)
})

test('mid-p is what counting every choice of late windows gives', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.boolean(), { minLength: 5, maxLength: 9 }),
      (late, isSeen) => {
        const lateHits = isSeen.slice(0, late).filter(Boolean).length
        const table = {
          late,
          lateHits,
          baseline: isSeen.length - late,
          baselineHits: isSeen.filter(Boolean).length - lateHits,
        }
        const hits = choices(isSeen, late).map((choice) => choice.filter(Boolean).length)
        const counted = sum(hits.map((one) => (one > lateHits ? 1 : one === lateHits ? 0.5 : 0))) / hits.length
        expect(fisherMidP(table)).toBeCloseTo(counted, 9)
        expect(leastMidP(table)).toBeLessThanOrEqual(fisherMidP(table) + 1e-12)
      },
    ),
    { numRuns: 60 },
  )
})

test('a feature that is as frequent everywhere says nothing', () => {
  expect(fisherMidP({ lateHits: 5, late: 5, baselineHits: 30, baseline: 30 })).toBeCloseTo(0.5, 9)
  expect(liftOf({ lateHits: 10, late: 10, baselineHits: 30, baseline: 30 })).toBeCloseTo(0.97, 2)
})

test('false discovery rates are those of p.adjust(method = "BH"), in the order given', () => {
  expect(falseDiscoveryRates([0.01, 0.04, 0.03, 0.5])).toEqual([0.04, 0.16 / 3, 0.16 / 3, 0.5])
  expect(falseDiscoveryRates([])).toEqual([])
})

test('the rank-sum test is that of wilcox.test(alternative = "greater", exact = TRUE)', () => {
  // pwilcox(0:2, 3, 3) = 1, 2, 4 of 20: the three highest of six.
  expect(rankSumP([4, 5, 6], [1, 2, 3])).toBeCloseTo(1 / 20, 12)
  expect(rankSumP([3, 5, 6], [1, 2, 4])).toBeCloseTo(2 / 20, 12)
  expect(rankSumP([10, 9, 8, 6], [1, 2, 3, 4, 5, 7])).toBeCloseTo(2 / 210, 9)
  expect(rankSumP([1, 1], [1, 1, 1])).toBe(1)
})

test('with ties, too, it is what counting every choice gives', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 6, maxLength: 9 }),
      (late, values) => {
        const midrank = (value: number): number =>
          values.filter((one) => one < value).length + (values.filter((one) => one === value).length + 1) / 2
        const observed = sum(values.slice(0, late).map(midrank))
        const sums = choices(values.map(midrank), late).map(sum)
        const counted = sums.filter((one) => one > observed - 1e-9).length / sums.length
        expect(rankSumP(values.slice(0, late), values.slice(late))).toBeCloseTo(counted, 9)
      },
    ),
    { numRuns: 60 },
  )
})

test('its limit for many values is close to what counting gives for as many', () => {
  const random = randomOf(7)
  const draw = (n: number, shift: number): number[] => Array.from({ length: n }, () => random() + shift)
  // Six late ones are counted, seven among so many are not: one more in the middle changes little.
  const [late, others] = [draw(6, 0.25), draw(100, 0)]
  const counted = rankSumP(late, others)
  const limit = rankSumP([...late, late.toSorted((a, b) => a - b)[3] ?? 0], others)
  expect(counted).toBeGreaterThan(0.0005)
  expect(limit / counted).toBeGreaterThan(0.4)
  expect(limit / counted).toBeLessThan(1.5)
})

test('Spearman’s rho is significant where the tables say so', () => {
  expect(
    doseOf([
      [1, 1],
      [2, 2],
      [3, 3],
    ]),
  ).toBeUndefined()
  expect(
    doseOf([
      [1, 1],
      [1, 2],
      [1, 3],
      [1, 4],
    ]),
  ).toBeUndefined()
  for (const n of [4, 5, 6, 7]) {
    const overruns = Array.from({ length: n }, (_, i) => i)
    const all = arrangements(overruns)
    const significant = all.filter(
      (order) => doseOf(order.map((amount, i) => [amount, i]))?.isSignificant === true,
    ).length
    expect(significant / all.length).toBeLessThanOrEqual(0.055)
    expect(significant / all.length).toBeGreaterThan(0.02)
  }
})

test('a freeze delays by its length, whatever was left of the interval', () => {
  const dose = doseOf([
    [2, 1.9],
    [3, 2.7],
    [4, 3.6],
    [5, 4.8],
    [6, 5.9],
  ])
  expect(dose?.rho).toBeCloseTo(1, 12)
  expect(dose?.slope).toBeCloseTo(1.01, 2)
})

test('moments that gather, and the chance of it: Zar’s example 27.1', () => {
  const degrees = [45, 55, 81, 96, 110, 117, 132, 154]
  const { strength, phase } = gatheringOf(degrees, 360)
  expect(strength).toBeCloseTo(0.82522, 5)
  expect(phase).toBeCloseTo(99, 0)
  // z = 5.448; the table has 0.001 < p < 0.002.
  const p = rayleighP(strength, degrees.length)
  expect(p).toBeGreaterThan(0.001)
  expect(p).toBeLessThan(0.002)
})

test('moments at any phase gather as rarely as the formula says', () => {
  const random = randomOf(11)
  const runs = 4000
  for (const n of [5, 8, 20]) {
    let found = 0
    for (let run = 0; run < runs; run++) {
      const moments = Array.from({ length: n }, () => random() * 60)
      if (rayleighP(gatheringOf(moments, 60).strength, n) <= 0.05) found++
    }
    expect(found / runs).toBeGreaterThan(0.035)
    expect(found / runs).toBeLessThan(0.065)
  }
})
