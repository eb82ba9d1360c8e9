// What is said of one late advert, in words that are safe to print: the one model that the screen, the plain text and every
// form of the report lay out, each in its own way.
//
//   CERTAIN  Never issued: the guest stood still because lb01 (6875) was stopped by SIGSTOP of kill (30211).
//     stopped       4.003 s   99 %                            ledger
//   CULPRIT  process kill (30211)                             blocks, in this order
//   WHO      kill: covers 99 %, begins 0.512 s before due; before 1/1 late and 0/20 punctual adverts; it stopped the sender
//   NOT      sender-throttled: no cgroup of it was throttled

import type { Culprit, Explanation, Suspect } from '../diagnose/explanation.ts'
import type { LateAdvert, WindowView } from '../diagnose/finding.ts'
import { isByOwnTimer, latenessOf } from '../diagnose/lateness.ts'
import type { BlindSpot } from '../events/probe.ts'
import { formatSpan } from '../time/format.ts'
import { spanOf } from '../time/instant.ts'
import { hostText } from './display-width.ts'
import { blindSentence, counted, formatShare, longestText, wireMeaning } from './words.ts'

export interface VerdictPart {
  readonly state: string
  readonly length: string
  readonly share: number
  readonly detail: string
}

export interface Verdict {
  readonly cause: Explanation['cause']
  readonly confidence: Explanation['confidence']
  readonly summary: string
  /** In the order of the sender's states; the screen ranks them. */
  readonly ledger: readonly VerdictPart[]
  readonly culprit: string | undefined
  readonly evidence: readonly string[]
  readonly suspects: readonly string[]
  /** Who did it as far as is known, in a line. */
  readonly who: string
  /** What did not, by its slug alone. */
  readonly notCauses: readonly string[]
  readonly ruledOut: readonly string[]
  readonly unseen: readonly string[]
  /** Of a verdict that is certain nothing is left to settle. */
  readonly settledBy: readonly string[]
}

const safe = (raw: string): string => hostText(raw, longestText)

/** Ranked: what comes behind these is there for completeness. */
const suspectsTold = 5

function orderPhrase({ onset, isAligned }: Suspect): string {
  const begins = `begins ${formatSpan(spanOf(Math.abs(onset)))} ${onset < 0 ? 'before' : 'after'} due`
  return isAligned ? `${begins}, ends with the lateness` : begins
}

/** The counts are of the time before an advert was due, whether it then was late or not. */
export function rarityPhrase({ late, baseline, q }: Pick<Suspect, 'late' | 'baseline' | 'q'>): string {
  const how = q === undefined ? 'too few to say how unusual' : `q ${q < 0.001 ? '< 0.001' : q.toFixed(3)}`
  return `before ${late.hits}/${late.of} late and ${baseline.hits}/${baseline.of} punctual adverts, ${how}`
}

function dosePhrase({ dose }: Suspect): string[] {
  if (dose === undefined || !dose.isSignificant) return []
  return [`the longer the later (rho ${dose.rho.toFixed(2)}, ${dose.n} late, slope ${dose.slope.toFixed(2)})`]
}

/** Looked for nowhere: an alternative that the evidence leaves open. */
const isOpen = ({ late, covers }: Suspect): boolean => late.of === 0 && covers === 0

function suspectLine(one: Suspect): string {
  if (isOpen(one))
    return `${safe(one.what)}${one.bridge === undefined ? '' : `: ${safe(one.bridge)}`}; not seen, score ${one.score.toFixed(2)}`
  // The verdict found it by what the sender waited for: of its own doings there is nothing to count.
  if (one.late.of === 0)
    return `${safe(one.what)}: covers ${formatShare(one.covers)}${one.bridge === undefined ? '' : `; ${safe(one.bridge)}`}`
  return [
    `${safe(one.what)}: covers ${formatShare(one.covers)}, ${orderPhrase(one)}`,
    rarityPhrase(one),
    ...dosePhrase(one),
    one.bridge === undefined ? 'no mechanism known: correlated at most' : safe(one.bridge),
  ].join('; ')
}

/** The others were there as they always are. */
const isTelling = ({ bridge, covers, q }: Suspect): boolean =>
  bridge !== undefined || covers >= 0.2 || (q !== undefined && q <= 0.2)

function suspectLines(all: readonly Suspect[], restIn: string): string[] {
  // Whether one that is open ranks high or low, both are told.
  const ranked = new Set(all.filter((one) => isTelling(one) && !isOpen(one)).slice(0, suspectsTold))
  const kept = all.filter((one) => isOpen(one) || ranked.has(one))
  // What a mechanism ties to the sender before what is only correlated, each in the order of its score.
  const told = [...kept.filter((one) => one.bridge !== undefined), ...kept.filter((one) => one.bridge === undefined)]
  const untold = all.length - told.length
  return [...told.map(suspectLine), ...(untold > 0 ? [`${counted(untold, 'other')} of less weight ${restIn}`] : [])]
}

function culpritPhrase({ kind, name, comm, pid }: Culprit): string {
  const process = comm === undefined || comm === name ? '' : `, ${safe(comm)}`
  return `${kind} ${safe(name)}${process}${pid === undefined ? '' : ` (${pid})`}`
}

