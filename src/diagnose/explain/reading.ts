// From the painted ledger to a cause: which state covers most of the lateness, and who put the sender into it.

import { formatSpan } from '../../time/format.ts'
import { instantOf, millisecond, second, spanOf, type Window } from '../../time/instant.ts'
import type { Cause, Confidence, Culprit, LedgerState } from '../explanation.ts'
import { signalName } from '../life-facts.ts'
import { callersNear, cpuOwners, freezerOf, isReadingCall, readerOf, stopsBySignal, tracerOf } from './actors.ts'
import { fileNameOf } from './kernel-course.ts'
import { windowsOf, type Claim, type Painted } from './claim.ts'
import { confidenceOfShare, lesserOf, type Ruling } from './ruling.ts'
import { quotaOf } from './quota.ts'
import type { Courses } from './courses.ts'
import { lengthOf, sumOf, union } from './stretches.ts'
import { whenOf, type Subject } from './subject.ts'

/** What one state says: the stretch that it covers, and the claims behind it. */
export interface Dominant {
  readonly cause: Cause
  readonly share: number
  readonly windows: readonly Window[]
  readonly claims: readonly Claim[]
}

export interface Reading {
  readonly subject: Subject
  readonly courses: Courses
  readonly painted: readonly Painted[]
  readonly lateness: Window
}

export function dominantOf(
  reading: Reading,
  cause: Cause,
  states: readonly LedgerState[],
  is: (claim: Claim) => boolean = () => true,
): Dominant {
  const chosen = reading.painted.filter((one) => states.includes(one.claim.state) && is(one.claim))
  const windows = windowsOf(chosen, states)
  return {
    cause,
    share: sumOf(windows) / Math.max(1, lengthOf(reading.lateness)),
    windows,
    claims: chosen.flatMap((one) => one.claims),
  }
}

const senderName = (subject: Subject): string => {
  const { sender } = subject
  if (sender === undefined) return 'the sender'
  return sender.name === sender.comm
    ? `${sender.comm} (${sender.pid})`
    : `${sender.name} (${sender.comm} ${sender.pid})`
}

export function victimOf(subject: Subject): Culprit | undefined {
  const { sender } = subject
  if (sender === undefined) return undefined
  return { kind: sender.kind === 'qemu' ? 'vm' : 'process', pid: sender.pid, comm: sender.comm, name: sender.name }
}

const guestStood = (subject: Subject): string =>
  subject.sender?.kind === 'qemu' ? 'the guest stood still because ' : ''

const baseName = (path: string): string => path.split('/').findLast((part) => part !== '') ?? path

/** How far the edges of a state may lie from the edges of the lateness: paths of some milliseconds, samples of 100. */
const slackOf = ({ subject, lateness }: Reading, claims: readonly Claim[]): number =>
  (subject.sender?.kind === 'qemu' ? 60 : 25) * millisecond +
  (claims.some((one) => one.isCoarse) ? 120 * millisecond : 0) +
  0.05 * lengthOf(lateness)

/**
 * What makes an advert late has begun before it is due, and lasts until it leaves. What begins later can only prolong
 * it, and what ended long before cannot be why it left just now. `grain`: of what comes in pieces, as quotas do.
 */
export function isAlignedWith(
  reading: Reading,
  windows: readonly Window[],
  claims: readonly Claim[],
  grain = 0,
): boolean {
  const first = windows[0]
  const last = windows.at(-1)
  if (first === undefined || last === undefined) return false
  const slack = Math.max(slackOf(reading, claims), grain)
  return (
    reading.lateness.to - last.to <= slack &&
    first.from - reading.lateness.from <= Math.max(slack, 0.2 * lengthOf(reading.lateness))
  )
}

function graded(reading: Reading, dominant: Dominant, cap: Confidence): Confidence {
  const base = lesserOf(confidenceOfShare(dominant.share), cap)
  // A quota's turns come each period, with turns on a CPU between them.
  const grain = dominant.cause === 'sender-throttled' ? 0.3 * lengthOf(reading.lateness) : 0
  return isAlignedWith(reading, dominant.windows, dominant.claims, grain) ? base : lesserOf(base, 'possible')
}

