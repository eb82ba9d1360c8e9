// Suspects on a made-up host, where it is known that nobody did it, or who.

import { expect, test } from 'vitest'
import { explain } from '../../../src/diagnose/explain/explain.ts'
import { neighboursOf } from '../../../src/diagnose/explain/neighbours.ts'
import type { Rarity } from '../../../src/diagnose/explain/rarity.ts'
import { scoreOf, type Grounds } from '../../../src/diagnose/explain/suspect-score.ts'
import { openStore } from '../../../src/store/store.ts'
import type { Suspect } from '../../../src/diagnose/explanation.ts'
import { isIn, madeUpHost, type MadeUp } from '../../fixtures/synthetic-host.ts'
import { instantOf, type Instant } from '../../../src/time/instant.ts'

const significant = (one: Suspect): boolean => one.q !== undefined && one.q <= 0.05

function suspectsOf({ evidence, flow, late }: MadeUp): readonly Suspect[] {
  const [first] = late
  return first === undefined ? [] : explain(first, flow, evidence).suspects
}

function callsOf({ evidence }: MadeUp, name: string): Instant[] {
  const { calls, names } = evidence.store
  return calls
    .rows({ from: instantOf(-Infinity), to: instantOf(Infinity) })
    .flatMap((row) => (names.textOf(row.commName) === name ? [row.at] : []))
}

test(
  'where nobody did it, at most one report of twenty names anybody, and no program is fooled by the longer windows',
  { timeout: 60_000 },
  () => {
    const runs = 120
    let named = 0
    let naive = 0
    for (let seed = 1; seed <= runs; seed++) {
      const host = madeUpHost({ seed, late: 3 + (seed % 6) })
      if (suspectsOf(host).some(significant)) named++
      // What each second brings is in nearly every lateness, and in one of three intervals: from due to sent it looks guilty.
      const ticks = callsOf(host, 'ticker')
      if (host.late.filter((late) => ticks.some((at) => isIn(at, late))).length >= 0.8 * host.late.length) naive++
    }
    process.stdout.write(
      `nobody did it: ${named} of ${runs} reports name somebody; ${naive} would by the lateness alone\n`,
    )
    expect(named / runs).toBeLessThanOrEqual(0.05)
    expect(naive / runs).toBeGreaterThan(0.8)
  },
)

test('who stops the sender is found from four late adverts on, and named alone', { timeout: 60_000 }, () => {
  const runs = 40
  let [found, others] = [0, 0]
  for (let seed = 1; seed <= runs; seed++) {
    const suspects = suspectsOf(madeUpHost({ seed: 1000 + seed, late: 4 + (seed % 5), culprit: 'stopfor' }))
    const [first] = suspects
    if (first !== undefined && first.what.includes('stopfor') && significant(first)) found++
    if (suspects.some((one) => significant(one) && !one.what.includes('stopfor'))) others++
  }
  process.stdout.write(`stopfor did it: found in ${found} of ${runs} reports; ${others} name an innocent one as well\n`)
  expect(found / runs).toBeGreaterThanOrEqual(0.95)
  expect(others / runs).toBeLessThanOrEqual(0.1)
})

test('a stop is longer where the advert is later, second for second', () => {
  const [first] = suspectsOf(madeUpHost({ seed: 5, late: 8, culprit: 'stopfor' }))
  expect(first?.isAligned).toBe(true)
  expect(first?.dose?.isSignificant).toBe(true)
  expect(first?.dose?.slope).toBeGreaterThan(0.8)
  expect(first?.dose?.slope).toBeLessThan(1.2)
  expect(first?.onset).toBeLessThan(0)
})

test('with one late advert there is no p, and the counts are told', () => {
  const suspects = suspectsOf(madeUpHost({ seed: 3, late: 1, culprit: 'stopfor' }))
  const [first] = suspects
  expect(first?.what).toContain('stopfor')
  expect([first?.p, first?.q, first?.lift]).toEqual([undefined, undefined, undefined])
  expect(first?.late).toEqual({ hits: 1, of: 1 })
  expect(first?.baseline.of).toBeGreaterThanOrEqual(20)
})

