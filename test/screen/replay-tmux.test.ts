// The built program replays a packed bundle on a real terminal: its keys, and that every end of it leaves the terminal as it
// was and nothing in the temporary folder.

import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { buildProgram } from '../fixtures/built-program.ts'
import { ownFolder } from '../fixtures/own-incident.ts'

const hasTmux = spawnSync('tmux', ['-V']).status === 0
const run = promisify(execFile)
const folder = hasTmux ? mkdtempSync(join(tmpdir(), 'wl-replay-')) : tmpdir()
const scratch = join(folder, 'tmp')
const bundle = join(ownFolder, 'sigstop-1.whylate.tgz')
let program = ''
let servers = 0

async function tmux(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('tmux', ['-L', `replay-${servers}`, '-f', '/dev/null', ...args], {
    env: { ...process.env, TMUX_TMPDIR: folder, TMPDIR: scratch },
  })
  return stdout
}
const type = (...keys: readonly string[]): Promise<string> => tmux('send-keys', '-t', 'replay', ...keys)
const shown = (): Promise<string> => tmux('capture-pane', '-p', '-t', 'replay')
const wait = { timeout: 20_000, interval: 100 }
const shows = (text: string | RegExp): Promise<void> =>
  vi.waitFor(async () => expect(await shown()).toMatch(text), wait)
const state = async (): Promise<string> =>
  (await tmux('display', '-p', '-t', 'replay', 'alternate #{alternate_on} cursor #{cursor_flag}')).trim()
const unpacked = (): string[] => readdirSync(scratch).filter((name) => name.startsWith('whylate-bundle-'))
const isTidy = (): Promise<void> => vi.waitFor(() => expect(unpacked()).toEqual([]), wait)

async function started(): Promise<void> {
  servers++
  const shell = 'env -u NO_COLOR LANG=C.UTF-8 PS1="prompt> " bash --norc --noprofile'
  await tmux('-u', 'new-session', '-d', '-s', 'replay', '-x', '100', '-y', '30', shell)
  await shows('prompt>')
  await type(`${process.execPath} ${program} replay ${bundle}`, 'Enter')
  await shows('the end')
  expect(unpacked().length).toBe(1)
}

async function isRestored(): Promise<void> {
  await vi.waitFor(async () => expect(await state()).toBe('alternate 0 cursor 1'), wait)
  await type('C-u')
  await type('echo still $((20 + 22)) here', 'Enter')
  await shows('still 42 here')
}

/** Of the replay itself: the child of the shell in the pane. */
async function pidOfReplay(): Promise<number> {
  const shell = (await tmux('display', '-p', '-t', 'replay', '#{pane_pid}')).trim()
  return Number((await run('pgrep', ['-P', shell])).stdout.trim())
}

/** Of the clock row: where in the recording it stands, in seconds. */
async function position(): Promise<number> {
  const [, minutes, seconds] = /(\d+):(\d\d) of \d/.exec(await shown()) ?? []
  return Number(minutes) * 60 + Number(seconds)
}

describe.skipIf(!hasTmux)('a replay in a real terminal (needs tmux)', () => {
  beforeAll(() => {
    mkdirSync(scratch)
    program = buildProgram(folder)
  }, 120_000)
  afterEach(async () => {
    await tmux('kill-server').catch(() => undefined)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test(
    'go to, seek, step, speed, play, pause: while it is paused not a byte is written',
    { timeout: 120_000 },
    async () => {
      await started()
      const end = await position()
      await type('g')
      await type('#1', 'Enter')
      await shows(/ paused /)
      const late = await position()
      expect(late).toBeLessThan(end)
      await type('Left')
      await vi.waitFor(async () => expect(await position()).toBeLessThan(late), wait)
      const before = await position()
      await type('s')
      await type('s')
      await type('s')
      await vi.waitFor(async () => expect(await position()).toBeGreaterThanOrEqual(before), wait)
      await type(']')
      await shows(/paused, 2/)
      await type('Space')
      await vi.waitFor(async () => expect(await position()).toBeGreaterThan(before + 2), wait)
      await type('Space')
      await shows(/paused, 2/)
      const written = join(folder, 'written')
      await sleep(500)
      await tmux('pipe-pane', '-t', 'replay', `cat > ${written}`)
      await sleep(2500)
      expect(readFileSync(written).length).toBe(0)
      await type('?')
      await vi.waitFor(() => expect(statSync(written).size).toBeGreaterThan(100), wait)
      await type('q')
      await isRestored()
      await isTidy()
    },
  )

  test('a storm of sizes, Ctrl-Z and fg, SIGTERM', { timeout: 120_000 }, async () => {
    await started()
    for (let i = 0; i < 30; i++)
      await tmux(
        'resize-window',
        '-t',
        'replay',
        '-x',
        String(20 + ((i * 37) % 180)),
        '-y',
        String(5 + ((i * 13) % 45)),
      )
    await tmux('resize-window', '-t', 'replay', '-x', '100', '-y', '30')
    await shows('the end')
    expect((await shown()).split('\n').filter((row) => row.includes('the end'))).toHaveLength(1)
    await type('C-z')
    await shows('Stopped')
    await isRestored()
    expect(unpacked().length).toBe(1)
    await type('fg', 'Enter')
    await shows('the end')
    process.kill(await pidOfReplay(), 'SIGTERM')
    await isRestored()
    await isTidy()
  })

  test('SIGHUP, and one more at once', { timeout: 60_000 }, async () => {
    await started()
    const pid = await pidOfReplay()
    process.kill(pid, 'SIGHUP')
    process.kill(pid, 'SIGHUP')
    await isRestored()
    await isTidy()
    expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  })

  test.each(['TERM', 'KILL'] as const)('the terminal itself is gone (SIG%s)', { timeout: 60_000 }, async (signal) => {
    await started()
    const pid = await pidOfReplay()
    process.kill(Number((await tmux('display', '-p', '#{pid}')).trim()), `SIG${signal}`)
    await isTidy()
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), wait)
  })

  test('SIGKILL leaves it, and the next replay clears it away', { timeout: 60_000 }, async () => {
    await started()
    const [left] = unpacked()
    const pid = await pidOfReplay()
    process.kill(pid, 'SIGKILL')
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), wait)
    expect(unpacked()).toEqual([left])
    await run(process.execPath, [program, 'report', bundle, '--format', 'json'], {
      env: { ...process.env, TMPDIR: scratch },
    }).catch(() => undefined)
    expect(unpacked()).toEqual([])
  })
})
