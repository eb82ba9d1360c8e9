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
import { isKept } from '../keeping.ts'
import { lengthOf, union } from './stretches.ts'

/** For each late advert; and in all, because a verdict has to be quick. */
const controlsForEach = 30
const controlsInAll = 120
const casesInAll = 12
const endsWithin = spanOf(2 * second)
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

/**
 * `slack`: a punctual sender is that much behind due, too, so what stopped it may begin so soon after due. The same for
 * all windows, which keeps them as long as each other.
 */
const riskBefore = (due: Instant, length: Span, slack: Span): Window => ({
  from: instantOf(due - length + slack),
  to: instantOf(due + slack),
})

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
  const avoided = union(
    lates.map((late): Window => ({ from: instantOf(late.previousAt - apart), to: instantOf(late.at + apart) })),
  )
  let next = 0
  return adverts.filter((at, i) => {
    while ((avoided[next]?.to ?? Infinity) < at) next++
    const gap = at - (adverts[i - 1] ?? -Infinity)
    return gap <= flow.interval + slack && gap >= 0.75 * flow.interval && at < (avoided[next]?.from ?? Infinity)
  })
}

/** Moments in the order of their place on a clock face that goes round in `period`. */
interface Face {
  readonly period: number
  readonly places: readonly { readonly place: number; readonly at: Instant }[]
}

function faceOf(moments: readonly Instant[], period: number): Face {
  const places = moments.map((at) => ({ at, place: ((at % period) + period) % period }))
  return { period, places: places.toSorted((a, b) => a.place - b.place) }
}

/** The nearest on the face to `at`, nearest first, but for those taken. */
function nearestOn({ period, places }: Face, at: Instant, count: number, taken: ReadonlySet<Instant>): Instant[] {
  const place = ((at % period) + period) % period
  const n = places.length
  const begin = places.findIndex((one) => one.place >= place)
  let [up, down] = [begin < 0 ? 0 : begin, (begin < 0 ? n : begin) - 1]
  const found: Instant[] = []
  const away = (i: number): number => {
    const distance = Math.abs((places[((i % n) + n) % n]?.place ?? 0) - place)
    return Math.min(distance, period - distance)
  }
  for (let looked = 0; looked < n && found.length < count; looked++) {
    const i = away(up) <= away(down) ? up++ : down--
    const moment = places[((i % n) + n) % n]?.at
    if (moment !== undefined && !taken.has(moment)) found.push(moment)
  }
  return found
}

export interface Punctual {
  readonly moments: readonly Instant[]
  /** The moments themselves, on a face that goes round but once. */
  readonly near: Face
  /** By the minute or the hour; undefined where the session holds not three of them. */
  readonly phase: Face | undefined
}

export function punctualFaces(moments: readonly Instant[]): Punctual {
  const length = (moments.at(-1) ?? 0) - (moments[0] ?? 0)
  const period = length >= 3 * hour ? hour : length >= 3 * minute ? minute : undefined
  return {
    moments,
    near: faceOf(moments, Number.MAX_SAFE_INTEGER),
    phase: period === undefined ? undefined : faceOf(moments, period),
  }
}

/** Half of `count` nearest to `due`, half at its phase of the hour or the minute, or spread over all. */
export function controlsFor({ moments, near, phase }: Punctual, due: Instant, count: number): Instant[] {
  const nearest = nearestOn(near, due, Math.ceil(count / 2), new Set())
  const taken = new Set(nearest)
  const wanted = count - nearest.length
  if (phase !== undefined) return [...nearest, ...nearestOn(phase, due, wanted, taken)]
  const rest = moments.filter((one) => !taken.has(one))
  return [...nearest, ...thinned(rest, wanted)]
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

export function riskWindowsOf(flow: Flow, own: LateAdvert, evidence: Evidence, slack: Span): RiskWindows {
  const lates = (evidence.late ?? [own]).filter(
    (one) => one.at === own.at || (one.flow === own.flow && one.overrun > 0),
  )
  const length = spanOf(flow.interval)
  const cases = casesOf(flow, own, lates)
    .map((one): Case => {
      const lateness = latenessOf(one)
      return { lateness, risk: riskBefore(lateness.from, length, slack) }
    })
    .filter(({ risk, lateness }, i) => i === 0 || isKept(evidence.kept, { from: risk.from, to: lateness.to }))
  // What a flight recorder left out is no window in which nothing happened; nor may a long call end behind what it kept.
  const isWhole = (at: Instant): boolean => {
    const { from } = riskBefore(at, length, slack)
    return isKept(evidence.kept, { from, to: instantOf(at + endsWithin) })
  }
  const punctual = punctualFaces(punctualOf(flow, advertsOf(flow, evidence), lates).filter(isWhole))
  const chosen = cases.flatMap(({ risk }) => controlsFor(punctual, risk.to, controlsForEach))
  const first = evidence.store.calls.firstAt ?? evidence.store.beats.firstAt ?? instantOf(-Infinity)
  const whole = [...new Set(chosen)].map((at) => riskBefore(at, length, slack)).filter((risk) => risk.from >= first)
  // Disjoint, even where an advert came a little early.
  const disjoint = whole
    .toSorted((a, b) => a.from - b.from)
    .filter((risk, i, all) => i === 0 || risk.from >= (all[i - 1]?.to ?? -Infinity) - 0.25 * lengthOf(risk))
  return { cases, controls: thinned(disjoint, controlsInAll) }
}
