// What is typed: as it is edited, completed and answered; and what it makes the session do.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { errandsOf, type Errand } from '../../src/screen/errands.ts'
import { goalOf } from '../../src/screen/go-to.ts'
import { completed, erased, openPrompt, typed } from '../../src/screen/prompt.ts'
import { initialState, selectedNumber, wantedLate, type ScreenState } from '../../src/screen/state.ts'
import type { Command } from '../../src/screen/command.ts'
import { reduce } from '../../src/screen/reduce.ts'
import type { Snapshot } from '../../src/engine/snapshot.ts'
import { after, instantOf, spanOf } from '../../src/time/instant.ts'
import { late, quiet, twoLate } from '../fixtures/snapshots.ts'

const at = (seconds: number): ReturnType<typeof instantOf> => instantOf(seconds * 1e9)

/** From 0 s (11:45:26) to 1200 s, standing at 700 s: #1 at 100 s and #2 at 611 s have been, #3 at 1080 s is ahead. */
const replay: Snapshot = {
  ...twoLate,
  mode: 'replay',
  now: at(700),
  late: [late(1, 100), late(2, 611), late(3, 1080)],
  replay: { path: 'n', from: at(0), to: at(1200), isPaused: true, speed: 1, reading: undefined, isSeeking: false },
}

interface Ran {
  readonly state: ScreenState
  readonly errands: readonly Errand[]
}

function ran(commands: readonly Command[], snapshot: Snapshot, from = initialState): Ran {
  const errands: Errand[] = []
  let state = from
  for (const command of commands) {
    const next = reduce(state, command, { snapshot, columns: 60, pageRows: 10, scrollRows: 0 })
    errands.push(...errandsOf(command, state, next, snapshot))
    state = next
  }
  return { state, errands }
}

const answered = (kind: 'go-to' | 'filter' | 'note' | 'export', text: string): Command[] => [
  { kind: 'prompt', for: kind },
  { kind: 'erase', unit: 'all' },
  { kind: 'type', text },
  { kind: 'accept' },
]

test.each([
  ['11:50:26', at(300)],
  ['2026-11-22T11:50:26.5Z', at(300.5)],
  ['+90s', at(790)],
  ['-2m', at(580)],
  ['+1.5h', undefined],
  ['start', at(0)],
  ['end', at(1200)],
  ['12:05:26', at(1200)],
])('go to %s', (text, goal) => {
  const found = goalOf(text, replay)
  expect(found.kind === 'at' ? found.at : undefined).toEqual(goal)
})

test.each([
  ['yesterday', 'yesterday is no time: 12:03:20, +90s, -2m, #4, start or end.'],
  ['12:30:00', '12:30:00 is after all that is known: from 11:45:26 to 12:05:26 UTC.'],
  ['-1h', '-1h is before all that is known: from 11:45:26 to 12:05:26 UTC.'],
  ['#9', 'There is no late advert #9: there are 3.'],
  ['25:00:00', '25:00:00 is no time: 12:03:20, +90s, -2m, #4, start or end.'],
])('%s leads nowhere, and the prompt stays open with the sentence', (text, sentence) => {
  const { state, errands } = ran(answered('go-to', text), replay)
  expect(state.said).toEqual({ text: sentence, isWrong: true })
  expect(state.prompt?.text).toBe(text)
  expect(errands).toEqual([])
})

test('a replay goes there, and shows the newest late advert of that moment', () => {
  const { state, errands } = ran(answered('go-to', '11:50:26'), replay, { ...initialState, selected: 2 })
  expect(errands).toEqual([{ kind: 'seek', to: at(300) }])
  expect(state.prompt).toBeUndefined()
  expect(selectedNumber({ ...replay, now: at(300) }, state)).toBe(1)
})

test('live it chooses the late advert that is nearest', () => {
  const { state, errands } = ran(answered('go-to', '11:55:00'), twoLate)
  expect(state.selected).toBe(1)
  expect(errands).toEqual([])
  const nothing = ran(answered('go-to', '12:00:00'), quiet)
  expect(nothing.state.said?.text).toBe('Nothing was late, so there is no window to go to.')
})

