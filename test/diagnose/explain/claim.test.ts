// How claims become a ledger: exclusive states that sum to the lateness, whatever overlaps.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ledgerOf, painted, type Claim } from '../../../src/diagnose/explain/claim.ts'
import { intersection, sumOf, union, without } from '../../../src/diagnose/explain/stretches.ts'
import { ledgerStates } from '../../../src/diagnose/explanation.ts'
import { instantOf, type Window } from '../../../src/time/instant.ts'

const window = (from: number, to: number): Window => ({ from: instantOf(from), to: instantOf(to) })
const claim = (state: Claim['state'], from: number, to: number, isCoarse = false): Claim => ({
  state,
  window: window(from, to),
  detail: state,
  source: 'calls',
  isCoarse,
})
const lateness = window(1000, 2000)
const linesOf = (claims: readonly Claim[]): [string, number][] =>
  ledgerOf(painted(claims, lateness), lateness, 'not seen').map((one) => [one.state, one.span])

test('a thread that was stopped inside a call was stopped', () => {
  expect(linesOf([claim('blocked', 900, 2000), claim('stopped', 1100, 1900)])).toEqual([
    ['stopped', 800],
    ['blocked', 200],
  ])
})

test('a wait for a CPU inside a call is not the call’s', () => {
  expect(linesOf([claim('blocked', 1000, 1600), claim('runnable', 1200, 1300)])).toEqual([
    ['blocked', 500],
    ['runnable', 100],
    ['unexplained', 400],
  ])
})

test('nothing claimed is all unexplained', () => {
  expect(linesOf([])).toEqual([['unexplained', 1000]])
  expect(linesOf([claim('stopped', 0, 1000), claim('stopped', 2000, 3000)])).toEqual([['unexplained', 1000]])
})

const anyClaim = fc
  .tuple(
    fc.constantFrom(...ledgerStates.slice(0, -1)),
    fc.integer({ min: 0, max: 3000 }),
    fc.integer({ min: 1, max: 1500 }),
    fc.boolean(),
  )
  .map(([state, from, length, isCoarse]) => claim(state, from, from + length, isCoarse))

test('whatever is claimed, the ledger sums to the lateness and its shares to one', () => {
  fc.assert(
    fc.property(fc.array(anyClaim, { maxLength: 40 }), (claims) => {
      const ledger = ledgerOf(painted(claims, lateness), lateness, 'rest')
      expect(ledger.reduce((sum, one) => sum + one.span, 0)).toBeCloseTo(1000, 6)
      expect(ledger.reduce((sum, one) => sum + one.share, 0)).toBeCloseTo(1, 9)
      expect(ledger.every((one) => one.span > 0)).toBe(true)
    }),
  )
})

const anyWindows = fc.array(
  fc
    .tuple(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 1, max: 30 }))
    .map(([from, length]) => window(from, from + length)),
  { maxLength: 12 },
)

test('what is left and what is taken make the whole', () => {
  fc.assert(
    fc.property(anyWindows, anyWindows, (some, taken) => {
      const whole = sumOf(union(some))
      expect(sumOf(without(some, taken)) + sumOf(intersection(some, taken))).toBe(whole)
      expect(intersection(without(some, taken), taken)).toEqual([])
    }),
  )
})
