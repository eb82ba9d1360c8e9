// What a recorder could not keep of a probe's words, from the first byte that is missing to the next one that went through:
// one blind spot for each such stretch.

import type { BlindSpot, ProbeName } from '../events/probe.ts'
import type { Instant } from '../time/instant.ts'

export interface LostStretches {
  readonly bytes: number
  lose(probe: ProbeName, at: Instant, bytes: number, reason: string): void
  /** Bytes of the probe go through again. */
  found(probe: ProbeName, at: Instant): void
  /** Nothing more comes: what is still missing is missing up to here. */
  end(at: Instant): void
}

interface Loss {
  readonly from: Instant
  bytes: number
  readonly reason: string
}

export function createLostStretches(tell: (spot: BlindSpot) => void): LostStretches {
  const losses = new Map<ProbeName, Loss>()
  let bytes = 0

  function found(probe: ProbeName, at: Instant): void {
    const loss = losses.get(probe)
    if (loss === undefined) return
    losses.delete(probe)
    const reason = `${loss.reason} (${loss.bytes} bytes)`
    tell({ source: probe, from: loss.from, to: at, reason, remedy: undefined })
  }

  return {
    get bytes() {
      return bytes
    },
    lose(probe, at, more, reason) {
      bytes += more
      const loss = losses.get(probe)
      if (loss === undefined) losses.set(probe, { from: at, bytes: more, reason })
      else loss.bytes += more
    },
    found,
    end(at) {
      for (const probe of losses.keys()) found(probe, at)
    },
  }
}
