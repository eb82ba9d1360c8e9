// `report --format html`: one file that needs nothing else. No script, no network (its policy forbids both), every text
// escaped; each late advert with its timeline as a picture, its ledger, and its facts in a table below.

import type { FinishedSession } from '../engine/finished.ts'
import { between } from '../time/instant.ts'
import { guestPhrases } from './guests.ts'
import { hostText } from './display-width.ts'
import { hatching, pageStyle } from './html-style.ts'
import { htmlText } from './html-text.ts'
import { timelinePicture } from './html-timeline.ts'
import { reportOf, windowsOf } from './report.ts'
import type { Report } from './report-shape.ts'
import type { Selection } from './selection.ts'
import { formatMs, storyOf, worstOf, type Story, type Told } from './story.ts'
import { counted, factKindName, formatOffset, formatShare, longestText, probeName, whoOf } from './words.ts'

interface Cell {
  readonly text: string
  readonly className: '' | 'n' | 'text'
}
const word = (text: string): Cell => ({ text, className: '' })
const number = (text: string | number): Cell => ({ text: String(text), className: 'n' })
const long = (text: string): Cell => ({ text, className: 'text' })

function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const classOf = ({ className }: Cell): string => (className === '' ? '' : ` class="${className}"`)
  const numeric = (i: number): string => (rows[0]?.[i]?.className === 'n' ? ' class="n"' : '')
  const heads = head.map((name, i) => `<th${numeric(i)}>${htmlText(name)}</th>`).join('')
  const lines = rows.map(
    (row) => `<tr>${row.map((cell) => `<td${classOf(cell)}>${htmlText(cell.text)}</td>`).join('')}</tr>`,
  )
  return `<div class="scroll"><table><thead><tr>${heads}</tr></thead><tbody>\n${lines.join('\n')}\n</tbody></table></div>`
}

function causesTable({ causes }: Report): string {
  if (causes.length === 0) return '<p>Nothing was late.</p>'
  return table(
    ['cause', 'late', 'lateness', 'share', 'takeovers', 'worst', 'confidence'],
    causes.map((one) => [
      word(one.cause),
      number(one.late),
      number(formatMs(one.ms)),
      number(formatShare(one.share)),
      number(one.takeovers),
      number(formatMs(one.worstMs)),
      word(
        (['certain', 'likely', 'possible', 'unknown'] as const)
          .filter((level) => one.confidence[level] > 0)
          .map((level) => `${one.confidence[level]} ${level}`)
          .join(', '),
      ),
    ]),
  )
}

function guestsTable({ guests }: Report): string {
  return table(
    ['guest', 'what belongs to it'],
    guests.map((guest) => [
      word(hostText(guest.name, 60)),
      word(hostText(guestPhrases(guest).join('; '), longestText)),
    ]),
  )
}

function flowsTable({ flows }: Report): string {
  if (flows.length === 0) return '<p>No VRRP advert is in the capture.</p>'
  return table(
    ['link', 'VRID', 'source', 'priority', 'every', 'adverts', 'late', 'lost', 're-armed', 'takeovers', 'sent by', ''],
    flows.map((one) => [
      word(`${hostText(one.link, 60)}${one.vlan === null ? '' : ` vlan ${one.vlan}`}`),
      word(`${one.vrid} v${one.version}`),
      word(hostText(one.source, 40)),
      number(one.priority),
      number(formatMs(one.intervalMs)),
      number(one.adverts),
      number(one.late),
      number(one.lost),
      number(one.rearmed),
      number(one.takeovers),
      word(one.sender === null ? '' : hostText(one.sender, 60)),
      word(one.overdueMs === null ? '' : `overdue by ${formatMs(one.overdueMs)} at the end`),
    ]),
  )
}

const probesTable = ({ capture }: Report): string =>
  table(
    ['probe', 'state', 'events', 'dropped', 'detail'],
    capture.probes.map((one) => [
      word(probeName(one)),
      word(one.state),
      number(one.events),
      number(one.dropped),
      long(hostText(one.detail, longestText)),
    ]),
  )

function list(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return ''
  return `<h4>${htmlText(title)}</h4><ul>${lines.map((line) => `<li>${htmlText(line)}</li>`).join('')}</ul>`
}

/** One bar for the whole lateness, cut into the sender's states. States are names of the contract, safe as classes. */
function ledgerSvg({ ledger }: Story): string {
  let x = 0
  const parts = ledger.map(({ state, length, share }) => {
    const width = Math.max(0, Math.min(1 - x, share))
    const part = `<rect class="${htmlText(state)}" x="${(x * 100).toFixed(3)}%" y="0" width="${(width * 100).toFixed(3)}%" height="16"><title>${htmlText(`${state} ${length}`)}</title></rect>`
    x += width
    return part
  })
  return `<svg class="ledger" width="100%" height="16" role="img" aria-label="Where the time went">${parts.join('')}</svg>`
}

