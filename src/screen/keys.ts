// What the one table of keys (bindings.ts) is good for: it binds them, prints the help, and fills the last line of the screen.

import type { Key } from 'ink'
import { bindings } from './bindings.ts'
import type { Binding, KeyPlace } from './binding.ts'
import type { Command } from './command.ts'

const holdsIn = (one: Binding, { pane, mode }: KeyPlace): boolean =>
  (one.mode === undefined || one.mode === mode) && (one.pane === pane || (one.pane === undefined && pane !== 'prompt'))

/** Undefined for a key that does nothing there. */
export function commandOf(key: string, place: KeyPlace): Command | undefined {
  const found = bindings.find((one) => one.keys.includes(key) && holdsIn(one, place))?.command
  if (found !== undefined || place.pane !== 'prompt') return found
  const text = key === 'space' ? ' ' : key
  // A letter has one code point; a key with a name has a longer one.
  return Array.from(text).length === 1 ? { kind: 'type', text } : undefined
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
  ['tab', 'tab'],
  ['backspace', 'backspace'],
  // What most terminals send for Backspace.
  ['delete', 'backspace'],
] as const satisfies readonly (readonly [keyof Key, string])[]

/**
 * Ink's input as names of keys. Over a slow line several keys arrive in one piece, `...` for three steps, so there may
 * be several names. Esc and a letter in one piece never get here as one (terminal.ts).
 */
export function keyNamesOf(input: string, key: Key): string[] {
  const known = special.find(([flag]) => key[flag])
  if (known !== undefined) return [known[1]]
  if (key.ctrl) return [`ctrl-${input}`]
  return Array.from(input, (character) => plainNames[character] ?? character)
}

const plainNames: Readonly<Record<string, string>> = {
  ' ': 'space',
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x03': 'ctrl-c',
  '\x0c': 'ctrl-l',
  '\x15': 'ctrl-u',
  '\x17': 'ctrl-w',
  '\x1a': 'ctrl-z',
}

/** What the help shows: the keys of each binding, and what it is for. */
export function keyHelp(place: KeyPlace): readonly (readonly [keys: string, help: string])[] {
  return bindings
    .filter((one) => holdsIn(one, place))
    .map((one) => [keysOf(one, place).join('  '), one.help] as const)
    .filter(([keys]) => keys !== '')
}

/** Those that an earlier binding has not taken. */
function keysOf(binding: Binding, place: KeyPlace): readonly string[] {
  return binding.keys.filter((key) => bindings.find((one) => one.keys.includes(key) && holdsIn(one, place)) === binding)
}

/** The last line: as many hints as fit, in the table's order, the least wanted left out first. */
export function hintsOf(place: KeyPlace, columns: number): string[] {
  const hints = bindings.flatMap((one) => (one.hint !== undefined && holdsIn(one, place) ? [one.hint] : []))
  const kept = new Set<string>()
  let used = 0
  for (const hint of hints.toSorted((a, b) => a.rank - b.rank)) {
    used += hint.text.length + 3
    if (used > columns) break
    kept.add(hint.text)
  }
  return hints.map((hint) => hint.text).filter((text) => kept.has(text))
}
