// What the operator chose: which late advert, which pane, how far scrolled, held or live. One reducer changes it.
//
//   overview ──Enter──▶ window (full height, scrolls) ──Esc──▶ overview;   ? opens the help over either

import type { Snapshot } from '../session/snapshot.ts'

export interface ScreenState {
  readonly pane: 'overview' | 'window'
  readonly isHelp: boolean
  /** The number of the late advert that was chosen; undefined: always the newest. */
  readonly selected: number | undefined
  /** Rows of the window pane above its first visible one. */
  readonly scroll: number
  /** What was shown when the view was paused; undefined while it is live. */
  readonly held: Snapshot | undefined
}

export type Command =
  | { readonly kind: 'step'; readonly by: 1 | -1 }
  | { readonly kind: 'newest' }
  | { readonly kind: 'oldest' }
  | { readonly kind: 'open' }
  | { readonly kind: 'close' }
  | { readonly kind: 'scroll'; readonly by: 1 | -1; readonly unit: 'row' | 'page' | 'all' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'help' }
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
  held: undefined,
}

/** Which bindings hold: the help scrolls like a window. */
export const keyPaneOf = (state: ScreenState): ScreenState['pane'] => (state.isHelp ? 'window' : state.pane)

/** What the view is drawn from: the held snapshot while paused. */
export const shownOf = (snapshot: Snapshot, state: ScreenState): Snapshot => state.held ?? snapshot

/** The late advert under the cursor; undefined when there is none. */
export function selectedNumber(snapshot: Snapshot, state: ScreenState): number | undefined {
  return state.selected ?? shownOf(snapshot, state).late.at(-1)?.number
}

function stepped(state: ScreenState, by: number, { snapshot }: Stage): ScreenState {
  const { late } = shownOf(snapshot, state)
  const from = late.findIndex((one) => one.number === selectedNumber(snapshot, state))
  const to = late[Math.min(late.length - 1, Math.max(0, (from < 0 ? late.length - 1 : from) + by))]
  return to === undefined ? state : { ...state, selected: to.number, scroll: 0 }
}

function scrolled(state: ScreenState, by: number, stage: Stage): ScreenState {
  return { ...state, scroll: Math.min(stage.scrollRows, Math.max(0, Math.min(state.scroll, stage.scrollRows) + by)) }
}

const rowsOf = (unit: 'row' | 'page' | 'all', stage: Stage): number =>
  unit === 'row' ? 1 : unit === 'page' ? Math.max(1, stage.pageRows - 1) : stage.scrollRows

export function reduce(state: ScreenState, command: Command, stage: Stage): ScreenState {
  switch (command.kind) {
    case 'step':
      return stepped(state, command.by, stage)
    case 'newest':
      return { ...state, selected: undefined, scroll: 0 }
    case 'oldest': {
      const first = shownOf(stage.snapshot, state).late[0]
      return first === undefined ? state : { ...state, selected: first.number, scroll: 0 }
    }
    case 'open': {
      // Who reads a window is not taken to another one by the next late advert.
      const selected = selectedNumber(stage.snapshot, state)
      return selected === undefined || state.isHelp
        ? { ...state, isHelp: false }
        : { ...state, selected, pane: 'window', scroll: 0 }
    }
    case 'close':
      if (state.isHelp) return { ...state, isHelp: false, scroll: 0 }
      return state.pane === 'window'
        ? { ...state, pane: 'overview', scroll: 0 }
        : { ...state, selected: undefined, held: undefined }
    case 'scroll':
      return scrolled(state, command.by * rowsOf(command.unit, stage), stage)
    case 'pause':
      return { ...state, held: state.held === undefined ? stage.snapshot : undefined }
    case 'help':
      return { ...state, isHelp: !state.isHelp, scroll: 0 }
    case 'repaint':
    case 'suspend':
    case 'quit':
      break
  }
  return state
}
