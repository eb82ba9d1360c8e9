// What the wire and the clocks decide before anybody's state is looked at, in this order; a gate that holds ends it:
//
//   refused sends ─▶ capture faults ─▶ clock step ─▶ foreign adverts ─▶ co-silence ─▶ administrative ─▶ path ─▶ (the sender's state)

import { instantOf, millisecond, second, spanOf, type Instant } from '../../time/instant.ts'
import { formatSpan } from '../../time/format.ts'
import { networkChanges } from './actors.ts'
import { coSilence } from './host-frozen.ts'
import { rejected } from './rejected.ts'
import { administrative } from './restart.ts'
import type { Ruling } from './ruling.ts'
import { sendsInGap } from './sends.ts'
import { clipped } from './stretches.ts'
import { whenOf, type Subject } from './subject.ts'

interface Neighbour {
  readonly at: Instant
  readonly source: string
  readonly link: string
  readonly ipId: number
  readonly priority: number
}

function advertsIn(subject: Subject, from: number, to: number): Neighbour[] {
  const { store, late } = subject
  return store.adverts
    .rows({ from: instantOf(from), to: instantOf(to) })
    .filter((row) => row.vrid === late.advert.vrid && row.family === late.advert.family)
    .map((row) => ({
      at: row.at,
      source: store.names.textOf(row.source),
      link: store.names.textOf(row.link),
      ipId: row.ipId,
      priority: row.priority,
    }))
}

const dropsOf = (subject: Subject) =>
  subject.evidence.blindSpots.filter(
    (spot) =>
      spot.source === 'tcpdump' &&
      clipped({ from: spot.from, to: instantOf((spot.to ?? subject.late.at) + 1) }, subject.gap) !== undefined,
  )

/** The backup missed them as well: whatever a capture loses, it takes nothing off the wire. */
function lostBefore(subject: Subject, lost: number): Ruling {
  const { late, flow } = subject
  const taken = sendsInGap(subject).filter((send) => send.result > 0).length
  const isTaken = taken >= lost
  return {
    cause: 'path',
    confidence: isTaken ? 'likely' : 'possible',
    summary: `Not late but missing: ${lost === 1 ? 'one advert was' : `${lost} adverts were`} built in time and came neither here nor to the backup, which took over: lost before ${flow.link}.`,
    // Whether its own kernel refused them was not seen otherwise.
    culprit: isTaken ? { kind: 'link', pid: undefined, comm: undefined, name: flow.link } : undefined,
    evidence: [
      `the IPv4 ID moved by ${late.ipIdStep ?? '?'}: the adverts in between were built`,
      'the backup took over: they did not reach it either',
      ...(isTaken ? [`the sender’s kernel took ${taken} of them: sendmsg returned without an error`] : []),
      ...dropsOf(subject).map((spot) => spot.reason),
    ],
    settledBy: [
      `on the way from the sender to ${flow.link}: ip -s link; tc -s qdisc; bridge -s link: drops at that time`,
      'where keepalived runs: its log for "send advert error"; nft list ruleset; iptables -S OUTPUT',
    ],
  }
}

function captureLoss(subject: Subject): Ruling | undefined {
  const { late, flow } = subject
  if (late.wire !== 'W3') return undefined
  const lost = Math.max(1, (late.ipIdStep ?? 2) - 1)
  const seenElsewhere = advertsIn(subject, late.previousAt + 1, late.at - 1).find(
    (one) => one.source === flow.source && one.link !== flow.link,
  )
  if (late.takeover && seenElsewhere === undefined) return lostBefore(subject, lost)
  const drops = dropsOf(subject)
  // A counter that was read once at the end says that packets were lost, and not that these were.
  const isLocal = drops.some((spot) => (spot.to ?? Infinity) - spot.from <= Math.max(5 * second, 3 * late.gap))
  const isProved = seenElsewhere !== undefined || isLocal
  return {
    cause: 'capture-loss',
    confidence: isProved ? 'likely' : 'possible',
    summary: isProved
      ? `Nothing was late: ${lost} advert${lost === 1 ? ' was' : 's were'} sent in time, and the capture lost ${lost === 1 ? 'it' : 'them'}.`
      : `Not late but missing: ${lost} advert${lost === 1 ? '' : 's'} in between left in time and ${lost === 1 ? 'is' : 'are'} not in the capture.`,
    culprit: { kind: 'probe', pid: undefined, comm: 'tcpdump', name: 'tcpdump' },
    evidence: [
      `the IPv4 ID moved by ${late.ipIdStep ?? '?'} over ${late.missed + 1} intervals and the old phase was kept: the adverts in between were built`,
      ...(seenElsewhere === undefined ? [] : [`the missing one passed ${seenElsewhere.link} in time`]),
      ...drops.map((spot) => spot.reason),
    ],
    settledBy: isProved
      ? ['give tcpdump a larger buffer and a narrow filter: tcpdump -B 8192 --immediate-mode … proto 112']
      : [
          'look at `packets dropped by kernel` of this capture: none would mean that the host refused or lost the advert',
          'capture at a second point, too: whylate import --pcap tap=… --pcap peer=…',
        ],
  }
}

