// `report --format text`: for a ticket and for a terminal. 80 columns, no colours, nothing of the host unescaped.
//
// First what is seen and how well, then the causes over all late adverts, then each of them in the same blocks: how late
// and what it cost, the verdict, where the time went, who did it, who did not, what could not be seen.

import type { FinishedSession } from '../engine/finished.ts'
import { guestPhrases } from './guests.ts'
import { hostText, padEnd, padStart } from './display-width.ts'
import { blockLines, factLines, indented, laneColumns, partLines } from './plain.ts'
import { reportOf, windowsOf } from './report.ts'
import type { Report, ReportCause, ReportFlow, ReportProbe } from './report-shape.ts'
import type { Selection } from './selection.ts'
import { formatMs, storyOf, worstOf, type Story, type Told } from './story.ts'
import { blocksOf, headOf } from './verdict.ts'
import { counted, formatShare, longestText, probeName } from './words.ts'

function titleLines({ capture, selection }: Report): string[] {
  const host = capture.host === '' ? '' : ` on ${hostText(capture.host, 40)}`
  const narrowed = [
    selection.flow === null ? undefined : `flow ${hostText(selection.flow, 60)}`,
    selection.since === null ? undefined : `since ${selection.since}`,
    selection.until === null ? undefined : `until ${selection.until}`,
  ].filter((one) => one !== undefined)
  return [
    `whylate report, captured${host}`,
    `  from ${capture.from} to ${capture.to}`,
    ...(narrowed.length === 0 ? [] : indented(`Only ${narrowed.join(', ')}. Counts of flows are of all.`, 2)),
  ]
}

/** `width`: of the longest name. */
function probeLines(probe: ReportProbe, width: number): string[] {
  const name = padEnd(probeName(probe), width)
  const events = probe.state === 'absent' ? '' : `${counted(probe.events, 'event')}  `
  return indented(`${name}  ${padEnd(probe.state, 10)}${events}${hostText(probe.detail, longestText)}`, width + 14, 2)
}

function flowLines(flow: ReportFlow): string[] {
  const name = `${hostText(flow.link, 40)}${flow.vlan === null ? '' : ` vlan ${flow.vlan}`} vrid ${flow.vrid} v${flow.version}`
  const counts = [
    counted(flow.adverts, 'advert'),
    `${flow.late} late`,
    `${flow.lost} lost`,
    `${flow.rearmed} re-armed`,
    counted(flow.takeovers, 'takeover'),
  ].join(', ')
  const sender = flow.sender === null ? '' : `, sent by ${hostText(flow.sender, 60)}`
  const overdue =
    flow.overdueMs === null
      ? []
      : indented(`overdue by ${formatMs(flow.overdueMs)} when the capture ended: its advert never came`, 4)
  return [
    ...indented(
      `${name} from ${hostText(flow.source, 40)}, priority ${flow.priority}, every ${formatMs(flow.intervalMs)}${sender}`,
      4,
      2,
    ),
    ...indented(counts, 4),
    ...overdue,
  ]
}

function guestLines({ guests }: Report): string[] {
  if (guests.length === 0) return []
  const lines = guests.flatMap((guest) => [
    `  ${hostText(guest.name, longestText)}`,
    ...indented(
      guestPhrases(guest)
        .map((one) => hostText(one, longestText))
        .join('; '),
      6,
      4,
    ),
  ])
  return ['GUESTS', ...lines, '']
}

const causeColumns = [17, 5, 9, 6, 10, 9] as const

function causeRow(cells: readonly string[], rest: string): string[] {
  const row = cells.map((cell, i) => (i === 0 ? padEnd(cell, causeColumns[0]) : padStart(cell, causeColumns[i] ?? 8)))
  const head = `  ${row.join('')}  `
  return indented(rest, head.length).map((line, i) => (i === 0 ? head + line.trimStart() : line))
}

function causeLines(one: ReportCause): string[] {
  const { confidence } = one
  const how = (['certain', 'likely', 'possible', 'unknown'] as const)
    .filter((level) => confidence[level] > 0)
    .map((level) => `${confidence[level]} ${level}`)
    .join(', ')
  return causeRow(
    [
      one.cause,
      String(one.late),
      formatMs(one.ms),
      formatShare(one.share),
      String(one.takeovers),
      formatMs(one.worstMs),
    ],
    how,
  )
}

function lateLines({ view }: Told, session: FinishedSession, count: number): string[] {
  const story: Story = storyOf(view, session)
  const lateness = { from: view.late.dueAt, to: view.late.at }
  return [
    ...indented(`LATE ${story.number} of ${count}  ${story.at}  ${story.flow}`, 2, 0),
    ...story.cost.flatMap((one) => indented(one, 2)),
    '',
    ...indented(headOf(story), 4, 2),
    ...story.ledger.flatMap(partLines),
    ...blocksOf(story).flatMap(([title, lines]) => blockLines(title, lines)),
    ...(view.facts.length === 0
      ? ['  No fact is known about this window.']
      : ['', `  FROM DUE SHARE |due${' '.repeat(laneColumns - 7)}sent| KIND      WHAT`]),
    ...view.facts.flatMap((fact) => factLines(fact, view.late, lateness)),
    ...(view.more > 0 ? [`  ${view.more} more facts are not listed.`] : []),
    '',
  ]
}

function noteLines({ marks }: Report): string[] {
  if (marks.length === 0) return []
  return ['NOTES', ...marks.flatMap(({ at, text }) => indented(`${at}  ${hostText(text, longestText)}`, 34, 2)), '']
}

export function formatText(session: FinishedSession, selection: Selection): string {
  const report = reportOf(session, selection)
  const told = worstOf(windowsOf(session, selection), report.late)
  const untold = report.late.length - told.length
  const nameWidth = Math.max(7, ...report.capture.probes.map((probe) => probeName(probe).length))
  // An export of a single one still says which one it is.
  const count = Math.max(session.windows.length, ...told.map(({ late }) => late.number))
  return [
    ...titleLines(report),
    '',
    'PROBES',
    ...report.capture.probes.flatMap((probe) => probeLines(probe, nameWidth)),
    '',
    'FLOWS',
    ...(report.flows.length === 0 ? ['  no VRRP advert in the capture'] : report.flows.flatMap(flowLines)),
    '',
    ...guestLines(report),
    `CAUSES of ${counted(report.late.length, 'late advert')}`,
    ...(report.causes.length === 0
      ? ['  nothing was late']
      : causeRow(['cause', 'late', 'lateness', 'share', 'takeovers', 'worst'], 'confidence')),
    ...report.causes.flatMap(causeLines),
    ...report.overall.summary.flatMap((one) => indented(one, 4, 2)),
    '',
    ...noteLines(report),
    ...(untold > 0 ? [`The ${told.length} worst are told in full; --format json has the other ${untold}.`, ''] : []),
    ...told.flatMap((one) => lateLines(one, session, count)),
  ].join('\n')
}
