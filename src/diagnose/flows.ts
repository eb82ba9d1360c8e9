// All flows of a session, and every advert of them that came late.
//
// Adverts go in, in the order of their stamps; late adverts come out. One packet may pass several links of this host
// (tap, bridge, uplink): the link that sees it first is where the sender is judged, the others are vantage points.

import type { Advert, Traffic } from '../events/packet.ts'
import { between, second, spanOf, type Instant } from '../time/instant.ts'
import type { ClockStep } from '../time/clock.ts'
import { createClockSteps, noticedWithin } from './clock-steps.ts'
import type { Flow, LateAdvert, Overdue } from './finding.ts'
import type { FlowOptions, Lateness } from './flow-state.ts'
import { createFlowTable, goneAfter, type Entry } from './flow-table.ts'
import { createLateList } from './late-list.ts'
import { createLiveness } from './liveness.ts'
import { createOriginals, type Original } from './originals.ts'
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

const burstWithin = spanOf(30e6)
const otherTimesKept = 64

export function createFlows(options: FlowsOptions): Flows {
  const { lateKept = Infinity } = options
  const originals = createOriginals()
  const table = createFlowTable(options, (packetKey) => originals.forget(packetKey))
  const liveness = createLiveness()
  const steps = createClockSteps()
  const late = createLateList(lateKept)
  let version = 0

  function isHostSilent(advert: Advert, overdue: { readonly from: Instant; readonly to: Instant }): boolean {
    const others = liveness.othersIn(advert.sourceMac, advert.source, overdue)
    let expected = others.expected
    for (const entry of table.all()) {
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
    const down = table.masterDownOf(entry, lateness.interval)
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
      number: late.nextNumber,
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
    const one = late.get(open.number)
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
    late.replace(withLiveness({ ...one, wire, isSettled: true }))
    entry.state.count(wire)
    version++
  }

  function becomeStep(one: LateAdvert): void {
    late.replace({ ...one, wire: 'W7', isSettled: true })
    const entry = table.get(one.flow)
    entry?.state.count('W7')
    if (entry?.open?.number === one.number) entry.open = undefined
  }

  function noteBurst(entry: Entry, advert: Advert, isReaction: boolean): void {
    const open = entry.open
    const one = open === undefined ? undefined : late.get(open.number)
    if (open === undefined || one === undefined) return
    if (isReaction) late.replace({ ...one, reactions: one.reactions + 1 })
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
    late.add(one)
    if (one.takeover) entry.takeovers++
    if (one.wire === 'W4r') entry.rearmed++
    else if (one.wire === 'W3') entry.lost += Math.max(1, one.missed)
    else entry.late++
    if (one.isSettled) entry.state.count(one.wire)
    else entry.open = { number: one.number, lateness, burstEnd: advert.at, unexplained: 0 }
  }

  function viewOf(entry: Entry): Flow {
    const last = entry.state.last ?? entry.first
    const alsoOn = table
      .all()
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
      masterDown: table.masterDownOf(entry, entry.state.interval),
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
    late: late.kept,
    get forgotten() {
      return late.forgotten
    },
    get refused() {
      return table.refused
    },
    get version() {
      return version
    },
    advert(advert) {
      version++
      const entry = table.of(advert)
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
      table.tellOthers(entry, advert)
    },
    traffic(traffic) {
      liveness.add(traffic)
    },
    clockStep(step) {
      steps.add(step)
      version++
      // The advert behind it is faster than the sample that notices it.
      for (const one of late.kept.toReversed()) {
        if (one.at + noticedWithin < step.at) return
        if (one.wire.startsWith('W1') && steps.explains(one, spanOf(0))) becomeStep(one)
      }
    },
    passTo(now) {
      for (const entry of table.all()) {
        if (entry.open !== undefined && now - entry.open.burstEnd > 2 * entry.state.interval + second)
          settle(entry, undefined)
        const dueAt = entry.state.dueAt
        if (dueAt !== undefined && now - dueAt > goneAfter(entry.state.interval)) entry.state.fallSilent()
      }
    },
    flows() {
      return table.all().filter(isTold).map(viewOf)
    },
    overdue(now) {
      return table.all().flatMap((entry) => {
        const dueAt = entry.state.dueAt
        const last = entry.state.last
        if (dueAt === undefined || last === undefined || isVantage(entry) || now - dueAt <= entry.state.threshold)
          return []
        const down = table.masterDownOf(entry, entry.state.interval)
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
