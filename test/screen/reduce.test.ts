// What each command does to what the operator chose.

import { expect, test } from 'vitest'
import { initialState, selectedNumber, type ScreenState, type Stage } from '../../src/screen/state.ts'
import type { Command } from '../../src/screen/command.ts'
import { reduce } from '../../src/screen/reduce.ts'
import { late, quiet, twoLate } from '../fixtures/snapshots.ts'

const three = { ...twoLate, late: [late(4, 10), late(7, 20), late(9, 30)] }
const stage: Stage = { snapshot: three, columns: 60, pageRows: 10, scrollRows: 25 }

const after = (commands: readonly Command[], from: ScreenState = initialState, on = stage): ScreenState =>
  commands.reduce((state, command) => reduce(state, command, on), from)

const newer: Command = { kind: 'step', by: 1 }
const older: Command = { kind: 'step', by: -1 }

test('at first the newest is selected, and stays so as newer ones come', () => {
  expect(selectedNumber(three, initialState)).toBe(9)
  expect(selectedNumber({ ...three, late: [...three.late, late(10, 40)] }, initialState)).toBe(10)
  expect(selectedNumber(quiet, initialState)).toBeUndefined()
})

test('steps go by what is in the list, not by number, and stop at its ends', () => {
  expect(after([older]).selected).toBe(7)
  expect(after([older, older, older, older]).selected).toBe(4)
  expect(after([older, older, newer]).selected).toBe(7)
  expect(after([newer]).selected).toBe(9)
  expect(after([older], initialState, { ...stage, snapshot: quiet })).toEqual(initialState)
})

test('a selected one that the session has forgotten is left for the newest', () => {
  expect(after([older], { ...initialState, selected: 2 }).selected).toBe(7)
})

test('home follows the newest again, end goes to the oldest', () => {
  expect(after([older, { kind: 'newest' }]).selected).toBeUndefined()
  expect(after([{ kind: 'oldest' }]).selected).toBe(4)
  expect(after([{ kind: 'oldest' }], initialState, { ...stage, snapshot: quiet })).toEqual(initialState)
})

test('who opens a window stays with it when a newer late advert comes', () => {
  const open = after([{ kind: 'open' }])
  expect(open).toMatchObject({ pane: 'window', selected: 9, scroll: 0 })
  expect(selectedNumber({ ...three, late: [...three.late, late(10, 40)] }, open)).toBe(9)
  expect(after([{ kind: 'close' }], open).pane).toBe('overview')
})

test('there is no window to open while nothing was late', () => {
  expect(after([{ kind: 'open' }], initialState, { ...stage, snapshot: quiet }).pane).toBe('overview')
})

test('scrolling stops at both ends, however often a key is pressed', () => {
  const down: Command = { kind: 'scroll', by: 1, unit: 'page' }
  const up: Command = { kind: 'scroll', by: -1, unit: 'row' }
  expect(after([down]).scroll).toBe(9)
  expect(after([down, down, down, down, down]).scroll).toBe(25)
  expect(after([down, down, down, down, down, up]).scroll).toBe(24)
  expect(after([up, up]).scroll).toBe(0)
  expect(after([{ kind: 'scroll', by: 1, unit: 'all' }]).scroll).toBe(25)
  expect(after([up], { ...initialState, scroll: 90 }).scroll).toBe(24)
})

test('another late advert is read from its top', () => {
  expect(after([older], { ...initialState, scroll: 12 }).scroll).toBe(0)
})

test('a pause holds what was shown, and the second one lets go', () => {
  const held = after([{ kind: 'pause' }])
  expect(held.held).toBe(three)
  expect(after([{ kind: 'pause' }], held).held).toBeUndefined()
  const more = { ...three, late: [...three.late, late(10, 40)] }
  expect(selectedNumber(more, held)).toBe(9)
  expect(after([newer], { ...held, selected: 9 }, { ...stage, snapshot: more }).selected).toBe(9)
})

test('esc goes one step back: help, window, then to the newest and live', () => {
  const deep = after([older, { kind: 'pause' }, { kind: 'open' }, { kind: 'help' }])
  const noHelp = after([{ kind: 'close' }], deep)
  expect(noHelp).toMatchObject({ isHelp: false, pane: 'window' })
  const overview = after([{ kind: 'close' }], noHelp)
  expect(overview).toMatchObject({ pane: 'overview', selected: 7 })
  expect(after([{ kind: 'close' }], overview)).toEqual(initialState)
})

test('what concerns the terminal changes no choice', () => {
  for (const kind of ['repaint', 'suspend', 'quit'] as const) expect(after([{ kind }])).toBe(initialState)
})
