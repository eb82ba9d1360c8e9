// The stretches in which a source could not see, with their reasons. Opened and closed by what probes say of themselves.

import type { BlindSpot } from '../events/probe.ts'
import { instantOf, type Instant } from '../time/instant.ts'

export interface BlindSpots {
  /** Opens one that lasts until it is closed; a second opening of the same key changes nothing. */
  open(key: string, spot: Omit<BlindSpot, 'to'>): void
  close(key: string, to: Instant): void
  add(spot: BlindSpot): void
  readonly all: readonly BlindSpot[]
  readonly version: number
}

/** Spots of the same source and reason that touch are one; beyond this many the oldest are merged into one. */
const kept = 2000
const touching = 2e9

export function createBlindSpots(): BlindSpots {
  const open = new Map<string, number>()
  let spots: BlindSpot[] = []
  let version = 0

  function add(spot: BlindSpot): number {
    version++
    const lastIndex = spots.findLastIndex((one) => one.source === spot.source && one.reason === spot.reason)
    const last = spots[lastIndex]
    if (last?.to !== undefined && spot.from - last.to <= touching && spot.to !== undefined && spot.from >= last.from) {
      spots[lastIndex] = { ...last, to: instantOf(Math.max(last.to, spot.to)) }
      return lastIndex
    }
    if (spots.length >= kept) forgetOldest()
    spots.push(spot)
    return spots.length - 1
  }

  function forgetOldest(): void {
    const old = spots.slice(0, kept / 2)
    const merged: BlindSpot[] = []
    for (const source of new Set(old.map((spot) => spot.source))) {
      const of = old.filter((spot) => spot.source === source)
      const from = of[0]?.from
      if (from === undefined) continue
      merged.push({
        source,
        from,
        to: of.at(-1)?.to,
        reason: `${of.length} blind spots, no longer kept one by one`,
        remedy: undefined,
      })
    }
    const shift = old.length - merged.length
    spots = [...merged, ...spots.slice(kept / 2)]
    for (const [key, index] of open) open.set(key, Math.max(0, index - shift))
  }

  return {
    open(key, spot) {
      if (open.has(key)) return
      version++
      if (spots.length >= kept) forgetOldest()
      spots.push({ ...spot, to: undefined })
      open.set(key, spots.length - 1)
    },
    close(key, to) {
      const index = open.get(key)
      const spot = index === undefined ? undefined : spots[index]
      if (index === undefined || spot === undefined) return
      open.delete(key)
      version++
      spots[index] = { ...spot, to: instantOf(Math.max(spot.from, to)) }
    },
    add(spot) {
      add(spot)
    },
    get all() {
      return spots
    },
    get version() {
      return version
    },
  }
}
