// The same adverts, stamped twice: as a kernel saw them sent, and as the capture saw them pass. IPv4's identification says
// which is which; it comes round again, and begins anew with each keepalived, so among equal ones the steadiest is taken.

import type { Store } from '../../store/store.ts'
import { instantOf, type Instant, type Window } from '../../time/instant.ts'
import type { SentAdvert } from '../intake/issued-adverts.ts'

export interface PairedAdvert {
  readonly sent: SentAdvert
  /** When it passed its first link. */
  readonly passedAt: Instant
}

const always: Window = { from: instantOf(-Infinity), to: instantOf(Infinity) }
const coarse = 0.1e9

/** Of one advert on several links, the first: the one at its sender. */
function passings(store: Store): Map<string, Instant[]> {
  const { names } = store
  const found = new Map<string, Instant[]>()
  for (const { at, cells, from, to } of store.adverts.slices(always)) {
    for (let i = from; i < to; i++) {
      const key = `${names.textOf(cells.source[i] ?? 0)} ${cells.vrid[i]} ${cells.ipId[i]}`
      const all = found.get(key)
      const moment = instantOf(at[i] ?? 0)
      if (all === undefined) found.set(key, [moment])
      else if (moment - (all.at(-1) ?? 0) > coarse) all.push(moment)
    }
  }
  return found
}

function commonest(offsets: readonly number[]): number {
  const counts = new Map<number, number>()
  for (const one of offsets) {
    const bin = Math.round(one / coarse)
    counts.set(bin, (counts.get(bin) ?? 0) + 1)
  }
  const [most] = [...counts].toSorted((a, b) => b[1] - a[1] || a[0] - b[0])
  return (most?.[0] ?? 0) * coarse
}

export function stampPairs(sent: readonly SentAdvert[], store: Store): PairedAdvert[] {
  if (sent.length === 0) return []
  const passed = passings(store)
  const candidates = sent.map((one) => ({
    sent: one,
    stamp: one.enterAt ?? one.at,
    passings: passed.get(`${one.source} ${one.vrid} ${one.ipId}`) ?? [],
  }))
  let usual = commonest(candidates.flatMap((one) => one.passings.map((at) => at - one.stamp)))
  return candidates.flatMap((one): PairedAdvert[] => {
    const off = (at: Instant): number => Math.abs(at - one.stamp - usual)
    const [nearest] = one.passings.toSorted((a, b) => off(a) - off(b))
    if (nearest === undefined) return []
    // A clock that was stepped is followed; one advert that was held is not.
    if (off(nearest) < 10 * coarse) usual = nearest - one.stamp
    return [{ sent: one.sent, passedAt: nearest }]
  })
}