function ledgerList({ ledger }: Story): string {
  const rows = ledger.map(
    ({ state, length, share, detail }) =>
      `<li><svg class="swatch" aria-hidden="true"><rect class="${htmlText(state)}" width="10" height="10"/></svg>${htmlText(`${state} ${length}, ${formatShare(share)}${detail === '' ? '' : `: ${detail}`}`)}</li>`,
  )
  return `<ul class="plain">${rows.join('')}</ul>`
}

function factsTable({ view }: Told): string {
  if (view.facts.length === 0) return '<p class="dim">No fact is known about this window.</p>'
  const rows = view.facts.map((fact) => [
    number(formatOffset(between(view.late.dueAt, fact.window.from))),
    number(formatShare(fact.share)),
    word(factKindName(fact.kind)),
    word(`${whoOf(fact)}${fact.isSender ? ' (sender)' : ''}${fact.isOurs ? ' (whylate)' : ''}`),
    long(hostText(fact.text, longestText)),
  ])
  const more = view.more > 0 ? `<p class="dim">${view.more} more facts are not listed.</p>` : ''
  return `<details><summary>${counted(view.facts.length, 'fact')} of this window</summary>${table(['from due', 'share', 'kind', 'who', 'what'], rows)}${more}</details>`
}

function lateArticle(told: Told, session: FinishedSession): string {
  const story = storyOf(told.view, session)
  return [
    `<article id="late-${story.number}">`,
    `<h3>${story.number}. ${htmlText(story.at)} <span class="dim">${htmlText(story.flow)}</span></h3>`,
    `<p>${htmlText(story.cost.join(' '))}</p>`,
    `<p class="verdict"><span class="tag ${htmlText(story.confidence)}">${htmlText(story.cause === 'unknown' ? 'unknown' : `${story.confidence}: ${story.cause}`)}</span>${htmlText(story.summary)}</p>`,
    story.culprit === undefined ? '' : `<p>Culprit: ${htmlText(story.culprit)}</p>`,
    `<h4>Where the time went</h4>${ledgerSvg(story)}${ledgerList(story)}`,
    `<h4>Timeline</h4>${timelinePicture(told.view)}`,
    list('Because', story.evidence),
    list('Who', story.suspects),
    list('Who did not', story.ruledOut),
    list('What could not be seen', story.unseen),
    list('What would settle it', story.settledBy),
    factsTable(told),
    '</article>',
  ]
    .filter((one) => one !== '')
    .join('\n')
}

function intro({ capture, selection, late }: Report): string {
  const host = capture.host === '' ? '' : ` on ${hostText(capture.host, 60)}`
  const narrowed = Object.entries(selection).flatMap(([key, value]) => (value === null ? [] : [`${key} ${value}`]))
  const only = narrowed.length === 0 ? '' : ` Only ${narrowed.join(', ')}; counts of flows are of all.`
  return `<h1>${htmlText(counted(late.length, 'late advert'))}${htmlText(host)}</h1>\n<p class="dim">${htmlText(`Captured from ${capture.from} to ${capture.to}.${only}`)}</p>`
}

function notes({ marks }: Report): string {
  if (marks.length === 0) return ''
  const rows = marks.map(({ at, text }) => [word(at), long(hostText(text, longestText))])
  return `<h2>Notes</h2>${table(['at', 'note'], rows)}`
}

const policy = `default-src 'none'; style-src 'unsafe-inline'`

export function formatHtml(session: FinishedSession, selection: Selection): string {
  const report = reportOf(session, selection)
  const told = worstOf(windowsOf(session, selection), report.late)
  const untold = report.late.length - told.length
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="referrer" content="no-referrer">',
    `<title>whylate: ${htmlText(counted(report.late.length, 'late advert'))}</title><style>${pageStyle}</style></head><body>`,
    hatching,
    intro(report),
    `<h2>Causes</h2>${causesTable(report)}`,
    ...report.overall.summary.map((one) => `<p>${htmlText(one)}</p>`),
    notes(report),
    `<h2>Flows</h2>${flowsTable(report)}`,
    report.guests.length === 0 ? '' : `<h2>Guests</h2>${guestsTable(report)}`,
    `<h2>Probes</h2>${probesTable(report)}`,
    report.late.length === 0 ? '' : '<h2>Late adverts</h2>',
    untold > 0 ? `<p>The ${told.length} worst are told in full; the JSON form has the other ${untold}.</p>` : '',
    ...told.map((one) => lateArticle(one, session)),
    '</body></html>',
    '',
  ].join('\n')
}
