// Was the sender really stopped, or frozen? What a signal or a cgroup's word says is held against all that was seen of it.

import { instantOf, millisecond, second, type Instant, type Window } from '../../time/instant.ts'
import type { Stop } from './actors.ts'
import type { KernelCourse } from './kernel-course.ts'
import { loopWaits } from './loop-waits.ts'
import { reach, type Sample } from './sampled-course.ts'
import { clipped, lengthOf } from './stretches.ts'

interface Seen {
  readonly kernel: ReadonlyMap<number, KernelCourse>
  readonly sampled: ReadonlyMap<number, readonly Sample[]>
}

/** Nothing of it ran, worked or waited for a CPU in this stretch. */
export function isStill({ kernel, sampled }: Seen, stretch: Window): boolean {
  const margin = 5 * millisecond
  for (const course of kernel.values())
    if (course.activity.some((at) => at > stretch.from + margin && at < stretch.to - margin)) return false
  for (const samples of sampled.values()) {
    const inside = samples.filter((one) => one.at >= stretch.from && one.at <= stretch.to)
    const first = inside[0]
    const last = inside.at(-1)
    if (first === undefined || last === undefined) continue
    // What waits for a CPU is ready to run; the wait is booked when it is over, behind the stretch.
    const behind = samples.find((one) => one.at > stretch.to + reach) ?? samples.at(-1) ?? last
    if (last.slices - first.slices > 1 || behind.runDelayNs - first.runDelayNs > 0.2 * lengthOf(stretch)) return false
  }
  return true
}

/**
 * Whose cgroup was frozen is not told. It can be the sender's only if the sender went on as it thawed, and was not held
 * by a call that it had begun before.
 */
export function canBeOurs({ kernel }: Seen, stretch: Window, sentAt: Instant): boolean {
  if (sentAt - stretch.to > reach + 60 * millisecond) return false
  const calls = [...kernel.values()].flatMap((course) => course.calls)
  return !calls.some(
    ({ name, window }) =>
      !loopWaits.qemu.has(name) &&
      !loopWaits.keepalived.has(name) &&
      window.from < stretch.from - 0.15 * second &&
      window.to >= stretch.to - reach,
  )
}

/** By a signal, or by a tracer. */
export const isStoppedLetter = (state: string): boolean => state === 'T' || state === 't'
/** As long as a stop may take to show in the samples. */
const showsWithin = 120 * millisecond

/**
 * A stop whose end was not seen is over when the sender was seen at work, when a sample finds a thread of it that is not
 * stopped, and when it sends an advert. Signals other than SIGSTOP can be ignored or caught: they are stops only if the
 * stop itself was seen.
 */
export function provenStops({ kernel, sampled }: Seen, stops: readonly Stop[], sent: readonly Instant[]): Stop[] {
  const settle = 5 * millisecond
  return stops.flatMap((stop) => {
    const { from, to } = stop.window
    const isSeen =
      [...sampled.values()].some((samples) =>
        samples.some((one) => one.at >= from && one.at <= to + reach && isStoppedLetter(one.state)),
      ) ||
      [...kernel.values()].some((course) =>
        course.off.some((one) => one.reason === 'stopped' && clipped(one.window, stop.window) !== undefined),
      )
    if (stop.signal !== sigstop && !isSeen) return []
    const ends = [
      ...[...kernel.values()].flatMap((course) => course.activity.find((at) => at > from + settle) ?? []),
      ...[...sampled.values()].flatMap(
        (samples) =>
          samples.find((one) => one.at > from + showsWithin && !isStoppedLetter(one.state) && one.state !== 'D')?.at ??
          [],
      ),
      ...sent.filter((at) => at > from + 50 * millisecond),
    ]
    const end = instantOf(Math.max(from, Math.min(to, ...ends)))
    return [{ ...stop, window: { from, to: end }, isEnded: stop.isEnded && end === to }]
  })
}
const sigstop = 19
