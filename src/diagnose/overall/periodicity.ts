// Do the faults come at regular times? Of each period that somebody could have set up (a minute, an hour, a timer that was
// seen), whether the moments at which adverts fell due and were late gather at one phase.
//
//   60 s     |----x-----|----x-----|-----x----|----x-----|        gathered: something runs each minute
//
// Two chances have to be small: Rayleigh's, and that of as many adverts drawn at random. Adverts themselves come by the
// clock, and in a short recording everything gathers in the one hour there is; only the second knows that.

import { spanOf, type Instant, type Span } from '../../time/instant.ts'
import { gatheringOf, rayleighP } from '../statistics/circular.ts'
import { randomOf } from '../statistics/random.ts'
import type { Timer } from './background.ts'

export interface Period {
  readonly length: Span
  /** Of the epoch: at second 22 of each minute. */
  readonly phase: Span
  /** The timer that has this period; undefined for those of the clock. */
  readonly timer: string | undefined
  /** Corrected for the number of periods that were tried. */
  readonly p: number
}

export interface Periodicity {
  readonly verdict: 'periodic' | 'none' | 'too-few' | 'too-short'
  /** Late adverts of one fault count once. */
  readonly episodes: number
  readonly tried: number
  /** The one that fits best, periodic or not. */
  readonly best: Period | undefined
}

export const fewestEpisodes = 5
const clockPeriods = [60, 300, 600, 3600, 86_400]
const draws = 4000
const advertsDrawnFrom = 4000
/** Stricter than for suspects: who reads of a period sets out to find a timer. */
const significant = 0.01
const strongest = 0.02

interface Candidate {
  readonly length: Span
  readonly timer: string | undefined
}

/** Chance that `n` of the adverts, drawn at random, gather as strongly. */
function drawnP(adverts: readonly Instant[], n: number, length: Span, strength: number): number {
  const step = Math.max(1, Math.ceil(adverts.length / advertsDrawnFrom))
  const angles = adverts.filter((_, i) => i % step === 0).map((at) => (2 * Math.PI * at) / length)
  const [xs, ys] = [Float64Array.from(angles, Math.cos), Float64Array.from(angles, Math.sin)]
  const random = randomOf(1)
  let asStrong = 1
  for (let draw = 0; draw < draws; draw++) {
    let [x, y] = [0, 0]
    for (let k = 0; k < n; k++) {
      const i = Math.floor(random() * angles.length)
      x += xs[i] ?? 0
      y += ys[i] ?? 0
    }
    if (Math.hypot(x, y) / n >= strength - 1e-9) asStrong++
  }
  return asStrong / (draws + 1)
}

/** Those that the recording holds twice and more, and that are longer than some intervals of the adverts. */
function candidatesOf(timers: readonly Timer[], moments: readonly Instant[], interval: Span): Candidate[] {
  const extent = Math.max(...moments) - Math.min(...moments)
  const clock = clockPeriods.map((length): Candidate => ({ length: spanOf(length * 1e9), timer: undefined }))
  const observed = timers.map(({ name, period }): Candidate => ({ length: period, timer: name }))
  const possible = [...observed, ...clock].filter(({ length }) => length >= 4 * interval && extent >= 2 * length)
  // cron's job and the minute are one period.
  return possible.filter(
    (one, i) => !possible.slice(0, i).some((other) => Math.abs(other.length - one.length) < 0.02 * one.length),
  )
}

/** `moments`: when the first late advert of each episode was due. `originNs`: the session's origin, in ns of the epoch. */
export function periodicityOf(
  moments: readonly Instant[],
  adverts: readonly Instant[],
  timers: readonly Timer[],
  interval: Span,
  originNs: bigint,
): Periodicity {
  const episodes = moments.length
  if (episodes < fewestEpisodes) return { verdict: 'too-few', episodes, tried: 0, best: undefined }
  const candidates = candidatesOf(timers, moments, interval)
  const fits = candidates.map(({ length, timer }) => {
    const { strength, phase } = gatheringOf(moments, length)
    const p = Math.max(rayleighP(strength, episodes), drawnP(adverts, episodes, length, strength))
    const shift = Number(originNs % BigInt(Math.round(length)))
    return { length, timer, strength, phase: spanOf((phase + shift) % length), p: Math.min(1, p * candidates.length) }
  })
  const ranked = fits.toSorted((a, b) => a.p - b.p || b.strength - a.strength)
  const [first] = ranked
  if (first === undefined) return { verdict: 'too-short', episodes, tried: 0, best: undefined }
  // What comes each hour comes at one second of each minute, too: the longest that fits as well is meant.
  const asGood = ranked.filter((one) => one.p <= significant && one.strength >= first.strength - strongest)
  const { length, phase, timer, p } = asGood.toSorted((a, b) => b.length - a.length)[0] ?? first
  return {
    verdict: p <= significant ? 'periodic' : 'none',
    episodes,
    tried: candidates.length,
    best: { length, phase, timer, p },
  }
}
