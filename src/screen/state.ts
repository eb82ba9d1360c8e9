// What the operator chose: which late advert, which pane, how far scrolled, held or live, filtered by what, and what she is
// typing. One reducer changes it; what a command does outside of it is errands.ts.
//
//   overview ──Enter──▶ window ──Enter──▶ item (one suspect or fact) ──Esc──▶ window ──Esc──▶ overview
//   ? opens the help over any, g / m e open a prompt below any

import type { LateAdvert } from '../diagnose/finding.ts'
import type { Snapshot } from '../session/snapshot.ts'
import { fitting, type Filter } from './filter.ts'
import type { KeyPlace } from './keys.ts'
import { answerOf, completed, erased, openPrompt, typed, type Prompt, type PromptKind } from './prompt.ts'

export type Pane = 'overview' | 'window' | 'item'

/** A sentence for the operator; gone with the next key. */
export interface Said {
  readonly text: string
  readonly isWrong: boolean
}

export interface ScreenState {
  readonly pane: Pane
  readonly isHelp: boolean
  /** The number of the late advert that was chosen; undefined: the newest, in a replay the newest at its position. */
  readonly selected: number | undefined
  /** Rows of the window pane above its first visible one. */
  readonly scroll: number
  /** Which of the window's suspects and facts the item pane shows. */
  readonly item: number
  /** What was shown when the view was paused; undefined while it is live. */
  readonly held: Snapshot | undefined
  /** Undefined: all late adverts are listed. */
  readonly filter: Filter | undefined
  readonly prompt: Prompt | undefined
  readonly said: Said | undefined
}

export type Command =
  | { readonly kind: 'step'; readonly by: 1 | -1 }
  | { readonly kind: 'newest' }
  | { readonly kind: 'oldest' }
  | { readonly kind: 'open' }
  | { readonly kind: 'close' }
  | { readonly kind: 'scroll'; readonly by: 1 | -1; readonly unit: 'row' | 'page' | 'all' }
  | { readonly kind: 'item'; readonly by: 1 | -1; readonly unit: 'row' | 'all' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'help' }
  | { readonly kind: 'prompt'; readonly for: PromptKind }
  | { readonly kind: 'type'; readonly text: string }
  | { readonly kind: 'erase'; readonly unit: 'letter' | 'word' | 'all' }
  | { readonly kind: 'complete' }
  | { readonly kind: 'accept' }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'say'; readonly said: Said }
  | { readonly kind: 'seek'; readonly bySeconds: number }
  | { readonly kind: 'moment'; readonly by: 1 | -1 }
  | { readonly kind: 'speed'; readonly times: 2 | 0.5 }
  | { readonly kind: 'repaint' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'quit' }

/** What a command is carried out upon: the newest snapshot, and how far the drawn pane can scroll. */
export interface Stage {
  readonly snapshot: Snapshot
  readonly pageRows: number
  readonly scrollRows: number
}

export const initialState: ScreenState = {
  pane: 'overview',
  isHelp: false,
  selected: undefined,
  scroll: 0,
  item: 0,
  held: undefined,
  filter: undefined,
  prompt: undefined,
  said: undefined,
}

/** Which bindings hold: the help scrolls like a window. */
export function keyPlaceOf(snapshot: Snapshot, state: ScreenState): KeyPlace {
  const pane = state.prompt !== undefined ? 'prompt' : state.isHelp ? 'window' : state.pane
  return { pane, mode: snapshot.mode }
}

/** What the view is drawn from: the held snapshot while paused. */
export const shownOf = (snapshot: Snapshot, state: ScreenState): Snapshot => state.held ?? snapshot

/** The late adverts that are listed, oldest first. */
export const listedOf = (snapshot: Snapshot, state: ScreenState): readonly LateAdvert[] =>
  fitting(shownOf(snapshot, state), state.filter)

/** A position in a recording that is wholly known: what lies behind it has not come yet. */
const isAhead = ({ replay, now }: Snapshot, late: LateAdvert): boolean => replay !== undefined && late.at > now

