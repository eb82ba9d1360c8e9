// Which part of a finished session a report is about: --flow, --since, --until, from what was typed to what is meant.
//
//   --flow 205 | 192.0.2.2 | tap0 | the id of a flow, as --format json shows it
//   --since 2026-11-22T12:03:20Z | 12:03:20.5 | +90s (from the first packet)

import type { Flow } from '../diagnose/finding.ts'
import type { FinishedSession } from '../engine/finished.ts'
import { epochAt, epochFrom, instantAt, instantOf, type Epoch, type Instant } from '../time/instant.ts'

export interface Selection {
  /** undefined: all of them. */
  readonly flow: string | undefined
  readonly since: Instant | undefined
  readonly until: Instant | undefined
}

export const everything: Selection = { flow: undefined, since: undefined, until: undefined }

export function isOfFlow(flow: Pick<Flow, 'id' | 'link' | 'source' | 'vrid'>, wanted: string | undefined): boolean {
  return (
    wanted === undefined ||
    flow.id === wanted ||
    flow.link === wanted ||
    flow.source === wanted ||
    String(flow.vrid) === wanted
  )
}

const dayNs = 86_400_000_000_000n
const isoTime =
  /^(?<date>\d{4}-\d\d-\d\d)[T ](?<time>\d\d:\d\d(?::\d\d)?)(?:\.(?<fraction>\d{1,9}))?(?<zone>Z|[+-]\d\d:?\d\d)?$/
const clockTime = /^(?<hours>\d\d):(?<minutes>\d\d)(?::(?<seconds>\d\d)(?:\.(?<fraction>\d{1,9}))?)?Z?$/
const offset = /^\+(?<count>\d{1,9}(?:\.\d{1,9})?)(?<unit>ms|s|m|h)?$/
const units: Readonly<Record<string, number>> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }

function isoEpoch(groups: Readonly<Record<string, string | undefined>>): Epoch | undefined {
  const time = groups['time'] ?? ''
  const zone = (groups['zone'] ?? 'Z').replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')
  const ms = Date.parse(`${groups['date']}T${time.length === 5 ? `${time}:00` : time}${zone}`)
  return Number.isNaN(ms) ? undefined : epochFrom(String(ms / 1000), groups['fraction'] ?? '0')
}

/** The first such time of day at or after the first packet, but for one that lies up to an hour before it. */
function clockEpoch(groups: Readonly<Record<string, string | undefined>>, from: Epoch): Epoch | undefined {
  const [hours, minutes, seconds] = [groups['hours'], groups['minutes'], groups['seconds'] ?? '0'].map(Number)
  if (hours === undefined || minutes === undefined || seconds === undefined) return undefined
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  const inDay = epochFrom(String(hours * 3600 + minutes * 60 + seconds), groups['fraction'] ?? '0')
  const today = (from / dayNs) * dayNs + inDay
  return (today + dayNs / 24n < from ? today + dayNs : today) as Epoch
}

/** undefined when it is no time. */
export function parseTime(text: string, session: Pick<FinishedSession, 'origin' | 'from'>): Instant | undefined {
  const after = offset.exec(text)?.groups
  if (after !== undefined)
    return instantOf(session.from + Number(after['count']) * (units[after['unit'] ?? 's'] ?? 1e9))
  const iso = isoTime.exec(text)?.groups
  const clock = clockTime.exec(text)?.groups
  const epoch =
    iso !== undefined
      ? isoEpoch(iso)
      : clock === undefined
        ? undefined
        : clockEpoch(clock, epochAt(session.from, session.origin))
  return epoch === undefined ? undefined : instantAt(epoch, session.origin)
}
