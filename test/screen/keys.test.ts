// The one table of keys.

import type { Key } from 'ink'
import { expect, test } from 'vitest'
import { bindings, commandOf, hintsOf, keyHelp, keyNamesOf } from '../../src/screen/keys.ts'

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

test('no key means two things in one pane', () => {
  for (const pane of ['overview', 'window'] as const) {
    const keys = bindings.filter((one) => one.pane === undefined || one.pane === pane).flatMap((one) => one.keys)
    expect(keys).toEqual([...new Set(keys)])
  }
})

test('every binding is in the help of its pane', () => {
  for (const one of bindings) {
    for (const pane of one.pane === undefined ? (['overview', 'window'] as const) : [one.pane]) {
      expect(keyHelp(pane)).toContainEqual([one.keys.join('  '), one.help])
    }
  }
})

test('j and k walk the list in the overview and scroll in the window', () => {
  expect(commandOf('j', 'overview')).toEqual({ kind: 'step', by: -1 })
  expect(commandOf('j', 'window')).toEqual({ kind: 'scroll', by: 1, unit: 'row' })
  expect(commandOf('.', 'window')).toEqual({ kind: 'step', by: 1 })
  expect(commandOf('enter', 'window')).toBeUndefined()
  expect(commandOf('x', 'overview')).toBeUndefined()
})

test('keys are named, also several in one piece', () => {
  expect(keyNamesOf('.', none)).toEqual(['.'])
  expect(keyNamesOf(',,. q', none)).toEqual([',', ',', '.', 'space', 'q'])
  expect(keyNamesOf('', { ...none, downArrow: true })).toEqual(['down'])
  expect(keyNamesOf('\r', { ...none, return: true })).toEqual(['enter'])
  expect(keyNamesOf(',\r\u0003', none)).toEqual([',', 'enter', 'ctrl-c'])
  expect(keyNamesOf('c', { ...none, ctrl: true })).toEqual(['ctrl-c'])
  expect(keyNamesOf('', { ...none, escape: true, meta: true })).toEqual(['esc'])
})

test('a letter with Alt is no key of ours: Alt-q does not quit', () => {
  expect(keyNamesOf('q', { ...none, meta: true })).toEqual([])
})

test('the last line says how to quit and where the help is before all else', () => {
  expect(hintsOf('overview', 80)).toEqual([', . older newer', 'Enter window', 'space pause', '? keys', 'q quit'])
  expect(hintsOf('window', 80)).toEqual([
    ', . older newer',
    'Esc back',
    'j k scroll',
    'space pause',
    '? keys',
    'q quit',
  ])
  expect(hintsOf('overview', 20)).toEqual(['? keys', 'q quit'])
  expect(hintsOf('overview', 5)).toEqual([])
})
