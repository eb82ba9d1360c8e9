// The built screen as a program of its own on a real terminal: job control, resize, crash, and what is left behind.

import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const built = join(root, 'node_modules', '.cache', `screen-demo-${process.pid}`)
const demo = join(built, 'test', 'fixtures', 'screen-demo.js')
/** A server of its own for each test: one that is told to end takes a moment. */
let servers = 0
const hasTmux = spawnSync('tmux', ['-V']).status === 0
const run = promisify(execFile)
/** Its sockets; a short path, because a socket's may not be long. */
const sockets = hasTmux ? mkdtempSync(join(tmpdir(), 'whylate-tmux-')) : tmpdir()

async function tmux(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('tmux', ['-L', `screen-${servers}`, '-f', '/dev/null', ...args], {
    env: { ...process.env, TMUX_TMPDIR: sockets },
  })
  return stdout
}

const type = (...keys: readonly string[]): Promise<string> => tmux('send-keys', '-t', 'screen', ...keys)
const shown = (): Promise<string> => tmux('capture-pane', '-p', '-t', 'screen')
const everything = (): Promise<string> => tmux('capture-pane', '-p', '-S', '-', '-t', 'screen')
const state = async (): Promise<string> =>
  (await tmux('display', '-p', '-t', 'screen', 'alternate #{alternate_on} cursor #{cursor_flag}')).trim()

const shows = (text: string): Promise<void> =>
  vi.waitFor(async () => expect(await shown()).toContain(text), { timeout: 15_000, interval: 100 })

/** An interactive shell with a hundred lines of history, and the demo typed into it. */
async function started(name: string, environment = ''): Promise<void> {
  servers++
  const shell = 'env -u NO_COLOR LANG=C.UTF-8 PS1="prompt> " bash --norc --noprofile'
  await tmux('-u', 'new-session', '-d', '-s', 'screen', '-x', '80', '-y', '24', shell)
  await shows('prompt>')
  await type('seq -f "history %g" 100', 'Enter')
  await shows('history 100')
  await type(`${environment} ${process.execPath} ${demo} ${name}`, 'Enter')
}

/** The ordinary screen, cursor and echo are back, and nothing of the scrollback is gone. */
async function isRestored(): Promise<void> {
  await vi.waitFor(async () => expect(await state()).toBe('alternate 0 cursor 1'))
  await type('echo still $((20 + 22)) here', 'Enter')
  await shows('still 42 here')
  const history = await everything()
  expect(history).toContain('echo still $((20 + 22)) here')
  for (const line of [1, 50, 100]) expect(history).toContain(`history ${line}\n`)
}

describe.skipIf(!hasTmux)('in a real terminal (needs tmux)', () => {
  beforeAll(async () => {
    await mkdir(built, { recursive: true })
    const config = {
      extends: join(root, 'tsconfig.json'),
      compilerOptions: { noEmit: false, rootDir: root, outDir: built, skipLibCheck: true },
      files: [join(root, 'test/fixtures/screen-demo.ts')],
      include: [],
    }
    await writeFile(join(built, 'tsconfig.json'), JSON.stringify(config))
    await run(join(root, 'node_modules/.bin/tsc'), ['-p', built])
  }, 60_000)

  afterEach(async () => {
    await tmux('kill-server')
  })

  afterAll(async () => {
    await rm(built, { recursive: true, force: true })
    await rm(sockets, { recursive: true, force: true })
  })

  test('keys, many sizes, and q: the terminal is as it was', { timeout: 60_000 }, async () => {
    await started('twoLate')
    await shows('WHY #2')
    expect(await state()).toBe('alternate 1 cursor 0')
    await type(',')
    await shows('main loop waited')
    expect((await shown()).match(/LATE \d of 2/g)).toEqual(['LATE 1 of 2'])
    for (const [columns, rows] of [
      [200, 50],
      [40, 10],
      [81, 25],
      [33, 7],
      [120, 12],
      [100, 30],
    ] as const)
      await tmux('resize-window', '-t', 'screen', '-x', String(columns), '-y', String(rows))
    await vi.waitFor(
      async () => {
        const rows = (await shown()).split('\n')
        expect(rows[0]).toContain('whylate live · node01')
        expect(rows.filter((row) => row.includes('LATE 1 of 2, 1 newer'))).toHaveLength(1)
        expect(rows[28]).toContain('q quit')
      },
      { timeout: 15_000, interval: 100 },
    )
    await type('q')
    await shows('closed by q')
    await isRestored()
  })

  test('Ctrl-Z gives the shell back, fg draws the screen anew', { timeout: 60_000 }, async () => {
    await started('twoLate')
    await shows('WHY #2')
    await type('C-z')
    await shows('Stopped')
    await isRestored()
    await type('fg', 'Enter')
    await shows('WHY #2')
    expect(await state()).toBe('alternate 1 cursor 0')
    await type(',')
    await shows('LATE 1 of 2, 1 newer')
    await type('q')
    await shows('closed by q')
    await isRestored()
  })

  test('a crash prints its stack on the ordinary screen', { timeout: 60_000 }, async () => {
    await started('twoLate', 'DEMO_CRASH=1')
    await shows('Error: a defect, on purpose')
    await isRestored()
    expect(await shown()).toContain('screen-demo.js')
  })

  test('a signal from outside restores the terminal', { timeout: 60_000 }, async () => {
    await started('overdue')
    await shows('to a takeover')
    const pid = (await tmux('display', '-p', '-t', 'screen', '#{pane_pid}')).trim()
    await run('pkill', ['-TERM', '-P', pid])
    await shows('closed by SIGTERM')
    await isRestored()
    expect(await shown()).not.toContain('WHY #')
  })

  test('without a colour-capable terminal the same rows stand there', { timeout: 60_000 }, async () => {
    await started('twoLate', 'NO_COLOR=1 TERM=vt100')
    await shows('WHY #2')
    const styled = await tmux('capture-pane', '-p', '-e', '-t', 'screen')
    expect(styled).not.toMatch(new RegExp(`${String.fromCharCode(27)}\\[(?:3[0-8]|4[0-8]|9\\d)`))
    await type('q')
    await shows('closed by q')
  })
})
