// Late adverts by their number, which stays when the oldest are let go: each is a few kilobytes.

import type { LateAdvert } from './finding.ts'

export interface LateList {
  /** Those that are kept, oldest first. */
  readonly kept: readonly LateAdvert[]
  /** Those that are not kept any more: the oldest. */
  readonly forgotten: number
  readonly nextNumber: number
  add(one: LateAdvert): void
  /** undefined: it is not kept any more. */
  get(number: number): LateAdvert | undefined
  /** In the place of the one with its number, if that is kept. */
  replace(one: LateAdvert): void
}

export function createLateList(mostKept: number): LateList {
  const kept: LateAdvert[] = []
  let forgotten = 0
  const indexOf = (number: number): number => number - 1 - forgotten

  return {
    kept,
    get forgotten() {
      return forgotten
    },
    get nextNumber() {
      return forgotten + kept.length + 1
    },
    add(one) {
      kept.push(one)
      if (kept.length > mostKept) forgotten += kept.splice(0, Math.ceil(mostKept / 4)).length
    },
    get: (number) => kept[indexOf(number)],
    replace(one) {
      const index = indexOf(one.number)
      if (kept[index] !== undefined) kept[index] = one
    },
  }
}
