// All flows of a session, and every advert of them that came late.
//
// Adverts go in, in the order of their stamps; late adverts come out. One packet may pass several links of this host
// (tap, bridge, uplink): the link that sees it first is where the sender is judged, the others are vantage points.

import type { Advert, Traffic } from '../events/packet.ts'
import { between, instantOf, second, spanOf, type Instant, type Span } from '../time/instant.ts'
import type { ClockStep } from '../time/clock.ts'
import { createClockSteps, noticedWithin } from './clock-steps.ts'
import type { Flow, LateAdvert, Overdue, Range } from './finding.ts'
import { createFlowState, type FlowOptions, type FlowState, type Lateness } from './flow-state.ts'
import { createLiveness } from './liveness.ts'
import { masterDownRange } from './master-down.ts'
import { createOriginals, packetKeyOf, type Original } from './originals.ts'
import { hasRestarted, idStep, wireAtArrival, wireByPhase } from './signature.ts'

export interface Flows {
  advert(advert: Advert): void
  traffic(traffic: Traffic): void
  clockStep(step: ClockStep): void
  /** Lets time pass: settles what waits for a next advert that does not come, and lets the dead fall silent. */
  passTo(now: Instant): void
  /** Every late advert so far that is kept, oldest first; an unsettled one is replaced when it settles. */
  readonly late: readonly LateAdvert[]
  /** Late adverts that are not kept any more: the oldest. */
  readonly forgotten: number
  /** Adverts of routers for whom there was no room. */
  readonly refused: number
  flows(): Flow[]
  overdue(now: Instant): Overdue[]
  /** Rises with every change. */
  readonly version: number
}

export interface FlowsOptions extends FlowOptions {
  /** So many late adverts are kept, each a few kilobytes; undefined: all of them. */
  readonly lateKept?: number
}

