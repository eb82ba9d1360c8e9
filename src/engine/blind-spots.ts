// The stretches in which a source could not see, with their reasons. Opened and closed by what probes say of themselves.

import type { BlindSpot } from '../events/probe.ts'
import { instantOf, type Instant, type Window } from '../time/instant.ts'

export interface BlindSpots {
  /** Opens one that lasts until it is closed; a second opening of the same key changes nothing. */
  open(key: string, spot: Omit<BlindSpot, 'to'>): void
  close(key: string, to: Instant): void
  /** It was none after all: what was to be seen came later. */
  withdraw(key: string): void
  add(spot: BlindSpot): void
  readonly all: readonly BlindSpot[]
  readonly version: number
}

/** What a store has dropped. */
export const droppedSpot = ({ from, to }: Window): BlindSpot => ({
  source: 'store',
  from,
  to,
  reason: 'events of this stretch were dropped to stay within the memory budget',
  remedy: 'give more memory with --budget',
})

/** Spots of the same source and reason that touch are one; beyond this many the oldest are told in runs. */
const kept = 2000
const touching = 2e9
/** How far apart the spots of one run may be: the first that leaves few enough. */
const runsWithin = [10e9, 60e9, 600e9, Infinity]

/** Who could not see: guests are told apart. */
const seerOf = ({ source, part }: BlindSpot): string => `${source} ${part ?? ''}`

/** Closed spots of one source, in order, that are closer than `within`: one for each run. */
function runsOf(spots: readonly BlindSpot[], within: number): BlindSpot[] {
  const runs: { readonly first: BlindSpot; to: Instant; count: number }[] = []
  for (const spot of spots.toSorted((a, b) => a.from - b.from)) {
    const last = runs.at(-1)
    const to = spot.to ?? spot.from
    if (last === undefined || spot.from - last.to > within) runs.push({ first: spot, to, count: 1 })
    else {
      last.to = instantOf(Math.max(last.to, to))
      last.count++
    }
  }
  return runs.map(({ first, to, count }) =>
    count === 1
      ? first
      : { ...first, to, reason: `${count} blind spots, no longer kept one by one`, remedy: undefined },
  )
}

export function createBlindSpots(): BlindSpots {
  const open = new Map<string, BlindSpot>()
  let spots: BlindSpot[] = []
  let version = 0

  function push(spot: BlindSpot): void {
    if (spots.length >= kept) forgetOldest()
    spots.push(spot)
  }

  function forgetOldest(): void {
    const old = spots.slice(0, kept / 2)
    const closed = old.filter((spot) => spot.to !== undefined)
    const seers = [...new Set(closed.map(seerOf))]
    let runs: BlindSpot[] = []
    for (const within of runsWithin) {
      runs = seers.flatMap((seer) =>
        runsOf(
          closed.filter((spot) => seerOf(spot) === seer),
          within,
        ),
      )
      if (runs.length <= kept / 4) break
    }
    spots = [...old.filter((spot) => spot.to === undefined), ...runs, ...spots.slice(kept / 2)]
  }

  return {
    open(key, spot) {
      if (open.has(key)) return
      version++
      const opened = { ...spot, to: undefined }
      push(opened)
      open.set(key, opened)
    },
    close(key, to) {
      const spot = open.get(key)
      if (spot === undefined) return
      open.delete(key)
      version++
      spots[spots.indexOf(spot)] = { ...spot, to: instantOf(Math.max(spot.from, to)) }
    },
    withdraw(key) {
      const spot = open.get(key)
      if (spot === undefined) return
      open.delete(key)
      version++
      spots = spots.filter((one) => one !== spot)
    },
    add(spot) {
      version++
      const { to } = spot
      const index = spots.findLastIndex(
        (one) => seerOf(one) === seerOf(spot) && one.reason === spot.reason && isNear(one, spot),
      )
      const near = spots[index]
      if (near?.to === undefined || to === undefined) {
        push(spot)
        return
      }
      // What goes on is news: it stands where the newest stand.
      spots.splice(index, 1)
      spots.push({ ...near, from: instantOf(Math.min(near.from, spot.from)), to: instantOf(Math.max(near.to, to)) })
    },
    get all() {
      return spots
    },
    get version() {
      return version
    },
  }
}

function isNear(one: BlindSpot, other: BlindSpot): boolean {
  if (one.to === undefined || other.to === undefined) return false
  return other.from - one.to <= touching && one.from - other.to <= touching
}
