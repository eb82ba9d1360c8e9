// The windows of the late adverts: what they need stays in the store, and the one that is looked at is not made anew for
// every frame.

import type { Evidence } from '../diagnose/evidence.ts'
import type { Flow, LateAdvert, WindowView } from '../diagnose/finding.ts'
import { digestOf, type LateDigest } from '../diagnose/late-digest.ts'
import { windowOf, windowView } from '../diagnose/window-view.ts'
import { after, before, second, spanOf, type Instant, type Window } from '../time/instant.ts'

export interface LateWindows {
  /** What a late advert needs stays, whatever else has to go. */
  pin(): void
  viewOf(late: LateAdvert, now: Instant): WindowView
  /** What was made before all of it was known is made anew. */
  forget(): void
  /** Makes the digest of the oldest late advert that has none and whose window has settled; false when there is none. */
  judge(now: Instant, isOver: boolean): boolean
  /** Of the late adverts from this number on, as far as they are made. */
  digestsFrom(number: number): readonly LateDigest[]
}

/** How long a window goes on changing: slow probes (iostat, scap in 8 KiB pieces) speak of it later. */
const windowSettlesAfter = 4 * second
const refreshedAfter = 0.25 * second
const pinMargin = spanOf(1e9)

export function createLateWindows(
  evidence: Evidence,
  late: readonly LateAdvert[],
  flows: () => readonly Flow[],
  keep: (window: Window) => void,
): LateWindows {
  let pinned = 0
  const digests: LateDigest[] = []
  let judged = 0
  let cached: { readonly view: WindowView; readonly madeAt: Instant; readonly late: LateAdvert } | undefined

  const isFresh = (one: LateAdvert, now: Instant): boolean =>
    cached !== undefined &&
    cached.late === one &&
    (cached.madeAt - one.at > windowSettlesAfter || now - cached.madeAt < refreshedAfter)

  return {
    pin() {
      for (; pinned < late.length; pinned++) {
        const one = late[pinned]
        if (one === undefined) return
        const { from, to } = windowOf(one)
        keep({ from: before(from, pinMargin), to: after(to, pinMargin) })
      }
    },
    forget() {
      cached = undefined
    },
    viewOf(one, now) {
      if (cached === undefined || !isFresh(one, now)) {
        const flow = flows().find((other) => other.id === one.flow)
        cached = { view: windowView(one, flow, evidence), madeAt: now, late: one }
        digests[one.number] = digestOf(cached.view)
      }
      return cached.view
    },
    judge(now, isOver) {
      const one = late[judged]
      if (one === undefined) return false
      if (!isOver && (!one.isSettled || now - one.at <= windowSettlesAfter)) return false
      judged++
      const flow = flows().find((other) => other.id === one.flow)
      digests[one.number] = digestOf(windowView(one, flow, evidence))
      return true
    },
    digestsFrom: (number) => digests.slice(number).filter((one) => one !== undefined),
  }
}
