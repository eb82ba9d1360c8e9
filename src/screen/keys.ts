// The one table of keys: it binds them, prints the help, and fills the last line of the screen.

import type { Key } from 'ink'
import type { Command, ScreenState } from './state.ts'

export interface Binding {
  /** As `keyNamesOf` calls them. */
  readonly keys: readonly string[]
  readonly command: Command
  /** Only in this pane; undefined: in every one. The first binding that fits wins. */
  readonly pane?: ScreenState['pane']
  readonly help: string
  /** For the last line, most wanted first; undefined: only in the help. */
  readonly hint?: { readonly rank: number; readonly text: string }
}

export const bindings: readonly Binding[] = [
  { keys: ['.', 'n', 'right'], command: { kind: 'step', by: 1 }, help: 'next late advert, a newer one' },
  {
    keys: [',', 'p', 'left'],
    command: { kind: 'step', by: -1 },
    help: 'previous late advert, an older one',
    hint: { rank: 2, text: ', . older newer' },
  },
  { keys: ['up', 'k'], command: { kind: 'step', by: 1 }, pane: 'overview', help: 'up the list of late adverts' },
  { keys: ['down', 'j'], command: { kind: 'step', by: -1 }, pane: 'overview', help: 'down the list of late adverts' },
  { keys: ['home'], command: { kind: 'newest' }, pane: 'overview', help: 'the newest, and stay with the newest' },
  { keys: ['end'], command: { kind: 'oldest' }, pane: 'overview', help: 'the oldest' },
  {
    keys: ['enter'],
    command: { kind: 'open' },
    pane: 'overview',
    help: 'the whole window of the selected late advert',
    hint: { rank: 3, text: 'Enter window' },
  },
  { keys: ['esc'], command: { kind: 'close' }, pane: 'overview', help: 'to the newest, and live again' },
  {
    keys: ['esc'],
    command: { kind: 'close' },
    pane: 'window',
    help: 'back to the overview',
    hint: { rank: 2, text: 'Esc back' },
  },
  {
    keys: ['down', 'j'],
    command: { kind: 'scroll', by: 1, unit: 'row' },
    pane: 'window',
    help: 'down a row',
    hint: { rank: 3, text: 'j k scroll' },
  },
  { keys: ['up', 'k'], command: { kind: 'scroll', by: -1, unit: 'row' }, pane: 'window', help: 'up a row' },
  { keys: ['pagedown'], command: { kind: 'scroll', by: 1, unit: 'page' }, pane: 'window', help: 'down a page' },
  { keys: ['pageup'], command: { kind: 'scroll', by: -1, unit: 'page' }, pane: 'window', help: 'up a page' },
  { keys: ['home'], command: { kind: 'scroll', by: -1, unit: 'all' }, pane: 'window', help: 'to the top' },
  { keys: ['end'], command: { kind: 'scroll', by: 1, unit: 'all' }, pane: 'window', help: 'to the end' },
  {
    keys: ['space'],
    command: { kind: 'pause' },
    help: 'hold the view, or go on; the capture never stops',
    hint: { rank: 5, text: 'space pause' },
  },
  { keys: ['?'], command: { kind: 'help' }, help: 'these keys', hint: { rank: 1, text: '? keys' } },
  { keys: ['ctrl-l'], command: { kind: 'repaint' }, help: 'draw the screen anew' },
  { keys: ['ctrl-z'], command: { kind: 'suspend' }, help: 'back to the shell until fg; the probes stop too' },
  { keys: ['q', 'ctrl-c'], command: { kind: 'quit' }, help: 'quit', hint: { rank: 0, text: 'q quit' } },
]

export function commandOf(key: string, pane: ScreenState['pane']): Command | undefined {
  return bindings.find((one) => one.keys.includes(key) && (one.pane === undefined || one.pane === pane))?.command
}

const special = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageDown', 'pagedown'],
  ['pageUp', 'pageup'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'enter'],
  ['escape', 'esc'],
] as const satisfies readonly (readonly [keyof Key, string])[]

/**
 * Ink's input as names of keys. Over a slow line several keys arrive in one piece, `...` for three steps, so there may
 * be several names. A letter with Alt is nothing of ours.
 */
export function keyNamesOf(input: string, key: Key): string[] {
  const known = special.find(([flag]) => key[flag])
  if (known !== undefined) return [known[1]]
  if (key.ctrl) return [`ctrl-${input}`]
  if (key.meta) return []
  return Array.from(input, (character) => plainNames[character] ?? character)
}

const plainNames: Readonly<Record<string, string>> = {
  ' ': 'space',
  '\r': 'enter',
  '\n': 'enter',
  '\x03': 'ctrl-c',
  '\x0c': 'ctrl-l',
  '\x1a': 'ctrl-z',
}

/** What the help shows: the keys of each binding, and what it is for. */
export function keyHelp(pane: ScreenState['pane']): readonly (readonly [keys: string, help: string])[] {
  return bindings
    .filter((one) => one.pane === undefined || one.pane === pane)
    .map((one) => [one.keys.join('  '), one.help] as const)
}

/** The last line: as many hints as fit, in the table's order, the least wanted left out first. */
export function hintsOf(pane: ScreenState['pane'], columns: number): string[] {
  const hints = bindings.flatMap((one) =>
    one.hint !== undefined && (one.pane === undefined || one.pane === pane) ? [one.hint] : [],
  )
  const chosen = new Set<string>()
  let used = 0
  for (const hint of hints.toSorted((a, b) => a.rank - b.rank)) {
    used += hint.text.length + 3
    if (used > columns) break
    chosen.add(hint.text)
  }
  return hints.map((hint) => hint.text).filter((text) => chosen.has(text))
}
