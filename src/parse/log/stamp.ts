// The beginning of a log line: when, by whose clock, by which program.
//
//   Sun Nov 22 12:28:42 2026: A thread timer expired …                        keepalived's console, and its -g FILE
//   Nov 22 12:28:42 lb01 Keepalived_vrrp[812]: A thread …                     syslog (RFC 3164), journalctl's short form
//   <30>Nov 22 12:28:42 lb01 Keepalived_vrrp[812]: …                          the same as it is sent
//   2026-11-22T12:28:42+0000 lb01 Keepalived_vrrp[812]: …                     journalctl -o short-iso, rsyslog's own form
//   2026-11-22T12:28:42.375374+00:00 lb01 Keepalived_vrrp[812]: …             journalctl -o short-iso-precise, RFC 5424
//
// Console and syslog tell no zone: they are taken for UTC and marked. RFC 3164 tells no year either: the one that is
// nearest to the capture.

import { epochFrom, epochOf, millisecond, second, spanOf, type Epoch, type Span } from '../../time/instant.ts'

export interface Stamped {
  readonly epoch: Epoch
  readonly width: Span
  readonly hasZone: boolean
  /** undefined: keepalived's console names none. */
  readonly program: string | undefined
  readonly text: string
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const month = `(?<month>${months.join('|')})`
const clock = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`
const from = String.raw`(?:[^\s:]{1,255} )?(?<program>[\w./-]{1,64})(?:\[\d{1,10}\])?: ?`
const console_ = new RegExp(
  String.raw`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ${month} {1,2}(?<day>\d{1,2}) ${clock} (?<year>\d{4}): (?<text>.*)$`,
)
const syslog = new RegExp(String.raw`^(?:<\d{1,3}>)?${month} {1,2}(?<day>\d{1,2}) ${clock} ${from}(?<text>.*)$`)
const iso = new RegExp(
  String.raw`^(?:<\d{1,3}>(?:1 )?)?(?<year>\d{4})-(?<isoMonth>\d\d)-(?<day>\d\d)[T ]${clock}(?:[.,](?<fraction>\d{1,9}))?` +
    String.raw`(?:(?<zone>Z)|(?<sign>[+-])(?<zoneHour>\d\d):?(?<zoneMinute>\d\d))? ${from}(?<text>.*)$`,
)

type Groups = Readonly<Record<string, string | undefined>>

/** Milliseconds since 1970, or undefined for a day or time that does not exist. */
function utcOf(groups: Groups, year: number): number | undefined {
  const index =
    groups['isoMonth'] === undefined ? months.indexOf(groups['month'] ?? '') : Number(groups['isoMonth']) - 1
  const [day, hour, minute, seconds] = ['day', 'hour', 'minute', 'second'].map((name) => Number(groups[name]))
  if (day === undefined || hour === undefined || minute === undefined || seconds === undefined) return undefined
  if (index < 0 || index > 11 || hour > 23 || minute > 59 || seconds > 60) return undefined
  if (new Date(Date.UTC(year, index, day)).getUTCDate() !== day) return undefined
  return Date.UTC(year, index, day, hour, minute, seconds)
}

/** The year that puts the day nearest to the capture: a log of new year's eve is of last year. */
function nearestYear(groups: Groups, near: Epoch): number | undefined {
  const nearMs = Number(near / 1_000_000n)
  const year = new Date(nearMs).getUTCFullYear()
  return [year - 1, year, year + 1]
    .flatMap((one) => {
      const ms = utcOf(groups, one)
      return ms === undefined ? [] : [{ one, distance: Math.abs(ms - nearMs) }]
    })
    .toSorted((a, b) => a.distance - b.distance)[0]?.one
}

function stamped(groups: Groups, year: number | undefined): Stamped | undefined {
  const ms = year === undefined ? undefined : utcOf(groups, year)
  if (ms === undefined) return undefined
  const fraction = groups['fraction']
  const hasZone = groups['zone'] !== undefined || groups['sign'] !== undefined
  const zoneMinutes = Number(groups['zoneHour'] ?? 0) * 60 + Number(groups['zoneMinute'] ?? 0)
  const eastMs = (groups['sign'] === '-' ? -zoneMinutes : zoneMinutes) * 60_000
  return {
    epoch: epochFrom(String((ms - eastMs) / 1000), fraction ?? '0'),
    width: fraction === undefined ? second : spanOf(10 ** (9 - fraction.length)),
    hasZone,
    program: groups['program'],
    text: groups['text'] ?? '',
  }
}

/** A line of text; undefined when no stamp stands at its beginning. */
export function parseStampedLine(line: string, near: Epoch): Stamped | undefined {
  const own = console_.exec(line)?.groups
  if (own !== undefined) return stamped(own, Number(own['year']))
  const exact = iso.exec(line)?.groups
  if (exact !== undefined) return stamped(exact, Number(exact['year']))
  const old = syslog.exec(line)?.groups
  return old === undefined ? undefined : stamped(old, nearestYear(old, near))
}

const micros = /^\d{1,17}$/
const programName = /^[\w./-]{1,64}$/

/** A line of `journalctl -o json`: `{"__REALTIME_TIMESTAMP":"1795350522934951","SYSLOG_IDENTIFIER":…,"MESSAGE":…}`. */
export function parseJournalEntry(entry: Readonly<Record<string, unknown>>): Stamped | undefined {
  const stamp = entry['_SOURCE_REALTIME_TIMESTAMP'] ?? entry['__REALTIME_TIMESTAMP']
  const program = entry['SYSLOG_IDENTIFIER'] ?? entry['_COMM']
  const message = entry['MESSAGE']
  if (typeof stamp !== 'string' || !micros.test(stamp) || typeof message !== 'string') return undefined
  return {
    epoch: epochOf(BigInt(stamp) * 1000n),
    width: spanOf(millisecond / 1000),
    hasZone: true,
    program: typeof program === 'string' && programName.test(program) ? program : '',
    text: message,
  }
}
