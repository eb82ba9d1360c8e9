// The one place for the words: what a wire signature means, how much margin was left, what a probe does. The screen
// and the plain text say the same thing in the same words.

import type { Fact, Flow, LateAdvert, Overdue, Range, Wire, WindowView } from '../diagnose/finding.ts'
import { isByOwnTimer, latenessOf } from '../diagnose/lateness.ts'
import type { Mark } from '../events/mark.ts'
import type { BlindSpot } from '../events/probe.ts'
import type { ProbeView, Snapshot } from '../engine/snapshot.ts'
import { formatClock, formatSeconds, formatSpan } from '../time/format.ts'
import { after, between, spanOf, type Instant, type Span } from '../time/instant.ts'
import { hostText, widthOf } from './display-width.ts'
import { glyph } from './glyphs.ts'

/** Text of the host never takes more than this, wherever it is shown. */
export const longestText = 400

const meanings: Readonly<Record<Wire, string>> = {
  W1: 'never issued in time',
  'W1+': "never issued in time; the guest's other traffic stopped too",
  'W1-': "never issued in time; the guest's other traffic went on",
  W2: 'issued on time, held before the wire',
  W3: 'lost: issued, and never seen here',
  W4: 'an answer to a foreign advert, not late',
  W4r: 're-armed by a foreign advert of the same VRID',
  W5: 'no single delay: the spacing drifts and spreads',
  W6: 'everything was silent together',
  W7: 'clock step: the stamp is wrong, not the advert',
  W8: 'administrative: stop, restart or new configuration',
  W9: 'one advert, captured twice',
  W10: 'on time at its sender, late only at this point',
}

export const wireMeaning = (wire: Wire): string => meanings[wire]

/** `Never issued in time; … (W1-).` */
export function wireSentence(late: LateAdvert): string {
  const words = wireMeaning(late.wire)
  const doubt = late.isSettled ? '' : ' Not settled: the next adverts decide.'
  return `${words.charAt(0).toUpperCase()}${words.slice(1)} (${late.wire}).${doubt}`
}

export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

/** `4.035 s late, gap 5.035 s, takeover, 4 intervals missed`: what must not be cut off comes first. */
export function costPhrase(late: LateAdvert): string {
  const byTwo = !isByOwnTimer(late) && Math.abs(late.overrun - late.ownOverrun) > 1e6
  return [
    `${formatSeconds(latenessOf(late))} late${isByOwnTimer(late) ? ' by its own timer' : ''}`,
    ...(byTwo ? [`${formatSeconds(late.ownOverrun)} by its own timer`] : []),
    `gap ${formatSeconds(late.gap)}`,
    late.takeover ? 'takeover' : 'no takeover seen',
    ...(late.missed > 0 ? [`${counted(late.missed, 'interval')} missed`] : []),
  ].join(', ')
}

const isExact = (range: Range): boolean => Math.abs(range.max - range.min) < 1e6

/** What was left of the backup's Master_Down_Interval. */
export function marginSentence(margin: Range): string {
  const least = formatSeconds(margin.min)
  const most = formatSeconds(margin.max)
  if (margin.min >= 0) {
    const left = isExact(margin) ? least : `${least} to ${most}`
    return `${left} were left before the backup had to take over.`
  }
  const over = formatSeconds(spanOf(Math.abs(margin.min)))
  if (isExact(margin)) return `The backup had to take over ${over} before it came.`
  if (margin.max < 0)
    return `The backup had to take over ${formatSeconds(spanOf(Math.abs(margin.max)))} to ${over} before it came.`
  return `The backup had to take over ${over} before it came, or only ${most} after: its priority is not known.`
}

/** As short as a column: `2.609 s`, `≥2.004 s` where the backup's priority is not known. */
export function formatMargin(margin: Range): string {
  return `${isExact(margin) ? '' : glyph.atLeast}${formatSeconds(margin.min)}`
}

/**
 * What is left of the backup's patience: now while the advert is overdue, else what the last gap left. Undefined before
 * there is a gap.
 */
export function marginOf(flow: Flow, overdue: Overdue | undefined, now: Instant): Range | undefined {
  const used = overdue === undefined ? flow.gaps.at(-1) : between(overdue.dueAt, now) - overdue.by
  if (used === undefined) return undefined
  const whole = overdue === undefined ? flow.masterDown : overdue.margin
  return { min: spanOf(whole.min - used), max: spanOf(whole.max - used) }
}