export function stoppedRuling(reading: Reading, dominant: Dominant): Ruling {
  const { subject, courses } = reading
  const name = senderName(subject)
  const stop = courses.stops.find((one) => dominant.claims.some((claim) => claim.window.from === one.window.from))
  const whole = union(
    dominant.claims.map((one) => one.window),
    0.2 * second,
  )
  const stretch = whole.find((one) => one.to >= (dominant.windows.at(-1)?.from ?? 0)) ?? reading.lateness
  if (stop !== undefined) {
    const by = stop.by === undefined ? undefined : `${stop.by.comm} (${stop.by.pid})`
    return {
      cause: 'sender-stopped',
      confidence: graded(reading, dominant, by === undefined ? 'likely' : 'certain'),
      summary: `Never issued: ${guestStood(subject)}${name} was stopped by ${signalName(stop.signal)}${by === undefined ? '' : ` of ${by}`} for ${formatSpan(lengthOf(stop.window))}.`,
      culprit:
        stop.by === undefined
          ? victimOf(subject)
          : { kind: 'process', pid: stop.by.pid, comm: stop.by.comm, name: stop.by.comm },
      evidence: [
        `${signalName(stop.signal)} to ${name}${by === undefined ? '' : ` by ${by}`}, ${whenOf(subject, stop.window.from)}`,
        ...(stop.isEnded
          ? [
              `it went on ${whenOf(subject, stop.window.to)}; the advert left ${formatSpan(spanOf(subject.late.at - stop.window.to))} later`,
            ]
          : []),
        ...sampleEvidence(reading),
      ],
      settledBy:
        by === undefined
          ? [
              'bpftrace -e \'tracepoint:signal:signal_generate /args->sig == 19/ { printf("%s %d -> %d\\n", comm, pid, args->pid); }\'',
            ]
          : [],
    }
  }
  if (dominant.claims.some((one) => one.state === 'frozen')) return frozenRuling(reading, dominant, stretch)
  const isTraced = dominant.claims.some((one) => one.detail.includes('tracer'))
  const tracer = isTraced ? tracerOf(subject, stretch, new Set(subject.sender?.tids)) : undefined
  return {
    cause: 'sender-stopped',
    confidence: graded(reading, dominant, tracer === undefined ? 'likely' : 'certain'),
    summary: `Never issued: ${guestStood(subject)}${name} was stopped${isTraced ? ' by a tracer' : ' by a signal'}${tracer === undefined ? '' : `, ${tracer.comm} (${tracer.pid})`}.`,
    culprit:
      tracer === undefined
        ? victimOf(subject)
        : { kind: 'process', pid: tracer.pid, comm: tracer.comm, name: tracer.comm },
    evidence: [
      ...sampleEvidence(reading),
      ...(tracer === undefined ? [] : [`${tracer.comm} (${tracer.pid}) called ptrace as it began and as it ended`]),
    ],
    settledBy:
      tracer === undefined
        ? ['record with sysdig or bpftrace, too: they see who stopped it (whylate live --engine auto)']
        : [],
  }
}

function frozenRuling(reading: Reading, dominant: Dominant, stretch: Window): Ruling {
  const { subject, courses } = reading
  const path = courses.frozen.find((one) =>
    dominant.claims.some((claim) => claim.window.from <= one.window.to && claim.window.to >= one.window.from),
  )?.path
  const writer = freezerOf(subject, stretch, path)
  const folder = path ?? (writer === undefined ? 'its cgroup' : writer.file.replace(/\/[^/]*$/, ''))
  // Without the cgroup's own word it is a guess that it was this one that was frozen.
  const guess: Confidence = subject.sender?.kind === 'qemu' ? 'possible' : 'likely'
  const cap: Confidence = path === undefined ? guess : writer === undefined ? 'likely' : 'certain'
  return {
    cause: 'sender-stopped',
    confidence: graded(reading, dominant, cap),
    summary: `Never issued: ${guestStood(subject)}the cgroup ${baseName(folder)} of ${senderName(subject)} was frozen${writer === undefined ? '' : ` by ${writer.comm} (${writer.pid})`}.`,
    culprit: { kind: 'cgroup', pid: writer?.pid, comm: writer?.comm, name: baseName(folder) },
    evidence: [
      `cgroup ${folder} was frozen, and nothing of ${senderName(subject)} ran meanwhile`,
      ...(writer === undefined
        ? []
        : [`${writer.comm} (${writer.pid}) wrote ${writer.file}, ${whenOf(subject, writer.at)}`]),
    ],
    settledBy:
      writer === undefined ? [`bpftrace -e 'tracepoint:cgroup:cgroup_freeze { printf("%s %d\\n", comm, pid); }'`] : [],
  }
}

