// The sender was held in a call, and by whom.

import { formatSpan } from '../../../time/format.ts'
import { instantOf, spanOf, type Window } from '../../../time/instant.ts'
import type { Confidence } from '../../explanation.ts'
import { signalName } from '../../life-facts.ts'
import { callersNear, isReadingCall, readerOf, stopsBySignal } from '../actors.ts'
import { fileNameOf } from '../kernel-course.ts'
import type { Ruling } from '../ruling.ts'
import { lengthOf } from '../stretches.ts'
import { whenOf, type Subject } from '../subject.ts'
import { graded, namedSender, senderName, victimOf, type Dominant, type Reading } from '../reading.ts'

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
  const named = namedSender(subject)
  return {
    cause: 'sender-blocked',
    confidence: graded(reading, dominant, cap),
    summary: `Never issued in time: ${senderName(subject)} was held ${claim?.detail ?? 'in a call'} for ${formatSpan(lengthOf(claim?.window ?? reading.lateness))}${reader === undefined ? '' : `, which ${reader.comm} (${reader.pid}) did not read`}.`,
    culprit:
      reader !== undefined
        ? { kind: 'process', pid: reader.pid, comm: reader.comm, name: file }
        : named === undefined || file === ''
          ? victimOf(subject)
          : { ...named, name: file },
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
