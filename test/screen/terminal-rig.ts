// A terminal for tests: Ink's bytes go into @xterm/headless, which is read back as text; keys go in by name.

import { Console } from 'node:console'
import { PassThrough, Writable } from 'node:stream'
import { Terminal } from '@xterm/headless'
import type { SnapshotSource } from '../../src/screen/live-frame.ts'
import type { TerminalStreams } from '../../src/screen/terminal.ts'
import type { Snapshot, SnapshotRequest } from '../../src/engine/snapshot.ts'

// The console of vitest 4 has no `Console`, which Ink needs to put its net below console.log.
Object.assign(console, { Console })

export interface TerminalRig {
  readonly streams: TerminalStreams
  /** Everything that was written so far. */
  bytes(): string
  /** Whether the terminal is in raw mode. */
  isRaw(): boolean
  type(keys: string): void
  resize(columns: number, rows: number): void
  /** The rows as they stand on the screen. */
  screen(): Promise<string[]>
  /** Of each row that has the text: the column of the terminal in which it begins. */
  columnsOf(text: string): Promise<number[]>
  /** `alternate` while the screen is open. */
  buffer(): Promise<'normal' | 'alternate'>
  /** The rows that the ordinary screen and its scrollback hold. */
  history(): Promise<string[]>
}

export function createTerminalRig(columns: number, rows: number, env: TerminalStreams['env'] = {}): TerminalRig {
  const xterm = new Terminal({ cols: columns, rows, scrollback: 1000, allowProposedApi: true, convertEol: true })
  let written = ''
  let isRaw = false
  const size = { columns, rows }
  const stdout = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      written += chunk
      xterm.write(chunk, done)
    },
  })
  Object.defineProperty(stdout, 'columns', { get: () => size.columns })
  Object.defineProperty(stdout, 'rows', { get: () => size.rows })
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode(raw: boolean) {
      isRaw = raw
    },
  })
  const settled = (): Promise<void> => new Promise((resolve) => xterm.write('', resolve))
  const linesOf = (buffer: typeof xterm.buffer.active): string[] =>
    Array.from({ length: buffer.length }, (_, row) => buffer.getLine(row)?.translateToString(true) ?? '')
  return {
    streams: {
      stdin: stdin as unknown as NodeJS.ReadStream,
      stdout: Object.assign(stdout, { isTTY: true }) as unknown as NodeJS.WriteStream,
      env: { TERM: 'xterm-256color', LANG: 'C.UTF-8', ...env },
    },
    bytes: () => written,
    isRaw: () => isRaw,
    type: (keys) => void stdin.write(keys),
    resize(toColumns, toRows) {
      size.columns = toColumns
      size.rows = toRows
      xterm.resize(toColumns, toRows)
      stdout.emit('resize')
    },
    async screen() {
      await settled()
      return linesOf(xterm.buffer.active).slice(-size.rows)
    },
    async columnsOf(text) {
      await settled()
      const buffer = xterm.buffer.active
      return Array.from({ length: size.rows }, (_, row) => {
        const line = buffer.getLine(buffer.baseY + row)
        const cells = Array.from({ length: size.columns }, (_cell, column) => line?.getCell(column)?.getChars() ?? '')
        return cells.findIndex((_cell, column) => cells.slice(column).join('').startsWith(text))
      }).filter((column) => column >= 0)
    },
    async buffer() {
      await settled()
      return xterm.buffer.active.type
    },
    async history() {
      await settled()
      return linesOf(xterm.buffer.normal)
    },
  }
}

export interface SourceRig extends SnapshotSource {
  readonly asked: readonly SnapshotRequest[]
  readonly noted: readonly string[]
  /** How many listen. */
  listeners(): number
  show(snapshot: Snapshot): void
}

export function createSourceRig(first: Snapshot): SourceRig {
  const listeners = new Set<() => void>()
  const asked: SnapshotRequest[] = []
  const noted: string[] = []
  let current = first
  return {
    asked,
    noted,
    note(text) {
      noted.push(text)
      return Promise.resolve('Noted.')
    },
    listeners: () => listeners.size,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    snapshot: () => current,
    ask: (request) => void asked.push(request),
    show(snapshot) {
      current = snapshot
      for (const listener of listeners) listener()
    },
  }
}
