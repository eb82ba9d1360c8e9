// On which kernel was this recorded? Never told by a name, always by what is in it:
//
//   it sent adverts that passed while its sendmsg ran         the kernel that the capture was made on
//   its threads are the ones that the host sampler saw        the same
//   it runs qemu                                              the same
//   it sent adverts of the capture, by another clock          a guest: its clock is told from those adverts
//   it sent adverts, and too few of them were captured        nowhere: without its clock nothing of it can be used
//
// What tells nothing at all is taken for this kernel when it is the only one there is.

import type { Store } from '../../store/store.ts'
import type { Cells, Columns, Table } from '../../store/table.ts'
import { fitClock } from '../../time/clock-fit.ts'
import { formatSpan } from '../../time/format.ts'
import { instantOf, millisecond, second, type Window } from '../../time/instant.ts'
import type { OtherClock } from '../../time/other-clock.ts'
import type { KernelVantage } from './kernel-vantage.ts'
import { isDuring, longestSend, stampOf, stampPairs, tolerance, type PairedAdvert } from './stamp-pairs.ts'

export type Placing =
  /** `proof`: 0 when nothing speaks for it. */
  | { readonly kind: 'here'; readonly proof: number }
  | { readonly kind: 'guest'; readonly clock: OtherClock; readonly pairs: readonly PairedAdvert[] }
  | { readonly kind: 'unplaced'; readonly reason: string }

const always: Window = { from: instantOf(-Infinity), to: instantOf(Infinity) }
const leastPairs = 3
/** keepalived counts from 1 each time it is started: the same numbers much later are another run. */
const mostOff = 1800 * second
/** What scatters more is no clock: adverts of another run keep their interval, too, only not as well. */
const mostError = 5 * millisecond
/** Enough rows to know who is there. */
const rowsLookedAt = 400_000

/** Most of its adverts passed while it was sending them. */
function isInStep(pairs: readonly PairedAdvert[]): boolean {
  const during = pairs.filter(isDuring)
  return during.length > 0 && during.length >= 0.6 * pairs.length
}

function eachRow<S extends Columns>(table: Table<S>, take: (cells: Cells<S>, i: number) => void): void {
  let looked = 0
  for (const { cells, from, to } of table.slices(always)) {
    for (let i = from; i < to; i++) take(cells, i)
    looked += to - from
    if (looked > rowsLookedAt) return
  }
}

/** Threads by id, with the name that they had first. */
function threadsIn({ store }: KernelVantage): Map<number, number> {
  const threads = new Map<number, number>()
  eachRow(store.calls, (cells, i) => {
    const tid = cells.tid[i] ?? 0
    if (!threads.has(tid)) threads.set(tid, cells.commName[i] ?? 0)
  })
  return threads
}

/** The sampler and this recording know the same threads by the same names. */
function isSampled(threads: ReadonlyMap<number, number>, session: Store): boolean {
  const common = new Set<number>()
  let hasQemu = false
  eachRow(session.threads, (cells, i) => {
    const tid = cells.tid[i] ?? 0
    if (threads.get(tid) !== cells.commName[i]) return
    common.add(tid)
    if (session.names.textOf(cells.commName[i] ?? 0).startsWith('qemu')) hasQemu = true
  })
  return common.size >= 2 || hasQemu
}

const sendCalls = ['sendmsg', 'sendto', 'sendmmsg']

