// The built screen as a program of its own on a real terminal: job control, resize, crash, and what is left behind.

import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createTmuxRig, hasTmux } from './tmux-rig.ts'

const root = resolve(import.meta.dirname, '../..')
const built = join(root, 'node_modules', '.cache', `screen-demo-${process.pid}`)
const demo = join(built, 'test', 'fixtures', 'screen-demo.js')
const run = promisify(execFile)
const rig = createTmuxRig()
const { tmux, type, shown, shows, state, isRestored } = rig

const started = (name: string, environment = ''): Promise<void> =>
  rig.start(`${environment} ${process.execPath} ${demo} ${name}`)

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
    await rig.end()
  })

  afterAll(async () => {
    await rm(built, { recursive: true, force: true })
    rig.close()
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
    const pid = await rig.shell()
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
