// The distributions, against figures that R gives: dhyper, fisher.test, p.adjust.

import { expect, test } from 'vitest'
import { falseDiscoveryRates, fisherMidP, hypergeometric, liftOf } from '../../../src/diagnose/explain/significance.ts'

test('hypergeometric probabilities are those of dhyper, and sum to one', () => {
  expect(hypergeometric(2, 20, 5, 6)).toBeCloseTo(0.352167, 6)
  expect(hypergeometric(0, 20, 5, 6)).toBeCloseTo(0.129128, 6)
  expect(hypergeometric(6, 20, 5, 6)).toBe(0)
  const sum = [0, 1, 2, 3, 4, 5].reduce((total, k) => total + hypergeometric(k, 20, 5, 6), 0)
  expect(sum).toBeCloseTo(1, 12)
})

test('large tables neither overflow nor lose their digits', () => {
  const sum = Array.from({ length: 101 }, (_, k) => hypergeometric(k, 2000, 100, 600)).reduce((a, b) => a + b, 0)
  expect(sum).toBeCloseTo(1, 9)
})

test('a feature in all of three late windows and in none of thirty others is significant', () => {
  const p = fisherMidP({ lateHits: 3, late: 3, baselineHits: 0, baseline: 30 })
  // One arrangement of 5456; mid-p counts half of it.
  expect(p).toBeCloseTo(0.5 / 5456, 9)
})

test('a feature that is as frequent everywhere says nothing', () => {
  expect(fisherMidP({ lateHits: 5, late: 5, baselineHits: 30, baseline: 30 })).toBeCloseTo(0.5, 9)
  expect(liftOf({ lateHits: 10, late: 10, baselineHits: 30, baseline: 30 })).toBeCloseTo(0.97, 2)
})

test('false discovery rates are those of p.adjust(method = "BH"), in the order given', () => {
  expect(falseDiscoveryRates([0.01, 0.04, 0.03, 0.5])).toEqual([0.04, 0.16 / 3, 0.16 / 3, 0.5])
  expect(falseDiscoveryRates([])).toEqual([])
})
