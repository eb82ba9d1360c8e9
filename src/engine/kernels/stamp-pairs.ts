// The same adverts, stamped twice: as a kernel saw them sent, and as the capture saw them pass. IPv4's identification says
// which is which; it comes round again, and begins anew with each keepalived, so among equal ones the steadiest is taken.
// IPv6 has none: on this very kernel an advert passes while it is sent; elsewhere the rhythm tells.

import type { AdvertKey } from '../../diagnose/evidence.ts'
import type { Store } from '../../store/store.ts'
import { instantOf, millisecond, type Instant, type Window } from '../../time/instant.ts'
import type { IssuedAdverts, SentAdvert } from '../intake/issued-adverts.ts'
import { rhythmPairs } from './rhythm-pairs.ts'

export interface PairedAdvert {
  readonly sent: SentAdvert
  /** When it passed its first link. */
  readonly passedAt: Instant
}

const always: Window = { from: instantOf(-Infinity), to: instantOf(Infinity) }
const coarse = 0.1e9
/** Two probes stamp the same event some microseconds apart. */
export const tolerance = 0.1 * millisecond
/** Without its beginning a call is taken to be no longer. */
export const longestSend = 5 * millisecond

/** Its stamp by that kernel: when it was called, where that was seen. */
export const stampOf = ({ enterAt, at }: SentAdvert): Instant => enterAt ?? at

const couldPassFrom = ({ enterAt, at }: SentAdvert): number => (enterAt ?? at - longestSend) - tolerance

/** It passed while it was sent. */
export const isDuring = ({ sent, passedAt }: PairedAdvert): boolean =>
  passedAt >= couldPassFrom(sent) && passedAt <= sent.at + tolerance

const flowOf = (source: string, vrid: number): string => `${source} ${vrid}`

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

/** Adverts without a number, by flow, in order: of each flow those on the link that has most of them. */
function unnumberedPassings(store: Store): Map<string, readonly Instant[]> {
  const flows = new Map<string, Map<number, Instant[]>>()
  for (const { at, cells, from, to } of store.adverts.slices(always)) {
    for (let i = from; i < to; i++) {
      if ((cells.ipId[i] ?? -1) >= 0) continue
      const flow = flowOf(store.names.textOf(cells.source[i] ?? 0), cells.vrid[i] ?? 0)
      const links = flows.get(flow) ?? new Map<number, Instant[]>()
      flows.set(flow, links)
      const link = cells.link[i] ?? 0
      const onLink = links.get(link) ?? []
      links.set(link, onLink)
      onLink.push(instantOf(at[i] ?? 0))
    }
  }
  const mostOf = (links: ReadonlyMap<number, readonly Instant[]>): readonly Instant[] =>
    [...links.values()].reduce((most, one) => (one.length > most.length ? one : most), [])
  return new Map([...flows].map(([flow, links]) => [flow, mostOf(links)] as const))
}

/** Each with the packet that passed while it was sent. */
function pairsDuring(sent: readonly SentAdvert[], passed: readonly Instant[]): PairedAdvert[] {
  let next = 0
  return sent.flatMap((one) => {
    while (next < passed.length && (passed[next] ?? 0) < couldPassFrom(one)) next++
    const passedAt = passed[next]
    const pair = passedAt === undefined ? undefined : { sent: one, passedAt }
    return pair !== undefined && isDuring(pair) ? [pair] : []
  })
}

function unnumberedPairs(sent: readonly SentAdvert[], store: Store): PairedAdvert[] {
  if (sent.length === 0) return []
  const passedOf = unnumberedPassings(store)
  return [...new Set(sent.map(({ source, vrid }) => flowOf(source, vrid)))].flatMap((flow): PairedAdvert[] => {
    const all = sent.filter(({ source, vrid }) => flowOf(source, vrid) === flow)
    const passed = passedOf.get(flow) ?? []
    const during = pairsDuring(all, passed)
    if (during.length >= 0.6 * Math.min(all.length, passed.length)) return during
    return rhythmPairs(all.map(stampOf), passed).flatMap((pair) => {
      const one = all[pair.sent]
      const passedAt = passed[pair.passed]
      return one === undefined || passedAt === undefined ? [] : [{ sent: one, passedAt }]
    })
  })
}

/** The sendmsg of this advert. */
export const sentOf = (
  issued: IssuedAdverts,
  pairs: readonly PairedAdvert[],
  { source, vrid, ipId, at }: AdvertKey,
): SentAdvert | undefined =>
  ipId === undefined
    ? pairs.find(({ sent, passedAt }) => passedAt === at && sent.vrid === vrid && sent.source === source)?.sent
    : issued.find(source, vrid, ipId)

export function stampPairs(sent: readonly SentAdvert[], store: Store): PairedAdvert[] {
  return [
    ...numberedPairs(
      sent.filter(({ ipId }) => ipId >= 0),
      store,
    ),
    ...unnumberedPairs(
      sent.filter(({ ipId }) => ipId < 0),
      store,
    ),
  ]
}

function numberedPairs(sent: readonly SentAdvert[], store: Store): PairedAdvert[] {
  if (sent.length === 0) return []
  const passed = passings(store)
  const candidates = sent.map((one) => ({
    sent: one,
    stamp: stampOf(one),
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
