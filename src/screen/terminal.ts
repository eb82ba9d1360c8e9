// The terminal as the screen finds it and must leave it: alternate screen, cursor, raw mode, size, and what a signal,
// a suspension or a crash do to them.
//
// Ink 6.8 gets a stand-in for each stream. Frames are not its business (painter.ts), and what else it would write, a cursor
// that it shows again, a stray console.log that it caught, has no place on the screen: its stdout goes nowhere. Its stdin has
// the same keys and a raw mode that does nothing, for raw mode is ours: it must hold from here to the end.

import type { EventEmitter } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import type { Size } from './cells.ts'
import { openTerminalKeeper } from './terminal-keeper.ts'

/** Where the screen is shown: `process`, or what a test puts in its place. */
export interface TerminalStreams {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What a terminal can do, as far as its environment tells. */
export interface TerminalTraits {
  /** Cannot move its cursor: TERM is `dumb`, or not set at all. */
  readonly isDumb: boolean
  readonly form: 'utf8' | 'ascii'
  readonly hasColour: boolean
}

export function traitsOf(env: TerminalStreams['env']): TerminalTraits {
  const term = env['TERM'] ?? ''
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''
  return {
    isDumb: term === '' || term === 'dumb',
    form: /utf-?8/i.test(locale) ? 'utf8' : 'ascii',
    hasColour: (env['NO_COLOR'] ?? '') === '',
  }
}

export interface Terminal {
  /** For Ink. */
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  readonly size: () => Size
  /** Onto the screen while it is ours; suspended, and after the end, nowhere. */
  write(text: string): void
  /** Empties the screen, never the scrollback. */
  clear(): void
  /** Back to the shell, the job stopped, until `fg`. */
  suspend(): void
  /** Puts everything back. Twice does no harm. */
  close(): void
}

export interface TerminalEvents {
  /** The size changed, or we came back from a suspension: what stands on the screen is not ours any more. */
  onDisturbed(): void
  onSignal(signal: NodeJS.Signals): void
}

const enterAlternateScreen = '\u001B[?1049h\u001B[H\u001B[2J\u001B[?25l'
const leaveAlternateScreen = '\u001B[?25h\u001B[0m\u001B[?1049l'
const clearScreen = '\u001B[0m\u001B[H\u001B[2J'
/** A terminal that does not tell its size is as large as they all once were. */
const usualSize: Size = { columns: 80, rows: 24 }

/** Between a stop and the first sign of having been continued; two signs of one are the same. */
const settledMs = 50

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/** Ink's stdout. Without columns it would start a program to find them out. */
function standInOutput(): NodeJS.WriteStream {
  const output = new Writable({ write: (_chunk, _encoding, done) => done() })
  return Object.assign(output, usualSize) as unknown as NodeJS.WriteStream
}

/**
 * Over a slow line Esc and the next key come in one piece, which Ink takes for Alt and that key. Nothing is bound to Alt: what it
 * gets is Esc in the form that stands by itself (CSI 27 u). `[` and `O` begin the sequences of other keys.
 */
const loneEscape = new RegExp(`${String.fromCharCode(0x1b)}(?=[^[O])`, 'g')
const keysOf = (bytes: Buffer | string): Buffer =>
  Buffer.from(Buffer.from(bytes).toString('latin1').replace(loneEscape, '\u001B[27u'), 'latin1')

/** Ink's stdin: the same keys, and a raw mode that does nothing. */
function standInInput(): NodeJS.ReadStream & PassThrough {
  const input = new PassThrough()
  const traits = { isTTY: true, setRawMode: () => input, ref: () => input, unref: () => input }
  return Object.assign(input, traits) as unknown as NodeJS.ReadStream & PassThrough
}

export function openTerminal({ stdin, stdout }: TerminalStreams, events: TerminalEvents): Terminal {
  let isClosed = false
  let isEntered = false
  let resumedMs = 0
  const input = standInInput()
  const onData = (data: Buffer | string): void => void input.write(keysOf(data))

  const keeper = openTerminalKeeper(stdin, stdout)
  const enter = (): void => {
    isEntered = true
    keeper.tell(true)
    stdout.write(enterAlternateScreen)
    if (stdin.isTTY) stdin.setRawMode(true)
    stdin.on('data', onData)
    stdin.resume()
  }
  const leave = (): void => {
    if (!isEntered) return
    isEntered = false
    stdin.off('data', onData)
    stdin.pause()
    if (stdin.isTTY) stdin.setRawMode(false)
    stdout.write(leaveAlternateScreen)
    keeper.tell(false)
  }
  const resume = (): void => {
    if (isClosed || performance.now() - resumedMs < settledMs) return
    resumedMs = performance.now()
    leave()
    process.off('SIGTSTP', stop)
    process.on('SIGTSTP', stop)
    enter()
    events.onDisturbed()
  }
  const stop = (): void => {
    leave()
    // By the default disposition: a job without a shell above it, which nobody could continue, is not stopped by it.
    process.off('SIGTSTP', stop)
    process.kill(process.pid, 'SIGTSTP')
    // Here we stand again: continued, or never stopped.
    setTimeout(() => {
      if (!isEntered) resume()
    }, settledMs)
  }
  const close = (): void => {
    if (isClosed) return
    isClosed = true
    process.off('SIGTSTP', stop)
    // A terminal that is gone answers with EIO: while somebody listens.
    leave()
    keeper.close()
    for (const [emitter, event, listener] of listening) emitter.off(event, listener)
  }
  const onGone = (): void => events.onSignal('SIGHUP')
  const listening: readonly (readonly [EventEmitter, string, (...args: unknown[]) => void])[] = [
    [stdout, 'resize', () => events.onDisturbed()],
    [stdout, 'error', onGone],
    [stdin, 'end', onGone],
    [stdin, 'error', onGone],
    [process, 'SIGCONT', resume],
    [process, 'exit', close],
    // Not ours to answer, only to clean up before: the stack is then printed on the ordinary screen.
    [process, 'uncaughtExceptionMonitor', close],
    ...endingSignals.map((signal) => [process, signal, () => events.onSignal(signal)] as const),
  ]
  for (const [emitter, event, listener] of listening) emitter.on(event, listener)
  process.on('SIGTSTP', stop)
  enter()
  return {
    input,
    output: standInOutput(),
    size: () => ({ columns: stdout.columns || usualSize.columns, rows: stdout.rows || usualSize.rows }),
    // Continued, we may well come to draw before the signal that says so: the screen is the shell's until it is entered.
    write(text) {
      if (isEntered) stdout.write(text)
    },
    clear() {
      if (isEntered) stdout.write(clearScreen)
    },
    // The whole group, as the terminal itself does with a Ctrl-Z it is let see: npm and the probes stop with us.
    suspend: () => void process.kill(0, 'SIGTSTP'),
    close,
  }
}
