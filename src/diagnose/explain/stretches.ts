// Arithmetic of stretches of time: what a ledger is made of. Stretches are half-open, sorted and never overlap.

import { instantOf, spanOf, type Span, type Window } from '../../time/instant.ts'

export const lengthOf = (window: Window): Span => spanOf(Math.max(0, window.to - window.from))

export function sumOf(windows: readonly Window[]): Span {
  return spanOf(windows.reduce((sum, one) => sum + lengthOf(one), 0))
}

/** The part of `window` inside `frame`; undefined when there is none. */
export function clipped(window: Window, frame: Window): Window | undefined {
  const from = Math.max(window.from, frame.from)
  const to = Math.min(window.to, frame.to)
  return from < to ? { from: instantOf(from), to: instantOf(to) } : undefined
}

/** Sorted and merged; stretches closer than `gap` are one. */
export function union(windows: readonly Window[], gap = 0): Window[] {
  const merged: Window[] = []
  for (const one of windows.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1)
    if (last === undefined || one.from > last.to + gap) merged.push(one)
    else if (one.to > last.to) merged[merged.length - 1] = { from: last.from, to: one.to }
  }
  return merged
}

export function intersection(some: readonly Window[], others: readonly Window[]): Window[] {
  const a = union(some)
  const b = union(others)
  const common: Window[] = []
  for (let i = 0, j = 0; ;) {
    const one = a[i]
    const other = b[j]
    if (one === undefined || other === undefined) return common
    const part = clipped(one, other)
    if (part !== undefined) common.push(part)
    if (one.to < other.to) i++
    else j++
  }
}

/** What of `windows` no stretch of `taken` covers. */
export function without(windows: readonly Window[], taken: readonly Window[]): Window[] {
  const cuts = union(taken)
  const left: Window[] = []
  let c = 0
  for (const one of union(windows)) {
    let from = one.from
    while ((cuts[c]?.to ?? Infinity) <= from) c++
    for (let k = c; k < cuts.length && from < one.to; k++) {
      const cut = cuts[k]
      if (cut === undefined || cut.from >= one.to) break
      if (cut.from > from) left.push({ from, to: cut.from })
      if (cut.to > from) from = cut.to
    }
    if (from < one.to) left.push({ from, to: one.to })
  }
  return left
}
