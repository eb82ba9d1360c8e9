// One row of the table of keys (bindings.ts), and where it holds.

import type { Snapshot } from '../engine/snapshot.ts'
import type { Command, Pane } from './command.ts'

/** Where a key is pressed: while a prompt is open it gets them all. */
export interface KeyPlace {
  readonly pane: Pane | 'prompt'
  readonly mode: Snapshot['mode']
}

export interface Binding {
  /** As `keyNamesOf` calls them. */
  readonly keys: readonly string[]
  readonly command: Command
  /** Only in this pane; undefined: in every one but a prompt. The first binding that fits wins. */
  readonly pane?: KeyPlace['pane']
  readonly mode?: Snapshot['mode']
  readonly help: string
  /** For the last line, most wanted first; undefined: only in the help. */
  readonly hint?: { readonly rank: number; readonly text: string }
}
