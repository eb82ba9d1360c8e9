// What is not there any more, or was left out on purpose: by a flight recording, or because the memory was full. It is no
// blind spot of a probe (it saw it) and no silence (nobody says that nothing happened): in such a stretch the kernel engine
// and the host sampler prove nothing, either way.

import { instantOf, outsideOf, type Instant, type Window } from '../time/instant.ts'
import { windowsWithout } from '../time/windows.ts'

/** Stretches in order, none touching another; undefined: everything is there. */
export type Keeping = readonly Window[] | undefined

const always: Window = { from: instantOf(-Infinity), to: instantOf(Infinity) }

/** What is there of `kept` when `gone` has been dropped. */
export function keptWithout(kept: Keeping, gone: readonly Window[]): Keeping {
  return gone.length === 0 ? kept : windowsWithout(kept ?? [always], gone)
}

/** The same for whoever asks again and again while nothing changes. */
export function createKeptWithout(): typeof keptWithout {
  let last: { readonly kept: Keeping; readonly gone: readonly Window[]; readonly answer: Keeping } | undefined
  return (kept, gone) => {
    if (last === undefined || last.kept !== kept || last.gone !== gone)
      last = { kept, gone, answer: keptWithout(kept, gone) }
    return last.answer
  }
}

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
