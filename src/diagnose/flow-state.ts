// One router's adverts on one link: when the next is due, and what each one that comes is.
//
// keepalived's timer is relative (vrrp_init_instance_sands): it is armed at each send, and again by each advert of the
// same VRID that it receives, also by one that it rejects. So
//
//   own advert      foreign (before due)         own advert
//   |--- I --->.....|--------- I --------->|.....|
//                                          due   sent        overrun = sent - due - usual drift
//
// A foreign advert that comes after `due` finds a sender that is late already: it re-arms nothing in hindsight. An advert
// that answers a lower-priority one at once is a reaction: the timer restarts there, and it is never late.

import type { Advert } from '../events/packet.ts'
import { after, between, millisecond, spanOf, type Instant, type Span } from '../time/instant.ts'
import type { Flow, Wire } from './finding.ts'
import { createSpread, jitterOf, lateFrom, type Spread } from './spread.ts'

/** An advert of another router on the same link, VLAN, family and VRID. */
export interface Foreign {
  readonly at: Instant
  readonly source: string
  readonly priority: number
  readonly outranks: boolean
}

/** What one own advert turned out to be. */
export type Arrival =
  | { readonly kind: 'first' | 'duplicate' | 'reaction' | 'early' | 'on-time' }
  | { readonly kind: 'late' | 'rearmed'; readonly lateness: Lateness }

export interface Lateness {
  readonly previous: Advert
  readonly dueAt: Instant
  readonly ownDueAt: Instant
  readonly overrun: Span
  readonly ownOverrun: Span
  readonly interval: Span
  readonly jitter: Span
  /** Adverts of others since the previous own one, oldest first. */
  readonly foreign: readonly Foreign[]
  readonly usualIdStep: number
  /** Its IPv4 ID counts its adverts, as keepalived's does. */
  readonly isCounting: boolean
}

export interface FlowOptions {
  /** `--interval`: overrides the advertised one. */
  readonly interval: Span | undefined
  /** `--late`: a fixed threshold. */
  readonly late: Span | undefined
}

export interface FlowState {
  readonly last: Advert | undefined
  readonly spread: Spread
  readonly threshold: Span
  readonly interval: Span
  readonly idHabit: Pick<Lateness, 'usualIdStep' | 'isCounting'>
  readonly state: Flow['state']
  readonly dueAt: Instant | undefined
  readonly signs: Partial<Record<Wire, number>>
  readonly gaps: readonly Span[]
  readonly adverts: number
  own(advert: Advert): Arrival
  foreign(other: Foreign): void
  count(wire: Wire): void
  /** Nothing has come for so long that this router is gone. */
  fallSilent(): void
}

const duplicateWithin = 1 * millisecond
/** A reaction leaves within milliseconds, also under TCG (13 ms measured); a thawed queue is answered in one go. */
export const answersWithin = spanOf(60 * millisecond)
const foreignKept = 512
const gapsKept = 60
const sourcesKept = 256
const idStepsKept = 64
/** keepalived up to 1.3 counts on for each unicast peer's copy. */
const mostPeers = 64

function idStepOf(previous: Advert, advert: Advert): number | undefined {
  return previous.ipId === undefined || advert.ipId === undefined
    ? undefined
    : (advert.ipId - previous.ipId + 65_536) % 65_536
}

