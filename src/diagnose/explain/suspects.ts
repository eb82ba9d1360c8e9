// Everything that went on while the advert was overdue, ranked: how much of it each covers, whether it ends with it, in
// which order, whether a mechanism ties it to the sender, whether others were held up, too, and how rare it is before
// punctual adverts.

import { between, instantOf, millisecond, second, spanOf, type Span, type Window } from '../../time/instant.ts'
import type { Cause, Suspect } from '../explanation.ts'
import { keptLengthOf } from '../keeping.ts'
import { isByOwnTimer } from '../lateness.ts'
import { longCallFeatures, longCallsOf, processes, signals } from './activity.ts'
import { wholeSpan, type Feature, type Lens } from './feature.ts'
import { highOf } from './metrics.ts'
import { neighboursOf, type Neighbours } from './neighbours.ts'
import { raritiesOf, uncounted, type Rarities } from './rarity.ts'
import { riskWindowsOf, type RiskWindows } from './risk-windows.ts'
import type { Ruling } from './ruling.ts'
import { clipped, intersection, lengthOf, sumOf, union } from './stretches.ts'
import type { Subject } from './subject.ts'
import { scoreOf } from './suspect-score.ts'

const shown = 10
/** The window that is told is cut into so many pieces; a process covers those in which it was seen. */
const pieces = 64
/** Rows that one verdict may look at for counting: beyond, every so many are left out, in all windows alike. */
const rowBudget = 250_000
const leastAhead = 2 * second
const mostAhead = 15 * second
/** How far a sender is behind what lets it go on: on the host, and through a guest. What ends so soon ends with it. */
const soon = { keepalived: spanOf(5 * millisecond), qemu: spanOf(20 * millisecond) }

type Case = Pick<Subject, 'evidence' | 'sender' | 'flow' | 'late' | 'lateness'>

const mechanisms: Readonly<Partial<Record<Cause, string>>> = {
  'sender-stopped': 'it stopped or froze the sender',
  'sender-throttled': 'the sender is in it and waited for its quota',
  'sender-starved': 'it had the CPU that the sender waited for',
  'sender-blocked': 'the sender was in a call that waits for it',
  'qemu-stalled': "it held up qemu's main loop",
  planned: 'it ended or reloaded keepalived',
}

/** Of what is named without having been at work itself. A guest that was stopped is named, too, and did it not. */
const ofTheUnseen: Readonly<Partial<Record<Cause, string>>> = {
  'sender-blocked': 'the sender was in a call that waits for it',
  'foreign-vrid': 'each of its adverts re-arms the timer',
}

/** A mechanism that ties it to the sender: what the ruling found, never mere coincidence. */
function bridgeOf(feature: Feature, ruling: Ruling): string | undefined {
  const { culprit, cause } = ruling
  const mechanism = mechanisms[cause]
  if (culprit === undefined || mechanism === undefined) return undefined
  const isCgroup =
    culprit.kind === 'cgroup' && feature.kind === 'cgroup' && `/${feature.group}`.endsWith(`/${culprit.name}`)
  return isCgroup || (culprit.pid !== undefined && feature.pids.includes(culprit.pid)) ? mechanism : undefined
}

/** Of everything in the way of the sender's host: no one process or cgroup, so it would hold up all. */
const isHostWide = (feature: Feature): boolean => feature.kind === 'host' || feature.kind === 'device'

function coverOf(feature: Feature, lateness: Window): number {
  const covered = sumOf(intersection(union(feature.stretches), [lateness]))
  return Math.min(1, covered / Math.max(1, lengthOf(lateness)))
}

interface Scene {
  readonly ruling: Ruling
  readonly rarities: Rarities
  readonly neighbours: Neighbours
  readonly lateness: Window
  readonly soon: Span
}

/**
 * It held from due on, and the advert left as it ended: one aligned long call beats any correlation. Only what
 * has an end of its own can: a program at work is seen until we stop looking.
 */
function isAlignedWith(feature: Feature, { lateness, soon: limit }: Scene): boolean {
  if (feature.amount === undefined) return false
  return feature.stretches.some(({ from, to }) => from <= lateness.from && Math.abs(lateness.to - to) <= limit)
}

function suspectOf(feature: Feature, scene: Scene): Suspect {
  const { lateness, ruling } = scene
  const covers = coverOf(feature, lateness)
  const whole = wholeSpan(feature.stretches) ?? lateness
  const onset = between(lateness.from, whole.from)
  const isAligned = isAlignedWith(feature, scene)
  const rarity = scene.rarities.of(feature.key)
  const bridge = bridgeOf(feature, ruling)
  const score = scoreOf({
    covers,
    isAligned,
    isAftermath: onset > 0.1 * lengthOf(lateness),
    rarity,
    hasBridge: bridge !== undefined,
    isHostWide: isHostWide(feature),
    neighbours: scene.neighbours,
  })
  const { culprit } = ruling
  const isCulprit = culprit?.pid !== undefined && feature.pids.includes(culprit.pid)
  return {
    what: feature.what,
    kind: feature.kind,
    pid: isCulprit ? culprit.pid : feature.pids[0],
    covers,
    isAligned,
    onset,
    ...rarity,
    bridge,
    score,
  }
}

