// The first two lines: what runs and where, and are the probes alive. A probe that is not well gets a line of its own,
// with the reason and what mends it.

import { hostText, widthOf, wrap } from '../report/display-width.ts'
import { glyph } from '../report/glyphs.ts'
import {
  formatRunning,
  longestText,
  ownPhrase,
  probeName,
  probePhrase,
  probeSign,
  probeTrouble,
} from '../report/words.ts'
import type { ProbeView, Snapshot } from '../engine/snapshot.ts'
import { apart, cell, fitted, type Cell, type Row } from './cells.ts'
import { formatIso } from '../time/format.ts'
import { epochAt } from '../time/instant.ts'
import type { Meaning } from './palette.ts'
import type { ScreenState } from './state.ts'

/** `whylate live · node01 · 18 min … own 4 % of a core · 118 MiB`. While paused: how many came since. */
export function headerRow(snapshot: Snapshot, state: ScreenState, columns: number): Row {
  const shown = state.held ?? snapshot
  const known = shown.late.at(-1)?.number ?? 0
  const fresh = snapshot.late.filter((late) => late.number > known).length
  const paused = state.held === undefined ? [] : [cell(' '), cell(` PAUSED ${glyph.dot} ${fresh} new late `, 'cursor')]
  const host = hostText(snapshot.host, Math.max(8, Math.floor(columns / 3)))
  const left = [
    cell(' whylate', 'title'),
    cell(` ${snapshot.mode}`),
    ...paused,
    cell(` ${glyph.dot} ${host} ${glyph.dot} ${since(shown)}`),
  ]
  const own = ownPhrase(shown)
  return own === '' ? fitted(left, columns) : apart(left, [cell(own, 'muted')], columns)
}

/** How long it has been running; of a recording, of which day it is. */
function since({ replay, runningFor, origin, now }: Snapshot): string {
  return replay === undefined ? formatRunning(runningFor) : formatIso(epochAt(now, origin)).slice(0, 10)
}

function probeMeaning(probe: ProbeView): Meaning {
  if (probe.state === 'failed') return 'late'
  if (probe.state === 'ok') return probe.dropped > 0 ? 'warning' : 'ok'
  return probe.state === 'degraded' ? 'warning' : 'unseen'
}

/** Items side by side, as many rows as they need. */
function flowed(items: readonly Row[], columns: number, between = 3): Row[] {
  const rows: Row[] = []
  let row: Cell[] = []
  let used = 0
  for (const item of items) {
    const width = item.reduce((sum, one) => sum + widthOf(one.text), 0)
    if (row.length > 0 && used + between + width > columns) {
      rows.push(row)
      row = []
    }
    const gap = ' '.repeat(row.length === 0 ? 1 : between)
    used = row.length === 0 ? 1 + width : used + between + width
    row.push(cell(gap), ...item)
  }
  return row.length === 0 ? rows : [...rows, row]
}

/** All in at most `maxRows`: with rate and drops where there is room, else each with its sign alone. */
export function probeRows(snapshot: Snapshot, columns: number, maxRows: number): Row[] {
  if (snapshot.probes.length === 0) return [[cell(' no probe yet', 'unseen')]]
  const signed = (probe: ProbeView, phrase: string): Row => [
    cell(probeName(probe), 'strong'),
    cell(` ${probeSign(probe)}`, probeMeaning(probe)),
    cell(phrase === '' ? '' : ` ${phrase}`),
  ]
  const told = snapshot.probes.map((probe) => signed(probe, probePhrase(probe)))
  const [wide, narrow] = [flowed(told, columns), flowed(told, columns, 2)]
  // A rate that becomes longer for a second shall not move all that stands below.
  const long = narrow.length < wide.length ? narrow : wide
  if (long.length <= maxRows) return long
  // Where even the signs do not fit, the one that is cut off is one that is well.
  const worstFirst = snapshot.probes.toSorted((a, b) => Number(isWell(a)) - Number(isWell(b)))
  const short = worstFirst.map((probe) => signed(probe, probe.dropped > 0 ? `drop ${probe.dropped}` : ''))
  return flowed(short, columns, 1).slice(0, maxRows)
}

const isWell = (probe: ProbeView): boolean => probeMeaning(probe) === 'ok'

/** Faults of the session and of its probes, most serious first. */
export function troubleRows(snapshot: Snapshot, columns: number): Row[] {
  const faults = snapshot.fault === undefined ? [] : wrap(hostText(snapshot.fault, longestText), columns - 3)
  const probes = snapshot.probes.flatMap((probe) => {
    const trouble = probeTrouble(probe)
    if (trouble === undefined) return []
    const meaning = probeMeaning(probe)
    return wrap(trouble, columns - 3).map((line, index) => [
      cell(index === 0 ? ` ${probeSign(probe)} ` : '   ', meaning),
      cell(line, meaning === 'late' ? 'plain' : meaning),
    ])
  })
  return [
    ...faults.map((line, index) => [cell(`${index === 0 ? ` ${glyph.failed}` : '  '} ${line}`, 'late')]),
    ...probes,
  ]
}
