// A comparison in words: the answer first, then the figures it rests on, side by side.

import { spanOf } from '../time/instant.ts'
import { changeLimit, type CauseChange, type Comparison, type FlowChange, type Side } from './comparison.ts'
import { hostText, padEnd } from './display-width.ts'
import { indented } from './plain.ts'
import { formatMs } from './story.ts'
import { counted } from './words.ts'
import { formatSpan } from '../time/format.ts'

const hourNs = 3_600e9
const lengthOf = (hours: number): string => formatSpan(spanOf(Math.round(hours * hourNs)))

const chance = (p: number): string => (p < 0.001 ? 'less than 0.001' : p.toFixed(3))

function rateOf(side: Side): string {
  return `${counted(side.episodes, 'time')} late in ${lengthOf(side.hours)}`
}

/** One sentence, and a second one with what it rests on. */
function answerSentences({ answer, p, hoursNeeded, before, after }: Comparison): string[] {
  const rates = `${rateOf(before)} before, ${rateOf(after)} after`
  switch (answer) {
    case 'better':
      return ['BETTER: it was late less often.', `${rates}; chance alone does that with p ${chance(p)}.`]
    case 'worse':
      return ['WORSE: it was late more often.', `${rates}; chance alone does that with p ${chance(p)}.`]
    case 'no-change':
      return [
        'NO CHANGE can be told: it still comes late.',
        `${rates}; chance alone does that with p ${chance(p)}, and ${changeLimit} is the limit.`,
      ]
    case 'too-short':
      return [
        'TOO SHORT to tell: nothing was late since, and that may be chance.',
        `${rates}; chance alone does that with p ${chance(p)}.` +
          (hoursNeeded === null
            ? ''
            : ` After ${lengthOf(hoursNeeded)} without a late advert it can be called better.`),
      ]
    case 'nothing-late':
      return ['NOTHING LATE in either recording: there is nothing to get better.']
  }
}

const columns = [25, 24] as const

const row = (name: string, before: string, after: string): string =>
  `  ${padEnd(name, columns[0])}${padEnd(before, columns[1])}${after}`.trimEnd()

function figureLines({ before, after }: Comparison): string[] {
  const line = (name: string, of: (side: Side) => string): string => row(name, of(before), of(after))
  const overrun = (pick: 'median' | 'p95' | 'worst') => (side: Side) =>
    side.overrunMs === null ? '-' : formatMs(side.overrunMs[pick])
  return [
    row('', 'BEFORE', 'AFTER'),
    line('from (UTC)', (side) => side.from.slice(0, 19).replace('T', ' ')),
    line('length', (side) => lengthOf(side.hours)),
    line('host', (side) => (side.host === '' ? '-' : hostText(side.host, columns[1] - 2))),
    line('adverts', (side) => String(side.adverts)),
    line('late adverts', (side) => String(side.late)),
    line('times late', (side) => `${side.episodes} (${side.episodesPerHour.toFixed(2)} an hour)`),
    line('lateness in total', (side) => (side.late === 0 ? '-' : formatMs(side.totalLateMs))),
    line('  median', overrun('median')),
    line('  95 of 100 within', overrun('p95')),
    line('  worst', overrun('worst')),
    line('takeovers', (side) => String(side.takeovers)),
    line('lost, re-armed', (side) => `${side.lost}, ${side.rearmed}`),
    ...(before.overdue + after.overdue > 0
      ? [line('overdue at the end', (side) => counted(side.overdue, 'router'))]
      : []),
  ]
}

function causeLine({ cause, change, before, after }: CauseChange): string {
  const told = (one: CauseChange['before']): string =>
    one.episodes === 0 ? '-' : `${counted(one.episodes, 'time')}, ${formatMs(one.lateMs)}`
  return `${row(cause, told(before), padEnd(told(after), 18))}  ${change}`
}

function flowLine({ vrid, source, adverts, late, driftMs }: FlowChange): string {
  const [was, is] = [0, 1].map((i) => `${late[i] ?? 0} of ${adverts[i] ?? 0}, drift ${(driftMs[i] ?? 0).toFixed(2)} ms`)
  // A name that fills its column still ends before the next one begins.
  return row(`${padEnd(`vrid ${vrid} ${hostText(source, 40)}`, columns[0] - 1)} `, was ?? '', is ?? '')
}

function onlyLines(title: string, routers: readonly string[]): string[] {
  if (routers.length === 0) return []
  return indented(`Heard ${title} only, and not judged: ${routers.map((one) => hostText(one, 60)).join('; ')}.`, 2)
}

export function formatComparison(comparison: Comparison): string {
  return [
    ...answerSentences(comparison).flatMap((one, i) => (i === 0 ? [one] : indented(one, 2))),
    '',
    ...figureLines(comparison),
    '',
    ...(comparison.causes.length === 0 ? [] : ['CAUSES', ...comparison.causes.map(causeLine), '']),
    'ROUTERS heard in both',
    ...comparison.flows.map(flowLine),
    ...onlyLines('before', comparison.onlyBefore),
    ...onlyLines('after', comparison.onlyAfter),
    '',
  ].join('\n')
}