test('a number goes to that late advert, also to one that is ahead', () => {
  const { state, errands } = ran(answered('go-to', '#3'), replay)
  expect(state.selected).toBe(3)
  expect(errands).toEqual([{ kind: 'seek', to: at(1080) }])
})

test('in a replay the steps go through all late adverts, and the position with them', () => {
  expect(selectedNumber(replay, initialState)).toBe(2)
  expect(ran([{ kind: 'step', by: 1 }], replay)).toMatchObject({
    state: { selected: 3 },
    errands: [{ kind: 'seek', to: at(1080) }],
  })
  expect(ran([{ kind: 'step', by: -1 }], replay).errands).toEqual([{ kind: 'seek', to: at(100) }])
  const before = { ...replay, now: at(50) }
  expect(selectedNumber(before, initialState)).toBeUndefined()
  expect(ran([{ kind: 'step', by: 1 }], before).state.selected).toBe(1)
  expect(ran([{ kind: 'step', by: -1 }], before).errands).toEqual([])
})

test('what is played lets go of the chosen one: the newest is shown', () => {
  const chosen = { ...initialState, selected: 1 }
  for (const command of [{ kind: 'pause' }, { kind: 'seek', bySeconds: 10 }, { kind: 'moment', by: 1 }] as const)
    expect(ran([command], replay, chosen).state.selected).toBeUndefined()
})

test('the keys of the transport', () => {
  expect(ran([{ kind: 'pause' }], replay).errands).toEqual([{ kind: 'play' }])
  expect(ran([{ kind: 'pause' }], replay).state.held).toBeUndefined()
  expect(ran([{ kind: 'seek', bySeconds: -10 }], replay).errands).toEqual([{ kind: 'seek', to: at(690) }])
  expect(ran([{ kind: 'moment', by: -1 }], replay).errands).toEqual([{ kind: 'moment', by: -1 }])
  expect(ran([{ kind: 'speed', times: 2 }], replay).errands).toEqual([{ kind: 'speed', to: 2 }])
  const fast = { ...replay, replay: replay.replay === undefined ? undefined : { ...replay.replay, speed: 1024 } }
  expect(ran([{ kind: 'speed', times: 2 }], fast).errands).toEqual([{ kind: 'speed', to: 1024 }])
})

test('Esc stops the reading of a bundle', () => {
  const reading = { share: 0.4, bytesPerSecond: 1e6, leftMs: 1000 }
  const busy = { ...replay, replay: replay.replay === undefined ? undefined : { ...replay.replay, reading } }
  expect(ran([{ kind: 'close' }], busy).errands).toEqual([{ kind: 'stop-reading' }])
  expect(ran([{ kind: 'close' }], busy, { ...initialState, pane: 'window' }).errands).toEqual([])
})

test('a filter narrows the list, the steps and the window, and Esc lifts it', () => {
  const { state } = ran(answered('filter', 'late<1s'), twoLate)
  expect(selectedNumber(twoLate, state)).toBe(1)
  expect(wantedLate(twoLate, state)).toBe(1)
  expect(ran([{ kind: 'step', by: 1 }], twoLate, state).state.selected).toBe(1)
  expect(ran([{ kind: 'close' }], twoLate, state).state.filter).toBeUndefined()
  // Opened again it holds what was typed; emptied it lists all.
  expect(ran([{ kind: 'prompt', for: 'filter' }], twoLate, state).state.prompt?.text).toBe('late<1s')
  expect(ran(answered('filter', ' '), twoLate, state).state.filter).toBeUndefined()
})

