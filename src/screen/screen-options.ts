// What it takes to show a session on a terminal, whichever way the terminal can show it.

import type { ExportWindow, SnapshotSource } from './live-frame.ts'
import type { TerminalStreams } from './terminal.ts'

export interface ScreenOptions {
  readonly source: SnapshotSource
  /** Undefined: `e` says that there is no way. */
  readonly exportWindow?: ExportWindow
  /** `process` in life. */
  readonly terminal: TerminalStreams
  /** Called once, when the operator quits or a signal ends the screen; the terminal is restored by then. */
  readonly onQuit: (signal: NodeJS.Signals | undefined) => void
  /** The screen ends by itself when this settles (`--for`). */
  readonly until?: Promise<unknown> | undefined
}
