// The sender was ready to run, and somebody else had the CPU.

import { formatSpan } from '../../../time/format.ts'
import { millisecond, spanOf } from '../../../time/instant.ts'
import type { Confidence } from '../../explanation.ts'
import { cpuOwners } from '../actors.ts'
import type { Ruling } from '../ruling.ts'
import { quotaOf } from '../quota.ts'
import { lengthOf, sumOf } from '../stretches.ts'
import { graded, guestStood, senderName, victimOf, type Dominant, type Reading } from '../reading.ts'

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