interface Entry {
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
interface OpenLate {
  readonly number: number
  readonly lateness: Lateness
  burstEnd: Instant
  unexplained: number
}

const burstWithin = spanOf(30e6)
const otherTimesKept = 64
/** Each costs some kilobytes, and anybody on the link can invent a router. */
const flowsKept = 2048
/** Each of them has to hear of each other. */
const routersPerLan = 64
/** A flow that is overdue by so much is gone, not late. */
const goneAfter = (interval: Span): Span => spanOf(Math.max(60 * second, 20 * interval))

export const flowIdOf = (a: Advert): string =>
  [a.link, a.vlan ?? '-', a.family, a.source, a.destination, a.vrid].join(' ')
const lanKeyOf = (a: Advert): string => [a.link, a.vlan ?? '-', a.family, a.vrid].join(' ')

/** Equal priorities: the larger address wins (RFC 9568 6.4.3). Of the same length, so comparing bytes is comparing numbers. */
function outranks(one: Advert, other: Advert): boolean {
  return one.priority > other.priority || (one.priority === other.priority && one.source > other.source)
}

export function createFlows(options: FlowsOptions): Flows {
  const { lateKept = Infinity } = options
  const entries = new Map<string, Entry>()
  const lans = new Map<string, Entry[]>()
  const originals = createOriginals()
  const liveness = createLiveness()
  const steps = createClockSteps()
  const late: LateAdvert[] = []
  let lateCount = 0
  let refused = 0
  let lookedAt: Instant = instantOf(-Infinity)
  let version = 0

  /** Where the late advert of this number stands; its slot is undefined when it is not kept. */
  const indexOf = (number: number): number => number - 1 - (lateCount - late.length)

  /** Makes room by the router that has been silent longest, if it is gone. */
  function hasRoom(advert: Advert): boolean {
    const onLan = lans.get(lanKeyOf(advert)) ?? []
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
    const key = lanKeyOf(entry.first)
    const others = (lans.get(key) ?? []).filter((one) => one !== entry)
    if (others.length > 0) lans.set(key, others)
    else lans.delete(key)
    if (![...entries.values()].some((one) => one.packetKey === entry.packetKey)) originals.forget(entry.packetKey)
  }

  /** undefined: one more than there is room for. */
  function entryOf(advert: Advert): Entry | undefined {
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
  }

  /** Priorities of the routers that would take over from this one. */
  function backupsOf(entry: Entry): number[] {
    const own = entry.state.last
    if (own === undefined) return []
    const others = (lans.get(lanKeyOf(entry.first)) ?? []).flatMap((one) =>
      one.state.last === undefined || one.first.source === own.source ? [] : [one.state.last],
    )
    return others.filter((one) => outranks(own, one) && one.priority > 0).map((one) => one.priority)
  }

  function masterDownOf(entry: Entry): Range {
    return masterDownRange(entry.first.version, entry.state.interval, backupsOf(entry))
  }

  function isHostSilent(advert: Advert, overdue: { readonly from: Instant; readonly to: Instant }): boolean {
    const others = liveness.othersIn(advert.sourceMac, advert.source, overdue)
    let expected = others.expected
    for (const entry of entries.values()) {
      const last = entry.state.last
      if (
        last === undefined ||
        last.source === advert.source ||
        last.sourceMac === advert.sourceMac ||
        entry.state.interval <= 0
      )
        continue
      if (last.at > overdue.from && last.at < overdue.to) return false
      if (entry.state.state === 'master') expected += (overdue.to - overdue.from) / entry.state.interval
    }
    return others.seen === 0 && expected >= 3
  }

  function refine(
    entry: Entry,
    advert: Advert,
    lateness: Lateness,
    isLate: boolean,
    original: Original | undefined,
  ): LateAdvert {
    const dueAt = isLate ? lateness.dueAt : lateness.ownDueAt
    const overdue = { from: dueAt, to: advert.at }
    const gap = between(lateness.previous.at, advert.at)
    const down = masterDownRange(advert.version, lateness.interval, backupsOf(entry))
    const lower = lateness.foreign.filter((one) => !one.outranks)
    const other = liveness.whileOverdue(advert.sourceMac, advert.source, overdue)
    const step = lateness.isCounting ? idStep(lateness.previous, advert) : undefined
    let wire = wireAtArrival(lateness, advert, isLate)
    const stepped = {
      previousAt: lateness.previous.at,
      at: advert.at,
      overrun: isLate ? lateness.overrun : lateness.ownOverrun,
    }
    if (steps.explains(stepped, lateness.jitter)) wire = 'W7'
    else if ((wire === 'W1' || wire === 'W3') && original?.isLate === false) wire = 'W10'
    else if (wire === 'W1' && isHostSilent(advert, overdue)) wire = 'W6'
    return {
      number: lateCount + 1,
      flow: entry.id,
      at: advert.at,
      previousAt: lateness.previous.at,
      dueAt,
      ownDueAt: lateness.ownDueAt,
      gap,
      overrun: lateness.overrun,
      ownOverrun: lateness.ownOverrun,
      missed: Math.max(0, Math.floor((gap + lateness.interval / 2) / lateness.interval) - 1),
      margin: { min: spanOf(down.min - gap), max: spanOf(down.max - gap) },
      takeover: lower.some((one) => one.at - lateness.previous.at >= 2.9 * lateness.interval),
      wire,
      isSettled: wire !== 'W1',
      ipIdStep: step,
      foreignInGap: lateness.foreign.length,
      reactions: 0,
      otherTraffic: other?.length,
      otherAt: other?.slice(0, otherTimesKept),
      advert,
    }
  }

  /** W1 with the guest's other traffic counted in. */
  function withLiveness(one: LateAdvert): LateAdvert {
    if (one.wire !== 'W1' || one.otherTraffic === undefined) return one
    return { ...one, wire: one.otherTraffic > 0 ? 'W1-' : 'W1+' }
  }

  function settle(entry: Entry, nextAt: Instant | undefined): void {
    const open = entry.open
    if (open === undefined) return
    const one = late[indexOf(open.number)]
    entry.open = undefined
    if (one === undefined) return
    const wire = wireByPhase(
      {
        late: one,
        interval: open.lateness.interval,
        jitter: open.lateness.jitter,
        burstEnd: open.burstEnd,
        unexplained: open.unexplained,
        isIntervalNew: open.lateness.previous.interval !== one.advert.interval,
      },
      nextAt,
    )
    late[indexOf(open.number)] = withLiveness({ ...one, wire, isSettled: true })
    entry.state.count(wire)
    version++
  }

  function becomeStep(index: number, one: LateAdvert): void {
    late[index] = { ...one, wire: 'W7', isSettled: true }
    const entry = entries.get(one.flow)
    entry?.state.count('W7')
    if (entry?.open?.number === one.number) entry.open = undefined
  }

  function noteBurst(entry: Entry, advert: Advert, isReaction: boolean): void {
    const open = entry.open
    const one = open === undefined ? undefined : late[indexOf(open.number)]
    if (open === undefined || one === undefined) return
    if (isReaction) late[indexOf(open.number)] = { ...one, reactions: one.reactions + 1 }
    else open.unexplained++
    open.burstEnd = advert.at
  }

  function addLate(
    entry: Entry,
    advert: Advert,
    lateness: Lateness,
    isLate: boolean,
    original: Original | undefined,
  ): void {
    const one = refine(entry, advert, lateness, isLate, original)
    late.push(one)
    lateCount++
    if (late.length > lateKept) late.splice(0, Math.ceil(lateKept / 4))
    if (one.takeover) entry.takeovers++
    if (one.wire === 'W4r') entry.rearmed++
    else if (one.wire === 'W3') entry.lost += Math.max(1, one.missed)
    else entry.late++
    if (one.isSettled) entry.state.count(one.wire)
    else entry.open = { number: one.number, lateness, burstEnd: advert.at, unexplained: 0 }
  }

  function tellOthers(entry: Entry, advert: Advert): void {
    for (const other of lans.get(lanKeyOf(advert)) ?? []) {
      const own = other.state.last
      if (other === entry || own === undefined || own.source === advert.source) continue
      other.state.foreign({
        at: advert.at,
        source: advert.source,
        priority: advert.priority,
        outranks: outranks(advert, own),
      })
    }
  }

  function viewOf(entry: Entry): Flow {
    const last = entry.state.last ?? entry.first
    const alsoOn = [...entries.values()]
      .filter((one) => one !== entry && one.packetKey === entry.packetKey && one.copies > 0)
      .map((one) => one.first.link)
    return {
      id: entry.id,
      link: last.link,
      vlan: last.vlan,
      family: last.family,
      source: last.source,
      destination: last.destination,
      sourceMac: last.sourceMac,
      vrid: last.vrid,
      version: last.version,
      priority: last.priority,
      interval: entry.state.interval,
      adverts: entry.state.adverts,
      late: entry.late,
      lost: entry.lost,
      rearmed: entry.rearmed,
      takeovers: entry.takeovers,
      masterDown: masterDownOf(entry),
      drift: entry.state.spread.median,
      threshold: entry.state.threshold,
      gaps: [...entry.state.gaps],
      lastAt: last.at,
      dueAt: entry.state.dueAt,
      sender: undefined,
      state: entry.state.state,
      signs: { ...entry.state.signs },
      alsoOn,
      isOutgoing: last.isOutgoing,
    }
  }

  /** Links behind the first one are vantage points, not flows of their own. */
  const isVantage = (entry: Entry): boolean => entry.copies * 2 > entry.state.adverts
  /** A vantage point at which something was late that was punctual before is where the operator has to look. */
  const isTold = (entry: Entry): boolean => !isVantage(entry) || entry.late + entry.lost > 0

  return {
    late,
    get forgotten() {
      return lateCount - late.length
    },
    get refused() {
      return refused
    },
    get version() {
      return version
    },
    advert(advert) {
      version++
      const entry = entryOf(advert)
      if (entry === undefined) return
      const previous = entry.state.last
      const arrival = entry.state.own(advert)
      if (arrival.kind === 'duplicate') return
      const original = originals.of(advert, entry.copies)
      const isLateHere = arrival.kind === 'late' || arrival.kind === 'rearmed'
      if (original === undefined) originals.add({ advert, isLate: isLateHere })
      else entry.copies++
      const isInBurst = entry.open !== undefined && advert.at - entry.open.burstEnd <= burstWithin
      if (isInBurst) noteBurst(entry, advert, arrival.kind === 'reaction')
      else settle(entry, isLateHere ? undefined : advert.at)
      if (arrival.kind === 'reaction') entry.state.count('W4')
      if (
        previous !== undefined &&
        (advert.priority === 0 ||
          previous.priority !== advert.priority ||
          hasRestarted({ previous, interval: entry.state.interval, ...entry.state.idHabit }, advert))
      )
        entry.state.count('W8')
      // Late already where it came from: the same lateness, told once.
      if ((arrival.kind === 'late' || arrival.kind === 'rearmed') && original?.isLate !== true)
        addLate(entry, advert, arrival.lateness, arrival.kind === 'late', original)
      tellOthers(entry, advert)
    },
    traffic(traffic) {
      liveness.add(traffic)
    },
    clockStep(step) {
      steps.add(step)
      version++
      // The advert behind it is faster than the sample that notices it.
      for (let i = late.length - 1; i >= 0; i--) {
        const one = late[i]
        if (one === undefined || one.at + noticedWithin < step.at) return
        if (one.wire.startsWith('W1') && steps.explains(one, spanOf(0))) becomeStep(i, one)
      }
    },
    passTo(now) {
      for (const entry of entries.values()) {
        if (entry.open !== undefined && now - entry.open.burstEnd > 2 * entry.state.interval + second)
          settle(entry, undefined)
        const dueAt = entry.state.dueAt
        if (dueAt !== undefined && now - dueAt > goneAfter(entry.state.interval)) entry.state.fallSilent()
      }
    },
    flows() {
      return [...entries.values()].filter(isTold).map(viewOf)
    },
    overdue(now) {
      return [...entries.values()].flatMap((entry) => {
        const dueAt = entry.state.dueAt
        const last = entry.state.last
        if (dueAt === undefined || last === undefined || isVantage(entry) || now - dueAt <= entry.state.threshold)
          return []
        const down = masterDownOf(entry)
        const gap = between(last.at, now)
        return [
          {
            flow: entry.id,
            dueAt,
            by: between(dueAt, now),
            margin: { min: spanOf(down.min - gap), max: spanOf(down.max - gap) },
          },
        ]
      })
    },
  }
}
