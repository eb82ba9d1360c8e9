// Everything that went on while the advert was overdue, ranked: how much of it each covers, whether it ends with it, in
// which order, whether a mechanism ties it to the sender, and how rare it is in on-time windows of the same length.
//
// Late windows are longer than usual ones, so a plain count favours whatever is frequent: all windows compared here are
// as long as this lateness and end at an advert of the same flow (case-crossover design, Maclure 1991).

import { instantOf, millisecond, second, spanOf, type Instant, type Window } from '../../time/instant.ts'
import type { Evidence } from '../evidence.ts'
import type { Cause, Suspect } from '../explanation.ts'
import type { Flow } from '../finding.ts'
import { featuresOf, type Feature, type Lens } from './features.ts'
import type { Ruling } from './ruling.ts'
import { falseDiscoveryRates, fisherMidP, liftOf } from './significance.ts'
import { lengthOf } from './stretches.ts'
import type { Subject } from './subject.ts'

const shown = 10
const baselineWindows = 30
const lateWindows = 12
/** Rows that one verdict may look at for counting: beyond, every so many are left out, in all windows alike. */
const rowBudget = 250_000

const ending = (at: Instant, length: number): Window => ({ from: instantOf(at - length), to: at })

/** Ends of on-time windows: half of them nearest to the late advert, half from all over; none near another late one. */
export function baselineEnds(
  adverts: readonly Instant[],
  lates: readonly Instant[],
  at: Instant,
  keepAway: number,
  length: number,
): Instant[] {
  const calm = adverts.filter((one) => lates.every((late) => one - length > late + keepAway || one < late - keepAway))
  const near = calm.toSorted((a, b) => Math.abs(a - at) - Math.abs(b - at)).slice(0, baselineWindows / 2)
  const taken = new Set(near)
  const rest = calm.filter((one) => !taken.has(one))
  const step = Math.max(1, rest.length / (baselineWindows - near.length))
  const far = Array.from(
    { length: Math.min(rest.length, baselineWindows - near.length) },
    (_, i) => rest[Math.floor(i * step)],
  )
  return [...near, ...far.filter((one) => one !== undefined)]
}

export function advertsOf(flow: Flow, evidence: Evidence): Instant[] {
  const { store } = evidence
  const source = store.names.find(flow.source)
  const link = store.names.find(flow.link)
  const found: Instant[] = []
  for (const { at, cells, from, to } of store.adverts.slices({ from: instantOf(-Infinity), to: instantOf(Infinity) }))
    for (let i = from; i < to; i++)
      if (cells.source[i] === source && cells.link[i] === link && cells.vrid[i] === flow.vrid)
        found.push(instantOf(at[i] ?? 0))
  return found
}

function tally(lens: Lens, windows: readonly Window[]): Map<string, number> {
  const hits = new Map<string, number>()
  for (const window of windows)
    for (const feature of featuresOf(lens, window)) hits.set(feature.key, (hits.get(feature.key) ?? 0) + 1)
  return hits
}

const mechanisms: Readonly<Partial<Record<Cause, string>>> = {
  'sender-stopped': 'it stopped or froze the sender',
  'sender-throttled': 'the sender is in it and waited for its quota',
  'sender-starved': 'it had the CPU that the sender waited for',
  'sender-blocked': 'the sender was in a call that waits for it',
  'qemu-stalled': "it held up qemu's main loop",
  planned: 'it ended or reloaded keepalived',
}

/** A mechanism that ties it to the sender: what the ruling found, never mere coincidence. */
function bridgeOf(feature: Feature, ruling: Ruling): string | undefined {
  const { culprit, cause } = ruling
  const mechanism = mechanisms[cause]
  if (culprit === undefined || mechanism === undefined) return undefined
  const isCgroup = feature.kind === 'cgroup' && culprit.kind === 'cgroup' && feature.key.includes(`/${culprit.name} `)
  return isCgroup || (culprit.pid !== undefined && feature.pid === culprit.pid) ? mechanism : undefined
}

/** Does it end as the advert leaves? Only what covers some of the lateness can. */
const isAligned = (feature: Feature, window: Window): boolean =>
  feature.covers >= 0.2 && Math.abs(window.to - feature.to) < 25 * millisecond

