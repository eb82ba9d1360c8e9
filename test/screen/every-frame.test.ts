// What holds for every frame, whatever the pane, the size and the names of the host: as many rows as there may be, none too
// wide, nothing but what can be printed.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { textOf, widthOfRow } from '../../src/screen/cells.ts'
import { parseFilter, type Filter } from '../../src/screen/filter.ts'
import { frameOf } from '../../src/screen/frame.ts'
import { initialState, type ScreenState } from '../../src/screen/state.ts'
import type { Pane } from '../../src/screen/command.ts'
import { initialTimeline } from '../../src/screen/timeline/stretch.ts'
import type { Snapshot } from '../../src/engine/snapshot.ts'
import { instantOf } from '../../src/time/instant.ts'
import { hostile, hostileSnapshot, noFlows, overdue, probeFailed, quiet, twoLate } from '../fixtures/snapshots.ts'

/** As a record, so that a pane that is added has to be added here. */
const panes: Readonly<Record<Pane, true>> = {
  overview: true,
  window: true,
  item: true,
  timeline: true,
  events: true,
  compare: true,
}

function filterOf(text: string): Filter {
  const filter = parseFilter(text)
  if (filter === undefined || typeof filter === 'string') throw new Error(`${text} is no filter`)
  return filter
}

const asReplay = (snapshot: Snapshot): Snapshot => ({
  ...snapshot,
  mode: 'replay',
  replay: {
    path: snapshot.host,
    from: instantOf(0),
    to: snapshot.now,
    isPaused: true,
    speed: 2,
    reading: undefined,
    isSeeking: false,
  },
})

const longest = ['界', '\u0300', '\u001B]0;', 'x'].map((letter) => letter.repeat(Math.ceil(65_536 / letter.length)))
const evil = [...hostile, ...longest].map(hostileSnapshot)
const snapshots = [quiet, overdue, twoLate, probeFailed, noFlows, ...evil, ...evil.map(asReplay)]

const states: readonly ScreenState[] = (Object.keys(panes) as Pane[]).flatMap((pane) => {
  const state: ScreenState = { ...initialState, pane, selected: 2, marked: 1 }
  return [
    state,
    { ...state, isHelp: true },
    { ...state, held: quiet },
    { ...state, filter: filterOf('proc=a lat>1ms') },
    {
      ...state,
      item: 3,
      scroll: 4,
      timeline: { ...initialTimeline, lane: 5, cursor: instantOf(1083e9), pinned: ['much'] },
    },
    { ...state, said: { text: hostile.join(' '), isWrong: true } },
  ]
})

test('every frame has rows − 1 rows, none wider than columns − 1, and no control character in any', () => {
  fc.assert(
    fc.property(
      fc.nat(snapshots.length - 1),
      fc.nat(states.length - 1),
      fc.integer({ min: 1, max: 310 }),
      fc.integer({ min: 2, max: 60 }),
      fc.constantFrom('utf8' as const, 'ascii' as const),
      (snapshot, state, columns, rows, form) => {
        const frame = frameOf(snapshots[snapshot] ?? quiet, states[state] ?? initialState, { columns, rows }, form)
        expect(frame.rows).toHaveLength(rows - 1)
        for (const row of frame.rows) expect(widthOfRow(row)).toBeLessThanOrEqual(Math.max(1, columns - 1))
        expect(frame.rows.map(textOf).join('')).not.toMatch(
          form === 'ascii' ? /[^\x20-\x7e]/ : /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u,
        )
      },
    ),
    { numRuns: 600 },
  )
}, 60_000)

test('the keys stand on the last row of the overview, whatever there is to show', () => {
  for (const snapshot of [
    ...snapshots,
    ...[1, 2, 5].map((count) => ({ ...twoLate, flows: quiet.flows.slice(0, count) })),
  ])
    for (const rows of [12, 16, 24, 31, 40, 50]) {
      const frame = frameOf(snapshot, initialState, { columns: 100, rows })
      expect(textOf(frame.rows.at(-1) ?? [])).toContain('q quit')
    }
})

test('each hostile name on each pane, in the sizes that people have', () => {
  for (const snapshot of evil)
    for (const state of states)
      for (const [columns, rows] of [
        [80, 24],
        [40, 12],
        [200, 50],
      ] as const) {
        const frame = frameOf(snapshot, state, { columns, rows })
        expect(frame.rows.map(textOf).join('')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u)
        expect(Math.max(...frame.rows.map(widthOfRow))).toBeLessThan(columns)
      }
}, 60_000)

test('the ASCII form has the same columns', () => {
  for (const snapshot of snapshots)
    for (const pane of Object.keys(panes) as Pane[]) {
      const state: ScreenState = { ...initialState, pane, selected: 2, marked: 1 }
      const size = { columns: 80, rows: 24 }
      const utf8 = frameOf(snapshot, state, size)
      const ascii = frameOf(snapshot, state, size, 'ascii')
      expect(ascii.rows.map(widthOfRow)).toEqual(utf8.rows.map(widthOfRow))
    }
}, 60_000)
