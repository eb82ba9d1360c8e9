// Two late adverts beside each other: what each cost, why, where the time went, and what their windows have in common.
//
//             #1 12:03:26.375             #4 12:09:11.002
//   cost      4.035 s late, gap 5.035 s   1.911 s late, gap 2.911 s
//   stopped   4.003 s   99 %              -
//   BOTH      kill, qemu-system-x86
//   ONLY #1   rsyslogd

import type { Fact, WindowView } from '../diagnose/finding.ts'
import { hostText, padEnd, wrap } from '../report/display-width.ts'
import { verdictOf, type Verdict } from '../report/verdict.ts'
import { costPhrase, formatShare, longestText, marginSentence, wireSentence } from '../report/words.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { formatClock } from '../time/format.ts'
import { cell, type Row } from './cells.ts'
import { shownNameOf } from './flow-name.ts'
import type { Meaning } from './palette.ts'

/** One line of the table: its name, and what stands there for each of the two. */
type Line = readonly [name: string, left: string, right: string, meaning: Meaning]

const none = '-'
const lead = 12

function partOf({ ledger }: Verdict, state: string): string {
  const part = ledger.find((one) => one.state === state)
  return part === undefined ? none : `${part.length}  ${formatShare(part.share)}  ${part.detail}`.trimEnd()
}

function linesOf(left: WindowView, right: WindowView, snapshot: Snapshot): Line[] {
  const [a, b] = [verdictOf(left), verdictOf(right)]
  const of = (view: WindowView): string => `#${view.late.number} ${formatClock(view.late.at, snapshot.origin)} UTC`
  const both = (name: string, tell: (view: WindowView) => string, meaning: Meaning = 'plain'): Line => [
    name,
    tell(left),
    tell(right),
    meaning,
  ]
  const line = (name: string, tell: (verdict: Verdict) => string, meaning: Meaning = 'plain'): Line => [
    name,
    tell(a),
    tell(b),
    meaning,
  ]
  const states = [...a.ledger, ...b.ledger].toSorted((x, y) => y.share - x.share).map((part) => part.state)
  return [
    both('', of, 'title'),
    both('flow', ({ late }) => shownNameOf(late.flow, snapshot, 60)),
    both('cost', ({ late }) => costPhrase(late), 'warning'),
    line('verdict', ({ confidence, cause }) => `${confidence.toUpperCase()} ${cause}`, 'strong'),
    line('why', ({ summary }) => summary),
    line('culprit', ({ culprit }) => culprit ?? none),
    ...[...new Set(states)].map((state) => line(state, (verdict) => partOf(verdict, state))),
    both('wire', ({ late }) => wireSentence(late)),
    both('margin', ({ late }) => marginSentence(late.margin)),
    line('because', ({ evidence }) => evidence.join('; ') || none),
    line('not', ({ ruledOut }) => ruledOut.join('; ') || none, 'muted'),
    line('unseen', ({ unseen }) => unseen.join('; ') || none, 'unseen'),
  ]
}

/** What a fact is about, without pids and times, which never repeat. */
const themeOf = ({ comm, kind, text }: Fact): string => comm ?? (kind === 'disk' ? (text.split(':')[0] ?? kind) : kind)

const themesOf = ({ facts }: WindowView): Set<string> =>
  new Set(facts.filter((fact) => !fact.isOurs).map((fact) => hostText(themeOf(fact), 40)))

function commonRows(left: WindowView, right: WindowView, width: number): Row[] {
  const [a, b] = [themesOf(left), themesOf(right)]
  const listed = (name: string, themes: readonly string[], meaning: Meaning): Row[] =>
    wrap(themes.join(', ') || none, Math.max(10, width - lead - 2)).map((line, index) => [
      cell(` ${padEnd(index === 0 ? name : '', lead)}`, 'title'),
      cell(line, meaning),
    ])
  return [
    ...listed(
      'BOTH',
      [...a].filter((one) => b.has(one)),
      'strong',
    ),
    ...listed(
      `ONLY #${left.late.number}`,
      [...a].filter((one) => !b.has(one)),
      'plain',
    ),
    ...listed(
      `ONLY #${right.late.number}`,
      [...b].filter((one) => !a.has(one)),
      'plain',
    ),
  ]
}

function besideRows([name, left, right, meaning]: Line, width: number): Row[] {
  const room = Math.max(8, Math.floor((width - lead - 4) / 2))
  const [a, b] = [wrap(left, room), wrap(right, room)]
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index): Row => [
    cell(` ${padEnd(index === 0 ? name : '', lead)}`, 'muted'),
    cell(padEnd(a[index] ?? '', room), meaning),
    cell('  '),
    cell(b[index] ?? '', meaning),
  ])
}

/** Where there is no room beside each other, below each other. */
function belowRows([name, left, right, meaning]: Line, width: number): Row[] {
  const told = (sign: string, text: string): Row[] =>
    wrap(text, Math.max(8, width - 4)).map((line, index) => [
      cell(index === 0 ? ` ${sign} ` : '   ', 'title'),
      cell(line, meaning),
    ])
  return [...(name === '' ? [] : [[cell(` ${name}`, 'muted')]]), ...told('1', left), ...told('2', right)]
}

export function compareRows(left: WindowView, right: WindowView, snapshot: Snapshot, width: number): Row[] {
  const lines = linesOf(left, right, snapshot).map(([name, a, b, meaning]): Line => [
    name,
    hostText(a, 4 * longestText),
    hostText(b, 4 * longestText),
    meaning,
  ])
  const isNarrow = width < 70
  const [first, ...rest] = lines.map((line) => (isNarrow ? belowRows(line, width) : besideRows(line, width)))
  return [...(first ?? []), ...commonRows(left, right, width), [], ...rest.flat()]
}
