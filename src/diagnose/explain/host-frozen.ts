// The gate of co-silence: did the whole host stand still, and not only the sender?
//
//   sampler's beats  | | | |            | | |       by the clock that cannot be stepped
//   calls, packets   ||||||             |||||       one in the middle, and the kernel was at work
//   the link         x x x x            x x x       every other sender silent as well: W6

import { isKernelEngine } from '../../events/probe.ts'
import { formatSpan } from '../../time/format.ts'
import { instantOf, millisecond, second, type Window } from '../../time/instant.ts'
import { isKept } from '../keeping.ts'
import type { Ruling } from './ruling.ts'
import { clipped, lengthOf } from './stretches.ts'
import type { Subject } from './subject.ts'

const heartbeatGap = 0.35 * second

/** The longest stretch near the lateness in which the sampler did not run, by the clock that cannot be stepped. */
function pauseOf({ store, lateness, evidence }: Subject): Window | undefined {
  const near = { from: instantOf(lateness.from - second), to: instantOf(lateness.to + second) }
  // A flight recording has one beat a second where nothing was late.
  if (!isKept(evidence.kept, near)) return undefined
  const beats = store.beats.rows(near)
  return beats
    .flatMap((beat, i) => {
      const before = beats[i - 1]
      const paused = before === undefined ? 0 : beat.monotonicNs - before.monotonicNs
      return paused > heartbeatGap ? [{ from: instantOf(beat.at - paused), to: beat.at }] : []
    })
    .find((one) => lengthOf(clipped(one, lateness) ?? { from: one.from, to: one.from }) >= 0.5 * lengthOf(lateness))
}

/** A packet that was stamped, or a call that ended, in the middle of a stretch: this kernel was at work. */
function isKernelAlive({ store }: Subject, stretch: Window): boolean {
  const edge = Math.max(20 * millisecond, 0.1 * lengthOf(stretch))
  const middle = { from: instantOf(stretch.from + edge), to: instantOf(stretch.to - edge) }
  return (
    middle.from < middle.to &&
    [store.adverts, store.traffic, store.calls, store.switches].some((table) => table.slices(middle).length > 0)
  )
}

/** Detectors of a host that stands still: own heartbeat, the kernel engine's silence, iostat's row spacing, the taps. */
export function coSilence(subject: Subject): Ruling | undefined {
  const { late, lateness, store, sees, evidence } = subject
  const L = lengthOf(lateness)
  const pause = pauseOf(subject)
  if (isKernelAlive(subject, pause ?? lateness)) return undefined
  const found: string[] = []
  if (pause !== undefined) found.push(`whylate's own heartbeat stood still for ${formatSpan(lengthOf(pause))}`)
  if (late.wire === 'W6') found.push('every other router and guest on the link was silent as well')
  const before = store.calls
    .slices({ from: instantOf(lateness.from - L), to: lateness.from })
    .reduce((sum, one) => sum + one.to - one.from, 0)
  const isKernelSilent = sees.calls && isKept(evidence.kept, lateness) && before >= 50
  if (isKernelSilent) found.push('the kernel engine saw no call of any process')
  const stretched = store.disks
    .rows({ from: lateness.from, to: instantOf(lateness.to + 3 * second) })
    .some((row) => row.spanNs > second + 0.5 * L && L > second)
  if (stretched) found.push("iostat's own rows are further apart than its interval")
  if (found.length < 2 || (pause === undefined && !isKernelSilent)) return undefined
  const isLossy = evidence.blindSpots.some(
    (spot) =>
      isKernelEngine(spot.source) &&
      spot.remedy === undefined &&
      spot.from <= lateness.to &&
      (spot.to ?? Infinity) >= lateness.from,
  )
  // Without the sampler's two clocks a clock that was set forward looks exactly like this.
  const isSure = pause !== undefined && found.length >= 3 && !isLossy
  return {
    cause: 'host-frozen',
    confidence: isSure ? 'likely' : 'possible',
    summary: `The whole host stood still${pause === undefined ? '' : ` for ${formatSpan(lengthOf(pause))}`}: not only the sender.`,
    culprit: { kind: 'host', pid: undefined, comm: undefined, name: 'this host' },
    evidence: [
      ...found,
      ...(pause === undefined
        ? ['a clock that was set forward looks the same, and no monotonic clock was sampled']
        : []),
    ],
    settledBy: [
      'dmesg -T | grep -iE "lockup|stall|clocksource|mce|PM: "; is this host itself a guest? look at steal in vmstat 1',
      ...(pause === undefined ? ['journalctl -u chrony -u systemd-timesyncd: was the clock set at that time?'] : []),
    ],
  }
}