/** The late advert under the cursor; undefined when there is none. */
export function selectedNumber(snapshot: Snapshot, state: ScreenState): number | undefined {
  const listed = listedOf(snapshot, state)
  const { selected } = state
  // A chosen one stays, also when the session has forgotten it; only a filter takes it away.
  if (selected !== undefined && (state.filter === undefined || listed.some((one) => one.number === selected)))
    return selected
  const shown = shownOf(snapshot, state)
  return listed.findLast((one) => !isAhead(shown, one))?.number
}

/** The window that the session is asked for; undefined: whichever is the newest. */
export const wantedLate = (snapshot: Snapshot, state: ScreenState): number | undefined =>
  state.selected === undefined && state.filter === undefined ? undefined : selectedNumber(snapshot, state)

function chosen(state: ScreenState, late: LateAdvert | undefined): ScreenState {
  return late === undefined ? state : { ...state, selected: late.number, scroll: 0, item: 0 }
}

function stepped(state: ScreenState, by: number, { snapshot }: Stage): ScreenState {
  const listed = listedOf(snapshot, state)
  const number = selectedNumber(snapshot, state)
  const from = listed.findIndex((one) => one.number === number)
  // Before the first one of a replay the next one is the first.
  if (from < 0 && shownOf(snapshot, state).replay !== undefined) return by > 0 ? chosen(state, listed[0]) : state
  return chosen(state, listed[Math.min(listed.length - 1, Math.max(0, (from < 0 ? listed.length - 1 : from) + by))])
}

function scrolled(state: ScreenState, by: number, stage: Stage): ScreenState {
  return { ...state, scroll: Math.min(stage.scrollRows, Math.max(0, Math.min(state.scroll, stage.scrollRows) + by)) }
}

const rowsOf = (unit: 'row' | 'page' | 'all', stage: Stage): number =>
  unit === 'row' ? 1 : unit === 'page' ? Math.max(1, stage.pageRows - 1) : stage.scrollRows

/** Suspects first, then facts: as item-pane.ts lists them. */
export function itemCount({ selected }: Snapshot): number {
  return selected === undefined ? 0 : (selected.explanation?.suspects.length ?? 0) + selected.facts.length
}

function itemOf(state: ScreenState, by: number, unit: 'row' | 'all', { snapshot }: Stage): ScreenState {
  const last = Math.max(0, itemCount(snapshot) - 1)
  const to = unit === 'all' ? (by < 0 ? 0 : last) : Math.min(state.item, last) + by
  return { ...state, item: Math.min(last, Math.max(0, to)) }
}

function opened(state: ScreenState, stage: Stage): ScreenState {
  if (state.isHelp) return { ...state, isHelp: false }
  // Who reads a window is not taken to another one by the next late advert.
  const selected = selectedNumber(stage.snapshot, state)
  if (selected === undefined) return state
  if (state.pane !== 'window') return { ...state, selected, pane: 'window', scroll: 0 }
  return itemCount(stage.snapshot) === 0 ? state : { ...state, selected, pane: 'item', item: 0 }
}

function closed(state: ScreenState): ScreenState {
  if (state.isHelp) return { ...state, isHelp: false, scroll: 0 }
  switch (state.pane) {
    case 'item':
      return { ...state, pane: 'window' }
    case 'window':
      return { ...state, pane: 'overview', scroll: 0 }
    case 'overview':
      return { ...state, selected: undefined, held: undefined, filter: undefined }
  }
}

/** Live there is no position to go to: the late advert that is nearest to it is chosen. */
function nearestTo(at: number, listed: readonly LateAdvert[]): LateAdvert | undefined {
  return listed.toSorted((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at))[0]
}