function sampleEvidence({ subject, courses, lateness }: Reading): string[] {
  const letters = [...courses.sampled].flatMap(([tid, samples]) => {
    const inside = samples.filter((one) => one.at >= lateness.from && one.at <= lateness.to)
    const stopped = inside.filter((one) => one.state === 'T' || one.state === 't')
    return stopped.length === 0
      ? []
      : [{ tid, state: stopped[0]?.state ?? 'T', count: stopped.length, of: inside.length }]
  })
  const [first] = letters
  if (first === undefined) return []
  const others = (subject.sender?.tids.length ?? 1) - letters.length
  return [
    `${letters.length === 1 ? `thread ${first.tid}` : `${letters.length} threads`} of it in state ${first.state} in ${first.count} of ${first.of} samples${others > 0 && letters.length === 1 && subject.sender?.kind === 'qemu' ? ', its other threads not' : ''}`,
  ]
}

export function throttledRuling(reading: Reading, dominant: Dominant): Ruling {
  const { subject, courses } = reading
  // A timer that was armed late was held up in the gap, before the advert was due.
  const quota = quotaOf(courses, reading.lateness) ?? quotaOf(courses, subject.gap)
  const path = quota?.path ?? 'its cgroup'
  return {
    cause: 'sender-throttled',
    confidence: graded(reading, dominant, courses.isThrottlingAmbiguous ? 'possible' : 'likely'),
    summary: `Never issued in time: ${guestStood(subject)}the cgroup ${baseName(path)} of ${senderName(subject)} had used up its CPU quota.`,
    culprit: { kind: 'cgroup', pid: undefined, comm: undefined, name: baseName(path) },
    evidence: [
      `cgroup ${path} was throttled for ${formatSpan(spanOf(quota?.ns ?? 0))} in ${quota?.periods ?? 0} periods, on all CPUs together`,
      `the sender waited ${formatSpan(sumOf(dominant.windows))} of the ${formatSpan(lengthOf(reading.lateness))} for a CPU`,
    ],
    settledBy: [`raise the quota: cat ${path}/cpu.max ${path}/cpu.cfs_quota_us; systemctl set-property … CPUQuota=`],
  }
}

/** The CPU that it got in the end, which is the one in whose queue it stood last. */
function cpuWaitedFor({ courses }: Reading, dominant: Dominant): number | undefined {
  const end = dominant.windows.at(-1)?.to
  if (end === undefined) return undefined
  const arrivals = [...courses.kernel.values()].flatMap((course) => course.arrivals)
  return arrivals.find((one) => Math.abs(one.at - end) < 2 * millisecond)?.cpu
}

export function starvedRuling(reading: Reading, dominant: Dominant): Ruling {
  const { subject, courses } = reading
  const cpu = cpuWaitedFor(reading, dominant)
  const owners = cpu === undefined ? [] : cpuOwners(subject, dominant.windows, cpu)
  const waited = sumOf(dominant.windows)
  const [first] = owners
  const isTaken = first !== undefined && first.ns >= 0.5 * waited
  // A throttled thread looks exactly like a starved one, whoever is on the CPU meanwhile; only the quota's counters tell.
  const quota = quotaOf(courses, reading.lateness)
  const isQuotaOut = courses.isQuotaOut && (quota === undefined || quota.ns < 0.2 * waited)
  const cap: Confidence = isQuotaOut && subject.sees.samples ? 'likely' : 'possible'
  return {
    cause: 'sender-starved',
    confidence: graded(reading, dominant, cap),
    summary: `Never issued in time: ${guestStood(subject)}${senderName(subject)} was ready to run and waited ${formatSpan(waited)} for a CPU${isTaken ? `, which ${first.comm} (${first.pid}) had` : ''}.`,
    culprit: isTaken ? { kind: 'process', pid: first.pid, comm: first.comm, name: first.comm } : victimOf(subject),
    evidence: [
      ...(courses.isQuotaSeen || courses.isQuotaOut
        ? []
        : ['a CPU quota looks the same, and no cpu.stat of its cgroup was sampled']),
      ...(quota === undefined
        ? []
        : [`its cgroup ${quota.path} was throttled for ${formatSpan(spanOf(quota.ns))} meanwhile: a part of it`]),
      `run delay of the sender: ${formatSpan(waited)} of ${formatSpan(lengthOf(reading.lateness))}`,
      ...owners.slice(0, 3).map((one) => `${one.comm} (${one.pid}) ran for ${formatSpan(spanOf(one.ns))} of it`),
    ],
    settledBy: isTaken
      ? [`chrt -p ${first.pid}; taskset -p ${first.pid}: why it outranks the sender; vrrp_rt_priority for keepalived`]
      : ['perf sched record -a sleep 60: who had the CPU; cat /sys/fs/cgroup/**/cpu.stat: no quota?'],
  }
}

