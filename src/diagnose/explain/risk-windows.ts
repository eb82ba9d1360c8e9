// Which windows are compared: what went on before a late advert was due, and before punctual ones of the same router were.
//
//   adverts      |     |     |     |        L|     |     |
//   risk         [====]            [====]            [====]       one interval, up to due: as long for every advert
//                on time           late   ^due       on time
//
// Counting from due to sent instead would favour whatever is frequent, because late adverts have the longer windows
// (immortal-time bias). What began only after due prolonged the lateness at most, so it counts for nothing here. Risk
// windows of different adverts never overlap; of the late adverts of one episode only one counts.
//
// Case-crossover design (Maclure 1991): the router is compared with itself, half with what is near (the same load), half
// with the same phase of the minute or hour (a cron job that delays nothing is there as well).

import { instantOf, second, spanOf, type Instant, type Span, type Window } from '../../time/instant.ts'
import { episodesOf, restOf } from '../episodes.ts'
import type { Evidence } from '../evidence.ts'
import type { Flow, LateAdvert } from '../finding.ts'
import { lengthOf } from './stretches.ts'

/** For each late advert; and in all, because a verdict has to be quick. */
const controlsForEach = 30
const controlsInAll = 120
const casesInAll = 12
const minute = spanOf(60 * second)
const hour = spanOf(60 * minute)

/** One late advert that stands for its episode. */
export interface Case {
  readonly risk: Window
  readonly lateness: Window
}

export interface RiskWindows {
  /** The one that is asked about first. */
  readonly cases: readonly Case[]
  /** Before punctual adverts. */
  readonly controls: readonly Window[]
}

/** The usual drift taken off: exactly as long as the overrun. */
const latenessOf = (late: LateAdvert): Window => ({
  from: instantOf(late.at - Math.max(0, late.overrun)),
  to: late.at,
})

export const riskBefore = (due: Instant, length: Span): Window => ({ from: instantOf(due - length), to: due })

const caseOf = (late: LateAdvert, length: Span): Case => {
  const lateness = latenessOf(late)
  return { lateness, risk: riskBefore(lateness.from, length) }
}

export function advertsOf(flow: Flow, evidence: Evidence): Instant[] {
  const { store } = evidence
  const source = store.names.find(flow.source)
  const link = store.names.find(flow.link)
  const found: Instant[] = []
  for (const { at, cells, from, to } of store.adverts.slices({ from: instantOf(-Infinity), to: instantOf(Infinity) }))
    for (let i = from; i < to; i++)
      if (cells.source[i] === source && cells.link[i] === link && cells.vrid[i] === flow.vrid)
        found.push(instantOf(at[i] ?? 0))
  return found
}

/** Adverts that came one interval after the one before, far from every late one. */
export function punctualOf(flow: Flow, adverts: readonly Instant[], lates: readonly LateAdvert[]): Instant[] {
  // Twice the Master_Down_Interval: what happens so near to a late advert may be its cause or its consequence.
  const apart = 2 * flow.masterDown.max
  const slack = Math.max(0.25 * flow.interval, flow.threshold)
  return adverts.filter((at, i) => {
    const gap = at - (adverts[i - 1] ?? -Infinity)
    if (gap > flow.interval + slack || gap < 0.75 * flow.interval) return false
    return lates.every((late) => at > late.at + apart || at < late.previousAt - apart)
  })
}

/** Distance of two moments on a clock face that goes round in `period`. */
function phaseDistance(a: Instant, b: Instant, period: Span): number {
  const distance = Math.abs(a - b) % period
  return Math.min(distance, period - distance)
}

/** Half of `count` nearest to `due`, half at its phase of the hour or the minute, or spread where there are not three. */
export function controlsFor(punctual: readonly Instant[], due: Instant, count: number): Instant[] {
  const near = punctual.toSorted((a, b) => Math.abs(a - due) - Math.abs(b - due)).slice(0, Math.ceil(count / 2))
  const taken = new Set(near)
  const rest = punctual.filter((one) => !taken.has(one))
  const wanted = Math.min(rest.length, count - near.length)
  const length = (punctual.at(-1) ?? 0) - (punctual[0] ?? 0)
  const period = length >= 3 * hour ? hour : length >= 3 * minute ? minute : undefined
  if (period !== undefined) {
    const byPhase = rest.toSorted((a, b) => phaseDistance(a, due, period) - phaseDistance(b, due, period))
    return [...near, ...byPhase.slice(0, wanted)]
  }
  const far = Array.from({ length: wanted }, (_, i) => rest[Math.floor((i * rest.length) / wanted)])
  return [...near, ...far.filter((one) => one !== undefined)]
}

/** One of each episode, the nearest to `own` first, `own` itself for its own. */
function casesOf(flow: Flow, own: LateAdvert, lates: readonly LateAdvert[]): LateAdvert[] {
  const episodes = episodesOf(lates, latenessOf, restOf([flow.interval]))
  const one = episodes.flatMap((episode) => (episode.some((late) => late.at === own.at) ? [] : episode.slice(0, 1)))
  return [own, ...one.toSorted((a, b) => Math.abs(a.at - own.at) - Math.abs(b.at - own.at))].slice(0, casesInAll)
}

/** Evenly, so that what is near and what is far keep their shares. */
function thinned<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all]
  return Array.from({ length: most }, (_, i) => all[Math.floor((i * all.length) / most)]).filter(
    (one) => one !== undefined,
  )
}

export function riskWindowsOf(flow: Flow, own: LateAdvert, evidence: Evidence): RiskWindows {
  const lates = (evidence.late ?? [own]).filter(
    (one) => one.at === own.at || (one.flow === own.flow && one.overrun > 0),
  )
  const length = spanOf(flow.interval)
  const cases = casesOf(flow, own, lates).map((one) => caseOf(one, length))
  const punctual = punctualOf(flow, advertsOf(flow, evidence), lates)
  const chosen = cases.flatMap(({ risk }) => controlsFor(punctual, risk.to, controlsForEach))
  const first = evidence.store.calls.firstAt ?? evidence.store.beats.firstAt ?? instantOf(-Infinity)
  const whole = [...new Set(chosen)].map((at) => riskBefore(at, length)).filter((risk) => risk.from >= first)
  // Disjoint, even where an advert came a little early.
  const disjoint = whole
    .toSorted((a, b) => a.from - b.from)
    .filter((risk, i, all) => i === 0 || risk.from >= (all[i - 1]?.to ?? -Infinity) - 0.25 * lengthOf(risk))
  return { cases, controls: thinned(disjoint, controlsInAll) }
}
