// All kernels that were recorded, each by itself, and which of them is which.
//
//   parts    ''          the first one: its tables are in the session's store
//            others      a store of their own, which shares the session's names and its budget
//   placing  here        the kernel that the capture was made on: what `evidence.store` shows
//            guest       inside a virtual machine: read on the capture's clock, and only for the flows that it sends
//            unplaced    a blind spot, with the reason
//
// Which is which is asked again only when more was heard.

import type { AdvertKey, GuestView, Issued } from '../../diagnose/evidence.ts'
import type { Flow } from '../../diagnose/finding.ts'
import type { BlindSpot } from '../../events/probe.ts'
import { withKernel } from '../../store/kernel-tables.ts'
import { openStore, type Store } from '../../store/store.ts'
import { instantOf, millisecond, second, type Epoch, type Instant, type Window } from '../../time/instant.ts'
import type { OtherClock } from '../../time/other-clock.ts'
import { joinedWindows } from '../../time/windows.ts'
import { droppedSpot, type BlindSpots } from '../blind-spots.ts'
import { guestSpots, guestView, vantageName } from './guest-view.ts'
import { openKernelVantage, type KernelVantage } from './kernel-vantage.ts'
import { guestPlacingOf, placingOf, type Placing } from './placing.ts'
import { sentOf } from './stamp-pairs.ts'
import type { Tally } from '../tally.ts'

export interface PlacedVantage {
  readonly vantage: KernelVantage
  readonly placing: Placing
}

export interface KernelVantages {
  /** Opened when it is first asked for. */
  of(part: string): KernelVantage
  placed(): readonly PlacedVantage[]
  /** The tables of the kernel that the capture was made on, beside the session's own. */
  readonly store: Store
  readonly here: KernelVantage | undefined
  /** What of that store had to be dropped. */
  readonly gone: readonly Window[]
  /** Of all of them, on the capture's clock. */
  readonly blindSpots: readonly BlindSpot[]
  guestOf(flow: Flow): GuestView | undefined
  /** Of the guest of this name, once its adverts have told it. */
  clockOf(part: string): OtherClock | undefined
  /** When its sender handed this advert to its kernel, whichever that is. */
  issued(advert: AdvertKey): Issued | undefined
  /** Whatever was heard since they were placed counts from now on. */
  placeAnew(): void
  /** What a late advert needs stays in every one of them. */
  pin(window: Window): void
  /** What the others have taken of the session's budget, once they are within their part of it. */
  trim(): number
}

export interface VantagesParts {
  readonly origin: Epoch
  readonly session: Store
  /** A live engine runs where the capture does: there is nothing to be told. */
  readonly isLive: boolean
  /** These are known to be of other kernels. */
  readonly guests: ReadonlySet<string>
  /** Name of the machine that the capture was made on. */
  readonly host: string
  readonly now: () => Instant
  /** By a flight recorder. */
  readonly kept: () => readonly Window[] | undefined
  /** This source is known to be behind a qemu of this host. */
  readonly isGuests: (source: string) => boolean
  readonly tallyOf: (part: string) => Tally
  /** By that kernel's own clock. */
  readonly blindSpotsOf: (part: string) => BlindSpots
  /** What the owner of the input told by the capture's clock. */
  readonly told: () => readonly BlindSpot[]
  readonly onLost: (part: string, from: Instant, to: Instant, events: number) => void
}

/** The more adverts a clock is told from, the longer that takes and the less one more says. */
const pairCost = millisecond

const isHeard = ({ lastAt }: KernelVantage): boolean => lastAt !== undefined

/** Of several of one kernel only one can be used: whatever they both saw would count twice. */
function decided(all: readonly PlacedVantage[]): readonly PlacedVantage[] {
  const heard = all.filter(({ vantage }) => isHeard(vantage))
  const proofOf = ({ placing }: PlacedVantage): number => (placing.kind === 'here' ? placing.proof : -1)
  const [best] = heard.filter((one) => proofOf(one) >= 0).toSorted((a, b) => proofOf(b) - proofOf(a))
  return all.map((one): PlacedVantage => {
    const { placing, vantage } = one
    if (placing.kind !== 'here' || !isHeard(vantage)) return one
    if (one === best && (placing.proof > 0 || heard.length === 1)) return one
    const reason =
      placing.proof > 0
        ? 'it is a second recording of the same kernel, and only one of them can be used'
        : 'nothing in it tells on which kernel it was made'
    return { vantage, placing: { kind: 'unplaced', reason } }
  })
}

function spotsOf({ vantage, placing }: PlacedVantage, session: Store): readonly BlindSpot[] {
  switch (placing.kind) {
    case 'here':
      return [...vantage.blindSpots.all, ...(vantage.store === session ? [] : vantage.store.gone.map(droppedSpot))]
    case 'guest':
      return guestSpots(vantage, placing.clock)
    case 'unplaced': {
      const reason = `nothing of it is used: ${placing.reason}`
      // All of the session.
      const from = instantOf(0)
      return [{ source: 'sysdig', part: vantageName(vantage), from, to: undefined, reason, remedy: undefined }]
    }
  }
}

