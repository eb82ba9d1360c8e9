// Which stretches of the night does a flight recording keep whole? What the ranking of suspects asks for, and no more:
//
//   begin           late advert: lead, 30 s | gap | tail             near (on time)         spread, each 10 min
//   ├────┤ … … … … ├──────────────────────────────────┤ … 2 MDI … ├────────┤ … … … … … … ├──┤ … … … … … … ├──┤
//
// An advert that is overdue is kept from before it was due, for as long as it does not come. What lies within twice the
// Master_Down_Interval of a late advert is no baseline: the nearby on-time windows are beyond it, before (in the lead) and after.

import type { Flow, LateAdvert, Overdue } from '../../diagnose/finding.ts'
import { instantOf, second, spanOf, type Instant, type Span } from '../../time/instant.ts'

export type KeptBecause = 'begin' | 'late' | 'overdue' | 'near' | 'spread' | 'end'

export interface Want {
  readonly from: Instant
  readonly to: Instant
  readonly because: KeptBecause
  /** Bytes of the kernel engine, as it said them; then it ends early. */
  readonly mostBytes: number
  /** Without what follows this moment the stretch is not worth much; the lead before it is good to have. */
  readonly needsFrom: Instant
}

/** What the plan is made from: a snapshot has it. */
export interface FlightView {
  readonly flows: readonly Pick<Flow, 'id' | 'interval' | 'masterDown' | 'lastAt'>[]
  readonly late: readonly Pick<LateAdvert, 'number' | 'flow' | 'previousAt' | 'at'>[]
  readonly overdue: readonly Pick<Overdue, 'flow' | 'dueAt'>[]
}

export interface FlightPlan {
  /** Late adverts whose windows were not wanted any more: so many had been kept within the hour. */
  readonly skipped: number
  /** What is wanted from now on, or is wanted of what was. */
  update(view: FlightView, now: Instant): Want[]
  /** The recording ends. */
  end(now: Instant): Want[]
}

export interface PlanTimes {
  readonly lead: Span
  readonly tail: Span
  /** Of the nearby on-time adverts, at most. */
  readonly near: Span
  readonly spreadEvery: Span
  readonly spread: Span
}

const MiB = 1024 * 1024

export const planTimes: PlanTimes = {
  // Who put the sender into a cgroup is looked for so far back; nearby on-time adverts are in it, too.
  lead: spanOf(30 * second),
  // Calls that were under way end within it.
  tail: spanOf(4 * second),
  near: spanOf(12 * second),
  spreadEvery: spanOf(600 * second),
  spread: spanOf(6 * second),
}
/** Explaining follows the sender from 3 s before the gap. */
const needed = 5 * second
const baselineBytes = 8 * MiB
const lateBytes = 256 * MiB
export const mostAnHour = 120
const overdueLongest = 60 * second

export function createFlightPlan(startedAt: Instant, times: PlanTimes = planTimes): FlightPlan {
  let told = 0
  let spreadAt: number = startedAt
  let hasBegun = false
  let skipped = 0
  /** When the late adverts of the last hour were kept. */
  let keptLately: number[] = []

  const clamped = (at: number): Instant => instantOf(Math.max(at, startedAt))
  const baseline = (from: number, to: number, because: KeptBecause): Want => ({
    from: clamped(from),
    to: instantOf(to),
    because,
    mostBytes: baselineBytes,
    needsFrom: instantOf(to),
  })
  const lateness = (previousAt: Instant, to: number, because: KeptBecause): Want => ({
    from: clamped(previousAt - times.lead),
    to: instantOf(to),
    because,
    mostBytes: lateBytes,
    needsFrom: clamped(previousAt - needed),
  })

  function aroundLate(view: FlightView, late: FlightView['late'][number], now: Instant): Want[] {
    const flow = view.flows.find((one) => one.id === late.flow)
    const interval = flow?.interval ?? second
    const away = 2 * (flow?.masterDown.max ?? 4 * second)
    const near = Math.min(times.near, Math.max(3 * second, 10 * interval)) + interval
    return [
      lateness(late.previousAt, Math.max(late.at, now - second) + times.tail, 'late'),
      baseline(late.at + away, late.at + away + near, 'near'),
    ]
  }

  function whileOverdue(view: FlightView, now: Instant): Want[] {
    return view.overdue.flatMap(({ flow: id, dueAt }) => {
      if (now - dueAt > overdueLongest || isSpent(now)) return []
      const last = view.flows.find((one) => one.id === id)?.lastAt ?? dueAt
      return [lateness(instantOf(Math.min(last, dueAt)), now + second, 'overdue')]
    })
  }

  /** A flow that is late all the time would fill the disk, and its hundredth window says what the first did. */
  function isSpent(now: Instant): boolean {
    keptLately = keptLately.filter((at) => Math.abs(now - at) < 3600 * second)
    return keptLately.length >= mostAnHour
  }

  return {
    get skipped() {
      return skipped
    },
    update(view, now) {
      const wants: Want[] = []
      const fresh = view.late.filter((one) => one.number > told)
      for (const late of fresh) {
        if (isSpent(now)) {
          skipped++
          continue
        }
        keptLately.push(now)
        wants.push(...aroundLate(view, late, now))
      }
      told = Math.max(told, view.late.at(-1)?.number ?? 0)
      wants.push(...whileOverdue(view, now))
      // A probe needs some seconds until it sees anything.
      if (!hasBegun) wants.push(baseline(startedAt, startedAt + 2 * times.spread, 'begin'))
      hasBegun = true
      if (now - spreadAt >= times.spreadEvery || now < spreadAt) {
        spreadAt = now
        const longest = Math.max(0, ...view.flows.map((flow) => flow.interval))
        wants.push(baseline(now, now + Math.min(times.near, Math.max(times.spread, 3 * longest)), 'spread'))
      }
      return wants
    },
    end: (now) => [baseline(now - times.spread, now, 'end')],
  }
}
