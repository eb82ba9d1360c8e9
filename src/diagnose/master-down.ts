// When the backup must take over: Master_Down_Interval of RFC 3768 6.1 (v2) and RFC 9568 6.1 (v3).
//
//   v2: 3 * I + (256 - priority) / 256 seconds       v3: 3 * I + (256 - priority) * I / 256
//
// The priority is the backup's. It is known once the backup has ever spoken; until then both ends of its range are.

import { second, spanOf, type Span } from '../time/instant.ts'
import type { Range } from './finding.ts'

export function masterDownInterval(version: 2 | 3, interval: Span, backupPriority: number): Span {
  const skewUnit = version === 2 ? second : interval
  return spanOf(3 * interval + ((256 - backupPriority) * skewUnit) / 256)
}

/** `priorities`: of the backups that are known. The quickest of them decides. */
export function masterDownRange(version: 2 | 3, interval: Span, priorities: readonly number[]): Range {
  if (priorities.length === 0) {
    return { min: masterDownInterval(version, interval, 255), max: masterDownInterval(version, interval, 1) }
  }
  const known = masterDownInterval(version, interval, Math.max(...priorities))
  return { min: known, max: known }
}