test('late adverts of one episode count once', () => {
  const host = madeUpHost({ seed: 4, late: 4 })
  const [first] = host.late
  if (first === undefined) throw new Error('nothing is late')
  const again = {
    ...first,
    number: 9,
    previousAt: first.at,
    dueAt: instantOf(first.at + 0.3e9),
    at: instantOf(first.at + 1e9),
  }
  const suspects = suspectsOf({ ...host, evidence: { ...host.evidence, late: [...host.late, again] } })
  expect(suspects.map((one) => one.late.of)).toContain(4)
  expect(suspects.every((one) => one.late.of <= 4)).toBe(true)
})

test('whylate’s own children are suspects like any other, and marked', () => {
  const host = madeUpHost({ seed: 2, late: 3 })
  const suspects = suspectsOf({ ...host, evidence: { ...host.evidence, isOurs: () => true } })
  expect(suspects.filter((one) => one.what.includes('(whylate’s own) was at work')).length).toBeGreaterThan(0)
})

const rarity: Rarity = {
  late: { hits: 8, of: 8 },
  baseline: { hits: 0, of: 30 },
  lift: 60,
  p: 1e-6,
  q: 1e-5,
  dose: { rho: 1, slope: 1, n: 8, isSignificant: true },
}
const best: Grounds = {
  covers: 1,
  isAligned: true,
  isAftermath: false,
  rarity,
  hasBridge: false,
  isHostWide: true,
  neighbours: { late: 3, onTime: 0 },
}

test('without a mechanism the best fit stays below the worst one with it', () => {
  const worst = {
    ...best,
    covers: 0,
    isAligned: false,
    isAftermath: true,
    rarity: { ...rarity, p: 1, q: 1, dose: undefined },
  }
  expect(scoreOf(best)).toBeLessThan(0.5)
  expect(scoreOf({ ...worst, hasBridge: true })).toBeGreaterThanOrEqual(0.5)
})

test('aftermath, a router that was on time, and being there as ever all speak against it', () => {
  const against: Partial<Grounds>[] = [
    { isAftermath: true },
    { neighbours: { late: 0, onTime: 1 } },
    { rarity: { ...rarity, p: 0.6, q: 1 } },
    { rarity: { ...rarity, dose: undefined } },
    { covers: 0.5 },
    { isAligned: false },
  ]
  for (const one of against) expect(scoreOf({ ...best, ...one })).toBeLessThan(scoreOf(best))
})

test('other routers that were sending are counted as late or on time', () => {
  const host = madeUpHost({ seed: 6, late: 2 })
  const [late] = host.late
  if (late === undefined) throw new Error('nothing is late')
  const { store } = host.evidence
  const other = openStore(2 ** 20)
  const put = (source: string, at: number): void => {
    const cells = other.adverts.place(instantOf(at))
    if (cells === undefined) return
    const i = other.adverts.index
    for (const column of Object.values(cells)) column[i] = 0
    cells.source[i] = other.names.idOf(source)
    cells.vrid[i] = 8
    cells.intervalNs[i] = 0.2e9
  }
  expect(store.adverts.length).toBeGreaterThan(100)
  for (let at = late.dueAt - 4e9; at < late.at + 4e9; at += 0.2e9) put('192.0.2.9', at)
  // The backup takes over when this one is late: it was not there to be held up.
  for (let { at } = late; at < late.at + 3e9; at = instantOf(at + 0.2e9)) put('192.0.2.10', at)
  const lateness = { from: late.dueAt, to: late.at }
  const evidence = { ...host.evidence, store: other }
  expect(neighboursOf({ late, lateness, evidence })).toEqual({ late: 0, onTime: 1 })
  const theirs = { ...late, advert: { ...late.advert, source: '192.0.2.9', vrid: 8 } }
  expect(neighboursOf({ late, lateness, evidence: { ...evidence, late: [late, theirs] } })).toEqual({
    late: 1,
    onTime: 0,
  })
})