/** What the packets around it show, each a clause of its own. */
export function evidencePhrases(late: LateAdvert): string[] {
  const phrases: string[] = []
  const step = late.ipIdStep
  if (step === 1) phrases.push('IPv4 ID +1: nothing was sent in the gap')
  else if (step !== undefined && step > 1)
    phrases.push(`IPv4 ID +${step}: ${counted(step - 1, 'advert')} sent and not seen`)
  else if (step !== undefined) phrases.push(`IPv4 ID ${step}: restarted or repeated`)
  if (late.foreignInGap > 0) phrases.push(`${counted(late.foreignInGap, 'foreign advert')} in the gap`)
  if (late.reactions > 0) phrases.push(`${counted(late.reactions, 'advert')} right behind it answered the backup`)
  if (late.otherTraffic !== undefined)
    phrases.push(
      late.otherTraffic === 0
        ? 'no other packet of the sender while it was late'
        : `${counted(late.otherTraffic, 'other packet')} of the sender while it was late`,
    )
  return phrases
}

/** How an overdue advert stands at this moment: `overdue 0.312 s, 0.089 s to a takeover`. */
export function overdueSentence(overdue: Overdue, now: Instant): string {
  const by = between(overdue.dueAt, now)
  const left = overdue.margin.min - (by - overdue.by)
  const distance = formatSeconds(spanOf(Math.abs(left)))
  const fate = left >= 0 ? `${distance} to a takeover` : `takeover due since ${distance}`
  return `overdue ${formatSeconds(by)}, ${fate}`
}

/** What stands where the gaps would, for a router that does not speak: `backup`, `silent from 12:03:20`. */
export function flowRest(flow: Flow, snapshot: Snapshot): string {
  return flow.state === 'silent' ? `silent from ${formatClock(flow.lastAt, snapshot.origin).slice(0, 8)}` : flow.state
}

/** `tap1a2b3c4d-5e vrid 205 v2`; the link's name is the host's. */
export function flowName(flow: Flow, columns: number): string {
  const vlan = flow.vlan === undefined ? '' : ` vlan ${flow.vlan}`
  const rest = `${vlan} vrid ${flow.vrid} v${flow.version}${flow.family === 6 ? ' IPv6' : ''}`
  const name = hostText(flow.link, Math.max(6, columns - rest.length)) + rest
  return widthOf(name) <= columns ? name : hostText(flow.link, columns)
}

/** The flow of this id by name; by its id when the session no longer knows it. */
export function flowNameOf(id: string, snapshot: Snapshot, columns: number): string {
  const flow = snapshot.flows.find((one) => one.id === id)
  return flow === undefined ? hostText(id, columns) : flowName(flow, columns)
}

const kindNames: Readonly<Record<Fact['kind'], string>> = {
  call: 'call',
  cpu: 'cpu',
  'run-delay': 'run delay',
  throttled: 'throttled',
  frozen: 'frozen',
  stopped: 'stopped',
  'off-cpu': 'off cpu',
  process: 'process',
  signal: 'signal',
  disk: 'disk',
  block: 'block I/O',
  pressure: 'pressure',
  memory: 'memory',
  heartbeat: 'heartbeat',
  clock: 'clock',
  log: 'log',
}

export const factKindName = (kind: Fact['kind']): string => kindNames[kind]

/** `keepalived(812)`, `instance-000000dd CPU 0/KVM` of a qemu, `lb01: keepalived(130)` inside a guest, in at most so many columns; empty where none is known. */
export function whoOf(fact: Fact, columns = 40): string {
  // A guest by its name, and by what its threads call themselves: nobody knows a cloud's guests by their pids.
  if (fact.vm !== undefined) {
    const thread = fact.comm === undefined || fact.comm.startsWith('qemu') ? '' : ` ${fact.comm}`
    return hostText(fact.vm, Math.max(4, columns - thread.length)) + hostText(thread, 20)
  }
  const pid = fact.pid === undefined ? '' : `(${fact.pid})`
  const place = fact.guest === undefined ? '' : `${hostText(fact.guest, Math.max(4, Math.floor(columns / 3)))}: `
  const room = Math.max(4, columns - pid.length - place.length)
  return place + (fact.comm === undefined ? pid : hostText(fact.comm, room) + pid)
}

/** From due, signed: `+0.012 s`, `-1.204 s`. */
export function formatOffset(span: Span): string {
  return `${span < 0 ? '-' : '+'}${formatSeconds(spanOf(Math.abs(span)))}`
}

export function formatShare(share: number): string {
  const percent = share * 100
  return percent > 0 && percent < 1 ? '<1 %' : `${Math.round(percent)} %`
}

/** `sysdig from -0.412 s to +0.088 s: 1200 events dropped`. */
/** `sysdig`, `sysdig in lb01`. */
const sourceOf = ({ source, part }: BlindSpot): string =>
  part === undefined ? source : `${source} in ${hostText(part, 24)}`

