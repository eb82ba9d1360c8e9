// The answer about one late advert: the sentence with how sure it is, where the time went, who, who not, what would
// settle it.
//
//   CERTAIN  Never issued: the guest stood still because qemu (6875) was stopped by SIGSTOP of kill (30211).
//     stopped       4.003 s   99 %  ████████████████████████████████████████
//     unexplained   0.008 s   <1 %

import type { Confidence, Explanation, LedgerEntry, Suspect } from '../diagnose/explanation.ts'
import { hostText, wrap } from '../report/display-width.ts'
import { barOf } from '../report/glyphs.ts'
import { formatShare, longestText } from '../report/words.ts'
import { formatSpan } from '../time/format.ts'
import { cell, column, numberColumn, type Row } from './cells.ts'
import type { Meaning } from './palette.ts'

const meanings: Readonly<Record<Confidence, Meaning>> = {
  certain: 'late',
  likely: 'warning',
  possible: 'title',
  unknown: 'unseen',
}

const hanging = (lead: string, text: string, width: number, meaning: Meaning): Row[] =>
  wrap(text, Math.max(10, width - lead.length - 1)).map((line, index) => [
    cell(index === 0 ? lead : ' '.repeat(lead.length), index === 0 ? 'strong' : 'plain'),
    cell(line, meaning),
  ])

/** `CERTAIN  <sentence>`. */
export function summaryRows(explanation: Explanation, width: number): Row[] {
  const { confidence, summary } = explanation
  return hanging(` ${confidence.toUpperCase()}  `, hostText(summary, longestText), width, meanings[confidence])
}

function ledgerRow(entry: LedgerEntry, width: number): Row {
  const { state, span, share, detail } = entry
  const fixed: Row = [
    column(`   ${state}`, 15),
    numberColumn(formatSpan(span), 9),
    numberColumn(formatShare(share), 7),
    cell('  '),
  ]
  const room = width - 34
  const bar = Math.max(0, Math.min(40, Math.floor(room / 2)))
  const told = Math.max(0, room - bar - 1)
  return [
    ...fixed,
    ...(bar >= 4 ? [column(barOf(share, bar), bar, state === 'unexplained' ? 'unseen' : 'warning'), cell(' ')] : []),
    ...(told >= 8 ? [cell(hostText(detail, told), 'muted')] : []),
  ]
}

/** Where the time went, the largest part first; what is below a hundredth is left out when there is little room. */
export function ledgerRows(explanation: Explanation, width: number, most: number): Row[] {
  const ranked = explanation.ledger.toSorted((a, b) => b.share - a.share)
  return ranked
    .filter((entry, index) => index === 0 || entry.share >= 0.01)
    .slice(0, most)
    .map((entry) => ledgerRow(entry, width))
}

function suspectText({ what, covers, bridge, late, baseline, q }: Suspect): string {
  const rarity = `in ${late.hits}/${late.of} late and ${baseline.hits}/${baseline.of} on-time windows`
  const significance = q === undefined ? '' : `, q ${q.toPrecision(2)}`
  return `${what}: covers ${formatShare(covers).trim()}; ${rarity}${significance}; ${bridge ?? 'correlated at most'}`
}

/** All the rest, for the pane of full height. */
export function detailRows(explanation: Explanation, width: number): Row[] {
  const { evidence, suspects, ruledOut, blindSpots, settledBy, confidence } = explanation
  const told = suspects.filter((one) => one.covers >= 0.01)
  const ranked = [...told.filter((one) => one.bridge !== undefined), ...told.filter((one) => one.bridge === undefined)]
  const { culprit } = explanation
  const named =
    culprit === undefined
      ? []
      : [`${culprit.kind} ${culprit.name}${culprit.pid === undefined ? '' : ` (${culprit.pid})`}`]
  const listed = (lead: string, texts: readonly string[], meaning: Meaning): Row[] =>
    texts.flatMap((text) => hanging(` ${lead.padEnd(9)}`, hostText(text, longestText), width, meaning))
  return [
    ...listed('BECAUSE', evidence.slice(0, 4), 'plain'),
    ...listed('CULPRIT', named, 'strong'),
    ...listed('WHO', ranked.slice(0, 3).map(suspectText), 'plain'),
    ...listed(
      'NOT',
      ruledOut.slice(0, 4).map(({ cause, because }) => `${cause}: ${because}`),
      'muted',
    ),
    ...listed(
      'CAPPED',
      blindSpots.flatMap(({ effect }) => (effect === undefined ? [] : [effect])).slice(0, 3),
      'unseen',
    ),
    ...(confidence === 'certain' ? [] : listed('TRY', settledBy.slice(0, 3), 'title')),
  ]
}
