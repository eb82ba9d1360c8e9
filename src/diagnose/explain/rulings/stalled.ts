// A guest stood still because a thread of its qemu did: the main loop, or a vCPU alone.

import { tracerOf } from '../actors.ts'
import type { Ruling } from '../ruling.ts'
import { lengthOf } from '../stretches.ts'
import { whenOf } from '../subject.ts'
import { graded, sampleEvidence, senderName, victimOf, type Dominant, type Reading } from '../reading.ts'

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
