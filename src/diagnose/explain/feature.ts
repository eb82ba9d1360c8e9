// Something that went on and can be looked for in any window of the same length: a process at work, a long call, a signal,
// a disk, a counter of the host.
//
// Features of one group are one piece of evidence, however many sources tell of it: pressure, run delay and steal all say
// that CPUs were short, and a process is no likelier for being seen at work besides having sent a signal.

import type { Store } from '../../store/store.ts'
import type { Instant, Span, Window } from '../../time/instant.ts'
import type { Culprit } from '../explanation.ts'

export interface Feature {
  readonly key: string
  readonly group: string
  readonly what: string
  readonly kind: Culprit['kind']
  readonly pids: readonly number[]
  /** When, in order of time; a moment has no length. May begin before the window, and end behind it. */
  readonly stretches: readonly Window[]
  /** How much of it, in a measure of its own that does not grow with the window: how long a stop or a call took. */
  readonly amount: number | undefined
}

export interface Lens {
  readonly store: Store
  /** Its threads: what they did is the ledger's matter. */
  readonly sender: ReadonlySet<number>
  readonly isOurs: (pid: number) => boolean
  /** Of any of its threads, too. */
  readonly vmOf: (tid: number) => string | undefined
  /** Every so many calls only, so that a verdict stays quick; the same for all windows that are counted. */
  readonly stride: number
  /** How long after a window the end of a call or a stop is looked for; the same for all windows. */
  readonly ahead: Span
}

export const wholeSpan = (
  stretches: readonly Window[],
): { readonly from: Instant; readonly to: Instant } | undefined => {
  const [first] = stretches
  return first === undefined
    ? undefined
    : { from: first.from, to: stretches.reduce((latest, one) => (one.to > latest ? one.to : latest), first.to) }
}
