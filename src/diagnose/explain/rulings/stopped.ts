// The sender was stopped: by a signal, by a tracer, or with its cgroup.

import { formatSpan } from '../../../time/format.ts'
import { second, spanOf } from '../../../time/instant.ts'
import { signalName } from '../../life-facts.ts'
import { tracerOf } from '../actors.ts'
import type { Ruling } from '../ruling.ts'
import { lengthOf, union } from '../stretches.ts'
import { whenOf } from '../subject.ts'
import { graded, guestStood, sampleEvidence, senderName, victimOf, type Dominant, type Reading } from '../reading.ts'
import { frozenRuling } from './frozen.ts'

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