function accepted(state: ScreenState, prompt: Prompt, { snapshot }: Stage): ScreenState {
  const shown = shownOf(snapshot, state)
  const answer = answerOf(prompt, shown)
  const done = { ...state, prompt: undefined, said: undefined }
  switch (answer.kind) {
    case 'wrong':
      return { ...state, said: { text: answer.why, isWrong: true } }
    case 'filter':
      return { ...done, filter: answer.filter, selected: undefined, scroll: 0, item: 0 }
    case 'late':
      return chosen(
        { ...done, filter: undefined },
        shown.late.find((one) => one.number === answer.number),
      )
    case 'at': {
      if (shown.replay !== undefined) return { ...done, selected: undefined, scroll: 0, item: 0 }
      const nearest = nearestTo(answer.at, listedOf(snapshot, state))
      if (nearest !== undefined) return chosen(done, nearest)
      return { ...done, said: { text: 'Nothing was late, so there is no window to go to.', isWrong: true } }
    }
    case 'note':
    case 'export':
    case 'nothing':
      return done
  }
}

function completedIn(state: ScreenState, prompt: Prompt, { snapshot }: Stage): ScreenState {
  const { prompt: longer, choices } = completed(prompt, shownOf(snapshot, state))
  return {
    ...state,
    prompt: longer,
    said: choices.length === 0 ? undefined : { text: choices.join('  '), isWrong: false },
  }
}

/** While something is typed no other command changes anything. */
function inPrompt(state: ScreenState, prompt: Prompt, command: Command, stage: Stage): ScreenState {
  if (command.kind === 'type') return { ...state, prompt: typed(prompt, command.text), said: undefined }
  if (command.kind === 'erase') return { ...state, prompt: erased(prompt, command.unit), said: undefined }
  if (command.kind === 'complete') return completedIn(state, prompt, stage)
  if (command.kind === 'accept') return accepted(state, prompt, stage)
  return command.kind === 'cancel' ? { ...state, prompt: undefined, said: undefined } : state
}

/** Moved by hand: whatever late advert is the newest there is shown. */
const moved = (state: ScreenState): ScreenState =>
  state.selected === undefined ? state : { ...state, selected: undefined, scroll: 0, item: 0 }

export function reduce(before: ScreenState, command: Command, stage: Stage): ScreenState {
  if (command.kind === 'say') return { ...before, said: command.said }
  if (before.prompt !== undefined) return inPrompt(before, before.prompt, command, stage)
  const state = before.said === undefined ? before : { ...before, said: undefined }
  switch (command.kind) {
    case 'step':
      return stepped(state, command.by, stage)
    case 'newest':
      return { ...chosen(state, listedOf(stage.snapshot, state).at(-1)), selected: newestIn(state, stage) }
    case 'oldest':
      return chosen(state, listedOf(stage.snapshot, state)[0])
    case 'open':
      return opened(state, stage)
    case 'close':
      return closed(state)
    case 'scroll':
      return scrolled(state, command.by * rowsOf(command.unit, stage), stage)
    case 'item':
      return itemOf(state, command.by, command.unit, stage)
    case 'pause':
      if (stage.snapshot.replay !== undefined) return state.pane === 'overview' ? moved(state) : state
      return { ...state, held: state.held === undefined ? stage.snapshot : undefined }
    case 'help':
      return { ...state, isHelp: !state.isHelp, scroll: 0 }
    case 'prompt': {
      const hasWindow = command.for !== 'export' || selectedNumber(stage.snapshot, state) !== undefined
      return hasWindow
        ? { ...state, prompt: openPrompt(command.for, shownOf(stage.snapshot, state), state.filter) }
        : { ...state, said: { text: 'Nothing was late, so there is no window to export.', isWrong: true } }
    }
    case 'seek':
    case 'moment':
      return moved(state)
    case 'speed':
    case 'type':
    case 'erase':
    case 'complete':
    case 'accept':
    case 'cancel':
    case 'repaint':
    case 'suspend':
    case 'quit':
      return state
  }
}

/** Live, the newest stays the newest as others come; a replay is taken to the one that is the newest now. */
function newestIn(state: ScreenState, { snapshot }: Stage): number | undefined {
  return snapshot.replay === undefined ? undefined : listedOf(snapshot, state).at(-1)?.number
}
