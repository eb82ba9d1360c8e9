// The one reducer: what each command makes of the operator's choices (state.ts).

import type { LateAdvert } from '../diagnose/finding.ts'
import { answerOf, completed, erased, openPrompt, typed, type Prompt } from './prompt.ts'
import { itemCount, listedOf, selectedNumber, shownOf, type ScreenState, type Stage } from './state.ts'
import type { Command } from './command.ts'
import { eventsOpened, goneTo, notedAt, timelineAfter } from './timeline/moves.ts'

/** Another late advert is looked at: from its top, and around it. */
const anew = (state: ScreenState): Pick<ScreenState, 'scroll' | 'item' | 'timeline'> => ({
  scroll: 0,
  item: 0,
  timeline: { ...state.timeline, stretch: undefined, cursor: undefined },
})

function chosen(state: ScreenState, late: LateAdvert | undefined): ScreenState {
  return late === undefined ? state : { ...state, ...anew(state), selected: late.number }
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

function itemOf(state: ScreenState, by: number, unit: 'row' | 'all', { snapshot }: Stage): ScreenState {
  const last = Math.max(0, itemCount(snapshot, state.pane) - 1)
  const to = unit === 'all' ? (by < 0 ? 0 : last) : Math.min(state.item, last) + by
  return { ...state, item: Math.min(last, Math.max(0, to)) }
}

function opened(state: ScreenState, stage: Stage): ScreenState {
  if (state.isHelp) return { ...state, isHelp: false }
  if (state.pane === 'timeline') return eventsOpened(state, stage)
  // Who reads a window is not taken to another one by the next late advert.
  const selected = selectedNumber(stage.snapshot, state)
  if (selected === undefined) return state
  if (state.pane !== 'window') return { ...state, selected, pane: 'window', scroll: 0 }
  return itemCount(stage.snapshot, 'item') === 0 ? state : { ...state, selected, pane: 'item', item: 0 }
}

function closed(state: ScreenState): ScreenState {
  if (state.isHelp) return { ...state, isHelp: false, scroll: 0 }
  switch (state.pane) {
    case 'item':
      return { ...state, pane: 'window' }
    case 'window':
      return { ...state, pane: 'overview', scroll: 0 }
    case 'events':
      return { ...state, pane: 'timeline' }
    case 'timeline':
      return { ...state, pane: state.below }
    case 'compare':
      return { ...state, pane: 'overview', marked: undefined, scroll: 0 }
    case 'overview':
      return { ...state, selected: undefined, marked: undefined, held: undefined, filter: undefined }
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
      return { ...done, ...anew(done), filter: answer.filter, selected: undefined }
    case 'late':
      return chosen(
        { ...done, filter: undefined },
        shown.late.find((one) => one.number === answer.number),
      )
    case 'at': {
      if (state.pane === 'timeline') return { ...done, timeline: goneTo(answer.at, done, snapshot) }
      if (shown.replay !== undefined) return { ...done, ...anew(done), selected: undefined }
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
  state.selected === undefined ? state : { ...state, ...anew(state), selected: undefined }

/** One is marked, another one is shown: two windows beside each other. */
function compared(state: ScreenState, { snapshot }: Stage): ScreenState {
  const number = selectedNumber(snapshot, state)
  const say = (text: string, isWrong = false): ScreenState => ({ ...state, said: { text, isWrong } })
  if (number === undefined) return say('Nothing was late, so there is nothing to compare.', true)
  if (state.marked === undefined || !shownOf(snapshot, state).late.some((one) => one.number === state.marked)) {
    const text = `#${number} is marked: go to another late advert and press c to see the two beside each other.`
    return { ...say(text), selected: number, marked: number }
  }
  if (state.marked === number) return { ...say(`#${number} is not marked any more.`), marked: undefined }
  return { ...state, selected: number, pane: 'compare', scroll: 0 }
}

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
    case 'timeline':
      if (state.pane === 'timeline') return closed(state)
      // Who reads a timeline is not taken to another one by the next late advert, either.
      return {
        ...state,
        isHelp: false,
        selected: selectedNumber(stage.snapshot, state),
        pane: 'timeline',
        below: state.pane === 'events' ? state.below : state.pane,
      }
    case 'zoom':
    case 'pan':
    case 'fit':
    case 'cursor':
    case 'change':
    case 'lane':
    case 'pin':
      return { ...state, timeline: timelineAfter(command, state, stage) }
    case 'compare':
      return compared(state, stage)
    case 'pause':
      if (stage.snapshot.replay !== undefined) return state.pane === 'overview' ? moved(state) : state
      return { ...state, held: state.held === undefined ? stage.snapshot : undefined }
    case 'help':
      return { ...state, isHelp: !state.isHelp, scroll: 0 }
    case 'prompt': {
      const hasWindow = command.for !== 'export' || selectedNumber(stage.snapshot, state) !== undefined
      return hasWindow
        ? {
            ...state,
            prompt: openPrompt(command.for, shownOf(stage.snapshot, state), state.filter, notedAt(state, stage)),
          }
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
