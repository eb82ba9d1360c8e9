// What a flight recording left out on purpose. It is no blind spot (the probe saw it) and no silence (nobody says that nothing
// happened): in such a stretch the kernel engine and the host sampler prove nothing, either way.

import { instantOf, outsideOf, type Instant, type Window } from '../time/instant.ts'

/** Stretches in order, none touching another; undefined: everything was kept. */
export type Keeping = readonly Window[] | undefined

export function isKept(kept: Keeping, window: Window): boolean {
  return kept === undefined || kept.some((one) => one.from <= window.from && one.to >= window.to)
}

/** The parts of `window` that were not kept. */
export function leftOutOf(kept: Keeping, window: Window): Window[] {
  return kept === undefined ? [] : outsideOf(window, kept)
}

/** How much of `window` was kept, in nanoseconds. */
export function keptLengthOf(kept: Keeping, window: Window): number {
  const out = leftOutOf(kept, window).reduce((sum, one) => sum + one.to - one.from, 0)
  return window.to - window.from - out
}

/** The last moment before `at` of which everything was kept; `at` itself where it was. */
export function keptUntil(kept: Keeping, at: Instant): Instant {
  if (kept === undefined) return at
  const last = kept.findLast((one) => one.from <= at)
  return last === undefined ? at : instantOf(Math.min(at, last.to))
}
