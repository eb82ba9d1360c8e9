// What could not be seen in this window, and how much certainty it leaves.
//
//   lossy      the source ran and lost events here          at most `possible`: what it did not say may have happened
//   absent     the source said nothing at all               at most `likely`, and less where the cause needs it
//   left out   by a flight recorder, on purpose          as absent; where only a part is left out, as lossy
//   harmless   iostat, log: neither convicts by itself      nothing

import { isKernelEngine, kernelEngines, type BlindSpot } from '../../events/probe.ts'
import type { Confidence, Explanation } from '../explanation.ts'
import { isKept, leftOutOf } from '../keeping.ts'
import type { Subject } from './subject.ts'
import { transcriptWithoutSender } from './transcript.ts'

export interface Blindness {
  readonly spots: Explanation['blindSpots']
  readonly cap: Confidence
  readonly settledBy: readonly string[]
}

function isAbsent(spot: BlindSpot, subject: Subject): boolean {
  const { sees, gap } = subject
  const covers = spot.from <= gap.from && (spot.to ?? Infinity) >= gap.to
  // A loss is over when it is told; what never ran is open to the end, or has a remedy.
  if (!covers || (spot.to !== undefined && spot.remedy === undefined)) return false
  if (isKernelEngine(spot.source)) return !sees.calls && !sees.switches
  return spot.source === 'host' ? !sees.samples : false
}

/** Another kernel engine saw what this one did not run for. */
const isReplaced = (spot: BlindSpot, subject: Subject): boolean =>
  isKernelEngine(spot.source) &&
  subject.evidence.blindSpots.every(
    (one) => one === spot || one.part !== undefined || one.source !== spot.source || one.reason === spot.reason,
  ) &&
  spot.from <= subject.gap.from &&
  (spot.to ?? Infinity) >= subject.gap.to &&
  (subject.sees.calls || subject.sees.switches) &&
  spot.remedy !== undefined

const lossyEffect = 'it lies in this window: nothing beyond "possible" is said'

function toldSpots(subject: Subject): { spot: Explanation['blindSpots'][number]; isLossy: boolean }[] {
  const { evidence, gap } = subject
  return evidence.blindSpots
    .filter((spot) => spot.from <= gap.to && (spot.to ?? Infinity) >= gap.from)
    .map((spot) => {
      if (spot.part !== undefined)
        return { spot: { ...spot, effect: `the inside of ${spot.part} was not seen then` }, isLossy: false }
      if (spot.source === 'iostat' || spot.source === 'log')
        return { spot: { ...spot, effect: undefined }, isLossy: false }
      if (isReplaced(spot, subject)) return { spot: { ...spot, effect: undefined }, isLossy: false }
      if (isAbsent(spot, subject))
        return { spot: { ...spot, effect: 'without it no more than "likely" is said' }, isLossy: false }
      return { spot: { ...spot, effect: lossyEffect }, isLossy: true }
    })
}

/** A stretch of the gap that a flight recorder did not keep: no fault of any probe, and no silence. */
function leftOutSpots(subject: Subject): { spot: Explanation['blindSpots'][number]; isLossy: boolean }[] {
  const { evidence, gap, lateness } = subject
  const isLossy = isKept(evidence.recorded, lateness)
  return leftOutOf(evidence.recorded, gap).map((window) => ({
    spot: {
      source: 'sysdig',
      ...window,
      reason: 'left out by the flight recorder: calls, switches and nine of ten host samples were not kept here',
      remedy: undefined,
      effect: isLossy ? lossyEffect : 'who did it cannot be told, and no more than "likely" is said',
    },
    isLossy,
  }))
}

/** Sources that said nothing here and did not complain either: never started, or not part of what was imported. */
function missing(subject: Subject): Explanation['blindSpots'] {
  const { sees, gap, evidence } = subject
  const isTold = (sources: readonly string[]): boolean =>
    !isKept(evidence.kept, subject.lateness) ||
    evidence.blindSpots.some(
      (spot) =>
        spot.part === undefined &&
        sources.includes(spot.source) &&
        spot.from <= gap.to &&
        (spot.to ?? Infinity) >= gap.from,
    )
  const spots: Explanation['blindSpots'][number][] = []
  const add = (source: BlindSpot['source'], reason: string, remedy: string, effect: string): void => {
    spots.push({ source, from: gap.from, to: gap.to, reason, remedy, effect })
  }
  if (!sees.calls && !sees.switches && !isTold(kernelEngines))
    add(
      'sysdig',
      'no calls, switches or signals were recorded',
      'run with sysdig or bpftrace',
      'who did it cannot be told, and no more than "likely" is said',
    )
  const transcript = transcriptWithoutSender(subject)
  if (transcript !== undefined && (subject.sender !== undefined || !transcript.hasSenders))
    add(
      'sysdig',
      'this transcript holds no event of the sender',
      'never filter the sender out',
      'the sender’s own calls are unseen',
    )
  if (!sees.samples && !isTold(['host']))
    add(
      'host',
      'the sender’s state and run delay were not sampled',
      'let the host sampler run',
      'no state letters, run delay or cgroup counters',
    )
  if (!sees.iostat && !isTold(['iostat']))
    add('iostat', 'no disk was watched', 'run iostat -dxt 1', 'disks can be neither suspected nor cleared')
  return spots
}

export function blindnessOf(subject: Subject): Blindness {
  const told = [...toldSpots(subject), ...leftOutSpots(subject)]
  const absent = missing(subject)
  const isLossy = told.some((one) => one.isLossy)
  const hasKernel = subject.sees.calls || subject.sees.switches
  const isPartial = !hasKernel || !subject.sees.samples
  return {
    spots: [...told.map((one) => one.spot), ...absent],
    cap: isLossy ? 'possible' : isPartial ? 'likely' : 'certain',
    settledBy: [
      ...(hasKernel
        ? []
        : ['whylate live --engine auto: with sysdig or bpftrace the sender’s calls and switches are seen']),
      ...(isLossy ? ['record again with larger buffers: what was dropped here cannot be had back'] : []),
    ],
  }
}
