// Does a finding explain what was measured? Held against the verdicts of a bundle, cause by cause.

import type { Cause, Confidence } from '../diagnose/explanation.ts'
import type { Finding } from './finding.ts'

export interface Measured {
  readonly cause: Cause
  readonly confidence: Confidence
}

export type Consistency =
  | { readonly kind: 'consistent'; readonly late: number; readonly of: number }
  /** Every late advert has another cause, likely or certain. */
  | { readonly kind: 'not-consistent'; readonly of: number }
  /** What was measured does not say. */
  | { readonly kind: 'open'; readonly undecided: number; readonly of: number }

const isDecided = ({ cause, confidence }: Measured): boolean =>
  cause !== 'unknown' && (confidence === 'likely' || confidence === 'certain')

/** undefined: the finding is fine, or nothing was late, or no verdict would show it. */
export function consistencyOf({ grade, causes }: Finding, measured: readonly Measured[]): Consistency | undefined {
  const isAsked = (grade === 'risk' || grade === 'note') && causes.some((cause) => cause !== 'unknown')
  if (!isAsked || measured.length === 0) return undefined
  const of = measured.length
  const late = measured.filter((one) => isDecided(one) && causes.includes(one.cause)).length
  if (late > 0) return { kind: 'consistent', late, of }
  const undecided = measured.filter((one) => !isDecided(one)).length
  return undecided > 0 ? { kind: 'open', undecided, of } : { kind: 'not-consistent', of }
}