export function pagingRuling(reading: Reading, dominant: Dominant): Ruling {
  const { subject } = reading
  return {
    cause: 'sender-paging',
    // One look in state D is a moment, not a stretch.
    confidence: graded(reading, dominant, dominant.claims.length > 1 ? 'likely' : 'possible'),
    summary: `Never issued in time: ${guestStood(subject)}${senderName(subject)} waited for its own memory to be read back from disk.`,
    culprit: victimOf(subject),
    evidence: [`major page faults in state D for ${formatSpan(sumOf(dominant.windows))}`],
    settledBy: ['vrrp_no_swap in keepalived.conf; for a guest: hugepages or <locked/>; grep VmSwap /proc/PID/status'],
  }
}

/** It went on reading meanwhile: then it was not what the sender waited for. */
function hasRead(subject: Subject, pid: number, file: string, window: Window): boolean {
  const edge = 0.1 * lengthOf(window)
  const inside = { from: instantOf(window.from + edge), to: instantOf(window.to - edge) }
  return callersNear(subject, inside, (call, name) => isReadingCall(call) && fileNameOf(name) === file).some(
    (one) => one.pid === pid,
  )
}

export function blockedRuling(reading: Reading, dominant: Dominant): Ruling {
  const { subject } = reading
  const byLength = dominant.claims.toSorted((a, b) => lengthOf(b.window) - lengthOf(a.window))
  const [claim] = byLength
  const file = / of (.*)$/.exec(claim?.detail ?? '')?.[1] ?? ''
  const reader = file === '' ? undefined : readerOf(subject, file)
  const stop = reader === undefined ? undefined : stopsBySignal(subject, new Set([reader.pid])).at(-1)
  const isCall = claim?.source === 'calls'
  // A thread that is throttled or waits for a CPU inside a call looks blocked in it, unless its run delay is known.
  const isDelaySeen = subject.sees.samples || subject.sees.reasons
  const isReading = reader !== undefined && claim !== undefined && hasRead(subject, reader.pid, file, claim.window)
  const isProved = isCall && reader !== undefined && !isReading
  const cap: Confidence = !isCall || isReading ? 'possible' : isProved ? 'certain' : isDelaySeen ? 'likely' : 'possible'
  const victim = victimOf(subject)
  return {
    cause: 'sender-blocked',
    confidence: graded(reading, dominant, cap),
    summary: `Never issued in time: ${senderName(subject)} was held ${claim?.detail ?? 'in a call'} for ${formatSpan(lengthOf(claim?.window ?? reading.lateness))}${reader === undefined ? '' : `, which ${reader.comm} (${reader.pid}) did not read`}.`,
    culprit:
      reader !== undefined
        ? { kind: 'process', pid: reader.pid, comm: reader.comm, name: file }
        : victim === undefined
          ? undefined
          : { ...victim, name: file === '' ? victim.name : file },
    evidence: [
      ...(claim === undefined
        ? []
        : [
            `${claim.detail} from ${whenOf(subject, claim.window.from)} until ${formatSpan(spanOf(subject.late.at - claim.window.to))} before the advert left`,
          ]),
      ...(stop !== undefined && reader !== undefined
        ? [
            `${reader.comm} (${reader.pid}), which reads it, had been stopped by ${signalName(stop.signal)}${stop.by === undefined ? '' : ` of ${stop.by.comm} (${stop.by.pid})`}, ${whenOf(subject, stop.window.from)}`,
          ]
        : []),
    ],
    settledBy: file.startsWith('/dev/log')
      ? ['ss -xp | grep /dev/log: is the queue full; is the logger alive, and what does it wait for']
      : [`cat /proc/${subject.sender?.pid ?? 'PID'}/stack and wchan while it is late`],
  }
}

