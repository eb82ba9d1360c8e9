// The windows of the late adverts: what they need stays in the store, and the one that is looked at is not made anew for
// every frame.

import type { Evidence } from '../diagnose/evidence.ts'
import type { Explanation } from '../diagnose/explanation.ts'
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
  /** Sums up the oldest late advert that was not and whose window has settled: its window; undefined when there is none. */
  judge(now: Instant, isOver: boolean): WindowView | undefined
  /** Of the late adverts from this number on, as far as they are made. */
  digestsFrom(number: number): readonly LateDigest[]
  /** All late adverts that are kept and have a verdict, as far as `overallOf` asks for it. */
  explained(): readonly Explained[]
  /** Number of the newest one that was summed up in its turn. */
  readonly judged: number
  /** None waits to be summed up. */
  readonly isJudged: boolean
}

/** What stays of a window once it was made. */
interface Summed {
  readonly digest: LateDigest
  readonly explained: Explained
}

interface Made {
  readonly view: WindowView
  readonly madeAt: Instant
  readonly late: LateAdvert
}

export interface Explained {
  readonly late: LateAdvert
  readonly explanation: Explanation | undefined
}

const viewsKept = 2

/** There may be thousands, and their windows are large. */
const withoutDetail = (explanation: Explanation | undefined): Explanation | undefined =>
  explanation === undefined
    ? undefined
    : { ...explanation, ledger: [], suspects: [], evidence: [], ruledOut: [], blindSpots: [], settledBy: [] }

/** How long a window goes on changing: slow probes (iostat, scap in 8 KiB pieces) speak of it later. */
const windowSettlesAfter = 4 * second
const refreshedAfter = 0.25 * second
const pinMargin = spanOf(1e9)

/** `refresh`: what is known of other kernels' clocks is looked at anew, before a late advert is summed up for good. */
export function createLateWindows(
  evidence: Evidence,
  late: readonly LateAdvert[],
  flows: () => readonly Flow[],
  keep: (window: Window) => void,
  refresh: () => void,
): LateWindows {
  /** Numbers of the newest late adverts that were seen to. */
  let pinned = 0
  let judged = 0
  const sums = new Map<number, Summed>()
  /** Two are looked at at most: those that are compared. The older one goes first. */
  let cached: readonly Made[] = []

  const isFresh = ({ madeAt, late: one }: Made, now: Instant): boolean =>
    madeAt - one.at > windowSettlesAfter || now - madeAt < refreshedAfter

  function made(one: LateAdvert): WindowView {
    const flow = flows().find((other) => other.id === one.flow)
    const view = windowView(one, flow, evidence)
    sums.set(one.number, {
      digest: digestOf(view),
      explained: { late: one, explanation: withoutDetail(view.explanation) },
    })
    if (sums.size > 2 * late.length) forgetSums()
    return view
  }

  /** Of late adverts that are not kept any more. */
  function forgetSums(): void {
    const first = late[0]?.number ?? 1
    for (const number of sums.keys()) if (number < first) sums.delete(number)
  }

  const summed = (): Summed[] => [...sums].toSorted(([a], [b]) => a - b).map(([, one]) => one)

  /** The first one that is kept and has a greater number. */
  function next(number: number): LateAdvert | undefined {
    const first = late[0]?.number ?? 1
    return late[Math.max(0, number + 1 - first)]
  }

  return {
    pin() {
      for (let one = next(pinned); one !== undefined; one = next(pinned)) {
        pinned = one.number
        const { from, to } = windowOf(one)
        keep({ from: before(from, pinMargin), to: after(to, pinMargin) })
      }
    },
    forget() {
      cached = []
    },
    viewOf(one, now) {
      const known = cached.find((other) => other.late === one && isFresh(other, now))
      if (known !== undefined) return known.view
      const view = made(one)
      cached = [...cached.filter((other) => other.late !== one), { view, madeAt: now, late: one }].slice(-viewsKept)
      return view
    },
    judge(now, isOver) {
      const one = next(judged)
      if (one === undefined) return undefined
      if (!isOver && (!one.isSettled || now - one.at <= windowSettlesAfter)) return undefined
      judged = one.number
      refresh()
      return made(one)
    },
    get isJudged() {
      return next(judged) === undefined
    },
    get judged() {
      return judged
    },
    explained: () => summed().map((one) => one.explained),
    digestsFrom: (number) => summed().flatMap(({ digest }) => (digest.number >= number ? [digest] : [])),
  }
}
