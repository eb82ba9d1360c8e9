// Lengths of time as people type them: `300ms`, `30s`, `10m`, `2h`.

import { spanOf, type Span } from '../time/instant.ts'

const units: Readonly<Record<string, number>> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }

/** undefined when it is no length of time. A bare number takes `bareUnit`. */
export function parseDuration(text: string, bareUnit: 'ms' | 's'): Span | undefined {
  const match = /^(?<count>\d+(?:\.\d+)?)(?<unit>ms|s|m|h)?$/.exec(text)
  const count = Number(match?.groups?.['count'] ?? Number.NaN)
  const unit = units[match?.groups?.['unit'] ?? bareUnit]
  return Number.isNaN(count) || unit === undefined ? undefined : spanOf(count * unit)
}