export function stalledRuling(reading: Reading, dominant: Dominant): Ruling {
  const { subject } = reading
  const claim = dominant.claims.toSorted((a, b) => lengthOf(b.window) - lengthOf(a.window))[0]
  const isTraced = claim?.detail.includes('tracer') ?? false
  const tracer =
    isTraced && claim !== undefined ? tracerOf(subject, claim.window, new Set(subject.sender?.tids)) : undefined
  const by = tracer === undefined ? '' : ` by ${tracer.comm} (${tracer.pid})`
  return {
    cause: 'qemu-stalled',
    confidence: graded(reading, dominant, tracer === undefined ? 'likely' : 'certain'),
    summary: `Never issued in time: the guest stood still because the main loop of ${senderName(subject)} ${isTraced ? `was stopped${by}` : `was held up (${claim?.detail ?? ''})`}.`,
    culprit:
      tracer === undefined
        ? victimOf(subject)
        : { kind: 'process', pid: tracer.pid, comm: tracer.comm, name: tracer.comm },
    evidence: [
      ...(claim === undefined ? [] : [`${claim.detail}, from ${whenOf(subject, claim.window.from)}`]),
      ...sampleEvidence(reading),
      ...(tracer === undefined ? [] : [`${tracer.comm} (${tracer.pid}) called ptrace as it began and as it ended`]),
    ],
    settledBy:
      tracer === undefined
        ? [
            `cat /proc/${subject.sender?.pid ?? 'PID'}/stack while it is late; virsh qemu-monitor-command … query-status`,
          ]
        : [],
  }
}

/** The vCPUs were stopped one by one, while qemu's main loop went on. */
export function vcpuStoppedRuling(reading: Reading, dominant: Dominant): Ruling {
  const { subject } = reading
  const [claim] = dominant.claims
  const tracer = claim === undefined ? undefined : tracerOf(subject, claim.window, new Set(subject.sender?.tids))
  return {
    cause: 'vcpu-stuck',
    confidence: graded(reading, dominant, 'likely'),
    summary: `Never issued: the guest stood still because its vCPU thread was stopped${tracer === undefined ? '' : ` by ${tracer.comm} (${tracer.pid})`}, and no other thread of ${senderName(subject)}.`,
    culprit:
      tracer === undefined
        ? victimOf(subject)
        : { kind: 'process', pid: tracer.pid, comm: tracer.comm, name: tracer.comm },
    evidence: [...(claim === undefined ? [] : [claim.detail]), ...sampleEvidence(reading)],
    settledBy: [`cat /proc/${subject.sender?.pid ?? 'PID'}/task/*/status | grep -E "Name|State|TracerPid"`],
  }
}

/** Whoever spoke to qemu's monitor around the beginning of a stop. */
export function monitorClient(subject: Subject, stretch: Window): string | undefined {
  const window = { from: instantOf(stretch.from - 0.5 * second), to: instantOf(stretch.from + 20 * millisecond) }
  const clients = callersNear(subject, window, (_, file) => /(qmp|monitor)[^/]*\.sock|monitor\.sock|qmp/.test(file))
  const last = clients.at(-1)
  return last === undefined ? undefined : `${last.comm} (${last.pid})`
}

export function vmStoppedRuling(
  reading: Reading,
  dominant: Dominant,
  standstill: { readonly window: Window; readonly isBracketed: boolean; readonly isShift: boolean } | undefined,
): Ruling {
  const { subject } = reading
  const isBracketed = standstill?.isBracketed ?? false
  const stretch = standstill?.window ?? reading.lateness
  const client = monitorClient(subject, stretch)
  const cap: Confidence =
    isBracketed && subject.sees.senderCalls ? (client === undefined ? 'likely' : 'certain') : 'possible'
  return {
    cause: 'vm-stopped',
    confidence: graded(reading, dominant, cap),
    summary: `Never issued: ${senderName(subject)} ${isBracketed ? 'had its guest stopped (stop … cont at its monitor)' : 'did not run its guest, while qemu itself was healthy'} for ${formatSpan(lengthOf(stretch))}.`,
    culprit: victimOf(subject),
    evidence: [
      `all vCPU threads lay in one wait for ${formatSpan(lengthOf(stretch))}; no thread of qemu was stopped, blocked or short of a CPU`,
      ...(standstill?.isShift === true
        ? [
            `the advert was late by as much: the guest saw no time pass from ${whenOf(subject, stretch.from)} to ${whenOf(subject, stretch.to)}`,
          ]
        : []),
      ...(isBracketed ? ['the monitor’s thread was at work as it began and as it ended: a command on both sides'] : []),
      ...(client === undefined ? [] : [`${client} was speaking to the monitor then`]),
    ],
    settledBy: isBracketed
      ? ['virsh domstate --reason; grep -E "initiating|shutting|paused" /var/log/libvirt/qemu/*.log']
      : [
          'virsh domstate --reason DOMAIN; virsh event --all --timestamp: suspended and resumed?',
          'whylate with sysdig in the guest: a guest that was stopped saw no time pass',
        ],
  }
}
