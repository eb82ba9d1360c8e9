// A real terminal for tests: an interactive shell in tmux with a hundred lines of history, and a command typed into it.

import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, vi } from 'vitest'

export const hasTmux = spawnSync('tmux', ['-V']).status === 0
const run = promisify(execFile)

export interface TmuxRig {
  readonly tmux: (...args: readonly string[]) => Promise<string>
  readonly type: (...keys: readonly string[]) => Promise<string>
  readonly shown: () => Promise<string>
  readonly shows: (text: string | RegExp) => Promise<void>
  /** `alternate 0 cursor 1` on the ordinary screen. */
  readonly state: () => Promise<string>
  /** The pid of the shell. */
  readonly shell: () => Promise<string>
  /** Types a command into a new shell of 80 × 24. */
  readonly start: (command: string) => Promise<void>
  /** The ordinary screen, cursor and echo are back, and nothing of the scrollback is gone. */
  readonly isRestored: () => Promise<void>
  /** Ends the shell of this test. */
  readonly end: () => Promise<void>
  readonly close: () => void
}

export function createTmuxRig(): TmuxRig {
  /** A server of its own for each test: one that is told to end takes a moment. */
  let servers = 0
  /** Its sockets; a short path, because a socket's may not be long. */
  const sockets = hasTmux ? mkdtempSync(join(tmpdir(), 'whylate-tmux-')) : tmpdir()
  const tmux: TmuxRig['tmux'] = async (...args) => {
    const { stdout } = await run('tmux', ['-L', `screen-${servers}`, '-f', '/dev/null', ...args], {
      env: { ...process.env, TMUX_TMPDIR: sockets },
    })
    return stdout
  }
  const type: TmuxRig['type'] = (...keys) => tmux('send-keys', '-t', 'screen', ...keys)
  const shown: TmuxRig['shown'] = () => tmux('capture-pane', '-p', '-t', 'screen')
  const told = async (format: string): Promise<string> => (await tmux('display', '-p', '-t', 'screen', format)).trim()
  const state: TmuxRig['state'] = () => told('alternate #{alternate_on} cursor #{cursor_flag}')
  const shows: TmuxRig['shows'] = (text) =>
    vi.waitFor(
      async () =>
        typeof text === 'string' ? expect(await shown()).toContain(text) : expect(await shown()).toMatch(text),
      { timeout: 20_000, interval: 100 },
    )
  return {
    tmux,
    type,
    shown,
    shows,
    state,
    shell: () => told('#{pane_pid}'),
    async start(command) {
      servers++
      const shell = 'env -u NO_COLOR LANG=C.UTF-8 PS1="prompt> " bash --norc --noprofile'
      await tmux('-u', 'new-session', '-d', '-s', 'screen', '-x', '80', '-y', '24', shell)
      await shows('prompt>')
      await type('seq -f "history %g" 100', 'Enter')
      await shows('history 100')
      await type(command, 'Enter')
    },
    async isRestored() {
      await vi.waitFor(async () => expect(await state()).toBe('alternate 0 cursor 1'), { timeout: 10_000 })
      await type('echo still $((20 + 22)) here', 'Enter')
      await shows('still 42 here')
      const history = await tmux('capture-pane', '-p', '-S', '-', '-t', 'screen')
      expect(history).toContain('echo still $((20 + 22)) here')
      for (const line of [1, 50, 100]) expect(history).toContain(`history ${line}\n`)
    },
    async end() {
      await tmux('kill-server')
    },
    close: () => rmSync(sockets, { recursive: true, force: true }),
  }
}