function clockStep(subject: Subject): Ruling | undefined {
  const { late, evidence } = subject
  if (late.wire !== 'W7') return undefined
  const steps = evidence.clockSteps.filter((one) => one.at > late.previousAt && one.at < late.at + 0.2 * second)
  const [step] = steps
  const by = spanOf(steps.reduce((sum, one) => sum + one.by, 0))
  return {
    cause: 'clock-step',
    confidence: 'likely',
    summary: `Nothing was late: the host's clock was ${steps.length > 3 ? 'moved' : 'stepped'}${step === undefined ? '' : ` by ${formatSpan(by)}`} between two adverts.`,
    culprit: { kind: 'clock', pid: undefined, comm: undefined, name: 'CLOCK_REALTIME' },
    evidence: [
      ...(step === undefined
        ? []
        : [`CLOCK_REALTIME moved by ${formatSpan(by)} against CLOCK_MONOTONIC, ${whenOf(subject, step.at)}`]),
      'the step is as long as the overrun',
    ],
    settledBy: ['chronyc tracking; journalctl -u chrony -u systemd-timesyncd: who stepped the clock, and slew instead'],
  }
}

function foreign(subject: Subject): Ruling | undefined {
  const { late, flow } = subject
  if (late.wire !== 'W4r') return undefined
  const others = advertsIn(subject, late.previousAt, late.at).filter(
    (one) => one.source !== flow.source && one.link === flow.link,
  )
  const counts = new Map<string, number>()
  // The backup that takes over after three silent intervals is a consequence.
  const early = others.filter((one) => one.at - late.previousAt < 2.9 * flow.interval)
  for (const one of early.length > 0 ? early : others) counts.set(one.source, (counts.get(one.source) ?? 0) + 1)
  const [name, times] = [...counts].toSorted((a, b) => b[1] - a[1])[0] ?? [undefined, 0]
  if (name === undefined) return undefined
  return {
    cause: 'foreign-vrid',
    confidence: 'likely',
    summary: `Another router, ${name}, also sends VRID ${flow.vrid} here; each of its adverts re-arms this master's timer.`,
    culprit: { kind: 'flow', pid: undefined, comm: undefined, name },
    evidence: [
      `${times} advert${times === 1 ? '' : 's'} of ${name} with VRID ${flow.vrid} came before this one was due`,
      `by the timer as re-armed, the advert was on time; by its own alone it was ${formatSpan(late.ownOverrun)} late`,
    ],
    settledBy: [
      `find the owner of ${name}: ip neigh show ${name}; then give one of the two clusters another VRID`,
      `tcpdump -ni ${flow.link} -e 'proto 112 and src host ${name}'`,
    ],
  }
}

/** Something else passed this link meanwhile, or its backup heard nothing and took over: the capture there was at work. */
function isCaptureAlive({ store, late }: Subject): boolean {
  const link = store.names.find(late.advert.link)
  const source = store.names.find(late.advert.source)
  const inside = { from: instantOf(late.dueAt), to: instantOf(late.at - 20 * millisecond) }
  const isOther = (row: { readonly link: number; readonly source: number }): boolean =>
    row.link === link && row.source !== source
  return late.takeover || store.adverts.rows(inside).some(isOther) || store.traffic.rows(inside).some(isOther)
}

function path(subject: Subject): Ruling | undefined {
  const { late, flow } = subject
  if (late.wire !== 'W10') return undefined
  const link = late.advert.link
  const window = { from: instantOf(late.previousAt - 0.5 * second), to: late.at }
  const isMissing = late.ipIdStep === undefined || late.ipIdStep > 1
  const isAlive = !isMissing || isCaptureAlive(subject)
  return {
    cause: 'path',
    confidence: isAlive ? 'likely' : 'possible',
    summary: `Punctual where it was sent, late or missing at ${link}: it was held up or lost on the way there${isAlive ? '' : ', or by the capture there'}.`,
    culprit: { kind: 'link', pid: undefined, comm: undefined, name: link },
    evidence: [
      `the same adverts of ${flow.source} passed the link before ${link} on time`,
      ...(isAlive
        ? []
        : [`nothing else was captured at ${link} meanwhile: whether its capture was at work cannot be told`]),
      ...networkChanges(subject, window, 'meanwhile'),
    ],
    settledBy: [
      `bridge link; bridge fdb show; ip -s link show ${link}; ovs-appctl dpctl/show -s: drops and port changes at that time`,
    ],
  }
}

export function gateOf(subject: Subject): Ruling | undefined {
  return (
    rejected(subject) ??
    captureLoss(subject) ??
    clockStep(subject) ??
    foreign(subject) ??
    coSilence(subject) ??
    administrative(subject) ??
    path(subject)
  )
}