function scoreOf(feature: Feature, window: Window, bridge: string | undefined, q: number | undefined): number {
  // It began well after the advert was due: it may be a consequence, it is no cause.
  const isAftermath = bridge === undefined && feature.from > window.from + 0.1 * lengthOf(window)
  const rarity = q === undefined ? 0 : q <= 0.05 ? 0.2 : q <= 0.2 ? 0.1 : 0
  const score = 0.2 * feature.covers + (isAligned(feature, window) ? 0.05 : 0) + rarity
  if (bridge !== undefined) return 0.5 + score
  // Without a mechanism it is correlated at most, however well it fits.
  return isAftermath ? score * 0.2 : score
}

function lensOf(subject: Pick<Subject, 'evidence' | 'sender' | 'flow'>, length: number, windows: number): Lens {
  const { evidence, sender } = subject
  const { store } = evidence
  const first = store.calls.firstAt
  const last = store.calls.lastAt
  const span = first === undefined || last === undefined ? 1 : Math.max(1, last - first)
  const rows = (store.calls.length / span) * (length + 2 * second) * windows
  return { store, excluded: new Set(sender?.tids), stride: Math.max(1, Math.ceil(rows / rowBudget)) }
}

/** `windows`: the late ones. Their features are those of the first. */
export function rankSuspects(
  subject: Pick<Subject, 'evidence' | 'sender' | 'flow'>,
  windows: { readonly own: Window; readonly late: readonly Window[]; readonly baseline: readonly Window[] },
  ruling: Ruling,
): Suspect[] {
  const length = lengthOf(windows.own)
  const lens = lensOf(subject, length, windows.late.length + windows.baseline.length)
  const features = featuresOf({ ...lens, stride: 1 }, windows.own)
  const late = tally(lens, windows.late)
  const baseline = tally(lens, windows.baseline)
  const isRanked = windows.late.length >= 2 && windows.baseline.length >= 5
  const counted = features.map((feature) => ({
    feature,
    table: {
      lateHits: late.get(feature.key) ?? 0,
      late: windows.late.length,
      baselineHits: baseline.get(feature.key) ?? 0,
      baseline: windows.baseline.length,
    },
  }))
  const ps = counted.map(({ table }) => fisherMidP(table))
  const qs = falseDiscoveryRates(ps)
  return counted
    .map(({ feature, table }, i): Suspect => {
      const bridge = bridgeOf(feature, ruling)
      const q = isRanked ? qs[i] : undefined
      return {
        what: feature.what,
        kind: feature.kind,
        pid: feature.pid,
        covers: feature.covers,
        late: { hits: table.lateHits, of: table.late },
        baseline: { hits: table.baselineHits, of: table.baseline },
        lift: isRanked ? liftOf(table) : undefined,
        p: isRanked ? ps[i] : undefined,
        q,
        bridge,
        score: scoreOf(feature, windows.own, bridge, q),
      }
    })
    .toSorted((a, b) => b.score - a.score)
    .slice(0, shown)
}

/** Twice the Master_Down_Interval: what happens so near to a late advert may be its cause or its consequence. */
const keepAwayOf = (flow: Flow): number => 2 * flow.masterDown.max

export function suspectsOf(subject: Subject, ruling: Ruling): Suspect[] {
  const { flow, evidence, lateness, late } = subject
  const length = lengthOf(lateness)
  if (length <= 0) return []
  const lates = (evidence.late ?? [late]).filter((one) => one.flow === late.flow && one.overrun > 0)
  const nearest = lates.toSorted((a, b) => Math.abs(a.at - late.at) - Math.abs(b.at - late.at)).slice(0, lateWindows)
  const ends = baselineEnds(
    advertsOf(flow, evidence),
    lates.map((one) => one.at),
    late.at,
    keepAwayOf(flow),
    Math.max(length, spanOf(0)),
  )
  const first = evidence.store.calls.firstAt
  return rankSuspects(
    subject,
    {
      own: lateness,
      late: nearest.map((one) => ending(one.at, length)),
      baseline: ends.filter((end) => first === undefined || end - length >= first).map((end) => ending(end, length)),
    },
    ruling,
  )
}
