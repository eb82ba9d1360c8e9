// Where a replay stands: the flows of that moment, from the adverts that were kept, through the same code that judged them
// when they came. Adverts are a thousandth of what a recording holds, so going back is beginning anew.

import { createFlows, type Flows } from '../../diagnose/flows.ts'
import type { Flow, Overdue } from '../../diagnose/finding.ts'
import type { Advert, Traffic } from '../../events/packet.ts'
import type { Store } from '../../store/store.ts'
import type { ClockStep } from '../../time/clock.ts'
import { instantOf, spanOf, type Instant, type Span } from '../../time/instant.ts'

export interface ReplayPosition {
  readonly now: Instant
  /** Goes there, for a slice of time; true once it is there. */
  goTo(at: Instant, sliceMs: number): boolean
  flows(): readonly Flow[]
  overdue(): readonly Overdue[]
}

export interface Kept {
  readonly store: Store
  readonly clockSteps: readonly ClockStep[]
  readonly interval: Span | undefined
  readonly late: Span | undefined
}

/** Looked at a time: a search in the store costs more than a row. */
const stretchNs = 60e9
const rowsBetweenLooks = 256

const known = (id: number): number | undefined => (id === -1 ? undefined : id)

function* advertsIn({ adverts, names }: Store, from: number, to: number): Generator<Advert> {
  for (const slice of adverts.slices({ from: instantOf(from), to: instantOf(to) })) {
    const { at, cells } = slice
    for (let i = slice.from; i < slice.to; i++) {
      const text = (column: { readonly [row: number]: number }): string => names.textOf(column[i] ?? 0)
      yield {
        at: instantOf(at[i] ?? 0),
        link: text(cells.link),
        vlan: known(cells.vlan[i] ?? -1),
        family: cells.family[i] === 6 ? 6 : 4,
        source: text(cells.source),
        destination: text(cells.destination),
        sourceMac: text(cells.sourceMac) || undefined,
        isOutgoing: cells.isOutgoing[i] === 255 ? undefined : cells.isOutgoing[i] === 1,
        version: cells.version[i] === 2 ? 2 : 3,
        vrid: cells.vrid[i] ?? 0,
        priority: cells.priority[i] ?? 0,
        interval: spanOf(cells.intervalNs[i] ?? 0),
        ipId: known(cells.ipId[i] ?? -1),
        auth: text(cells.auth) as Advert['auth'],
        checksum: text(cells.checksum) as Advert['checksum'],
        // Not kept, and nothing of a flow.
        hopLimit: 255,
        addresses: [],
        stampedAt: undefined,
      }
    }
  }
}

function* trafficIn({ traffic, names }: Store, from: number, to: number): Generator<Traffic> {
  for (const slice of traffic.slices({ from: instantOf(from), to: instantOf(to) })) {
    const { at, cells } = slice
    for (let i = slice.from; i < slice.to; i++)
      yield {
        at: instantOf(at[i] ?? 0),
        link: names.textOf(cells.link[i] ?? 0),
        vlan: known(cells.vlan[i] ?? -1),
        sourceMac: names.textOf(cells.sourceMac[i] ?? 0) || undefined,
        source: names.textOf(cells.source[i] ?? 0) || undefined,
        isOutgoing: undefined,
        what: names.textOf(cells.what[i] ?? 0) as Traffic['what'],
      }
  }
}

type Packet = { readonly advert: Advert } | { readonly traffic: Traffic }
const atOf = (packet: Packet): Instant => ('advert' in packet ? packet.advert.at : packet.traffic.at)

/** All packets after the beginning, in order of time. */
function* packetsOf(store: Store): Generator<Packet> {
  const first = Math.min(store.adverts.firstAt ?? Infinity, store.traffic.firstAt ?? Infinity)
  const last = Math.max(store.adverts.lastAt ?? -Infinity, store.traffic.lastAt ?? -Infinity)
  for (let from = first; from <= last; from += stretchNs) {
    // Both ends of a stretch belong to it.
    const to = Math.min(last, from + stretchNs - 1)
    yield* [
      ...[...advertsIn(store, from, to)].map((advert): Packet => ({ advert })),
      ...[...trafficIn(store, from, to)].map((traffic): Packet => ({ traffic })),
    ].toSorted((a, b) => atOf(a) - atOf(b))
  }
}

export function openPosition({ store, clockSteps, interval, late }: Kept): ReplayPosition {
  let flows: Flows
  let packets: Generator<Packet>
  let next: Packet | undefined
  let now = instantOf(-Infinity)

  function begin(): void {
    flows = createFlows({ interval, late })
    for (const step of clockSteps) flows.clockStep(step)
    packets = packetsOf(store)
    next = undefined
    now = instantOf(-Infinity)
  }

  function take(packet: Packet): void {
    flows.passTo(atOf(packet))
    if ('advert' in packet) flows.advert(packet.advert)
    else flows.traffic(packet.traffic)
    now = atOf(packet)
  }

  begin()
  return {
    get now() {
      return now
    },
    goTo(at, sliceMs) {
      if (at < now) begin()
      const startedMs = performance.now()
      for (let row = 1; ; row++) {
        next ??= packets.next().value as Packet | undefined
        if (next === undefined || atOf(next) > at) break
        take(next)
        next = undefined
        if (row % rowsBetweenLooks === 0 && performance.now() - startedMs > sliceMs) return false
      }
      now = at
      flows.passTo(at)
      return true
    },
    flows: () => flows.flows(),
    overdue: () => flows.overdue(now),
  }
}
