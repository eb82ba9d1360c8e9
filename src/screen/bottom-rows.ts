// The last rows: the keys, or the line that is typed into with what can be typed, and a sentence when there is one to say.

import { hostText, widthOf, wrap } from '../report/display-width.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { formatClock } from '../time/format.ts'
import { apart, cell, fitted, type Row } from './cells.ts'
import { stretchOf } from './go-to.ts'
import type { Size } from './cells.ts'
import { hintsOf } from './keys.ts'
import type { Prompt } from './prompt.ts'
import { keyPlaceOf, selectedNumber, type ScreenState } from './state.ts'

/** Of a pane that is not high a sentence takes no more than it can spare. */
const mostSaid = (height: number): number => Math.max(0, Math.min(3, Math.floor((height - 4) / 2)))
const longestSaid = 1000

function hintOf(prompt: Prompt, snapshot: Snapshot): string {
  const clock = (at: Prompt['at']): string => formatClock(at, snapshot.origin).slice(0, 8)
  switch (prompt.kind) {
    case 'go-to': {
      const { from, to } = stretchOf(snapshot)
      return `12:03:20, +90s, -2m, #4, start, end. There is ${clock(from)} to ${clock(to)} UTC.`
    }
    case 'filter':
      return 'cause= proc=rsyslogd late>1s lat>50ms flow=205 vrid= conf= wire= takeover. Tab completes; nothing lists all.'
    case 'note':
      return `Noted at ${clock(prompt.at)} UTC. Enter keeps it, Esc leaves.`
    case 'export':
      return 'text, md or html: Tab. Enter writes a new file into this directory.'
  }
}

function labelOf(prompt: Prompt, snapshot: Snapshot, state: ScreenState): string {
  switch (prompt.kind) {
    case 'go-to':
      return 'go to'
    case 'filter':
      return 'filter'
    case 'note':
      return 'note'
    case 'export':
      return `export #${selectedNumber(snapshot, state) ?? '-'} as`
  }
}

/** The end of the text stays in view, where letters are added. */
function promptRow(prompt: Prompt, snapshot: Snapshot, state: ScreenState, width: number): Row {
  const label = ` ${labelOf(prompt, snapshot, state)}: `
  const room = Math.max(1, width - widthOf(label) - 2)
  let letters = Array.from(prompt.text).slice(-room)
  while (widthOf(letters.join('')) > room) letters = letters.slice(1)
  return fitted([cell(label, 'title'), cell(hostText(letters.join(''), room)), cell(' ', 'cursor')], width)
}

const sentenceRows = (text: string, meaning: 'late' | 'strong' | 'muted', { columns, rows }: Size): Row[] =>
  wrap(hostText(text, longestSaid), Math.max(10, columns - 2))
    .slice(0, mostSaid(rows))
    .map((line) => [cell(` ${line}`, meaning)])

function keyRow(snapshot: Snapshot, state: ScreenState, place: Row, width: number): Row {
  const paused = state.held === undefined ? [] : [cell('space goes on ', 'cursor')]
  const right = [...paused, ...place]
  const free = width - 1 - right.reduce((sum, one) => sum + widthOf(one.text) + 2, 0)
  const hints = state.isHelp ? ['Esc back', 'j k scroll', 'q quit'] : hintsOf(keyPlaceOf(snapshot, state), free)
  return apart([cell(` ${hints.join('   ')}`, 'muted')], right, width)
}

/** At least one; `place` stands at the right of the keys. */
export function bottomRows(snapshot: Snapshot, state: ScreenState, place: Row, size: Size): Row[] {
  const { prompt, said } = state
  const told = said === undefined ? [] : sentenceRows(said.text, said.isWrong ? 'late' : 'strong', size)
  if (prompt === undefined) return [...told, keyRow(snapshot, state, place, size.columns)]
  const hint = told.length > 0 ? told : sentenceRows(hintOf(prompt, snapshot), 'muted', size)
  return [...hint, promptRow(prompt, snapshot, state, size.columns)]
}
