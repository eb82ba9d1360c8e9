// The answer about one late advert (report/verdict.ts) as rows: the sentence with how sure it is, where the time went, who,
// who not, what would settle it.
//
//   CERTAIN  Never issued: the guest stood still because qemu (6875) was stopped by SIGSTOP of kill (30211).
//     stopped       4.003 s   99 %  ████████████████████████████████████████
//     unexplained   0.008 s   <1 %

import { cutEnd, hostText, widthOf, wrap } from '../report/display-width.ts'
import { barOf } from '../report/glyphs.ts'
import { blocksOf, type BlockTitle, type Verdict, type VerdictPart } from '../report/verdict.ts'
import { formatShare } from '../report/words.ts'
import { cell, column, numberColumn, type Row } from './cells.ts'
import type { Meaning } from './palette.ts'

const meanings: Readonly<Record<Verdict['confidence'], Meaning>> = {
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
export function summaryRows({ confidence, summary }: Verdict, width: number): Row[] {
  return hanging(` ${confidence.toUpperCase()}  `, summary, width, meanings[confidence])
}

/** Columns of state, length and share. */
const figures = 33
const shortestBar = 6
const longestBar = 40

/** Half of the room at most, and less where words need it. */
function barWidthOf(parts: readonly VerdictPart[], width: number): number {
  const room = Math.max(0, width - figures - 1)
  const words = Math.max(0, ...parts.map(({ detail }) => widthOf(hostText(detail, room))))
  return Math.max(0, Math.min(longestBar, Math.floor(room / 2), Math.max(shortestBar, room - words - 1)))
}

function partRow({ state, length, share, detail }: VerdictPart, width: number, bar: number): Row {
  const fixed: Row = [
    column(`   ${state}`, 15),
    numberColumn(length, 9),
    numberColumn(formatShare(share), 7),
    cell('  '),
  ]
  const told = Math.max(0, width - figures - 1 - bar - 1)
  return [
    ...fixed,
    ...(bar >= 4 ? [column(barOf(share, bar), bar, state === 'unexplained' ? 'unseen' : 'warning'), cell(' ')] : []),
    ...(told >= 8 ? [cell(hostText(detail, told), 'muted')] : []),
  ]
}

/** Where the time went, the largest part first; what is below a hundredth is left out when there is little room. */
export function ledgerRows({ ledger }: Verdict, width: number, most: number): Row[] {
  const ranked = ledger.toSorted((a, b) => b.share - a.share)
  const shown = ranked.filter((part, index) => index === 0 || part.share >= 0.01).slice(0, most)
  const bar = barWidthOf(shown, width)
  return shown.map((part) => partRow(part, width, bar))
}

const blockMeanings: Readonly<Record<BlockTitle, Meaning>> = {
  CULPRIT: 'strong',
  BECAUSE: 'plain',
  WHO: 'plain',
  NOT: 'muted',
  UNSEEN: 'unseen',
  SETTLE: 'title',
}

/** The title stands before the first of its lines. */
function blockRows(title: BlockTitle, lines: readonly string[], width: number): Row[] {
  return lines.flatMap((line, index) =>
    hanging(` ${(index === 0 ? title : '').padEnd(9)}`, line, width, blockMeanings[title]),
  )
}

/** As many names as fit, whole ones, and how many are left. */
function listed(names: readonly string[], width: number): string {
  const whole = names.join(', ')
  if (widthOf(whole) <= width) return whole
  for (let count = names.length - 1; count > 0; count--) {
    const some = `${names.slice(0, count).join(', ')} and ${names.length - count} more`
    if (widthOf(some) <= width) return some
  }
  return `${names.length} causes`
}

/** Who did it and who did not, in a row each: the first glance. */
export function briefRows({ who, notCauses, unseen }: Verdict, width: number): Row[] {
  const room = Math.max(8, width - 9)
  const row = (title: BlockTitle, text: string): Row => [
    cell(` ${title.padEnd(7)}`, 'strong'),
    cell(text, blockMeanings[title]),
  ]
  const sentence = (text: string): string => cutEnd(hostText(text, 4 * room), room)
  const [spot] = unseen
  return [
    row('WHO', hostText(who, room)),
    ...(notCauses.length === 0 ? [] : [row('NOT', listed(notCauses, room))]),
    ...(spot === undefined
      ? []
      : [row('UNSEEN', sentence(unseen.length === 1 ? spot : `${unseen.length} stretches; ${spot}`))]),
  ]
}

/** All the rest, for the pane of full height. */
export function detailRows(verdict: Verdict, width: number): Row[] {
  return blocksOf(verdict).flatMap(([title, lines]) => blockRows(title, lines, width))
}
