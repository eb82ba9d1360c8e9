// What is typed behind `g`, and where it leads.
//
//   12:03:20   2026-11-22T12:03:20Z     a time, as in `report --since`
//   +90s  -2m  90s                      from the position on, or back; live: from now
//   #4         start  end               a late advert by its number; the ends of what there is

import { parseTime } from '../report/selection.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { formatClock } from '../time/format.ts'
import { after, before, instantOf, spanOf, type Instant, type Window } from '../time/instant.ts'

export type Goal =
  | { readonly kind: 'at'; readonly at: Instant }
  | { readonly kind: 'late'; readonly number: number }
  /** It leads nowhere, and why. */
  | { readonly kind: 'wrong'; readonly why: string }

const offset = /^(?<sign>[+-]?)(?<count>\d{1,9}(?:\.\d{1,9})?)(?<unit>ms|s|m|min|h)$/
const units: Readonly<Record<string, number>> = { ms: 1e6, s: 1e9, m: 60e9, min: 60e9, h: 3600e9 }

/** The stretch that there is something to say about. */
export function stretchOf({ replay, now, runningFor }: Snapshot): Window {
  return replay === undefined ? { from: before(now, runningFor), to: now } : { from: replay.from, to: replay.to }
}

function timeOf(text: string, snapshot: Snapshot): Instant | undefined {
  const { from, to } = stretchOf(snapshot)
  if (text === 'start') return from
  if (text === 'end') return to
  const match = offset.exec(text)?.groups
  if (match === undefined) return parseTime(text, { origin: snapshot.origin, from })
  const by = spanOf(Number(match['count']) * (units[match['unit'] ?? 's'] ?? 1e9))
  return match['sign'] === '-' ? before(snapshot.now, by) : after(snapshot.now, by)
}

export function goalOf(typed: string, snapshot: Snapshot): Goal {
  const text = typed.trim()
  const number = /^#(?<number>\d{1,9})$/.exec(text)?.groups?.['number']
  if (number !== undefined) {
    const isKnown = snapshot.late.some((one) => one.number === Number(number))
    return isKnown
      ? { kind: 'late', number: Number(number) }
      : { kind: 'wrong', why: `There is no late advert #${Number(number)}: there are ${snapshot.late.length}.` }
  }
  const at = timeOf(text, snapshot)
  if (at === undefined || !Number.isFinite(at))
    return { kind: 'wrong', why: `${text} is no time: 12:03:20, +90s, -2m, #4, start or end.` }
  const { from, to } = stretchOf(snapshot)
  // A typed time has whole seconds, the ends have not.
  if (at >= from - 1e9 && at <= to + 1e9) return { kind: 'at', at: instantOf(Math.min(to, Math.max(from, at))) }
  const clock = (one: Instant): string => formatClock(one, snapshot.origin).slice(0, 8)
  const side = at < from ? 'before' : 'after'
  const ends = `from ${clock(from)} to ${clock(to)} UTC`
  return { kind: 'wrong', why: `${text} is ${side} all that is known: ${ends}.` }
}
