// The inside of a guest for the diagnosis: its tables on the capture's clock, its sender, and what could not be seen there.

import type { Evidence, GuestView } from '../../diagnose/evidence.ts'
import { keptWithout } from '../../diagnose/keeping.ts'
import type { BlindSpot } from '../../events/probe.ts'
import { alignedKernel, withKernel } from '../../store/kernel-tables.ts'
import type { Store } from '../../store/store.ts'
import { instantOf, type Instant, type Window } from '../../time/instant.ts'
import type { OtherClock } from '../../time/other-clock.ts'
import { droppedSpot } from '../blind-spots.ts'
import type { KernelVantage } from './kernel-vantage.ts'
import type { Placing } from './placing.ts'
import { sentOf } from './stamp-pairs.ts'

/** What a person calls it: the name that was given, or that of the machine; a mere number is no name. */
export const vantageName = ({ part, machine }: KernelVantage): string =>
  /\D/.test(part) ? part : machine === undefined || machine.hostName === '' ? 'guest' : machine.hostName

/** By the capture's clock. Between two stretches of the guest's clock nothing can be placed, nor once it was set back. */
export function guestSpots(vantage: KernelVantage, clock: OtherClock): readonly BlindSpot[] {
  const { blindSpots, setBackAt, store } = vantage
  const common = { source: 'sysdig', part: vantageName(vantage), remedy: undefined } as const
  return [
    ...[...blindSpots.all, ...store.gone.map(droppedSpot)].map((spot) => ({
      ...spot,
      part: common.part,
      from: clock.here(spot.from),
      to: spot.to === undefined ? undefined : clock.here(spot.to),
    })),
    ...clock.steps.map(({ window }) => ({
      ...common,
      ...window,
      reason: 'the guest’s clock was stepped, or stood still: what it saw in between cannot be placed',
    })),
    ...(setBackAt === undefined
      ? []
      : [{ ...common, from: clock.here(setBackAt), to: undefined, reason: 'the guest’s clock was set back' }]),
  ]
}

/**
 * `quiet`: a store in which nobody sampled anything; no sample of the host is about a guest's threads. `told`: blind spots
 * by the capture's clock, of whatever vantage point: a bundle keeps those of its guests so. `kept`: by a flight recorder.
 */
export function guestView(
  vantage: KernelVantage,
  { clock, pairs }: Extract<Placing, { kind: 'guest' }>,
  session: Store,
  quiet: Store,
  told: readonly BlindSpot[],
  kept: readonly Window[] | undefined,
): GuestView {
  const { store, sources, lastAt } = vantage
  const { threads, pressure, cgroups, disks, inflight, beats } = quiet
  const inside = withKernel(
    { ...session, threads, pressure, cgroups, disks, inflight, beats },
    alignedKernel(store, clock),
  )
  const evidence: Evidence = {
    store: inside,
    senderOf: (flow, at) => sources.among(flow.source, at === undefined ? undefined : clock.there(at))[0],
    isOurs: (pid) => vantage.isOurs(pid),
    // For whoever reads these tables they are the only ones there are.
    blindSpots: [...guestSpots(vantage, clock), ...told.filter(({ part }) => part === vantageName(vantage))].map(
      ({ source, from, to, reason, remedy }) => ({
        source,
        from,
        to,
        reason,
        remedy,
      }),
    ),
    clockSteps: [],
    kept: keptWithout(
      kept,
      store.gone.map(({ from, to }) => ({ from: clock.here(from), to: clock.here(to) })),
    ),
    recorded: kept,
    issued: (advert) => {
      const found = sentOf(vantage.issued, pairs, advert)
      return found === undefined ? undefined : { ...found, at: clock.here(found.at) }
    },
  }
  const firsts = [store.calls.firstAt, store.switches.firstAt].filter((at) => at !== undefined)
  const first = instantOf(Math.min(...firsts, lastAt ?? Infinity))
  const until = (at: Instant | undefined): Instant => (at === undefined ? instantOf(-Infinity) : clock.here(at))
  return { name: vantageName(vantage), clock, evidence, covered: { from: until(first), to: until(lastAt) } }
}
