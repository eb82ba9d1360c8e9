// The sender's cgroup had used up its CPU quota.

import { formatSpan } from '../../../time/format.ts'
import { spanOf } from '../../../time/instant.ts'
import type { Ruling } from '../ruling.ts'
import { quotaOf } from '../quota.ts'
import { lengthOf, sumOf } from '../stretches.ts'
import { baseName, graded, guestStood, senderName, type Dominant, type Reading } from '../reading.ts'

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
