// Every router that is heard, by the LAN that it is heard on, with a bound: anybody on a link can invent routers.
//
//   LAN: link, VLAN, family, VRID  ─▶  its routers, one flow each  ─▶  what is known of it (flow-state.ts)

import type { Advert } from '../events/packet.ts'
import { instantOf, second, spanOf, type Instant, type Span } from '../time/instant.ts'
import type { Range } from './finding.ts'
import { createFlowState, type FlowOptions, type FlowState, type Lateness } from './flow-state.ts'
import { masterDownRange } from './master-down.ts'
import { packetKeyOf } from './originals.ts'

export interface Entry {
  readonly id: string
  readonly first: Advert
  readonly state: FlowState
  /** Same packet on another link: source, destination, VRID, family. */
  readonly packetKey: string
  late: number
  lost: number
  rearmed: number
  takeovers: number
  /** How often a copy of its packets had been seen on another link before. */
  copies: number
  open: OpenLate | undefined
}

/** A late advert whose phase is still to be seen. */
export interface OpenLate {
  readonly number: number
  readonly lateness: Lateness
  burstEnd: Instant
  unexplained: number
}

export interface FlowTable {
  /** undefined: one more than there is room for. */
  of(advert: Advert): Entry | undefined
  get(id: string): Entry | undefined
  all(): readonly Entry[]
  /** The range of Master_Down_Interval of those who would take over from it, at this interval of its. */
  masterDownOf(entry: Entry, interval: Span): Range
  /** The other routers of its LAN hear this advert of its. */
  tellOthers(entry: Entry, advert: Advert): void
  /** Adverts of routers for whom there was no room. */
  readonly refused: number
}

/** Each costs some kilobytes. */
const flowsKept = 2048
/** Each of them has to hear of each other. */
const routersPerLan = 64

/** A flow that is overdue by so much is gone, not late. */
export const goneAfter = (interval: Span): Span => spanOf(Math.max(60 * second, 20 * interval))

export const flowIdOf = (a: Advert): string =>
  [a.link, a.vlan ?? '-', a.family, a.source, a.destination, a.vrid].join(' ')
const lanKeyOf = (a: Advert): string => [a.link, a.vlan ?? '-', a.family, a.vrid].join(' ')

/** Equal priorities: the larger address wins (RFC 9568 6.4.3). Of the same length, so comparing bytes is comparing numbers. */
function outranks(one: Advert, other: Advert): boolean {
  return one.priority > other.priority || (one.priority === other.priority && one.source > other.source)
}

/** `onLastOfPacket`: no router is left whose packets have this key. */
export function createFlowTable(options: FlowOptions, onLastOfPacket: (packetKey: string) => void): FlowTable {
  const entries = new Map<string, Entry>()
  const lans = new Map<string, Entry[]>()
  let refused = 0
  let lookedAt: Instant = instantOf(-Infinity)

  const onLanOf = (advert: Advert): readonly Entry[] => lans.get(lanKeyOf(advert)) ?? []

  /** Makes room by the router that has been silent longest, if it is gone. */
  function hasRoom(advert: Advert): boolean {
    const onLan = onLanOf(advert)
    const isLanFull = onLan.length >= routersPerLan
    if (entries.size < flowsKept && !isLanFull) return true
    if (advert.at - lookedAt < second) return false
    lookedAt = advert.at
    const lastOf = (entry: Entry): Instant => entry.state.last?.at ?? entry.first.at
    const [oldest] = (isLanFull ? onLan : [...entries.values()]).toSorted((a, b) => lastOf(a) - lastOf(b))
    if (oldest === undefined || advert.at - lastOf(oldest) <= goneAfter(oldest.state.interval)) return false
    forget(oldest)
    return true
  }

  function forget(entry: Entry): void {
    entries.delete(entry.id)
    const others = onLanOf(entry.first).filter((one) => one !== entry)
    if (others.length > 0) lans.set(lanKeyOf(entry.first), others)
    else lans.delete(lanKeyOf(entry.first))
    if (![...entries.values()].some((one) => one.packetKey === entry.packetKey)) onLastOfPacket(entry.packetKey)
  }

  /** Priorities of the routers that would take over from this one. */
  function backupsOf(entry: Entry): number[] {
    const own = entry.state.last
    if (own === undefined) return []
    const others = onLanOf(entry.first).flatMap((one) =>
      one.state.last === undefined || one.first.source === own.source ? [] : [one.state.last],
    )
    return others.filter((one) => outranks(own, one) && one.priority > 0).map((one) => one.priority)
  }

  return {
    get refused() {
      return refused
    },
    of(advert) {
      const id = flowIdOf(advert)
      const known = entries.get(id)
      if (known !== undefined) return known
      if (!hasRoom(advert)) {
        refused++
        return undefined
      }
      const entry: Entry = {
        id,
        first: advert,
        state: createFlowState(options),
        packetKey: packetKeyOf(advert),
        late: 0,
        lost: 0,
        rearmed: 0,
        takeovers: 0,
        copies: 0,
        open: undefined,
      }
      entries.set(id, entry)
      const lan = lans.get(lanKeyOf(advert))
      if (lan === undefined) lans.set(lanKeyOf(advert), [entry])
      else lan.push(entry)
      return entry
    },
    get: (id) => entries.get(id),
    all: () => [...entries.values()],
    masterDownOf: (entry, interval) =>
      masterDownRange((entry.state.last ?? entry.first).version, interval, backupsOf(entry)),
    tellOthers(entry, advert) {
      for (const other of onLanOf(advert)) {
        const own = other.state.last
        if (other === entry || own === undefined || own.source === advert.source) continue
        other.state.foreign({
          at: advert.at,
          source: advert.source,
          priority: advert.priority,
          outranks: outranks(advert, own),
        })
      }
    },
  }
}
