// What a command does outside of the screen's own state: it asks for a window, moves the replay, keeps a note, writes a
// file. Values only, so that a test can read them; live-frame.ts runs them.

import type { Snapshot } from '../engine/snapshot.ts'
import { after, spanOf, type Instant } from '../time/instant.ts'
import { answerOf, type ExportForm, type Prompt } from './prompt.ts'
import { cursorShown } from './timeline/moves.ts'
import { shownOf, type ScreenState } from './state.ts'
import type { Command } from './command.ts'

export type Errand =
  | { readonly kind: 'play' }
  | { readonly kind: 'seek'; readonly to: Instant }
  | { readonly kind: 'moment'; readonly by: 1 | -1 }
  | { readonly kind: 'speed'; readonly to: number }
  | { readonly kind: 'stop-reading' }
  | { readonly kind: 'note'; readonly text: string; readonly at: Instant }
  | { readonly kind: 'export'; readonly form: ExportForm }
  | { readonly kind: 'quit' | 'suspend' | 'repaint' }

export const slowest = 1 / 8
export const fastest = 1024

/** A replay goes where the chosen late advert is. */
function toChosen(before: ScreenState, next: ScreenState, { replay, late }: Snapshot): Errand[] {
  if (replay === undefined || next.selected === undefined || next.selected === before.selected) return []
  const one = late.find(({ number }) => number === next.selected)
  return one === undefined ? [] : [{ kind: 'seek', to: one.at }]
}

function ofAnswer(prompt: Prompt, next: ScreenState, snapshot: Snapshot): Errand[] {
  const answer = answerOf(prompt, shownOf(snapshot, next))
  switch (answer.kind) {
    case 'note':
      return [{ kind: 'note', text: answer.text, at: prompt.at }]
    case 'export':
      return [{ kind: 'export', form: answer.form }]
    case 'at':
      return snapshot.replay === undefined ? [] : [{ kind: 'seek', to: answer.at }]
    case 'late':
    case 'filter':
    case 'wrong':
    case 'nothing':
      return []
  }
}

/** What `command` is to do besides making `next` of `before`. */
export function errandsOf(command: Command, before: ScreenState, next: ScreenState, snapshot: Snapshot): Errand[] {
  const { replay } = snapshot
  switch (command.kind) {
    case 'quit':
    case 'suspend':
    case 'repaint':
      return [{ kind: command.kind }]
    case 'accept':
      return before.prompt === undefined
        ? []
        : [...ofAnswer(before.prompt, next, snapshot), ...toChosen(before, next, snapshot)]
    case 'step':
    case 'newest':
    case 'oldest':
      return toChosen(before, next, snapshot)
    case 'close':
      return replay?.reading !== undefined &&
        before.pane === 'overview' &&
        !before.isHelp &&
        before.filter === undefined
        ? [{ kind: 'stop-reading' }]
        : []
    case 'pause':
      return replay === undefined ? [] : [{ kind: 'play' }]
    case 'seek':
      return replay === undefined ? [] : [{ kind: 'seek', to: after(snapshot.now, spanOf(command.bySeconds * 1e9)) }]
    case 'moment':
      return replay === undefined ? [] : [{ kind: 'moment', by: command.by }]
    case 'speed':
      return replay === undefined
        ? []
        : [{ kind: 'speed', to: Math.min(fastest, Math.max(slowest, replay.speed * command.times)) }]
    case 'cursor':
    case 'change':
      // The position of a replay is where its cursor stands: flows and probes are of that moment.
      return replay === undefined ? [] : [{ kind: 'seek', to: cursorShown(snapshot, next) }]
    case 'timeline':
    case 'zoom':
    case 'pan':
    case 'fit':
    case 'lane':
    case 'pin':
    case 'compare':
    case 'open':
    case 'scroll':
    case 'item':
    case 'help':
    case 'prompt':
    case 'type':
    case 'erase':
    case 'complete':
    case 'cancel':
    case 'say':
      return []
  }
}