export function createFlowState(options: FlowOptions): FlowState {
  const spread = createSpread()
  const signs: Partial<Record<Wire, number>> = {}
  const gaps: Span[] = []
  const idSteps = new Map<number, number>()
  /** Routers that outrank this one and that it did not yield to: it rejects them (password, checksum, address list). */
  const rejected = new Set<string>()
  let foreign: (Foreign & { readonly armedAt: Instant })[] = []
  let unanswered = 0
  let last: Advert | undefined
  let state: Flow['state'] = 'master'
  let adverts = 0
  let twins = 0
  let isOnTime = true

  /**
   * The same packet once more. Without an IPv4 ID a burst of held adverts looks alike: then it is one where nothing was
   * held, or where every advert comes twice.
   */
  function isTwin(previous: Advert, advert: Advert): boolean {
    if (advert.at - previous.at >= duplicateWithin || previous.ipId !== advert.ipId) return false
    return advert.ipId !== undefined || (previous.priority === advert.priority && (isOnTime || 2 * twins >= adverts))
  }

  const intervalOf = (advert: Advert): Span => options.interval ?? advert.interval
  const threshold = (): Span => lateFrom(spread, options.late)
  const count = (wire: Wire): void => {
    signs[wire] = (signs[wire] ?? 0) + 1
  }

  /**
   * The moment from which this router's timer ran. What came right before a send armed the timer for the next one only:
   * the send answers it, or had begun already.
   */
  function armedAt(previous: Advert, sentAt: Instant | undefined): Instant {
    const ignored = Math.min(answersWithin, intervalOf(previous) / 2)
    const heard = sentAt === undefined ? foreign.at(-1) : foreign.findLast((one) => sentAt - one.at > ignored)
    const usual = heard?.armedAt ?? previous.at
    return sentAt !== undefined && heard !== undefined && isHeldBack(previous, heard, sentAt) ? heard.at : usual
  }

  /**
   * A router that was a little late itself as the other spoke, and was silenced by it: the other's adverts then followed
   * each other closer than a backup waits, and this one came just an interval after the last of them.
   */
  function isHeldBack(previous: Advert, newest: Foreign, sentAt: Instant): boolean {
    const interval = intervalOf(previous)
    const slack = Math.max(5 * millisecond, jitterOf(spread))
    if (Math.abs(between(newest.at, sentAt) - interval - spread.median) > slack) return false
    let before = previous.at
    for (const one of foreign) {
      if (one.at > newest.at) break
      if (one.at - before > 1.5 * interval) return false
      before = one.at
    }
    return true
  }

  /**
   * A router that yielded to another speaks again only when that one was silent for three intervals, or gave up,
   * or when its own priority has risen above that one's. One
   * that spoke sooner has not yielded: it rejects the other's adverts.
   */
  function hasYielded(previous: Advert, advert: Advert): boolean {
    const heard = new Map<string, Foreign>()
    for (const one of foreign) if (one.outranks && !rejected.has(one.source)) heard.set(one.source, one)
    let yielded = false
    for (const one of heard.values()) {
      const isOver = one.priority === 0 || advert.at - one.at >= 2.9 * intervalOf(previous)
      if (isOver || advert.priority > one.priority) yielded = true
      else if (rejected.size < sourcesKept) rejected.add(one.source)
    }
    return yielded
  }

  function begin(advert: Advert): void {
    last = advert
    foreign = []
    unanswered = 0
    state = advert.priority === 0 ? 'resigned' : 'master'
  }

  function idHabit(): Pick<Lateness, 'usualIdStep' | 'isCounting'> {
    let best = 1
    let most = 0
    let all = 0
    for (const [step, times] of idSteps) {
      all += times
      if (times > most) {
        best = step
        most = times
      }
    }
    return { usualIdStep: best, isCounting: all < 3 || (best > 0 && best <= mostPeers && most >= 0.8 * all) }
  }

  /** Lower-priority adverts still to be answered: those in this gap, or queued behind a late advert. */
  function isReaction(previous: Advert, advert: Advert, ownOverrun: Span): boolean {
    if (ownOverrun > threshold()) return false
    const answered = foreign.findLast((one) => !one.outranks)
    if (answered !== undefined && advert.at - answered.at <= answersWithin) return true
    if (unanswered > 0 && advert.at - previous.at <= answersWithin) {
      unanswered--
      return true
    }
    return false
  }

  function judge(previous: Advert, advert: Advert): Arrival {
    const interval = intervalOf(previous)
    const dueAt = after(armedAt(previous, advert.at), interval)
    const ownDueAt = after(previous.at, interval)
    const overrun = spanOf(between(dueAt, advert.at) - spread.median)
    const ownOverrun = spanOf(between(ownDueAt, advert.at) - spread.median)
    if (interval <= 0) return { kind: 'on-time' }
    if (isReaction(previous, advert, ownOverrun)) return { kind: 'reaction' }
    if (overrun > threshold() || ownOverrun > threshold()) {
      const lateness = {
        previous,
        dueAt,
        ownDueAt,
        overrun,
        ownOverrun,
        interval,
        jitter: jitterOf(spread),
        foreign,
        ...idHabit(),
      }
      return { kind: overrun > threshold() ? 'late' : 'rearmed', lateness }
    }
    if (overrun + threshold() < 0) return { kind: 'early' }
    const wasGrowing = spread.isGrowing
    spread.add(between(dueAt, advert.at))
    if (spread.isGrowing && !wasGrowing) count('W5')
    return { kind: 'on-time' }
  }

  return {
    spread,
    signs,
    gaps,
    count,
    get last() {
      return last
    },
    get threshold() {
      return threshold()
    },
    get idHabit() {
      return idHabit()
    },
    get interval() {
      return last === undefined ? spanOf(0) : intervalOf(last)
    },
    get state() {
      return state
    },
    get adverts() {
      return adverts
    },
    get dueAt() {
      if (last === undefined || state !== 'master' || intervalOf(last) <= 0) return undefined
      return after(armedAt(last, undefined), spanOf(intervalOf(last) + spread.median))
    },
    own(advert) {
      const previous = last
      if (previous !== undefined && isTwin(previous, advert)) {
        count('W9')
        twins++
        return { kind: 'duplicate' }
      }
      adverts++
      if (previous === undefined || state === 'resigned' || state === 'silent' || hasYielded(previous, advert)) {
        begin(advert)
        return { kind: 'first' }
      }
      const arrival = judge(previous, advert)
      const step = idStepOf(previous, advert)
      if (arrival.kind === 'on-time' && step !== undefined && (idSteps.size < idStepsKept || idSteps.has(step)))
        idSteps.set(step, (idSteps.get(step) ?? 0) + 1)
      const queued =
        arrival.kind === 'late' || arrival.kind === 'rearmed'
          ? foreign.filter((one) => !one.outranks).length
          : unanswered
      if (gaps.push(between(previous.at, advert.at)) > gapsKept) gaps.shift()
      begin(advert)
      unanswered = queued
      isOnTime = arrival.kind === 'on-time'
      return arrival
    },
    foreign(other) {
      if (last === undefined) return
      if (foreign.length >= foreignKept) foreign.shift()
      const before = armedAt(last, undefined)
      const isInTime = other.at <= before + intervalOf(last) + spread.median + jitterOf(spread)
      foreign.push({ ...other, armedAt: isInTime ? other.at : before })
      if (state === 'master' && other.outranks && !rejected.has(other.source)) state = 'backup'
    },
    fallSilent() {
      state = 'silent'
    },
  }
}
