// What one gate or one reading of the ledger concludes, before the caps.

import { confidences, type Cause, type Confidence, type Culprit } from '../explanation.ts'

export interface Ruling {
  readonly cause: Cause
  readonly confidence: Confidence
  readonly summary: string
  readonly culprit: Culprit | undefined
  readonly evidence: readonly string[]
  readonly settledBy: readonly string[]
}

export function lesserOf(one: Confidence, other: Confidence): Confidence {
  return confidences.indexOf(one) <= confidences.indexOf(other) ? one : other
}

/** Of the lateness, how much must be explained for how much confidence. The rest is unexplained, or something else's. */
export function confidenceOfShare(share: number): Confidence {
  if (share >= 0.7) return 'certain'
  if (share >= 0.5) return 'likely'
  return share >= 0.25 ? 'possible' : 'unknown'
}
