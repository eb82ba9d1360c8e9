// Sets of windows: joined where they touch, and one less another.

import { instantOf, outsideOf, type Window } from './instant.ts'

/** In order, none touching another. */
export function joinedWindows(windows: readonly Window[]): Window[] {
  const joined: Window[] = []
  for (const one of windows.toSorted((a, b) => a.from - b.from)) {
    const last = joined.at(-1)
    if (last === undefined || one.from > last.to) joined.push(one)
    else joined[joined.length - 1] = { from: last.from, to: instantOf(Math.max(last.to, one.to)) }
  }
  return joined
}

/** What is left of `windows` without `gone`, which is in order. */
export function windowsWithout(windows: readonly Window[], gone: readonly Window[]): Window[] {
  return windows.flatMap((one) => outsideOf(one, gone))
}
