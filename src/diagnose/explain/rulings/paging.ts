// The sender waited for its own memory.

import { formatSpan } from '../../../time/format.ts'
import type { Ruling } from '../ruling.ts'
import { sumOf } from '../stretches.ts'
import { graded, guestStood, senderName, victimOf, type Dominant, type Reading } from '../reading.ts'

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
