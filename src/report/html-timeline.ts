// The window of one late advert as a picture: inline SVG, no script.
//
//   previous                due                              sent
//   ┃                        ┊░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░┃
//   kill(30211): SIGSTOP to qemu
//                           ▐
//   qemu(6875): stopped
//                            ████████████████████████████████
//   unseen: iostat
//   ╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱
//
// Lengths across are percentages and letters keep their size, so that one picture is right on a phone and on a desk.

import type { Fact, WindowView } from '../diagnose/finding.ts'
import { overlapOf, type Instant, type Window } from '../time/instant.ts'
import { hostText } from './display-width.ts'
import { htmlText } from './html-text.ts'
import { unseenOf } from './report.ts'
import { factKindName, formatOffset, formatShare, whoOf } from './words.ts'
import { between } from '../time/instant.ts'

/** What covers most is drawn; the table below the picture has the rest. */
const lanesDrawn = 14
const unseenDrawn = 4
const headPx = 40
const lanePx = 30
const labelColumns = 110

const classes: Readonly<Record<Fact['kind'], string>> = {
  call: 'blocked',
  cpu: 'runnable',
  'run-delay': 'runnable',
  throttled: 'throttled',
  frozen: 'stopped',
  stopped: 'stopped',
  'off-cpu': 'blocked',
  process: 'moment',
  signal: 'stopped',
  disk: 'disk',
  block: 'disk',
  pressure: 'runnable',
  memory: 'paging',
  heartbeat: 'held',
  clock: 'held',
}

/** The same digits on every machine, and no more than a screen can show. */
const percent = (share: number): string => `${(Math.min(1, Math.max(0, share)) * 100).toFixed(3)}%`

interface Scale {
  readonly window: Window
  at(instant: Instant): number
}

function scaleOf(window: Window): Scale {
  const length = Math.max(1, window.to - window.from)
  return { window, at: (instant) => (instant - window.from) / length }
}

function bar(scale: Scale, part: Window, y: number, className: string, title: string): string {
  const from = Math.min(1, Math.max(0, scale.at(part.from)))
  const to = Math.min(1, Math.max(0, scale.at(part.to)))
  const width = Math.max(0.003, to - from)
  const x = Math.min(from, 1 - width)
  return `<rect class="${className}" x="${percent(x)}" y="${y}" width="${percent(width)}" height="11"><title>${htmlText(title)}</title></rect>`
}

const label = (y: number, text: string): string =>
  `<text x="0" y="${y}">${htmlText(hostText(text, labelColumns))}</text>`

function head(scale: Scale, { late }: WindowView, heightPx: number): string {
  const due = scale.at(late.dueAt)
  const sent = scale.at(late.at)
  const previous = scale.at(late.previousAt)
  const line = (share: number, className: string): string =>
    `<line class="${className}" x1="${percent(share)}" x2="${percent(share)}" y1="18" y2="${heightPx}"/>`
  return [
    `<rect class="late" x="${percent(due)}" y="18" width="${percent(sent - due)}" height="${heightPx - 18}"/>`,
    `<text x="0" y="12">previous</text>`,
    `<text x="100%" y="12" text-anchor="end">sent</text>`,
    `<text x="${percent(due)}" y="32" dx="${due < 0.5 ? 4 : -4}" text-anchor="${due < 0.5 ? 'start' : 'end'}">due</text>`,
    line(previous, 'advert'),
    line(due, 'due'),
    line(sent, 'advert'),
  ].join('')
}

function factLane(scale: Scale, fact: Fact, view: WindowView, y: number): string {
  const who = whoOf(fact)
  const text = `${who}${who === '' ? '' : ': '}${fact.text}`
  const share = fact.share > 0 ? `, ${formatShare(fact.share)} of the lateness` : ''
  const title = `${factKindName(fact.kind)}, from due ${formatOffset(between(view.late.dueAt, fact.window.from))}${share}`
  const className = `${classes[fact.kind]}${fact.isCoarse ? ' coarse' : ''}`
  return label(y + 10, text) + bar(scale, fact.window, y + 14, className, title)
}

/** Facts that lie in the picture, by what they cover, shown in order of time. */
function factsDrawn({ facts, window }: WindowView): readonly Fact[] {
  const inside = facts.filter(
    (fact) => overlapOf(fact.window, window) > 0 || (fact.window.from >= window.from && fact.window.from <= window.to),
  )
  const weight = (fact: Fact): number => fact.share + (fact.isSender || fact.kind === 'signal' ? 1 : 0)
  const kept = new Set(inside.toSorted((a, b) => weight(b) - weight(a)).slice(0, lanesDrawn))
  return inside.filter((fact) => kept.has(fact))
}

export function timelineSvg(view: WindowView): string {
  const scale = scaleOf(view.window)
  const facts = factsDrawn(view)
  const unseen = unseenOf(view).slice(0, unseenDrawn)
  const heightPx = headPx + (facts.length + unseen.length) * lanePx + 6
  const lanes = facts.map((fact, i) => factLane(scale, fact, view, headPx + i * lanePx))
  const blind = unseen.map((spot, i) => {
    const y = headPx + (facts.length + i) * lanePx
    const text = `unseen: ${spot.source}, ${spot.reason}`
    const part = { from: spot.from, to: spot.to ?? view.window.to }
    return label(y + 10, text) + bar(scale, part, y + 14, 'unseen', hostText(spot.reason, labelColumns))
  })
  const about = `Timeline of late advert ${view.late.number}`
  return `<svg class="timeline" width="100%" height="${heightPx}" role="img" aria-label="${about}">${head(scale, view, heightPx)}${lanes.join('')}${blind.join('')}</svg>`
}