test('a note is about the moment at which it was begun', () => {
  const begun = ran([{ kind: 'prompt', for: 'note' }], twoLate)
  const later = { ...twoLate, now: after(twoLate.now, spanOf(8e9)) }
  const { errands } = ran([{ kind: 'type', text: ' disk off ' }, { kind: 'accept' }], later, begun.state)
  expect(errands).toEqual([{ kind: 'note', text: 'disk off', at: twoLate.now }])
  expect(ran([{ kind: 'accept' }], later, begun.state).errands).toEqual([])
})

test('an export asks for its form first, and only where there is a window', () => {
  expect(ran([{ kind: 'prompt', for: 'export' }, { kind: 'accept' }], twoLate).errands).toEqual([
    { kind: 'export', form: 'text' },
  ])
  const html: Command[] = [
    { kind: 'prompt', for: 'export' },
    { kind: 'complete' },
    { kind: 'complete' },
    { kind: 'accept' },
  ]
  expect(ran(html, twoLate).errands).toEqual([{ kind: 'export', form: 'html' }])
  expect(ran(answered('export', 'pdf'), twoLate).state.said?.text).toBe('pdf is no form of a report: text, md or html.')
  expect(ran([{ kind: 'prompt', for: 'export' }], quiet).state).toMatchObject({
    prompt: undefined,
    said: { text: 'Nothing was late, so there is no window to export.' },
  })
})

test('while something is typed no other key does anything, and a cancelled prompt leaves nothing', () => {
  const { state, errands } = ran([{ kind: 'prompt', for: 'note' }, { kind: 'step', by: -1 }, { kind: 'open' }], twoLate)
  expect(state).toMatchObject({ selected: undefined, pane: 'overview' })
  expect(errands).toEqual([])
  expect(ran([{ kind: 'cancel' }], twoLate, state).state).toEqual(initialState)
})

test('a sentence goes with the next key', () => {
  const { state } = ran([{ kind: 'say', said: { text: 'Written to x', isWrong: false } }], twoLate)
  expect(ran([{ kind: 'help' }], twoLate, state).state.said).toBeUndefined()
})

test('letters are taken back whole, words and all', () => {
  const prompt = { ...openPrompt('note', twoLate, undefined), text: 'disk of café 日本' }
  expect(erased(prompt, 'letter').text).toBe('disk of café 日')
  expect(erased(prompt, 'word').text).toBe('disk of café ')
  expect(erased({ ...prompt, text: 'x e\u0301' }, 'letter').text).toBe('x ')
  expect(erased(prompt, 'all').text).toBe('')
  expect(erased({ ...prompt, text: '' }, 'letter').text).toBe('')
})

test('whatever is typed or pasted, no control or format character stays, and it stays short', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
      const prompt = typed(openPrompt('note', twoLate, undefined), text)
      expect(prompt.text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u)
      expect(prompt.text.length).toBeLessThanOrEqual(500)
    }),
  )
})

test('Tab completes as far as it is certain, and shows the choices', () => {
  const prompt = { ...openPrompt('filter', twoLate, undefined), text: 'takeover cause=sender-s' }
  expect(completed(prompt, twoLate)).toEqual({
    prompt: { ...prompt, text: 'takeover cause=sender-st' },
    choices: ['cause=sender-stopped', 'cause=sender-starved'],
  })
  const narrow = { ...prompt, text: 'cause=sender-sta' }
  expect(completed(narrow, twoLate).prompt.text).toBe('cause=sender-starved ')
})

test('Enter goes from the window to its facts one by one, and Esc back', () => {
  const facts: Command[] = [{ kind: 'open' }, { kind: 'open' }, { kind: 'item', by: 1, unit: 'row' }]
  const { state } = ran(facts, twoLate)
  expect(state).toMatchObject({ pane: 'item', item: 1, selected: 2 })
  expect(ran([{ kind: 'item', by: 1, unit: 'all' }], twoLate, state).state.item).toBe(10)
  expect(ran([{ kind: 'item', by: -1, unit: 'all' }], twoLate, state).state.item).toBe(0)
  expect(ran([{ kind: 'close' }], twoLate, state).state.pane).toBe('window')
})
