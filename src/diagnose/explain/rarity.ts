// How unusual is each feature before late adverts? Counted in the risk windows of the late episodes and of punctual
// adverts, tested, and corrected for how many were tried.
//
// What is tried must not depend on which windows are the late ones, or chance would look like proof: everything that was
// seen in any window is, but for what no split of its hits could make significant (Tarone 1990).

import { spanOf, type Window } from '../../time/instant.ts'
import type { Count } from '../explanation.ts'
import { fisherMidP, leastMidP, liftOf } from '../statistics/contingency.ts'
import { doseOf, type Dose } from '../statistics/dose.ts'
import { falseDiscoveryRates } from '../statistics/false-discovery.ts'
import { rankSumP } from '../statistics/rank-sum.ts'
import { longCallFeatures, longCallsOf, Marks, processKeys, signals, type LongCall } from './activity.ts'
import type { Lens } from './feature.ts'
import { readingsOf, type Reading } from './metrics.ts'
import type { RiskWindows } from './risk-windows.ts'
import { lengthOf } from './stretches.ts'

export interface Rarity {
  readonly late: Count
  readonly baseline: Count
  /** undefined with fewer than two late episodes, or too few punctual adverts to compare with. */
  readonly lift: number | undefined
  readonly p: number | undefined
  readonly q: number | undefined
  readonly dose: Dose | undefined
}

/** `0/0`: it was looked for nowhere. */
export const uncounted: Rarity = {
  late: { hits: 0, of: 0 },
  baseline: { hits: 0, of: 0 },
  lift: undefined,
  p: undefined,
  q: undefined,
  dose: undefined,
}

export interface Rarities {
  of(key: string): Rarity
}

const fewestCases = 2
const fewestControls = 10
/** What was there before one late advert only is no pattern, however rare it is. */
const fewestHits = 2
/** Load comes in bursts that last for many windows: two late adverts in one burst prove nothing against the load. */
const fewestMeasured = 3
/** With more than this no feature could be significant at its best; it is not tried. */
const testable = 0.05

interface Look {
  /** How much of each feature there was; undefined where that has no measure. */
  readonly features: ReadonlyMap<string, number | undefined>
  readonly readings: ReadonlyMap<string, Reading>
}

function lookAt(lens: Lens, calls: readonly LongCall[], window: Window, marks: Marks): Look {
  const features = new Map<string, number | undefined>()
  for (const key of processKeys(lens, window, marks)) features.set(key, undefined)
  for (const one of [...longCallFeatures(calls, window), ...signals(lens, window)]) features.set(one.key, one.amount)
  return { features, readings: readingsOf(lens.store, lens.sender, window) }
}

interface Tested {
  readonly late: Count
  readonly baseline: Count
  readonly p: number
  readonly least: number
}

function testedFeature(key: string, late: readonly Look[], baseline: readonly Look[]): Tested {
  const hits = (looks: readonly Look[]): number => looks.filter((look) => look.features.has(key)).length
  const table = {
    lateHits: hits(late),
    late: late.length,
    baselineHits: hits(baseline),
    baseline: baseline.length,
  }
  return {
    late: { hits: table.lateHits, of: table.late },
    baseline: { hits: table.baselineHits, of: table.baseline },
    p: fisherMidP(table),
    least: leastMidP(table),
  }
}

function testedMetric(key: string, late: readonly Look[], baseline: readonly Look[]): Tested {
  const told = (looks: readonly Look[]): Reading[] => looks.flatMap((look) => look.readings.get(key) ?? [])
  const [lates, others] = [told(late), told(baseline)]
  const values = (readings: readonly Reading[]): number[] => readings.map((one) => one.value)
  const high = (readings: readonly Reading[]): number => readings.filter((one) => one.isHigh).length
  const everything = new Set(values([...lates, ...others]))
  return {
    late: { hits: high(lates), of: lates.length },
    baseline: { hits: high(others), of: others.length },
    p: rankSumP(values(lates), values(others)),
    // One value everywhere: nothing was tried.
    least: everything.size <= 1 || lates.length < fewestMeasured ? 1 : 0,
  }
}

const none: Count = { hits: 0, of: 0 }

export function raritiesOf(lens: Lens, windows: RiskWindows): Rarities {
  const calls = longCallsOf(lens, [...windows.cases.map((one) => one.risk), ...windows.controls])
  const marks = new Marks()
  const late = windows.cases.map((one) => lookAt(lens, calls, one.risk, marks))
  const baseline = windows.controls.map((one) => lookAt(lens, calls, one, marks))
  const isRanked = late.length >= fewestCases && baseline.length >= fewestControls
  const looks = [...late, ...baseline]
  const features = new Set(looks.flatMap((look) => [...look.features.keys()]))
  const metrics = new Set(looks.flatMap((look) => [...look.readings.keys()]))
  const tests = new Map([
    ...[...features].map((key) => [key, testedFeature(key, late, baseline)] as const),
    ...[...metrics].map((key) => [key, testedMetric(key, late, baseline)] as const),
  ])
  const tried = [...tests].filter(([, one]) => one.least <= testable)
  const rates = falseDiscoveryRates(tried.map(([, one]) => one.p))
  const qs = new Map(tried.map(([key], i) => [key, rates[i]]))

  return {
    of(key) {
      const one = tests.get(key)
      if (one === undefined)
        return {
          late: { ...none, of: late.length },
          baseline: { ...none, of: baseline.length },
          lift: undefined,
          p: undefined,
          q: undefined,
          dose: undefined,
        }
      const pairs = late.flatMap((look, i): [number, number][] => {
        const amount = look.features.get(key)
        const lateness = windows.cases[i]?.lateness
        return amount === undefined || lateness === undefined ? [] : [[amount, spanOf(lengthOf(lateness))]]
      })
      return {
        late: one.late,
        baseline: one.baseline,
        lift: isRanked
          ? liftOf({
              lateHits: one.late.hits,
              late: one.late.of,
              baselineHits: one.baseline.hits,
              baseline: one.baseline.of,
            })
          : undefined,
        p: isRanked ? one.p : undefined,
        q: isRanked ? (one.late.hits < fewestHits ? 1 : (qs.get(key) ?? 1)) : undefined,
        dose: doseOf(pairs),
      }
    },
  }
}
