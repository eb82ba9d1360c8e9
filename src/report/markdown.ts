// `report --format md`: for an issue or a wiki. Names of the host cannot become markup: every ASCII punctuation mark in
// them is escaped, which CommonMark allows (section 2.4), so that neither a table, a link nor HTML can begin there.

import type { FinishedSession } from '../engine/finished.ts'
import { printable } from './printable.ts'
import { reportOf, windowsOf } from './report.ts'
import type { Report, ReportCause, ReportFlow, ReportProbe } from './report-shape.ts'
import type { Selection } from './selection.ts'
import { formatMs, storyOf, worstOf, type Told } from './story.ts'
import { counted, factKindName, formatOffset, formatShare, probeName, whoOf } from './words.ts'
import { between } from '../time/instant.ts'
import { guestPhrases } from './guests.ts'
import { hostText } from './display-width.ts'

/** `www.` and `http:` become links by themselves in GitHub's dialect, and `@name` calls somebody: they are broken too. */
const meaningful = /[\\`*_{}[\]<>&#|~!@$^]|:(?=\/\/)|^[-+=]|(?<=^\d+)[.)](?=\s)|(?<=www)\./g

export const markdownText = (text: string): string => printable(text).replace(meaningful, '\\$&')

const shareText = (share: number): string => markdownText(formatShare(share))

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line), '']
}

const probeRow = (one: ReportProbe): string[] => [
  markdownText(probeName(one)),
  one.state,
  String(one.events),
  String(one.dropped),
  markdownText(one.detail),
]

const flowRow = (one: ReportFlow): string[] => [
  `${markdownText(one.link)}${one.vlan === null ? '' : ` vlan ${one.vlan}`}`,
  `${one.vrid} v${one.version}`,
  markdownText(one.source),
  String(one.priority),
  formatMs(one.intervalMs),
  String(one.adverts),
  String(one.late),
  String(one.lost),
  String(one.rearmed),
  String(one.takeovers),
  one.overdueMs === null ? '' : `overdue by ${formatMs(one.overdueMs)}`,
]

const causeRow = (one: ReportCause): string[] => [
  one.cause,
  String(one.late),
  formatMs(one.ms),
  shareText(one.share),
  String(one.takeovers),
  formatMs(one.worstMs),
  (['certain', 'likely', 'possible', 'unknown'] as const)
    .filter((level) => one.confidence[level] > 0)
    .map((level) => `${one.confidence[level]} ${level}`)
    .join(', '),
]

const list = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`**${title}**`, '', ...lines.map((line) => `- ${markdownText(line)}`), '']

function lateBlock({ view }: Told, session: FinishedSession): string[] {
  const story = storyOf(view, session)
  const facts = view.facts.map((fact) => [
    formatOffset(between(view.late.dueAt, fact.window.from)),
    shareText(fact.share),
    factKindName(fact.kind),
    markdownText(`${whoOf(fact)}${fact.isSender ? ' (sender)' : ''}${fact.isOurs ? ' (whylate)' : ''}`),
    markdownText(hostText(fact.text, 400)),
  ])
  return [
    `### ${story.number}. ${story.at} ${markdownText(story.flow)}`,
    '',
    markdownText(story.cost.join(' ')),
    '',
    `**${story.cause}** (${story.confidence}): ${markdownText(story.summary)}`,
    ...(story.culprit === undefined ? [] : ['', `Culprit: ${markdownText(story.culprit)}`]),
    '',
    ...table(
      ['where the time went', 'time', 'share', ''],
      story.ledger.map((one) => [one.state, one.length, shareText(one.share), markdownText(one.detail)]),
    ),
    ...list('Because', story.evidence),
    ...list('Who', story.suspects),
    ...list('Who did not', story.ruledOut),
    ...list('What could not be seen', story.unseen),
    ...list('What would settle it', story.settledBy),
    ...(facts.length === 0 ? [] : table(['from due', 'share', 'kind', 'who', 'what'], facts)),
    ...(view.more > 0 ? [`${view.more} more facts are not listed.`, ''] : []),
  ]
}

function headLines({ capture, selection }: Report): string[] {
  const narrowed = Object.entries(selection).flatMap(([key, value]) =>
    value === null ? [] : [`${key} ${markdownText(value)}`],
  )
  return [
    `# whylate report${capture.host === '' ? '' : `: ${markdownText(capture.host)}`}`,
    '',
    `Captured from ${capture.from} to ${capture.to}.${narrowed.length === 0 ? '' : ` Only ${narrowed.join(', ')}.`}`,
    '',
  ]
}

export function formatMarkdown(session: FinishedSession, selection: Selection): string {
  const report = reportOf(session, selection)
  const told = worstOf(windowsOf(session, selection), report.late)
  const untold = report.late.length - told.length
  return [
    ...headLines(report),
    '## Causes',
    '',
    ...(report.causes.length === 0
      ? ['Nothing was late.', '']
      : table(['cause', 'late', 'lateness', 'share', 'takeovers', 'worst', 'confidence'], report.causes.map(causeRow))),
    ...report.overall.summary.flatMap((one) => [markdownText(one), '']),
    ...(report.marks.length === 0
      ? []
      : [
          '## Notes',
          '',
          ...table(
            ['at', 'note'],
            report.marks.map(({ at, text }) => [at, markdownText(hostText(text, 400))]),
          ),
        ]),
    '## Flows',
    '',
    ...(report.flows.length === 0
      ? ['No VRRP advert is in the capture.', '']
      : table(
          ['link', 'vrid', 'source', 'priority', 'every', 'adverts', 'late', 'lost', 're-armed', 'takeovers', ''],
          report.flows.map(flowRow),
        )),
    ...(report.guests.length === 0
      ? []
      : [
          '## Guests',
          '',
          ...table(
            ['guest', ''],
            report.guests.map((guest) => [
              markdownText(hostText(guest.name, 400)),
              markdownText(hostText(guestPhrases(guest).join('; '), 400)),
            ]),
          ),
        ]),
    '## Probes',
    '',
    ...table(['probe', 'state', 'events', 'dropped', 'detail'], report.capture.probes.map(probeRow)),
    ...(report.late.length === 0 ? [] : [`## ${counted(report.late.length, 'late advert')}`, '']),
    ...(untold > 0 ? [`The ${told.length} worst are told in full; the JSON form has the other ${untold}.`, ''] : []),
    ...told.flatMap((one) => lateBlock(one, session)),
  ].join('\n')
}
