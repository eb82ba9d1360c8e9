// A guest behind a tap: qemu's threads say whether the guest could run; what went on inside it, the host cannot say.

import { freezerOf } from './actors.ts'
import { resolverFit } from './alternatives.ts'
import { painted, windowsOf, type Claim } from './claim.ts'
import type { Read } from './read.ts'
import { dominantOf, isAlignedWith, victimOf, type Dominant, type Reading } from './reading.ts'
import { blockedRuling } from './rulings/blocked.ts'
import { pagingRuling } from './rulings/paging.ts'
import { stalledRuling, vcpuStoppedRuling } from './rulings/stalled.ts'
import { starvedRuling } from './rulings/starved.ts'
import { stoppedRuling } from './rulings/stopped.ts'
import { throttledRuling } from './rulings/throttled.ts'
import { monitorClient, vmStoppedRuling } from './rulings/vm-stopped.ts'
import { lesserOf, type Ruling } from './ruling.ts'
import { qemuStateOf, vcpuOnly, type QemuState, type Standstill } from './qemu-state.ts'
import { reach } from './sampled-course.ts'
import { spanText, threadClaims } from './sender-claims.ts'
import type { Courses } from './courses.ts'
import { clipped, intersection, lengthOf, sumOf, union } from './stretches.ts'
import { instantOf, millisecond, second, type Window } from '../../time/instant.ts'
import { tidsOf, type Subject } from './subject.ts'
import { threadName } from '../thread-name.ts'

/** The stop as the guest felt it: it ends with the advert, wherever in the gap it lay. */
function felt({ window, isShift }: Standstill, subject: Subject): Window {
  return isShift ? { from: instantOf(subject.late.at - lengthOf(window)), to: subject.late.at } : window
}

/** Without run delay and state letters a standstill has many causes; only commands at both ends tell this one. */
function standstillClaims(subject: Subject, state: QemuState): Claim[] {
  return state.standstill.flatMap((one): Claim[] => {
    const isCommand = one.isBracketed && monitorClient(subject, one.window) !== undefined
    const isKnown = subject.sees.samples || subject.sees.reasons || isCommand
    const writer = freezerOf(subject, one.window)
    if (writer !== undefined)
      return [
        {
          state: 'frozen',
          window: one.window,
          detail: `${writer.file} was written as it began or ended`,
          source: 'calls',
          isCoarse: true,
        },
      ]
    const detail = 'all vCPUs in one long wait, qemu itself healthy'
    return isKnown
      ? [{ state: 'vm-stopped', window: felt(one, subject), detail, source: 'switches', isCoarse: false }]
      : []
  })
}

function unseen(subject: Subject): Ruling {
  return {
    cause: 'unknown',
    confidence: 'unknown',
    summary: `Never issued in time: ${subject.sender?.name ?? 'the guest'} did not run all the while, and nothing that was seen says why.`,
    culprit: undefined,
    evidence: ['open: stopped from outside, a stall of qemu’s main loop, vCPUs without a CPU, a paused guest'],
    settledBy: [
      'let the host sampler run beside sysdig: state letters, run delay and cgroup counters settle which',
      'virsh domstate --reason DOMAIN; virsh event --all --timestamp',
    ],
  }
}

/** Something took the guest off its work between the advert before and this one: a timer armed late fires late. */
function isDisturbed(subject: Subject, state: QemuState): boolean {
  const L = lengthOf(subject.lateness)
  const away = state.claims
    .filter((one) => one.state !== 'running' && (one.state !== 'runnable' || lengthOf(one.window) >= 0.2 * L))
    .flatMap((one) => clipped(one.window, subject.gap) ?? [])
  return sumOf(union(away)) >= 0.4 * L
}

/** The host was reclaiming memory: a vCPU that ran may have run in the kernel, and not in its guest. */
function isMemoryShort({ store, lateness }: Subject): boolean {
  const rows = store.pressure.rows({ from: instantOf(lateness.from - reach), to: instantOf(lateness.to + reach) })
  const first = rows[0]
  const last = rows.at(-1)
  if (first === undefined || last === undefined) return false
  const stalledNs = (last.memorySomeUs - first.memorySomeUs) * 1e3
  return last.allocStalls - first.allocStalls > 100 || stalledNs > 0.2 * lengthOf(lateness)
}

