// The plan of `npm start`: what happens when, as a value. It waits for nothing and touches nothing.
//
//   listen ──▶ inject ──▶ hold ──▶ explain ──▶ end
//   N adverts   once      until    until the late advert
//   heard                 let go   is settled
//
// Whoever runs it asks `next()` a few times a second with what was seen since, and does what the answer says: `inject`
// is answered exactly once.

export interface WatchOptions {
  /** Adverts to hear before the fault. */
  readonly adverts: number
  readonly faultSeconds: number
  /** Of the pair. */
  readonly advertIntervalSeconds: number
  /** Whether a late advert is to be waited for. */
  readonly makesLate: boolean
}

export const defaultWatch: WatchOptions = {
  adverts: 4,
  faultSeconds: 4.2,
  advertIntervalSeconds: 1,
  makesLate: true,
}

export interface Watched {
  /** Since the pair was up. */
  readonly elapsedMs: number
  /** Of the sender, on the wire, so far. */
  readonly adverts: number
  readonly isFaultOver: boolean
  /** The newest late advert of the sender; undefined while there is none. */
  readonly late: { readonly isSettled: boolean; readonly isTakeover: boolean } | undefined
}

type WatchOutcome = 'explained' | 'on-time' | 'no-adverts' | 'not-explained' | 'early'

export type WatchStep =
  | { readonly kind: 'listen'; readonly heard: number; readonly of: number }
  | { readonly kind: 'inject'; readonly seconds: number }
  | { readonly kind: 'hold'; readonly forMs: number; readonly seconds: number }
  | { readonly kind: 'explain'; readonly forMs: number }
  | { readonly kind: 'end'; readonly outcome: WatchOutcome }

export interface WatchPlan {
  next(seen: Watched): WatchStep
}

/** keepalived begins as BACKUP and waits a Master_Down_Interval: at most 4 intervals (RFC 9568 section 6.1). */
const startIntervals = 4
/** Adverts after the late one that show the phase, with some to spare. */
const settleIntervals = 6
/** For probes and adverts that are slow to come; who hears them sooner waits no longer. */
const graceMs = 45_000

export function createWatchPlan(options: WatchOptions = defaultWatch): WatchPlan {
  const intervalMs = options.advertIntervalSeconds * 1000
  const listenMs = (startIntervals + options.adverts) * intervalMs + graceMs
  const explainMs = settleIntervals * intervalMs + graceMs
  let injectedMs: number | undefined
  let overMs: number | undefined
  let outcome: WatchOutcome | undefined
  const end = (how: WatchOutcome): WatchStep => {
    outcome ??= how
    return { kind: 'end', outcome }
  }
  return {
    next({ elapsedMs, adverts, isFaultOver, late }) {
      if (outcome !== undefined) return end(outcome)
      if (injectedMs === undefined) {
        // A busy machine can be late by itself. Then there is nothing to practise: the real thing is on the screen.
        if (late?.isSettled === true) return end('early')
        if (adverts >= options.adverts) {
          injectedMs = elapsedMs
          return { kind: 'inject', seconds: options.faultSeconds }
        }
        if (elapsedMs > listenMs) return end('no-adverts')
        return { kind: 'listen', heard: adverts, of: options.adverts }
      }
      if (overMs === undefined && !isFaultOver) {
        return { kind: 'hold', forMs: elapsedMs - injectedMs, seconds: options.faultSeconds }
      }
      overMs ??= elapsedMs
      if (late?.isSettled === true) return end('explained')
      if (!options.makesLate && elapsedMs - overMs > settleIntervals * intervalMs) return end('on-time')
      if (elapsedMs - overMs > explainMs) return end('not-explained')
      return { kind: 'explain', forMs: elapsedMs - overMs }
    },
  }
}

const endings: Readonly<Record<WatchOutcome, string>> = {
  explained: 'drill: done, the late advert is explained',
  'on-time': 'drill: done, nothing was late',
  'no-adverts': 'drill: given up, no adverts were seen on the wire',
  'not-explained': 'drill: given up, the fault is over and no late advert was found',
  early: 'drill: an advert was late before anything was done to the pair',
}

/** What the status line says. */
export function formatStep(step: WatchStep): string {
  switch (step.kind) {
    case 'listen':
      return step.heard === 0
        ? 'drill: the pair is up; keepalived waits 3 intervals before its first advert'
        : `drill: ${step.heard} of ${step.of} adverts heard, then the MASTER is stopped`
    case 'inject':
      return `drill: now the MASTER is stopped for ${step.seconds} s`
    case 'hold':
      return `drill: the MASTER has been stopped for ${(step.forMs / 1000).toFixed(1)} of ${step.seconds} s`
    case 'explain':
      return 'drill: the MASTER runs again; waiting for the adverts that show the phase'
    case 'end':
      return endings[step.outcome]
    default:
      return unreachable(step)
  }
}

function unreachable(step: never): never {
  throw new Error(`no such step: ${JSON.stringify(step)}`)
}
