// The whole program on a real terminal, over a recorded incident and live: its panes, sizes that change while keys come, and
// every way to end. Terminal and scrollback are intact each time.

import { execFile } from 'node:child_process'
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { buildProgram } from '../fixtures/built-program.ts'
import { createTmuxRig, hasTmux } from './tmux-rig.ts'

const run = promisify(execFile)
const rig = createTmuxRig()
const { tmux, type, shown, shows, state, isRestored } = rig
const folder = mkdtempSync(join(tmpdir(), 'whylate-whole-'))
const bundle = join(folder, 'incident.tgz')
const defect = join(folder, 'defect.mjs')
const canCapture = process.getuid?.() === 0 && existsSync('/usr/bin/tcpdump')
let program = ''

/** Read to its end, where all of it is known. */
async function replay(): Promise<void> {
  await rig.start(`${process.execPath} ${program} replay ${bundle}`)
  await shows(' the end ')
}
const live = (environment = ''): Promise<void> =>
  rig.start(`${environment} ${process.execPath} ${program} -i lo --engine none --no-iostat`)

/** Esc alone: with the next key in one piece it would be Alt. */
async function back(text?: string): Promise<void> {
  await type('Escape')
  // A crowded machine reads late, and what comes meanwhile comes in the same piece.
  if (text === undefined) await sleep(600)
  else await shows(text)
}

/** The program itself, below the shell. */
async function pidOf(): Promise<number> {
  const { stdout } = await run('pgrep', ['-P', await rig.shell()])
  return Number(stdout.trim().split('\n')[0])
}

describe.skipIf(!hasTmux)('the whole program (needs tmux)', { timeout: 90_000 }, () => {
  beforeAll(() => {
    program = buildProgram(folder)
    copyFileSync(resolve(import.meta.dirname, '../captures/own/guest-sigstop-1.whylate.tgz'), bundle)
    // Loaded into every thread: the workers fail a second after their start.
    writeFileSync(
      defect,
      `import { isMainThread } from 'node:worker_threads'
if (!isMainThread) setTimeout(() => { throw new Error('a defect in a worker, on purpose') }, 1500)
`,
    )
  }, 60_000)
  afterEach(() => rig.end())
  afterAll(() => {
    rig.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('from the first frame to a single event, two late adverts beside each other, and q', async () => {
    await replay()
    await shows('WHO    process stopfor')
    await type('t')
    await shows(/late +due├─+ #4 ─+┤sent/)
    await type('j', 'j', 'j', 'j', 'j', 'j', 'j', 'j')
    await shows(/▶signals/)
    await type('b')
    await shows(/SIGSTOP delivered to|SIGSTOP sent to/)
    await type('Enter')
    await shows(/EVENT \d of \d+ ─/)
    expect(await shown()).toMatch(/signal +SIGSTOP/)
    await back('▶signals')
    await type('k', 'k', 'k', 'k', 'k')
    await shows(/▶slow calls/)
    await type('w')
    await shows(/slow calls +dd \(\d+\)/)
    await type('Enter')
    await shows(/EVENT 1 of \d+ ─/)
    expect(await shown()).toMatch(/latency +\d/)
    await back('▶slow calls')
    await type('+')
    await shows(/TIMELINE .* 30\.\d ms a column/)
    await type('t')
    await shows('WHY #4')
    await type('c', ',', ',', 'c')
    await shows('#4 AND #2')
    await shows('ONLY #4')
    await back('WHO    process')
    await type('q')
    await isRestored()
  })

  test('sizes that change while keys come leave one whole frame', async () => {
    await replay()
    await shows('WHY #4')
    const sizes = [
      [200, 50],
      [40, 12],
      [300, 60],
      [33, 7],
      [80, 24],
      [120, 40],
    ] as const
    for (let round = 0; round < 3; round++)
      for (const [columns, rows] of sizes) {
        const resized = tmux('resize-window', '-t', 'screen', '-x', String(columns), '-y', String(rows))
        await Promise.all([resized, type('t', 'j', 'k'), type('?', '?')])
      }
    await tmux('resize-window', '-t', 'screen', '-x', '100', '-y', '30')
    for (let i = 0; i < 3; i++) await back()
    await vi.waitFor(
      async () => {
        const rows = (await shown()).split('\n')
        expect(rows[0]).toMatch(/^ whylate replay · vm/)
        expect(rows.filter((row) => row.includes('q quit'))).toHaveLength(1)
        expect(rows[28]).toContain('q quit')
      },
      { timeout: 15_000, interval: 100 },
    )
    await type('q')
    await isRestored()
  })

  test('a stop from outside gives the shell back, and fg the screen', async () => {
    await replay()
    await shows('WHY #4')
    process.kill(await pidOf(), 'SIGTSTP')
    await shows('Stopped')
    await isRestored()
    await type('fg', 'Enter')
    await shows('WHY #4')
    expect(await state()).toBe('alternate 1 cursor 0')
    await type('q')
    await isRestored()
  })

  test('killed, it leaves the terminal as it was', async () => {
    await replay()
    await shows('WHY #4')
    process.kill(await pidOf(), 'SIGKILL')
    await isRestored()
    expect(await shown()).toContain('whylate was killed.')
  })

  test.skipIf(!canCapture)('live: the view is held and goes on, the timeline opens, q ends it', async () => {
    await live()
    await shows('No VRRP advert seen yet.')
    await type('Space')
    await shows('PAUSED')
    await type('Space', 't')
    await shows(/TIMELINE .* a column/)
    await back('No VRRP advert seen yet.')
    expect(await state()).toBe('alternate 1 cursor 0')
    await type('q')
    await isRestored()
  })

  test.skipIf(!canCapture)('live: an error in a worker is printed on the ordinary screen', async () => {
    await live(`NODE_OPTIONS=--import=${defect}`)
    await shows('a defect in a worker, on purpose')
    await isRestored()
    expect(await shown()).not.toContain('FLOW')
  })
})
