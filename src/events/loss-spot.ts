// What a stream says that it lost, as a blind spot.

import type { Instant } from '../time/instant.ts'
import type { BlindSpot, ProbeName } from './probe.ts'

export const lossSpot = (source: ProbeName, from: Instant, to: Instant, events: number): BlindSpot => ({
  source,
  from,
  to,
  reason: `${source} lost ${events} events`,
  remedy: undefined,
})

export const isLossSpot = ({ source, reason }: BlindSpot): boolean => reason.startsWith(`${source} lost `)
