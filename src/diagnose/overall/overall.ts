// Many late adverts at once: what explains most of the lateness, whether it comes at regular times, how far it reaches.
//
//   late adverts ─▶ causes, counted and timed ─▶ the one that explains most
//        └─ episodes (one fault, one moment) ─▶ a period?
//        └─ who was late, who was not        ─▶ how far it reaches
//
// Pure, over verdicts: it adds nothing to what they prove.

import { spanOf, type Span } from '../../time/instant.ts'
import { episodesOf, restOf } from '../episodes.ts'
import type { Cause, Explanation } from '../explanation.ts'
import type { Flow, LateAdvert } from '../finding.ts'
import { latenessOf } from '../lateness.ts'
import { trackOf, type Background } from './background.ts'
import { periodicityOf, type Periodicity } from './periodicity.ts'
import { scopeOf, type Scope } from './scope.ts'

export interface Judged {
  readonly late: LateAdvert
  readonly explanation: Explanation | undefined
}

export interface CauseTotal {
  readonly cause: Cause
  readonly late: number
  /** Late adverts that follow each other are one. */
  readonly episodes: number
  readonly lateness: Span
  /** Of all lateness. */
  readonly share: number
  /** Who did it, the most frequent first, by name: each run of a cron job is the same one. */
  readonly culprits: readonly { readonly name: string; readonly late: number }[]
  /** So many of them were seen to befall the sender, and nobody was seen to do it. */
  readonly befallen: number
}

export interface Overall {
  readonly late: number
  readonly episodes: number
  readonly lateness: Span
  /** The most lateness first. */
  readonly causes: readonly CauseTotal[]
  /** It explains more than half of the lateness; undefined when none does. */
  readonly main: CauseTotal | undefined
  readonly periodicity: Periodicity
  /** undefined when nothing was late. */
  readonly scope: Scope | undefined
}

const windowOf = ({ late }: Judged): { from: LateAdvert['at']; to: LateAdvert['at'] } => ({
  from: late.dueAt,
  to: late.at,
})

const isBefallen = ({ explanation }: Judged): boolean => explanation?.culprit?.isVictim === true

const nameOf = (judged: Judged): string | undefined => {
  const culprit = judged.explanation?.culprit
  return culprit === undefined || isBefallen(judged) ? undefined : (culprit.comm ?? culprit.name)
}

function culpritsOf(own: readonly Judged[]): CauseTotal['culprits'] {
  const counts = new Map<string, number>()
  for (const one of own) {
    const name = nameOf(one)
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return [...counts].map(([name, late]) => ({ name, late })).toSorted((a, b) => b.late - a.late)
}

function causesOf(judged: readonly Judged[], rest: Span): CauseTotal[] {
  const total = (some: readonly Judged[]): Span => spanOf(some.reduce((sum, one) => sum + latenessOf(one.late), 0))
  const all = total(judged)
  const causeOf = (one: Judged): Cause => one.explanation?.cause ?? 'unknown'
  return [...new Set(judged.map(causeOf))]
    .map((cause): CauseTotal => {
      const own = judged.filter((one) => causeOf(one) === cause)
      const lateness = total(own)
      return {
        cause,
        late: own.length,
        episodes: episodesOf(own, windowOf, rest).length,
        lateness,
        share: all > 0 ? lateness / all : 0,
        culprits: culpritsOf(own),
        befallen: own.filter(isBefallen).length,
      }
    })
    .toSorted((a, b) => b.lateness - a.lateness || (a.cause < b.cause ? -1 : 1))
}

/** `originNs`: the session's origin, in ns of the epoch. */
export function overallOf(
  judged: readonly Judged[],
  flows: readonly Flow[],
  background: Background,
  originNs: bigint,
): Overall {
  const lateFlows = flows.filter((flow) => judged.some((one) => one.late.flow === flow.id))
  const intervals = lateFlows.map((one) => one.interval)
  const rest = restOf(intervals)
  const episodes = episodesOf(judged, windowOf, rest)
  const causes = causesOf(judged, rest)
  const moments = episodes.flatMap(([first]) => (first === undefined ? [] : [first.late.dueAt]))
  const adverts = lateFlows.flatMap((flow) => trackOf(background, flow.id)?.adverts ?? [])
  return {
    late: judged.length,
    episodes: episodes.length,
    lateness: spanOf(judged.reduce((sum, one) => sum + latenessOf(one.late), 0)),
    causes,
    main: causes.find((one) => one.cause !== 'unknown' && one.share > 0.5),
    periodicity: periodicityOf(moments, adverts, background.timers, spanOf(Math.max(0, ...intervals)), originNs),
    scope:
      judged.length === 0
        ? undefined
        : scopeOf(
            judged.map((one) => one.late),
            flows,
            background,
          ),
  }
}