export function createKernelVantages(parts: VantagesParts): KernelVantages {
  const { origin, session, isLive, guests, isGuests } = parts
  const vantages = new Map<string, KernelVantage>()
  const quiet = openStore(0, session.names)
  const pins: Window[] = []
  const pinned = new Map<KernelVantage, number>()
  let placed:
    | { readonly all: readonly PlacedVantage[]; readonly heard: string; readonly at: Instant; readonly of: number }
    | undefined
  let composed: { readonly of: KernelVantage | undefined; readonly store: Store } | undefined

  function of(part: string): KernelVantage {
    const known = vantages.get(part)
    if (known !== undefined) return known
    const vantage = openKernelVantage({
      part,
      origin,
      store: part === '' ? session : openStore(session.budgetBytes / Math.max(2, 1 + guests.size), session.names),
      session,
      tally: parts.tallyOf(part),
      blindSpots: parts.blindSpotsOf(part),
      onLost: (from, to, events) => parts.onLost(part, from, to, events),
    })
    vantages.set(part, vantage)
    return vantage
  }

  function heardSoFar(): string {
    const counts = [...vantages.values()].map(({ store: { calls }, issued }) => `${calls.end} ${issued.count}`)
    return [...counts, session.adverts.end, session.threads.end].join(' ')
  }

  /** Proved once, the only one needs no further proof. */
  function isSettled(): boolean {
    const [only] = placed?.all ?? []
    return vantages.size === 1 && only?.placing.kind === 'here' && only.placing.proof > 0
  }

  function place(): readonly PlacedVantage[] {
    if (isLive && vantages.size === 1 && guests.size === 0)
      return [...vantages.values()].map((vantage) => ({ vantage, placing: { kind: 'here', proof: 1 } }))
    if (placed !== undefined && (isSettled() || isRecent())) return placed.all
    const heard = heardSoFar()
    if (placed?.heard !== heard) {
      const all = [...vantages.values()].map((vantage) => ({ vantage, placing: placeOne(vantage) }))
      placed = { all: decided(all), heard, at: parts.now(), of: vantages.size }
    }
    return placed.all
  }

  function placeOne(vantage: KernelVantage): Placing {
    if (guests.has(vantage.part)) return guestPlacingOf(vantage, session, parts.host)
    return isLive ? { kind: 'here', proof: 1 } : placingOf(vantage, session, isGuests)
  }

  /** Guests' streams never pause, and a clock is not another one each time that somebody asks. */
  function isRecent(): boolean {
    if (guests.size === 0 || placed === undefined || placed.of !== vantages.size) return false
    const pairs = Math.max(...[...vantages.values()].map(({ issued }) => issued.count))
    const passed = parts.now() - placed.at
    return passed >= 0 && passed < Math.max(second, pairs * pairCost)
  }

  /** One of which nothing was heard stands there for what is said of it. */
  function hereOf(): KernelVantage | undefined {
    const all = place().flatMap(({ vantage, placing }) => (placing.kind === 'here' ? [vantage] : []))
    return all.find(isHeard) ?? all[0]
  }

  function storeOf(here: KernelVantage | undefined): Store {
    if (here?.store === session) return session
    // bpftrace, too, is kept in the session's tables: they are its, and this kernel's, while no sysdig has filled them.
    const first = vantages.get('')
    if (here === undefined && (first === undefined || !isHeard(first))) return session
    if (composed === undefined || composed.of !== here)
      composed = { of: here, store: withKernel(session, here?.store ?? quiet) }
    return composed.store
  }

  /** The pins by its own clock; later ones when that clock is known. */
  function pinIn({ vantage, placing }: PlacedVantage): void {
    if (placing.kind === 'unplaced') return
    const there = (at: Instant): Instant => (placing.kind === 'guest' ? placing.clock.there(at) : at)
    for (const { from, to } of pins.slice(pinned.get(vantage) ?? 0))
      vantage.store.pin({ from: there(from), to: there(to) })
    pinned.set(vantage, pins.length)
  }

  function trimOne(one: PlacedVantage): void {
    const { store } = one.vantage
    if (store === session || store.bytes <= store.budgetBytes) return
    pinIn(one)
    store.trim()
  }

  return {
    of,
    placed: place,
    placeAnew() {
      if (guests.size > 0) placed = undefined
    },
    pin(window) {
      session.pin(window)
      // Live, nobody but the session comes to ask for them.
      if (!isLive) pins.push(window)
    },
    get here() {
      return hereOf()
    },
    get store() {
      return storeOf(hereOf())
    },
    get gone() {
      const here = hereOf()?.store ?? session
      return here === session ? session.gone : joinedWindows([...session.gone, ...here.gone])
    },
    get blindSpots() {
      const here = hereOf()
      return place().flatMap((one) => (isHeard(one.vantage) || one.vantage === here ? spotsOf(one, session) : []))
    },
    guestOf(flow) {
      const one = place().find(
        ({ vantage, placing }) => placing.kind === 'guest' && vantage.sources.find(flow.source) !== undefined,
      )
      return one?.placing.kind === 'guest'
        ? guestView(one.vantage, one.placing, session, quiet, parts.told(), parts.kept())
        : undefined
    },
    clockOf(part) {
      const one = place().find(({ vantage }) => vantage.part === part)
      return one?.placing.kind === 'guest' ? one.placing.clock : undefined
    },
    issued(advert) {
      for (const { vantage, placing } of place()) {
        if (placing.kind === 'unplaced') continue
        const found = sentOf(vantage.issued, placing.kind === 'guest' ? placing.pairs : [], advert)
        if (found === undefined) continue
        return placing.kind === 'here' ? found : { ...found, at: placing.clock.here(found.at) }
      }
      return undefined
    },
    trim() {
      const others = [...vantages.values()].flatMap(({ store }) => (store === session ? [] : [store]))
      if (others.some((store) => store.bytes > store.budgetBytes)) place().forEach(trimOne)
      return others.reduce((sum, store) => sum + store.bytes, 0)
    },
  }
}
