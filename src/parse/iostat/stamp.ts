// The time stamp of an iostat sample: `2026-11-22T11:00:10+0000`, as S_TIME_FORMAT=ISO makes it (sysstat 12.6.1).
//
// Whole seconds of the wall clock at the moment of the report. Without S_TIME_FORMAT it is the locale's, for example
// `11/22/26 11:44:59`: two of its numbers may be a month, and it has no zone. Such a stamp is refused, never guessed.

import { epochOf, type Epoch } from '../../time/instant.ts'

/** The date, the time of day, the zone: `Z`, `+0000` or `+00:00`. */
const iso =
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)[T ](?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)(?:Z|(?<sign>[+-])(?<zoneHour>\d\d):?(?<zoneMinute>\d\d))$/

const remedy = 'run iostat with S_TIME_FORMAT=ISO TZ=UTC and -t'

export const missingStamp = `a sample without a time stamp: ${remedy}`

/** The instant of a stamp, or a sentence that says why there is none. */
export function parseStamp(text: string): Epoch | string {
  const parts = iso.exec(text.trim())?.groups
  if (parts === undefined) return `a time stamp that is not ISO 8601 with a zone: ${remedy}`
  const [year, month, day, hour, minute, second] = ['year', 'month', 'day', 'hour', 'minute', 'second'].map((part) =>
    Number(parts[part]),
  ) as [number, number, number, number, number, number]
  const isDay = month >= 1 && month <= 12 && new Date(Date.UTC(year, month - 1, day)).getUTCDate() === day
  // 60: a leap second.
  if (!isDay || hour > 23 || minute > 59 || second > 60) return 'a time stamp that does not exist'
  const ms = Date.UTC(year, month - 1, day, hour, minute, second)
  const zoneMinutes = Number(parts['zoneHour'] ?? 0) * 60 + Number(parts['zoneMinute'] ?? 0)
  const eastMs = (parts['sign'] === '-' ? -zoneMinutes : zoneMinutes) * 60_000
  return epochOf(BigInt(ms - eastMs) * 1_000_000n)
}
