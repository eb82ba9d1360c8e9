// From the capture's parser into the table of adverts and to the flows, in the order of the stamps.
//
// One tcpdump delivers in order. Several vantage points (several captures) do not come in order of each other: their
// packets wait until every part has shown a later one, or until they are old enough that none can be earlier.

import type { Advert, PacketSink, Traffic } from '../../events/packet.ts'
import type { Flows } from '../../diagnose/flows.ts'
import type { Store } from '../../store/store.ts'
import { instantOf, type Instant } from '../../time/instant.ts'
import type { Tally } from '../tally.ts'

export interface PacketIntake {
  /** The sink of one capture; `part` names it. */
  sinkOf(part: string): PacketSink
  /** A part that has ended, or is not heard of: nobody waits for it. */
  forget(part: string): void
  /** Hands on what waits and is older than `now` by more than the slowest capture is late. */
  release(now: Instant): void
  readonly firstAt: Instant | undefined
  readonly lastAt: Instant | undefined
  /** The newest packet of one part. */
  lastOf(part: string): Instant | undefined
}

type Held = { readonly at: Instant } & ({ readonly advert: Advert } | { readonly traffic: Traffic })

/** `-U --immediate-mode` delivers within a millisecond; a busy machine within this. */
const holdNs = 0.25e9

/** `parts`: the vantage points there will be; nobody's packets are handed on before all of them were heard of. */
export function createPacketIntake(store: Store, flows: Flows, tally: Tally, parts: readonly string[]): PacketIntake {
  const heardOf = new Map<string, number>(parts.map((part) => [part, -Infinity]))
  let held: Held[] = []
  let firstAt = Infinity
  let lastAt = -Infinity

  function keepAdvert(advert: Advert): void {
    const cells = store.adverts.place(advert.at)
    if (cells === undefined) return
    const i = store.adverts.index
    cells.link[i] = store.names.idOf(advert.link)
    cells.vlan[i] = advert.vlan ?? -1
    cells.family[i] = advert.family
    cells.source[i] = store.names.idOf(advert.source)
    cells.destination[i] = store.names.idOf(advert.destination)
    cells.sourceMac[i] = store.names.idOf(advert.sourceMac ?? '')
    cells.isOutgoing[i] = advert.isOutgoing === undefined ? 255 : Number(advert.isOutgoing)
    cells.version[i] = advert.version
    cells.vrid[i] = advert.vrid
    cells.priority[i] = advert.priority
    cells.intervalNs[i] = advert.interval
    cells.ipId[i] = advert.ipId ?? -1
    cells.auth[i] = store.names.idOf(advert.auth)
    cells.checksum[i] = store.names.idOf(advert.checksum)
  }

  function keepTraffic(traffic: Traffic): void {
    const cells = store.traffic.place(traffic.at)
    if (cells === undefined) return
    const i = store.traffic.index
    cells.link[i] = store.names.idOf(traffic.link)
    cells.vlan[i] = traffic.vlan ?? -1
    cells.sourceMac[i] = store.names.idOf(traffic.sourceMac ?? '')
    cells.source[i] = store.names.idOf(traffic.source ?? '')
    cells.what[i] = store.names.idOf(traffic.what)
  }

  function handOn(one: Held): void {
    if ('advert' in one) {
      keepAdvert(one.advert)
      // As if somebody had told the time just now: so it does not matter how often anybody does.
      flows.passTo(one.at)
      flows.advert(one.advert)
    } else {
      keepTraffic(one.traffic)
      flows.traffic(one.traffic)
    }
  }

  function handOnUntil(limit: number): void {
    if (held.length === 0) return
    held.sort((a, b) => a.at - b.at)
    const waiting = held.findIndex((one) => one.at > limit)
    const ready = waiting === -1 ? held : held.slice(0, waiting)
    held = waiting === -1 ? [] : held.slice(waiting)
    for (const one of ready) handOn(one)
  }

  function take(part: string, one: Held): void {
    tally.events++
    if (one.at > lastAt) lastAt = one.at
    if (one.at < firstAt) firstAt = one.at
    heardOf.set(part, Math.max(one.at, heardOf.get(part) ?? -Infinity))
    if (heardOf.size === 1) {
      handOn(one)
      return
    }
    held.push(one)
    handOnUntil(Math.min(...heardOf.values()))
  }

  const known = (at: number): Instant | undefined => (Number.isFinite(at) ? instantOf(at) : undefined)
  return {
    get firstAt() {
      return known(firstAt)
    },
    get lastAt() {
      return known(lastAt)
    },
    lastOf: (part) => known(heardOf.get(part) ?? -Infinity),
    sinkOf(part) {
      heardOf.set(part, heardOf.get(part) ?? -Infinity)
      return {
        malformed: (complaint) => tally.malformed(complaint),
        ignored: (kind) => tally.ignored(kind),
        advert: (advert) => take(part, { at: advert.at, advert }),
        traffic: (traffic) => take(part, { at: traffic.at, traffic }),
      }
    },
    forget(part) {
      heardOf.delete(part)
      handOnUntil(heardOf.size === 0 ? Infinity : Math.min(...heardOf.values()))
    },
    release(now) {
      handOnUntil(now - holdNs)
    },
  }
}
