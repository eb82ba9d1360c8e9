// The terminal as the screen finds it and must leave it: alternate screen, cursor, raw mode, size, and what a signal,
// a suspension or a crash do to them.
//
// Ink 6.8 gets a stand-in for each stream, for four reasons:
//  * it wipes screen *and scrollback* once a frame was as tall as `stdout.rows`, which a window that shrinks makes true
//    of the frame before: the stand-in has no rows, so there is nothing to compare with;
//  * it draws relative to where the cursor stands, which no terminal keeps through a resize: the screen is cleared by
//    us and Ink starts anew, muted while it takes its leave;
//  * drawing incrementally it goes up one line too few (by n - 1 from below the last of n lines, once the frame ends in
//    a line break): each change would land a line too low. Our frames start at home, so home is where it is sent;
//  * starting anew must not leave raw mode for a moment, or keys typed then are echoed: raw mode is ours.

import type { EventEmitter } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import type { Size } from './frame.ts'
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
  /** Empties the screen, never the scrollback. */
  clear(): void
  /** While muted, what Ink writes goes nowhere. */
  mute(isMuted: boolean): void
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
const escape = '\u001B'
const home = `${escape}[H`
/** How each incremental frame of Ink begins. */
const upToTheTop = new RegExp(`^${escape}\\[\\d*A`)
/** Ink steps over each unchanged line with a sequence of its own: at 40 rows that is a tenth of all bytes. */
const steps = new RegExp(`(?:${escape}\\[E){2,}`, 'g')
const shortened = (chunk: string): string => chunk.replace(steps, (run) => `${escape}[${run.length / 3}E`)
/** A terminal that does not tell its size is as large as they all once were. */
const usualSize: Size = { columns: 80, rows: 24 }

/** Between a stop and the first sign of having been continued; two signs of one are the same. */
const settledMs = 50

const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const

/** Ink's stdout: writes go through unless muted; it has columns, and no rows to fill. */
function standInOutput(stdout: NodeJS.WriteStream, isMuted: () => boolean): NodeJS.WriteStream {
  const output = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      if (!isMuted()) stdout.write(shortened(chunk.replace(upToTheTop, home)))
      done()
    },
  })
  const traits = { isTTY: true, rows: Number.MAX_SAFE_INTEGER }
  Object.defineProperty(output, 'columns', { get: () => stdout.columns || usualSize.columns })
  return Object.assign(output, traits) as unknown as NodeJS.WriteStream
}

/** Ink's stdin: the same keys, and a raw mode that does nothing. */
function standInInput(): NodeJS.ReadStream & PassThrough {
  const input = new PassThrough()
  const traits = { isTTY: true, setRawMode: () => input, ref: () => input, unref: () => input }
  return Object.assign(input, traits) as unknown as NodeJS.ReadStream & PassThrough
}

export function openTerminal({ stdin, stdout }: TerminalStreams, events: TerminalEvents): Terminal {
  let isMuted = false
  let isClosed = false
  let isEntered = false
  let resumedMs = 0
  const input = standInInput()
  // Continued, we may well come to draw before the signal that says so: the screen is the shell's until it is entered.
  const output = standInOutput(stdout, () => isMuted || !isEntered)
  const onData = (data: Buffer | string): void => void input.write(data)

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
    output,
    size: () => ({ columns: stdout.columns || usualSize.columns, rows: stdout.rows || usualSize.rows }),
    clear: () => void stdout.write(clearScreen),
    mute(muted) {
      isMuted = muted
    },
    // The whole group, as the terminal itself does with a Ctrl-Z it is let see: npm and the probes stop with us.
    suspend: () => void process.kill(0, 'SIGTSTP'),
    close,
  }
}