/** keepalived sends in it, without data to compare: how many of these calls have an advert pass in them. */
function plainSends({ store }: KernelVantage, session: Store): { readonly of: number; readonly during: number } {
  const calls = new Set<number>(sendCalls.flatMap((call) => session.names.find(call) ?? []))
  let of = 0
  let during = 0
  for (const { at, cells, from, to } of store.calls.slices(always)) {
    for (let i = from; i < to && of < 200; i++) {
      if (!calls.has(cells.callName[i] ?? 0)) continue
      if (!session.names.textOf(cells.commName[i] ?? 0).startsWith('keepalived')) continue
      // Not its log, and not netlink: a raw socket's far end has the protocol for a port, or none.
      if (!/112|VRRP/i.test(session.names.textOf(cells.fileName[i] ?? 0))) continue
      of++
      const end = at[i] ?? 0
      const latency = cells.latencyNs[i] ?? Number.NaN
      const begin = end - (latency >= 0 ? latency : longestSend)
      const window = { from: instantOf(begin - tolerance), to: instantOf(end + tolerance) }
      if (session.adverts.slices(window).length > 0) during++
    }
  }
  return { of, during }
}

/** `isGuests`: this source is known to be behind a qemu of this host, by something else than the recording itself. */
export function placingOf(vantage: KernelVantage, session: Store, isGuests: (source: string) => boolean): Placing {
  const { issued } = vantage
  const pairs = stampPairs(issued.all, session)
  const isBehindQemu = pairs.length > 0 && pairs.every(({ sent }) => isGuests(sent.source))
  if (!isBehindQemu) {
    if (isInStep(pairs)) return { kind: 'here', proof: 3 }
    const threads = threadsIn(vantage)
    if (isSampled(threads, session)) return { kind: 'here', proof: 2 }
    if ([...new Set(threads.values())].some((name) => session.names.textOf(name).startsWith('qemu')))
      return { kind: 'here', proof: 1 }
  }
  if (issued.count > 0) return guestOrNowhere(vantage, pairs)
  if (vantage.sources.count > 0) return { kind: 'here', proof: 1 }
  const { of, during } = plainSends(vantage, session)
  if (during >= 0.5 * of) return { kind: 'here', proof: of > 0 ? 1 : 0 }
  return {
    kind: 'unplaced',
    reason: 'the adverts that it sent do not show their numbers, and its clock is another one',
  }
}

/**
 * One that is said to be of a guest, of whatever clock; but a command that leads to where we are already brings what is
 * seen already. `host`: the machine of the capture.
 */
export function guestPlacingOf(vantage: KernelVantage, session: Store, host: string): Placing {
  const { issued, machine } = vantage
  const pairs = stampPairs(issued.all, session)
  const isHere = (): boolean => machine?.hostName === host || isSampled(threadsIn(vantage), session)
  if (isInStep(pairs) && isHere())
    return { kind: 'unplaced', reason: 'it runs on this very kernel, which is watched already' }
  if (issued.count > 0) return guestOrNowhere(vantage, pairs)
  return { kind: 'unplaced', reason: 'no advert has been seen to be sent in there, and only they tell its clock' }
}

function guestOrNowhere({ issued, setBackAt }: KernelVantage, all: readonly PairedAdvert[]): Placing {
  const pairs = all.filter(({ sent }) => setBackAt === undefined || sent.at < setBackAt)
  if (pairs.length < leastPairs)
    return {
      kind: 'unplaced',
      reason: issued.all.every(({ ipId }) => ipId < 0)
        ? 'its adverts (IPv6) have no numbers, and their rhythm does not tell which of them passed when'
        : `${pairs.length} of the ${issued.count} adverts that it sent are in the capture, and its clock takes ${leastPairs} to tell`,
    }
  const hasEnters = pairs.every(({ sent }) => sent.enterAt !== undefined)
  const stamps = pairs.map(({ sent, passedAt }) => ({ there: stampOf(sent), here: passedAt }))
  const clock = fitClock(stamps, hasEnters)
  if (clock !== undefined && Math.abs(clock.offset) > mostOff)
    return {
      kind: 'unplaced',
      reason: `its stamps lie ${formatSpan(clock.offset)} away: it seems to be of another time`,
    }
  if (clock === undefined || clock.error > mostError)
    return { kind: 'unplaced', reason: 'its clock keeps no steady distance from the capture’s' }
  return { kind: 'guest', clock, pairs }
}
