// Does what was found fit what was done? One drill, held against its truth.

import type { Culprit, Truth } from '../drill/scenario.ts'
import type { Explanation } from '../diagnose/explanation.ts'
import type { LateAdvert, WindowView } from '../diagnose/finding.ts'
import { latenessOf } from '../diagnose/lateness.ts'
import { wireMeaning } from '../report/words.ts'
import { formatSpan } from '../time/format.ts'
import { instantAt, type Epoch } from '../time/instant.ts'

/** open: no wrong one, and not the right one either. */
export type DrillMark = 'right' | 'open' | 'WRONG'

export interface DrillVerdict {
  readonly mark: DrillMark
  /** For a person: what was late, and what is said of it. */
  readonly found: readonly string[]
  /** The largest finding, in short. */
  readonly cause: string
  readonly confidence: string
  readonly culprit: string
  readonly isCulpritRight: boolean
}

const isSame = (culprit: Explanation['culprit'], other: Culprit): boolean =>
  culprit !== undefined &&
  (culprit.pid !== undefined && other.pid !== undefined
    ? culprit.pid === other.pid
    : culprit.name === other.name || (other.comm !== undefined && culprit.comm === other.comm))

const isGuilty = (culprit: Explanation['culprit'], truth: Truth): boolean =>
  [truth.culprit, ...(truth.alsoGuilty ?? [])].some((one) => one !== undefined && isSame(culprit, one))

const isNamed = (one: Explanation): boolean => one.confidence === 'likely' || one.confidence === 'certain'

/** Where nothing should be late, a busy machine can be late all the same: that is no error, unless it is put on the innocent. */
function markOfInnocence(truth: Truth, told: readonly Explanation[]): DrillMark {
  if (told.length === 0) return 'right'
  const isAccused = (one: Explanation): boolean =>
    isNamed(one) && (one.cause === truth.looksLike || isGuilty(one.culprit, truth))
  return told.some(isAccused) ? 'WRONG' : 'open'
}

function markOf(truth: Truth, told: readonly Explanation[], makesLate: boolean): DrillMark {
  if (truth.cause === 'none') return markOfInnocence(truth, told)
  if (told.some((one) => isNamed(one) && one.cause !== truth.cause)) return 'WRONG'
  if (told.length === 0) return makesLate ? 'open' : 'right'
  return told.every((one) => one.cause === truth.cause) ? 'right' : 'open'
}

const culpritText = (culprit: Explanation['culprit']): string =>
  culprit === undefined ? '-' : `${culprit.name}${culprit.pid === undefined ? '' : ` (${culprit.pid})`}`

function sentenceOf(late: LateAdvert, explanation: Explanation | undefined): string {
  return `${formatSpan(latenessOf(late))} late, ${wireMeaning(late.wire)} (${late.wire}): ${explanation?.confidence ?? ''} ${explanation?.cause ?? 'unknown'}: ${explanation?.summary ?? ''}`
}

export interface Judged {
  readonly truth: Truth
  readonly makesLate: boolean
  readonly windows: readonly WindowView[]
  readonly origin: Epoch
  /** The sender's address. */
  readonly source: string
}

export function judge({ truth, makesLate, windows, origin, source }: Judged): DrillVerdict {
  const from = instantAt(truth.startAt, origin)
  const to = instantAt(truth.endAt, origin)
  const all = windows.filter((one) => one.late.advert.source === source)
  // Of a fault, what it touches; where nothing was done, everything from then on.
  const touched = all.filter(({ late }) => late.at > from && (truth.cause === 'none' || late.previousAt < to))
  const told = touched.flatMap((one) => one.explanation ?? [])
  const largest = touched.toSorted((a, b) => b.late.gap - a.late.gap)[0]?.explanation
  return {
    mark: markOf(truth, told, makesLate),
    found: touched.map(({ late, explanation }) => sentenceOf(late, explanation)),
    cause: largest?.cause ?? 'none late',
    confidence: largest?.confidence ?? '',
    culprit: culpritText(largest?.culprit),
    isCulpritRight: largest === undefined || isGuilty(largest.culprit, truth),
  }
}
