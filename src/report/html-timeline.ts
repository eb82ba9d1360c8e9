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
// Lengths across are percentages and letters keep their size, so that one picture is right on a phone and on a desk. What
// a bar is stands above it as text of the page, which wraps where SVG would cut it off; the marks lie behind all bars.

import type { Fact, WindowView } from '../diagnose/finding.ts'
import { overlapOf, type Instant, type Window } from '../time/instant.ts'
import { hostText } from './display-width.ts'
import { htmlText } from './html-text.ts'
import { unseenOf } from './verdict.ts'
import { factKindName, formatOffset, formatShare, whoOf } from './words.ts'
import { between } from '../time/instant.ts'

/** What covers most is drawn; the table below the picture has the rest. */
const lanesDrawn = 14
const unseenDrawn = 4
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
  log: 'moment',
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

function bar(scale: Scale, part: Window, className: string, title: string): string {
  const from = Math.min(1, Math.max(0, scale.at(part.from)))
  const to = Math.min(1, Math.max(0, scale.at(part.to)))
  const width = Math.max(0.003, to - from)
  const x = Math.min(from, 1 - width)
  return `<svg class="bar" width="100%" height="11" aria-hidden="true"><rect class="${className}" x="${percent(x)}" width="${percent(width)}" height="11"><title>${htmlText(title)}</title></rect></svg>`
}

const lane = (label: string, drawn: string): string =>
  `<div class="lane"><span>${htmlText(hostText(label, labelColumns))}</span>${drawn}</div>`

/** Behind the lanes, as high as they become. */
function marks(scale: Scale, { late }: WindowView): string {
  const due = scale.at(late.dueAt)
  const sent = scale.at(late.at)
  const line = (share: number, className: string): string =>
    `<line class="${className}" x1="${percent(share)}" x2="${percent(share)}" y1="0" y2="100%"/>`
  return [
    '<svg class="marks" width="100%" height="100%" aria-hidden="true">',
    `<rect class="late" x="${percent(due)}" y="0" width="${percent(sent - due)}" height="100%"/>`,
    line(scale.at(late.previousAt), 'advert'),
    line(due, 'due'),
    line(sent, 'advert'),
    '</svg>',
  ].join('')
}

function head(scale: Scale, { late }: WindowView): string {
  const due = scale.at(late.dueAt)
  return [
    '<svg class="head" width="100%" height="32" aria-hidden="true">',
    `<text x="0" y="12">previous</text><text x="100%" y="12" text-anchor="end">sent</text>`,
    `<text x="${percent(due)}" y="28" dx="${due < 0.5 ? 4 : -4}" text-anchor="${due < 0.5 ? 'start' : 'end'}">due</text>`,
    '</svg>',
  ].join('')
}

function factLane(scale: Scale, fact: Fact, view: WindowView): string {
  const who = whoOf(fact)
  const text = `${who}${who === '' ? '' : ': '}${fact.text}`
  const share = fact.share > 0 ? `, ${formatShare(fact.share)} of the lateness` : ''
  const title = `${factKindName(fact.kind)}, from due ${formatOffset(between(view.late.dueAt, fact.window.from))}${share}`
  return lane(text, bar(scale, fact.window, `${classes[fact.kind]}${fact.isCoarse ? ' coarse' : ''}`, title))
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

export function timelinePicture(view: WindowView): string {
  const scale = scaleOf(view.window)
  const lanes = factsDrawn(view).map((fact) => factLane(scale, fact, view))
  const blind = unseenOf(view)
    .slice(0, unseenDrawn)
    .map((spot) => {
      const part = { from: spot.from, to: spot.to ?? view.window.to }
      return lane(
        `unseen: ${spot.source}, ${spot.reason}`,
        bar(scale, part, 'unseen', hostText(spot.reason, labelColumns)),
      )
    })
  const about = `Timeline of late advert ${view.late.number}`
  return `<figure class="timeline" aria-label="${about}">${head(scale, view)}<div class="lanes">${marks(scale, view)}${lanes.join('')}${blind.join('')}</div></figure>`
}
