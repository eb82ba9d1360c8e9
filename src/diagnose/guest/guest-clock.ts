// Did time pass inside the guest? A guest that qemu stopped sees none: its clock is behind afterwards, by as much.
//
//   tap      |----- 4.908 s -----|        two adverts
//   guest    | 0.704 |                    the same two, by the guest: the rest it never saw
//
// The same picture is made by a step of the host's own clock, so something else must have gone on meanwhile by that clock;
// and by a delay that lasts, which ends some day, while a lost time does not come back.

import { instantOf, millisecond, type Window } from '../../time/instant.ts'
import type { OtherStep } from '../../time/other-clock.ts'
import type { GuestView } from '../evidence.ts'
import type { Subject } from '../explain/subject.ts'
import { lengthOf } from '../explain/stretches.ts'

export interface LostTime {
  readonly window: Window
  readonly by: number
  /** Between the two adverts, by the guest. */
  readonly guestGap: number
  /** Others were heard in the middle of it: our own clock ran on. */
  readonly isClockSure: boolean
  /** It was given back later. */
  readonly isUndone: boolean
}

function stepIn({ clock }: GuestView, gap: Window): OtherStep | undefined {
  return clock.steps.find(({ window }) => window.from <= gap.from + millisecond && window.to >= gap.to - millisecond)
}

/** Any packet of somebody else, or sample of ours, well inside. */
function isHeardMeanwhile({ evidence, flow, lateness, gap }: Subject): boolean {
  const { store } = evidence
  const edge = 0.1 * lengthOf(gap)
  const inside = { from: instantOf(Math.max(gap.from + edge, lateness.from)), to: instantOf(gap.to - edge) }
  if (inside.to <= inside.from) return false
  const source = store.names.find(flow.source)
  return (
    store.adverts.rows(inside).some((row) => row.source !== source) ||
    store.traffic.rows(inside).some((row) => row.source !== source) ||
    store.beats.rows(inside).length > 1 ||
    store.calls.slices(inside).length > 0
  )
}

/** `subject`: as the host sees it. */
export function lostTimeOf(subject: Subject, guest: GuestView): LostTime | undefined {
  const { gap, flow, lateness } = subject
  const step = stepIn(guest, gap)
  const L = lengthOf(lateness)
  if (step === undefined || step.by < Math.max(20 * millisecond, 6 * guest.clock.error, 0.5 * L)) return undefined
  const guestGap = lengthOf(gap) - step.by
  // Had it been late by its own clock, too, lost time would not be all of it.
  if (guestGap > flow.interval + Math.max(50 * millisecond, 0.3 * L)) return undefined
  const isUndone = guest.clock.steps.some(
    (other) => other.window.from >= step.window.to && Math.abs(other.by + step.by) < 0.05 * step.by,
  )
  return {
    window: { from: instantOf(Math.max(gap.from, gap.to - step.by)), to: gap.to },
    by: step.by,
    guestGap,
    isClockSure: isHeardMeanwhile(subject),
    isUndone,
  }
}
