// How much speaks for a suspect: log-odds, one term for each group of evidence, so that two sources of one thing are
// never added up. Ranks only; it never convicts: that is the ruling's business.

import type { Rarity } from './rarity.ts'
import type { Neighbours } from './neighbours.ts'

export interface Grounds {
  /** Part of the lateness it overlaps. */
  readonly covers: number
  /** It ends as the advert leaves. */
  readonly isAligned: boolean
  /** It began only after the advert was due: a consequence, or it prolonged the lateness. */
  readonly isAftermath: boolean
  readonly rarity: Rarity
  readonly hasBridge: boolean
  /** It holds up everybody on the host, if it holds up anybody. */
  readonly isHostWide: boolean
  readonly neighbours: Neighbours
}

const prior = -2
/** Without a mechanism it is correlated at most, however well it fits: below any suspect that has one. */
const mostWithoutBridge = 0.5
const leastWithBridge = 0.5

function rarityTerm({ q, p }: Rarity): number {
  if (q === undefined || p === undefined) return 0
  if (q <= 0.05) return 2
  if (q <= 0.2) return 1
  return p >= 0.4 ? -1 : 0
}

/** The longer the later; second by second is what a stop looks like. */
function doseTerm({ dose }: Rarity): number {
  if (dose?.isSignificant !== true) return 0
  return dose.slope > 0.7 && dose.slope < 1.4 ? 1.5 : 0.75
}

function scopeTerm({ isHostWide, neighbours }: Grounds): number {
  if (!isHostWide) return 0
  if (neighbours.late > 0) return 1
  return neighbours.onTime > 0 ? -1 : 0
}

/** 0 to 1. */
export function scoreOf(grounds: Grounds): number {
  const odds =
    prior +
    2 * grounds.covers +
    (grounds.isAligned ? 1.5 : 0) +
    (grounds.isAftermath ? -3 : 0) +
    rarityTerm(grounds.rarity) +
    doseTerm(grounds.rarity) +
    scopeTerm(grounds) +
    (grounds.hasBridge ? 3 : 0)
  const chance = 1 / (1 + Math.exp(-odds))
  return grounds.hasBridge ? leastWithBridge + (1 - leastWithBridge) * chance : mostWithoutBridge * chance
}
