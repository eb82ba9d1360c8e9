// What the wire and the clocks decide before anybody's state is looked at, in this order; a gate that holds ends it:
//
//   capture faults ─▶ clock step ─▶ foreign adverts ─▶ co-silence ─▶ administrative ─▶ path ─▶ (the sender's state)

import { instantOf, second, type Instant } from '../../time/instant.ts'
import { formatSpan } from '../../time/format.ts'
import { signalName } from '../life-facts.ts'
import { callersNear } from './actors.ts'
import type { Ruling } from './ruling.ts'
import { clipped, lengthOf } from './stretches.ts'
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

const previousIdOf = ({ late }: Subject): number => ((late.advert.ipId ?? 0) - (late.ipIdStep ?? 1) + 65_536) % 65_536

const dropsOf = (subject: Subject) =>
  subject.evidence.blindSpots.filter(
    (spot) =>
      spot.source === 'tcpdump' &&
      clipped({ from: spot.from, to: instantOf((spot.to ?? subject.late.at) + 1) }, subject.gap) !== undefined,
  )

function captureLoss(subject: Subject): Ruling | undefined {
  const { late, flow, evidence } = subject
  if (late.wire !== 'W3') return undefined
  const lost = Math.max(1, (late.ipIdStep ?? 2) - 1)
  const seenElsewhere = advertsIn(subject, late.previousAt + 1, late.at - 1).find(
    (one) => one.source === flow.source && one.link !== flow.link,
  )
  const first = evidence.issued?.(flow.source, flow.vrid, previousIdOf(subject) + 1)
  if (first !== undefined && first.result < 0) {
    return {
      cause: 'rejected-locally',
      confidence: 'likely',
      summary: `Not late but refused: the kernel turned down keepalived's send with error ${-first.result}.`,
      culprit: { kind: 'link', pid: undefined, comm: undefined, name: flow.link },
      evidence: [`sendmsg of the missing advert returned -${first.result}`, 'the phase was kept, so nothing was late'],
      settledBy: ['nft list ruleset; iptables -S OUTPUT; sysctl net.netfilter.nf_conntrack_count'],
    }
  }
  const drops = dropsOf(subject)
  const isProved = seenElsewhere !== undefined || drops.length > 0
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
  const step = evidence.clockSteps.find((one) => one.at > late.previousAt && one.at < late.at + second)
  return {
    cause: 'clock-step',
    confidence: 'likely',
    summary: `Nothing was late: the host's clock was stepped${step === undefined ? '' : ` by ${formatSpan(step.by)}`} between two adverts.`,
    culprit: { kind: 'clock', pid: undefined, comm: undefined, name: 'CLOCK_REALTIME' },
    evidence: [
      ...(step === undefined
        ? []
        : [`CLOCK_REALTIME moved by ${formatSpan(step.by)} against CLOCK_MONOTONIC, ${whenOf(subject, step.at)}`]),
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

const heartbeatGap = 0.35 * second

/** Detectors of a host that stands still: own heartbeat, the kernel engine's silence, iostat's row spacing, the taps. */
function coSilence(subject: Subject): Ruling | undefined {
  const { late, lateness, store, sees } = subject
  const L = lengthOf(lateness)
  const beats = store.beats.rows({ from: instantOf(lateness.from - second), to: instantOf(lateness.to + second) })
  const pauses = beats.flatMap((beat, i) => {
    const before = beats[i - 1]
    return before !== undefined && beat.at - before.at > heartbeatGap ? [{ from: before.at, to: beat.at }] : []
  })
  const found: string[] = []
  const pause = pauses.find((one) => lengthOf(clipped(one, lateness) ?? { from: one.from, to: one.from }) >= 0.5 * L)
  if (pause !== undefined) found.push(`whylate's own heartbeat stood still for ${formatSpan(lengthOf(pause))}`)
  if (late.wire === 'W6') found.push('every other router and guest on the link was silent as well')
  const calls = store.calls.slices(lateness).reduce((sum, one) => sum + one.to - one.from, 0)
  const span = pause ?? lateness
  const inPause = store.calls.slices(span).reduce((sum, one) => sum + one.to - one.from, 0)
  const before = store.calls
    .slices({ from: instantOf(lateness.from - L), to: lateness.from })
    .reduce((sum, one) => sum + one.to - one.from, 0)
  const isKernelSilent = sees.calls && before >= 50 && inPause < 0.05 * before && calls < 0.3 * before
  if (isKernelSilent) found.push('the kernel engine saw next to no call of any process')
  const stretched = store.disks
    .rows({ from: lateness.from, to: instantOf(lateness.to + 3 * second) })
    .some((row) => row.spanNs > second + 0.5 * L && L > second)
  if (stretched) found.push("iostat's own rows are further apart than its interval")
  if (found.length < 2 || (pause === undefined && !isKernelSilent)) return undefined
  return {
    cause: 'host-frozen',
    confidence: found.length >= 3 ? 'likely' : 'possible',
    summary: `The whole host stood still${pause === undefined ? '' : ` for ${formatSpan(lengthOf(pause))}`}: not only the sender.`,
    culprit: { kind: 'host', pid: undefined, comm: undefined, name: 'this host' },
    evidence: found,
    settledBy: [
      'dmesg -T | grep -iE "lockup|stall|clocksource|mce|PM: "; is this host itself a guest? look at steal in vmstat 1',
    ],
  }
}

const endingSignals = new Set([1, 2, 9, 15])

function administrative(subject: Subject): Ruling | undefined {
  const { late, flow, store, sender } = subject
  if (late.wire !== 'W8') return undefined
  const around = { from: instantOf(late.previousAt - second), to: late.at }
  const isTarget = (name: string): boolean => name === (sender?.kind === 'keepalived' ? sender.comm : 'keepalived')
  const signal = store.signals
    .rows(around)
    .filter((row) => endingSignals.has(row.signal) && isTarget(store.names.textOf(row.toName)))
    .toSorted((a, b) => b.from - a.from || a.at - b.at)[0]
  const by =
    signal !== undefined && signal.from > 0
      ? { pid: signal.from, comm: store.names.textOf(signal.fromName) }
      : undefined
  const isOwn = by === undefined || isTarget(by.comm)
  const told = signal === undefined ? undefined : `${signalName(signal.signal)} to keepalived (${signal.to})`
  return {
    cause: 'planned',
    confidence: 'likely',
    summary: `keepalived itself was restarted or reloaded${told === undefined ? '' : ` (${told}${isOwn ? '' : ` by ${by.comm} (${by.pid})`})`}: a new process, not a late one.`,
    culprit:
      by === undefined || isOwn
        ? {
            kind: 'process',
            pid: sender?.kind === 'keepalived' ? sender.pid : undefined,
            comm: 'keepalived',
            name: 'keepalived',
          }
        : { kind: 'process', pid: by.pid, comm: by.comm, name: by.comm },
    evidence: [
      `the IPv4 ID began anew (${previousIdOf(subject)} → ${late.advert.ipId ?? '?'}), and keepalived counts it in each process from 1`,
      ...(signal === undefined || told === undefined
        ? []
        : [`${told}${by === undefined ? '' : ` by ${by.comm} (${by.pid})`}, ${whenOf(subject, signal.at)}`]),
    ],
    settledBy: [`journalctl -t Keepalived -t Keepalived_vrrp: the restart of ${flow.source}, and who asked for it`],
  }
}

function path(subject: Subject): Ruling | undefined {
  const { late, flow } = subject
  if (late.wire !== 'W10') return undefined
  const link = late.advert.link
  const window = { from: instantOf(late.previousAt - 0.5 * second), to: late.at }
  const changers = callersNear(subject, window, (call, file) => call === 'bind' && /netlink|NETLINK/.test(file))
  return {
    cause: 'path',
    confidence: 'likely',
    summary: `Punctual where it was sent, late or missing at ${link}: it was held up or lost on the way there.`,
    culprit: { kind: 'link', pid: undefined, comm: undefined, name: link },
    evidence: [
      `the same adverts of ${flow.source} passed the link before ${link} on time`,
      ...[
        ...new Set(changers.map((one) => `${one.comm} (${one.pid}) spoke to the kernel's network settings meanwhile`)),
      ].slice(0, 2),
    ],
    settledBy: [
      `bridge link; bridge fdb show; ip -s link show ${link}; ovs-appctl dpctl/show -s: drops and port changes at that time`,
    ],
  }
}

export function gateOf(subject: Subject): Ruling | undefined {
  return (
    captureLoss(subject) ??
    clockStep(subject) ??
    foreign(subject) ??
    coSilence(subject) ??
    administrative(subject) ??
    path(subject)
  )
}