function insideGuest(reading: Reading, state: QemuState): Ruling {
  const { subject } = reading
  if (!state.isAlive) return unseen(subject)
  const { otherTraffic } = subject.late
  // Whether a vCPU that was off its CPU had wanted one, only run delay or a switch's reason tells.
  const isRunDelaySeen = subject.sees.samples || subject.sees.reasons
  // A takeover moves the phase, so that a hold cannot be told from it, unless the burst of held adverts is missing.
  const { foreignInGap, reactions, missed } = subject.late
  const isHoldOpen = foreignInGap > 0 && reactions >= missed
  const waited = waitShare(reading, subject.lateness)
  const isCrowded = waited >= 0.5
  const isDoubtful =
    isHoldOpen ||
    otherTraffic === 0 ||
    !isRunDelaySeen ||
    state.isPauseOpen ||
    isCrowded ||
    isDisturbed(subject, state) ||
    isMemoryShort(subject)
  const name = subject.sender?.name ?? 'the guest'
  const fit = resolverFit(subject.late)
  return {
    cause: 'inside-guest',
    confidence: isDoubtful ? 'possible' : 'likely',
    summary: `Never issued in time: ${name} ran ${isCrowded ? 'on this host, which was crowded,' : 'normally on this host'}${otherTraffic !== undefined && otherTraffic > 0 ? ' and answered others' : ''}; what held keepalived up lies inside the guest.`,
    culprit: victimOf(subject),
    evidence: [
      'its vCPUs ran through the lateness, and its main loop went on',
      ...(isCrowded
        ? [`open: a thread of it waited for a CPU for ${Math.round(waited * 100)} % of the lateness, too`]
        : []),
      ...(otherTraffic !== undefined && otherTraffic > 0
        ? [`${otherTraffic} other packets of the guest left while the advert was overdue`]
        : []),
      ...(fit === undefined ? [] : [`open: ${fit}`]),
    ],
    settledBy: [
      "with sysdig inside, too: whylate --guest NAME='ssh root@GUEST'; in the guest: journalctl -t Keepalived_vrrp",
      'in the guest: cat /proc/$(pgrep -o keepalived)/schedstat before and after; any SIGSTOP, full /dev/log, hog?',
    ],
  }
}

function held(subject: Subject, isAlive: boolean): Ruling {
  return {
    cause: 'tx-held',
    confidence: 'possible',
    summary: `By its phase it was issued on time inside ${subject.sender?.name ?? 'the guest'} and held for ${spanText(lengthOf(subject.lateness))} before it left the tap.`,
    culprit: victimOf(subject),
    evidence: [
      'the adverts after it kept the old phase, or came with it in one burst: the guest’s timer had run on',
      ...(isAlive ? ['its vCPUs and main loop were at work meanwhile: the guest was not stopped'] : []),
    ],
    settledBy: [
      "with sysdig inside, too (sendmsg on time proves it): whylate --guest NAME='ssh root@GUEST'",
      `ls -l /proc/${subject.sender?.pid ?? 'PID'}/fd | grep vhost-net: no vhost, and qemu’s main thread carries every frame`,
    ],
  }
}

function stuckRuling(reading: Reading, { tid, claims }: NonNullable<QemuState['stuck']>): Ruling {
  const { lateness } = reading
  const away = union(claims.flatMap((one) => clipped(one.window, lateness) ?? []))
  const share = sumOf(away) / Math.max(1, lengthOf(lateness))
  const stops = claims.filter((one) => one.state === 'stopped')
  const stopped = union(stops.flatMap((one) => clipped(one.window, lateness) ?? []))
  if (sumOf(stopped) >= 0.5 * sumOf(away))
    return vcpuStoppedRuling(reading, { cause: 'vcpu-stuck', share, windows: away, claims: stops })
  const isAligned = isAlignedWith(reading, away, claims)
  return {
    cause: 'vcpu-stuck',
    confidence: share >= 0.7 && isAligned ? 'likely' : 'possible',
    summary: `Never issued in time: one vCPU of ${reading.subject.sender?.name ?? 'the guest'} (${threadName(reading.subject.sender, tid)}) did not run while the others did.`,
    culprit: victimOf(reading.subject),
    evidence: [
      `${threadName(reading.subject.sender, tid)} was away for ${Math.round(share * 100)} % of the lateness; its siblings ran`,
    ],
    settledBy: ['virsh vcpuinfo DOMAIN; taskset -p TID: what else is pinned there'],
  }
}

