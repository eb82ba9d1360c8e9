// Was the guest alive while its advert was overdue? Its other packets say so, if it usually sends any.
//
// Silence proves something only where packets were to be expected: a stretch has to be longer than the usual distance of
// the sender's other packets by a third before their absence counts.

import type { Traffic } from '../events/packet.ts'
import { millisecond, second, spanOf, type Instant, type Span, type Window } from '../time/instant.ts'

export interface Liveness {
  add(traffic: Traffic): void
  /** Packets of this sender while it was overdue, when each came; undefined where too few exist to expect any. */
  whileOverdue(sourceMac: string | undefined, source: string, overdue: Window): readonly Instant[] | undefined
  /** Everybody else's packets in a window, and how many their usual rate lets expect. */
  othersIn(
    sourceMac: string | undefined,
    source: string,
    window: Window,
  ): { readonly seen: number; readonly expected: number }
}

const keptPerSource = 512
const keptSources = 4096
/** Packets right at the end of the gap belong to the sender that is back. */
const afterglow = 20 * millisecond
const minute = 60 * second

export function createLiveness(): Liveness {
  const bySource = new Map<string, Instant[]>()

  function note(key: string, at: Instant): void {
    let moments = bySource.get(key)
    if (moments === undefined) {
      if (bySource.size >= keptSources) bySource.delete(bySource.keys().next().value ?? '')
      moments = []
      bySource.set(key, moments)
    }
    moments.push(at)
    if (moments.length > keptPerSource) moments.splice(0, keptPerSource / 2)
  }

  const keyOf = (sourceMac: string | undefined, source: string | undefined): string => sourceMac ?? source ?? ''

  const within = (moments: readonly Instant[], window: Window): Instant[] =>
    moments.filter((at) => at > window.from && at < window.to)

  /**
   * How long this source is usually silent: nine tenths of the last minute lay in silences no longer than this. Weighed
   * by time, so that a burst of gratuitous ARPs does not pass for regular traffic. undefined with fewer than five packets.
   */
  function usualSilence(moments: readonly Instant[], until: Instant): Span | undefined {
    const recent = moments.filter((at) => at <= until && at > until - minute)
    if (recent.length < 5) return undefined
    const silences = recent.map((at, i) => (recent[i + 1] ?? until) - at).toSorted((a, b) => a - b)
    const tenth = silences.reduce((sum, one) => sum + one, 0) / 10
    let longer = 0
    for (const silence of silences.toReversed()) {
      longer += silence
      if (longer > tenth) return spanOf(silence)
    }
    return undefined
  }

  return {
    add(traffic) {
      note(keyOf(traffic.sourceMac, traffic.source), traffic.at)
    },
    whileOverdue(sourceMac, source, overdue) {
      const moments = bySource.get(keyOf(sourceMac, source)) ?? []
      const usual = usualSilence(moments, overdue.from)
      if (usual === undefined || overdue.to - overdue.from < 1.3 * usual) return undefined
      return within(moments, { from: overdue.from, to: (overdue.to - afterglow) as Instant })
    },
    othersIn(sourceMac, source, window) {
      const own = keyOf(sourceMac, source)
      let seen = 0
      let expected = 0
      for (const [key, moments] of bySource) {
        if (key === own) continue
        const usual = usualSilence(moments, window.from)
        if (usual !== undefined && usual > 0) expected += (window.to - window.from) / usual
        seen += within(moments, window).length
      }
      return { seen, expected }
    },
  }
}