const tieOf = ({ covers, bridge }: Suspect): string =>
  `covers ${formatShare(covers)}, ${bridge === undefined ? 'correlated at most' : safe(bridge)}`

/** `process kill (30211)`, or the best of the suspects, with how little that is. */
function whoPhrase(culprit: Culprit | undefined, suspects: readonly Suspect[]): string {
  const seen = suspects.filter((one) => !isOpen(one) && isTelling(one))
  const best = seen.find((one) => one.bridge !== undefined) ?? seen[0]
  if (culprit !== undefined) {
    const isTied = best?.bridge !== undefined && best.pid === culprit.pid
    if (isTied) return `${culpritPhrase(culprit)}: ${safe(best.bridge)}`
    return culprit.isVictim === true
      ? `nobody was seen to do it; the sender is ${culpritPhrase(culprit)}`
      : culpritPhrase(culprit)
  }
  return best === undefined ? 'nobody is named' : `nobody is named; most there was ${safe(best.what)} (${tieOf(best)})`
}

/** With what each of them did to the verdict, where there is one. */
export const unseenOf = ({
  explanation,
  blindSpots,
}: WindowView): readonly (BlindSpot & { readonly effect?: string | undefined })[] =>
  explanation?.blindSpots ?? blindSpots

/** Nobody has explained it: then all of it is unexplained. */
function unexplained(late: LateAdvert): Explanation {
  const meaning = wireMeaning(late.wire)
  return {
    cause: 'unknown',
    confidence: 'unknown',
    summary: `${meaning.charAt(0).toUpperCase()}${meaning.slice(1)}; the cause is not known.`,
    culprit: undefined,
    ledger: [],
    suspects: [],
    evidence: [],
    ruledOut: [],
    blindSpots: [],
    settledBy: [],
  }
}

/** Where there is none, one that says so. Its ledger sums to the overrun, also where that is nobody's delay (W4r). */
export function explanationOf({ late, explanation = unexplained(late) }: WindowView): Explanation {
  const detail = isByOwnTimer(late) ? 'by the timer as re-armed nothing was late' : ''
  return explanation.ledger.length > 0
    ? explanation
    : { ...explanation, ledger: [{ state: 'unexplained', span: late.overrun, share: 1, detail }] }
}

/** Where the time went that a person is told of: by its own timer all of it went to whoever re-armed that. */
function ledgerOf(late: LateAdvert, ledger: Explanation['ledger']): VerdictPart[] {
  const isRearmed = late.wire === 'W4r'
  const byOwnTimer = {
    state: isRearmed ? 're-armed' : 'unexplained',
    span: latenessOf(late),
    share: 1,
    detail: isRearmed ? 'foreign adverts set its timer anew' : '',
  }
  const parts = isByOwnTimer(late) ? [byOwnTimer] : ledger
  return parts.map(({ state, span, share, detail }) => ({
    state,
    length: formatSpan(span),
    share,
    detail: safe(detail),
  }))
}

/** `restIn`: where the suspects are that are not told. */
export function verdictOf(view: WindowView, restIn = 'in the JSON form'): Verdict {
  const { late } = view
  const { cause, confidence, summary, culprit, ledger, evidence, suspects, ruledOut, settledBy } = explanationOf(view)
  return {
    cause,
    confidence,
    summary: safe(summary),
    ledger: ledgerOf(late, ledger),
    culprit: culprit === undefined ? undefined : culpritPhrase(culprit),
    evidence: evidence.map(safe),
    suspects: suspectLines(suspects, restIn),
    who: whoPhrase(culprit, suspects),
    notCauses: [...new Set(ruledOut.map((one) => safe(one.cause)))],
    ruledOut: ruledOut.map((one) => `${safe(one.cause)}: ${safe(one.because)}`),
    unseen: unseenOf(view).map(
      (spot) => `${blindSentence(spot, late.dueAt)}${spot.effect === undefined ? '' : `; ${safe(spot.effect)}`}`,
    ),
    settledBy: confidence === 'certain' ? [] : settledBy.map(safe),
  }
}

/** `CERTAIN sender-stopped: Never issued: …`. */
export const headOf = ({ confidence, cause, summary }: Verdict): string =>
  `${confidence.toUpperCase()}${cause === 'unknown' ? '' : ` ${cause}`}: ${summary}`

export const blockTitles = ['CULPRIT', 'BECAUSE', 'WHO', 'NOT', 'UNSEEN', 'SETTLE'] as const
export type BlockTitle = (typeof blockTitles)[number]

/** Everything below the ledger, a title and its lines each; none that is empty. */
export function blocksOf(verdict: Verdict): readonly (readonly [title: BlockTitle, lines: readonly string[]])[] {
  const { culprit, evidence, suspects, ruledOut, unseen, settledBy } = verdict
  const blocks = [
    ['CULPRIT', culprit === undefined ? [] : [culprit]],
    ['BECAUSE', evidence],
    ['WHO', suspects],
    ['NOT', ruledOut],
    ['UNSEEN', unseen],
    ['SETTLE', settledBy],
  ] as const
  return blocks.filter(([, lines]) => lines.length > 0)
}