/** Of each group the one with the most to say: they are one piece of evidence. */
function bestOfGroups(all: readonly { readonly group: string; readonly suspect: Suspect }[]): Suspect[] {
  const best = new Map<string, Suspect>()
  for (const { group, suspect } of all) {
    const known = best.get(group)
    if (known === undefined || suspect.score > known.score) best.set(group, suspect)
  }
  return [...best.values()]
}

function lensOf({ evidence, sender }: Case, windows: RiskWindows): Lens {
  const { store } = evidence
  const [first, last] = [store.calls.firstAt, store.calls.lastAt]
  const span =
    first === undefined || last === undefined ? 1 : Math.max(1, keptLengthOf(evidence.kept, { from: first, to: last }))
  const looked = [...windows.cases.map((one) => one.risk), ...windows.controls]
  const rows = ((store.calls.length + store.switches.length) / span) * sumOf(looked)
  const longest = Math.max(0, ...windows.cases.map((one) => lengthOf(one.lateness)))
  return {
    store,
    sender: new Set(sender?.tids),
    isOurs: (pid) => evidence.isOurs(pid),
    vmOf: (pid) => evidence.vmOf?.(pid),
    stride: Math.max(1, Math.ceil(rows / rowBudget)),
    ahead: spanOf(Math.min(mostAhead, Math.max(leastAhead, longest + 100 * millisecond))),
  }
}

/** What was there from one interval before due until it was sent. */
function presentOf(lens: Lens, risk: Window, lateness: Window): Feature[] {
  const window = { from: risk.from, to: lateness.to }
  const own = { ...lens, stride: 1 }
  return [
    ...processes(own, window, pieces),
    ...longCallFeatures(longCallsOf(own, [window]), window),
    ...signals(own, window),
    ...highOf(lens.store, lens.sender, window),
  ].filter((one) =>
    one.stretches.some((stretch) => clipped(stretch, window) !== undefined || stretch.from >= window.from),
  )
}

export function suspectsOf(subject: Case, ruling: Ruling): Suspect[] {
  const { flow, evidence, lateness, late, sender } = subject
  // By the timer as re-armed there is no lateness that anything could cover.
  if (isByOwnTimer(late)) return []
  const slack = soon[sender?.kind ?? 'keepalived']
  const windows = riskWindowsOf(flow, late, evidence, slack)
  const risk = windows.cases[0]?.risk ?? { from: instantOf(lateness.from - flow.interval), to: lateness.from }
  const lens = lensOf(subject, windows)
  const scene: Scene = {
    ruling,
    rarities: raritiesOf(lens, windows),
    neighbours: neighboursOf(subject),
    lateness,
    soon: slack,
  }
  const all = presentOf(lens, risk, lateness).map((one) => {
    const suspect = suspectOf(one, scene)
    // A program is seen by one name before its exec and by another after it: the culprit is one all the same.
    const isCulprit = suspect.bridge !== undefined && suspect.pid === ruling.culprit?.pid
    return { group: isCulprit ? 'culprit' : one.group, suspect }
  })
  return bestOfGroups(all)
    .toSorted((a, b) => b.score - a.score || b.covers - a.covers)
    .slice(0, shown)
}

/**
 * Whom the verdict names leads the list, also where nothing of it was seen at work: a reader that does not read, another
 * router. `covers`: what the verdict's states are of the lateness.
 */
export function withCulprit(ranked: readonly Suspect[], ruling: Ruling, covers: number): readonly Suspect[] {
  const { culprit, cause } = ruling
  const bridge = ofTheUnseen[cause]
  // What is tied to the sender is the culprit, and before all others by its score.
  if (culprit === undefined || bridge === undefined || ranked.some((one) => one.bridge !== undefined)) return ranked
  const grounds = {
    covers,
    isAligned: false,
    isAftermath: false,
    rarity: uncounted,
    hasBridge: true,
    isHostWide: false,
  }
  const leading: Suspect = {
    what: culprit.name,
    kind: culprit.kind,
    pid: culprit.pid,
    covers,
    isAligned: false,
    onset: spanOf(0),
    ...uncounted,
    bridge,
    score: scoreOf({ ...grounds, neighbours: { late: 0, onTime: 0 } }),
  }
  return [leading, ...ranked.slice(0, shown - 1)]
}