/** What share of this stretch the thread that lacked a CPU most spent so, as far as its counters or its switches say. */
function waitShare({ courses, subject }: Reading, window: Window): number {
  const tids = [...tidsOf(subject, 'vcpu'), ...tidsOf(subject, 'main')]
  const shares = tids.map((tid) => {
    const samples = (courses.sampled.get(tid) ?? []).filter((one) => one.at >= window.from && one.at <= window.to)
    const [first] = samples
    const last = samples.at(-1)
    if (first !== undefined && last !== undefined && last.at > first.at)
      return (last.runDelayNs - first.runDelayNs) / (last.at - first.at)
    const waits = threadClaims(subject, courses, tid).filter((one) => one.state === 'runnable')
    return sumOf(union(waits.flatMap((one) => clipped(one.window, window) ?? []))) / Math.max(1, lengthOf(window))
  })
  return Math.max(0, ...shares)
}

/** What share of this stretch the busiest of its threads was on a CPU, by its counters; 0 where there are none. */
function runShare({ courses, subject }: Reading, window: Window): number {
  const shares = [...tidsOf(subject, 'vcpu'), ...tidsOf(subject, 'main')].map((tid) => {
    const samples = (courses.sampled.get(tid) ?? []).filter((one) => one.at >= window.from && one.at <= window.to)
    const [first] = samples
    const last = samples.at(-1)
    return first === undefined || last === undefined || last.at <= first.at
      ? 0
      : (last.onCpuNs - first.onCpuNs) / (last.at - first.at)
  })
  return Math.max(0, ...shares)
}

/**
 * It ran for more of the lateness than it usually does between adverts that come in time, and not for a little: what it wanted
 * all the CPU for was not the advert. Who works more waits more on a crowded host, and its wait is a consequence.
 */
function hadEnough(reading: Reading, before: Window): boolean {
  const share = runShare(reading, reading.lateness)
  return share >= 0.15 && share >= 2 * runShare(reading, before)
}

/**
 * Short waits for a CPU between turns on it do not make a timer late: only waits of some length count, or so much of them
 * as is not usual for this guest. On a crowded host its adverts come in time all the same.
 */
function longWaitsOnly(reading: Reading): Reading {
  const { subject, lateness } = reading
  const L = lengthOf(lateness)
  const waits = windowsOf(reading.painted, ['runnable'])
  const before = { from: instantOf(subject.gap.from - 2.5 * second), to: subject.gap.from }
  if (sumOf(waits) >= 0.7 * L && waitShare(reading, before) < 0.35 && !hadEnough(reading, before)) return reading
  const single = reading.painted
    .flatMap((one) => one.claims)
    .filter((one) => one.state === 'runnable' && lengthOf(one.window) / (one.pieces ?? 1) >= 20 * millisecond)
  const long = union(
    single.map((one) => one.window),
    5 * millisecond,
  ).filter((one) => lengthOf(one) >= Math.max(50 * millisecond, 0.15 * L))
  return {
    ...reading,
    painted: reading.painted.map((one) =>
      one.claim.state === 'runnable' ? { ...one, windows: intersection(one.windows, long) } : one,
    ),
  }
}

/** Where the guest is said to have stood still, by the clock of the host. */
const stretchesOf = (dominant: Dominant, state: QemuState): readonly Window[] =>
  dominant.cause === 'vm-stopped' ? state.standstill.map((one) => one.window) : dominant.windows

/** Packets of the guest came in the midst of these stretches, not only before them and behind. */
function wasHeardIn({ late }: Subject, stretches: readonly Window[]): boolean {
  const count = late.otherTraffic ?? 0
  if (count === 0) return false
  if (late.otherAt === undefined || count > late.otherAt.length) return true
  const edge = 120 * millisecond
  return late.otherAt.some((at) => stretches.some((one) => at > one.from + edge && at < one.to - edge))
}

/** These say that all of the guest stood still, or its main loop did: a vCPU that was stopped alone is none of them. */
const wholeGuest: ReadonlySet<string> = new Set(['qemu-stalled', 'sender-starved', 'sender-blocked', 'sender-paging'])

/** One vCPU was stopped for as much of the lateness: two things explain it, and nobody says which did. */
function besideStoppedVcpu(ruling: Ruling, { stuck }: QemuState, share: number, { lateness, sender }: Subject): Ruling {
  if (stuck === undefined || !wholeGuest.has(ruling.cause)) return ruling
  const stops = stuck.claims
    .filter((one) => one.state === 'stopped')
    .flatMap((one) => clipped(one.window, lateness) ?? [])
  const stopped = sumOf(union(stops)) / Math.max(1, lengthOf(lateness))
  if (stopped < Math.max(0.5, share - 0.1)) return ruling
  const also = `open as well: ${threadName(sender, stuck.tid)} was stopped for ${Math.round(stopped * 100)} % of the lateness`
  return { ...ruling, confidence: lesserOf(ruling.confidence, 'possible'), evidence: [...ruling.evidence, also] }
}

