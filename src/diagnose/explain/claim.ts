// One claim: for this stretch the sender was in this state, says this source. And how claims become a ledger.
//
//   due                                                          sent
//    |----- stopped (signals) -----|- runnable -|--- (nothing) ---|
//                 |------- blocked (a call) --------|                 painted under what is more exclusive
//
// States exclude each other: a thread that is stopped inside a call is stopped, and one that waits for a CPU inside a
// call waits for a CPU. Claims are painted in that order, each on what is still bare; the rest is `unexplained`.

import type { Span, Window } from '../../time/instant.ts'
import type { LedgerEntry, LedgerState } from '../explanation.ts'
import { clipped, intersection, lengthOf, sumOf, union, without } from './stretches.ts'

export type Source = 'signals' | 'calls' | 'switches' | 'samples' | 'cgroups' | 'wire'

export interface Claim {
  readonly state: LedgerState
  readonly window: Window
  /** Raw names in it: escape when shown. */
  readonly detail: string
  readonly source: Source
  /** Good to its probe's sampling interval only. */
  readonly isCoarse: boolean
  /** So many stretches are told as one; undefined: it is one. */
  readonly pieces?: number
}

/** Claims of one state and one detail, and what is left of them under the more exclusive ones. */
export interface Painted {
  readonly claim: Claim
  readonly claims: readonly Claim[]
  readonly windows: readonly Window[]
}

/** Most exclusive first. On a CPU, as switches saw it, beats all but a stop: nothing is both. */
function rankOf(claim: Claim): number {
  switch (claim.state) {
    case 'stopped':
      return claim.isCoarse ? 3 : 0
    case 'frozen':
      return claim.isCoarse ? 4 : 1
    case 'running':
      return claim.isCoarse ? 12 : 2
    case 'throttled':
      return 5
    case 'runnable':
      return 6
    case 'paging':
      return 7
    case 'blocked':
      // A call says what it waited for; that the thread could not be interrupted says only that it waited.
      return claim.source === 'calls' ? 8 : 8.5
    case 'vm-stopped':
      return 9
    case 'held':
      return claim.isCoarse ? 13 : 10
    case 'unexplained':
      return 14
  }
}

export function painted(claims: readonly Claim[], lateness: Window): Painted[] {
  const groups = new Map<string, Claim[]>()
  for (const claim of claims) {
    if (clipped(claim.window, lateness) === undefined) continue
    const key = `${rankOf(claim)} ${claim.state} ${claim.detail}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [claim])
    else group.push(claim)
  }
  let bare: readonly Window[] = [lateness]
  return [...groups.values()]
    .flatMap((group) => (group[0] === undefined ? [] : [{ claim: group[0], claims: group }]))
    .toSorted((a, b) => rankOf(a.claim) - rankOf(b.claim))
    .flatMap((group) => {
      const left = intersection(
        group.claims.map((one) => one.window),
        bare,
      )
      if (left.length === 0) return []
      bare = without(bare, left)
      return [{ ...group, windows: left }]
    })
}

const entriesShown = 12

/** One line for each state and detail, largest first, and last what nothing explains. Sums to the lateness. */
export function ledgerOf(all: readonly Painted[], lateness: Window, rest: string): LedgerEntry[] {
  const total = lengthOf(lateness)
  if (total <= 0) return []
  const lines = new Map<string, { state: LedgerState; detail: string; ns: number }>()
  for (const { claim, windows } of all) {
    const key = `${claim.state} ${claim.detail}`
    const line = lines.get(key) ?? { state: claim.state, detail: claim.detail, ns: 0 }
    line.ns += sumOf(windows)
    lines.set(key, line)
  }
  const sorted = [...lines.values()].toSorted((a, b) => b.ns - a.ns)
  const kept: typeof sorted = []
  for (const line of sorted) {
    // A sliver goes to the line of its state, if there is one: it is the same stretch told by a second source.
    const same = kept.find((one) => one.state === line.state)
    if (same !== undefined && (line.ns < 0.01 * total || kept.length >= entriesShown)) same.ns += line.ns
    else kept.push(line)
  }
  const explained = kept.reduce((sum, one) => sum + one.ns, 0)
  const left = total - explained
  if (left > 0.5) kept.push({ state: 'unexplained', detail: rest, ns: left })
  return kept.map((one) => ({
    state: one.state,
    span: one.ns as Span,
    share: one.ns / total,
    detail: one.detail,
  }))
}

export function windowsOf(all: readonly Painted[], states: readonly LedgerState[]): Window[] {
  return union(all.filter((one) => states.includes(one.claim.state)).flatMap((one) => one.windows))
}