/** `sysdig`, `sysdig lb01`: what a row of the list of probes is called. */
export const probeName = ({ name, part }: { readonly name: string; readonly part?: string }): string =>
  part === undefined || part === '' ? name : `${name} ${hostText(part, 16)}`

export function blindSentence(spot: BlindSpot, due: Instant): string {
  const to = spot.to === undefined ? 'until now' : `to ${formatOffset(between(due, spot.to))}`
  return `${sourceOf(spot)} from ${formatOffset(between(due, spot.from))} ${to}: ${hostText(spot.reason, longestText)}`
}

/** One that is not about a single late advert: `clock since 12:03:20.100: …`. */
export function blindNotice(spot: BlindSpot, snapshot: Snapshot): string {
  const from = formatClock(spot.from, snapshot.origin)
  const span = spot.to === undefined ? `since ${from}` : `from ${from} for ${formatSpan(between(spot.from, spot.to))}`
  return `${sourceOf(spot)} ${span}: ${hostText(spot.reason, longestText)}`
}

/** `41k/s`, `3/s`, `0.2/s`. */
export function formatRate(perSecond: number): string {
  if (perSecond >= 999.5e3) return `${(perSecond / 1e6).toFixed(1)}M/s`
  if (perSecond >= 9.95e3) return `${(perSecond / 1e3).toFixed(0)}k/s`
  if (perSecond >= 995) return `${(perSecond / 1e3).toFixed(1)}k/s`
  return perSecond > 0 && perSecond < 0.95 ? `${perSecond.toFixed(1)}/s` : `${perSecond.toFixed(0)}/s`
}

export function formatCount(count: number): string {
  if (count < 10e3) return String(count)
  return count < 999.5e3 ? `${(count / 1e3).toFixed(0)}k` : `${(count / 1e6).toFixed(1)}M`
}

function formatBytes(bytes: number): string {
  return bytes >= 1023.5 * 2 ** 20 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${(bytes / 2 ** 20).toFixed(0)} MiB`
}

/** Coarse, because it stands in a corner and shall not draw the eye each second: `42 s`, `18 min`, `3 h 12 min`. */
export function formatRunning(span: Span): string {
  const seconds = Math.floor(span / 1e9)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `own 4 % of a core, 118 MiB`; empty until it has been measured. */
export function ownPhrase(snapshot: Snapshot): string {
  const { cpuShare, rssBytes } = snapshot.own
  if (rssBytes === 0) return ''
  return `own ${(cpuShare * 100).toFixed(0)} % of a core ${glyph.dot} ${formatBytes(rssBytes)}`
}

const probeSigns: Readonly<Record<ProbeView['state'], string>> = {
  ok: glyph.ok,
  starting: glyph.starting,
  restarting: glyph.starting,
  degraded: glyph.warning,
  failed: glyph.failed,
  absent: glyph.idle,
}

/** A probe that loses events is not well, whatever it says of itself. */
export function probeSign(probe: ProbeView): string {
  return probe.state === 'ok' && probe.dropped > 0 ? glyph.warning : probeSigns[probe.state]
}

/** Those that tell how many events they lost; the others sample, and miss a sample as a gap in time. */
const countsDrops: ReadonlySet<ProbeView['name']> = new Set(['tcpdump', 'sysdig', 'bpftrace'])

/** `41k/s drop 0`, or the state where it does not run. */
export function probePhrase(probe: ProbeView): string {
  if (probe.state !== 'ok' && probe.state !== 'degraded') return probe.state
  const state = probe.state === 'ok' ? '' : 'degraded '
  const drops = countsDrops.has(probe.name) || probe.dropped > 0 ? ` drop ${formatCount(probe.dropped)}` : ''
  const malformed = probe.malformed > 0 ? ` malformed ${formatCount(probe.malformed)}` : ''
  return `${state}${formatRate(probe.perSecond)}${drops}${malformed}`
}

/** Why it does not see what it should, and what mends it; undefined while all is well. */
export function probeTrouble(probe: ProbeView): string | undefined {
  if (probe.reason === undefined && probe.remedy === undefined) return undefined
  const reason = hostText(probe.reason ?? probe.state, longestText)
  const remedy = probe.remedy === undefined ? '' : ` ${glyph.arrow} ${hostText(probe.remedy, longestText)}`
  return `${probeName(probe)} ${probe.state}: ${reason}${remedy}`
}

/** Somebody notes what she sees when she has seen it. */
const notedAfter = spanOf(30e9)

/** The notes that belong to a window: in it, or so soon after it that they may be about it. */
export function marksNear({ window }: WindowView, marks: readonly Mark[]): readonly Mark[] {
  return marks.filter(({ at }) => at >= window.from && at <= after(window.to, notedAfter))
}
