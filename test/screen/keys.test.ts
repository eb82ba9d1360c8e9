// The one table of keys.

import type { Key } from 'ink'
import { expect, test } from 'vitest'
import { bindings } from '../../src/screen/bindings.ts'
import type { KeyPlace } from '../../src/screen/binding.ts'
import { commandOf, hintsOf, keyHelp, keyNamesOf } from '../../src/screen/keys.ts'

const none: Key = {
  upArrow: false,
  downArrow: false,
  leftArrow: false,
  rightArrow: false,
  pageDown: false,
  pageUp: false,
  home: false,
  end: false,
  return: false,
  escape: false,
  ctrl: false,
  shift: false,
  tab: false,
  backspace: false,
  delete: false,
  meta: false,
  super: false,
  hyper: false,
  capsLock: false,
  numLock: false,
}

const live = (pane: KeyPlace['pane']): KeyPlace => ({ pane, mode: 'live' })
const replay = (pane: KeyPlace['pane']): KeyPlace => ({ pane, mode: 'replay' })
const places = (['overview', 'window', 'item', 'timeline', 'events', 'compare', 'prompt'] as const).flatMap((pane) => [
  live(pane),
  replay(pane),
])

test('the help of a place tells each key once, with what it does there', () => {
  for (const place of places) {
    const told = keyHelp(place).flatMap(([keys, help]) => keys.split('  ').map((key) => [key, help] as const))
    expect(told.map(([key]) => key)).toEqual([...new Set(told.map(([key]) => key))])
    for (const [key, help] of told) {
      const binding = bindings.find((one) => one.help === help && one.keys.includes(key))
      expect(commandOf(key, place)).toEqual(binding?.command)
    }
  }
})

test('every binding can be reached somewhere', () => {
  const told = new Set(places.flatMap((place) => keyHelp(place).map(([, help]) => help)))
  expect(bindings.map((one) => one.help).filter((help) => !told.has(help))).toEqual([])
})

test('j and k walk the list in the overview and scroll in the window', () => {
  expect(commandOf('j', live('overview'))).toEqual({ kind: 'step', by: -1 })
  expect(commandOf('j', live('window'))).toEqual({ kind: 'scroll', by: 1, unit: 'row' })
  expect(commandOf('.', live('window'))).toEqual({ kind: 'step', by: 1 })
  expect(commandOf('x', live('overview'))).toBeUndefined()
})

test('an arrow goes to a late advert live, and ten seconds on in a replay', () => {
  expect(commandOf('right', live('overview'))).toEqual({ kind: 'step', by: 1 })
  expect(commandOf('right', replay('overview'))).toEqual({ kind: 'seek', bySeconds: 10 })
  expect(commandOf('s', live('overview'))).toBeUndefined()
  expect(commandOf('s', replay('window'))).toEqual({ kind: 'moment', by: 1 })
})

test('a prompt takes every letter, and Ctrl-C leaves it instead of the program', () => {
  for (const letter of ['q', 'm', '/', '?', '.', 'ä', '界'])
    expect(commandOf(letter, live('prompt'))).toEqual({ kind: 'type', text: letter })
  expect(commandOf('space', live('prompt'))).toEqual({ kind: 'type', text: ' ' })
  expect(commandOf('ctrl-c', live('prompt'))).toEqual({ kind: 'cancel' })
  expect(commandOf('ctrl-x', live('prompt'))).toBeUndefined()
  expect(commandOf('left', replay('prompt'))).toBeUndefined()
})

test('keys are named, also several in one piece', () => {
  expect(keyNamesOf('.', none)).toEqual(['.'])
  expect(keyNamesOf(',,. q', none)).toEqual([',', ',', '.', 'space', 'q'])
  expect(keyNamesOf('', { ...none, downArrow: true })).toEqual(['down'])
  expect(keyNamesOf('\r', { ...none, return: true })).toEqual(['enter'])
  expect(keyNamesOf(',\r\u0003', none)).toEqual([',', 'enter', 'ctrl-c'])
  expect(keyNamesOf('c', { ...none, ctrl: true })).toEqual(['ctrl-c'])
  expect(keyNamesOf('', { ...none, escape: true, meta: true })).toEqual(['esc'])
  expect(keyNamesOf('', { ...none, delete: true })).toEqual(['backspace'])
  expect(keyNamesOf('ab\u007f\t', none)).toEqual(['a', 'b', 'backspace', 'tab'])
})

test('the last line says how to quit and where the help is before all else', () => {
  expect(hintsOf(live('overview'), 80)).toEqual([
    ', . older newer',
    'Enter window',
    't timeline',
    'space pause',
    '? keys',
    'q quit',
  ])
  expect(hintsOf(replay('overview'), 80)).toEqual([
    'space play',
    ', . older newer',
    'Enter window',
    't timeline',
    '? keys',
    'q quit',
  ])
  expect(hintsOf(live('window'), 80)).toEqual([
    ', . older newer',
    'Esc back',
    'Enter each fact',
    'j k scroll',
    '? keys',
    'q quit',
  ])
  expect(hintsOf(live('overview'), 20)).toEqual(['? keys', 'q quit'])
  expect(hintsOf(live('overview'), 5)).toEqual([])
})