/** These rest on what the vCPUs did, and which threads they are was guessed. */
const restsOnVcpus: ReadonlySet<string> = new Set(['inside-guest', 'vcpu-stuck', 'vm-stopped', 'sender-starved'])

export function qemuReading(subject: Subject, courses: Courses): Read {
  const read = readingOf(subject, courses)
  if (!subject.isVcpuGuessed) return read
  const { ruling } = read
  const cap = restsOnVcpus.has(ruling.cause) ? 'possible' : 'likely'
  const evidence = [...ruling.evidence, 'its threads have no names of their own: the busiest were taken for its vCPUs']
  return { ...read, ruling: { ...ruling, confidence: lesserOf(ruling.confidence, cap), evidence } }
}

function readingOf(subject: Subject, courses: Courses): Read {
  const state = qemuStateOf(subject, courses)
  const claims: Claim[] = [...state.claims, ...standstillClaims(subject, state)]
  const reading: Reading = { subject, courses, painted: painted(claims, subject.lateness), lateness: subject.lateness }
  const weighed = longWaitsOnly(reading)
  const isStall = (claim: Claim): boolean => state.stalls.some((one) => one.detail === claim.detail)
  const isVcpuOnly = (claim: Claim): boolean => claim.detail.startsWith(vcpuOnly)
  const rest = state.isAlive ? 'inside the guest: its vCPUs were idle, and no probe is there' : 'not seen'
  const options = [
    {
      of: dominantOf(weighed, 'sender-stopped', ['stopped', 'frozen'], (claim) => !isVcpuOnly(claim)),
      ruling: stoppedRuling,
    },
    { of: dominantOf(weighed, 'vcpu-stuck', ['stopped'], isVcpuOnly), ruling: vcpuStoppedRuling },
    { of: dominantOf(weighed, 'sender-throttled', ['throttled']), ruling: throttledRuling },
    { of: dominantOf(weighed, 'sender-starved', ['runnable']), ruling: starvedRuling },
    { of: dominantOf(weighed, 'sender-paging', ['paging']), ruling: pagingRuling },
    { of: dominantOf(weighed, 'qemu-stalled', ['blocked'], isStall), ruling: stalledRuling },
    { of: dominantOf(weighed, 'sender-blocked', ['blocked'], (claim) => !isStall(claim)), ruling: blockedRuling },
    {
      of: dominantOf(weighed, 'vm-stopped', ['vm-stopped']),
      ruling: (of: Reading, dominant: Dominant) =>
        vmStoppedRuling(
          of,
          dominant,
          state.standstill.find((one) => felt(one, subject).from === dominant.claims[0]?.window.from),
        ),
    },
  ].toSorted((a, b) => b.of.share - a.of.share)
  const [top] = options
  if (state.stuck !== undefined && (top === undefined || top.of.share < 0.5)) {
    const stuck = state.stuck.claims.map((one) => ({ ...one, detail: `${vcpuOnly}, ${one.detail}` }))
    return { claims: [...claims, ...stuck], rest, ruling: stuckRuling(reading, state.stuck) }
  }
  if (top !== undefined && top.of.share >= 0.25) {
    const ruling = besideStoppedVcpu(top.ruling(weighed, top.of), state, top.of.share, subject)
    // A guest that went on with other traffic was not standing still as a whole.
    const isContradicted =
      subject.late.wire === 'W1-' &&
      top.of.cause !== 'sender-throttled' &&
      top.of.cause !== 'sender-starved' &&
      wasHeardIn(subject, stretchesOf(top.of, state))
    return {
      claims,
      rest,
      ruling: isContradicted ? { ...ruling, confidence: lesserOf(ruling.confidence, 'possible') } : ruling,
    }
  }
  const isGuestSeen = state.isAlive || subject.sees.samples || subject.sees.reasons
  if (subject.late.wire === 'W2' && isGuestSeen) {
    const byPhase: Claim = {
      state: 'held',
      window: subject.lateness,
      detail: 'by its phase: issued on time',
      source: 'wire',
      isCoarse: true,
    }
    return { claims: [...claims, byPhase], rest, ruling: held(subject, state.isAlive) }
  }
  return { claims, rest, ruling: insideGuest(reading, state) }
}
