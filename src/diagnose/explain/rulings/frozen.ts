// The cgroup of the sender was frozen, and by whom.

import type { Window } from '../../../time/instant.ts'
import type { Confidence } from '../../explanation.ts'
import { freezerOf } from '../actors.ts'
import type { Ruling } from '../ruling.ts'
import { whenOf } from '../subject.ts'
import { baseName, graded, guestStood, senderName, type Dominant, type Reading } from '../reading.ts'

export function frozenRuling(reading: Reading, dominant: Dominant, stretch: Window): Ruling {
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
