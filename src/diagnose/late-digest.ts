// One late advert in a few words: enough to list and to filter hundreds of them without their windows.

import type { Span } from '../time/instant.ts'
import { between } from '../time/instant.ts'
import type { Cause, Confidence } from './explanation.ts'
import type { Fact, WindowView } from './finding.ts'

/** A process with a fact in the window. */
export interface Actor {
  readonly comm: string
  readonly pid: number | undefined
  /** Its longest fact. */
  readonly longest: Span
}

export interface LateDigest {
  readonly number: number
  readonly cause: Cause
  readonly confidence: Confidence
  readonly culprit: string | undefined
  /** Those that cover most of the lateness first, at most `actorsKept`. */
  readonly actors: readonly Actor[]
}

const actorsKept = 12

export function digestOf({ late, facts, explanation }: WindowView): LateDigest {
  const byName = new Map<string, Actor & { share: number }>()
  const add = (fact: Fact, comm: string): void => {
    const key = `${comm} ${fact.pid ?? ''}`
    const longest = between(fact.window.from, fact.window.to)
    const known = byName.get(key)
    byName.set(key, {
      comm,
      pid: fact.pid,
      longest: known === undefined || longest > known.longest ? longest : known.longest,
      share: Math.max(fact.share, known?.share ?? 0),
    })
  }
  for (const fact of facts) if (fact.comm !== undefined) add(fact, fact.comm)
  return {
    number: late.number,
    cause: explanation?.cause ?? 'unknown',
    confidence: explanation?.confidence ?? 'unknown',
    culprit: explanation?.culprit?.name,
    actors: [...byName.values()]
      .toSorted((a, b) => b.share - a.share)
      .slice(0, actorsKept)
      .map(({ comm, pid, longest }) => ({ comm, pid, longest })),
  }
}
