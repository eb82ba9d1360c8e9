// `whylate drill` as its user runs it: a real pair, a real fault, the real probes, and an answer on stdout.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { scenarios, scenarioOf } from '../../src/drill/scenarios.ts'
import { buildProgram } from '../fixtures/built-program.ts'
import { readTraces } from '../drill/owner.ts'

const isRoot = process.getuid?.() === 0
const folder = mkdtempSync(join(tmpdir(), 'whylate-drill-test-'))
let program = ''

beforeAll(() => {
  program = buildProgram(folder)
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Run {
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
  readonly pid: number | undefined
}

async function drill(...args: readonly string[]): Promise<Run> {
  const running = execa(process.execPath, [program, 'drill', ...args], { reject: false, stdin: 'ignore' })
  const { exitCode, stdout, stderr } = await running
  return { exitCode, stdout, stderr, pid: running.pid }
}

test('drill list shows each scenario with what should be named', async () => {
  const { exitCode, stdout } = await drill('list')
  expect(exitCode).toBe(0)
  const lines = stdout.split('\n')
  expect(lines.map((line) => line.split(' ')[0])).toEqual(scenarios.map(({ name }) => name))
  expect(lines).toContainEqual(expect.stringMatching(/^disk-storm +nothing late +the same slow disk/))
  for (const line of lines) expect(line.length).toBeLessThan(160)
})

test('a scenario that does not exist is a sentence with its remedy, and exit code 2', async () => {
  const { exitCode, stdout, stderr } = await drill('earthquake')
  expect([exitCode, stdout]).toEqual([2, ''])
  expect(stderr).toContain('There is no scenario called earthquake.')
  expect(stderr).toContain('whylate drill list')
})

// Held by a limit, held in a call, held up on the way, and one that must accuse nobody. A machine that is
// busy with other tests may be late before, or leave a verdict open: what it must never do is name a wrong one.
const played = ['quota', 'blocked-log', 'port-out', 'disk-storm']

test.skipIf(!isRoot).each(played)(
  'drill %s: nothing wrong is named, the verdict is told, and nothing is left behind (needs root)',
  async (name) => {
    const scenario = scenarioOf(name)
    if ((await scenario?.refusal?.()) !== undefined) return
    const before = new Set(readdirSync('/run'))
    const { exitCode, stdout, stderr, pid } = await drill(name)
    expect(await readTraces([pid ?? 0])).toEqual([])
    expect(readdirSync('/run').filter((entry) => !before.has(entry) && entry.includes(`-${pid}-`))).toEqual([])
    // Without a verdict the machine was late before anything was done.
    const [, mark] = /^DRILL [a-z-]+\n {2}done {3}.+\n(?: {2}found {2}.+\n)+ {2}(\w+)/m.exec(stdout) ?? []
    expect(['right', 'open', undefined]).toContain(mark)
    expect(exitCode).toBe(mark === 'right' ? 0 : 1)
    expect(stderr).not.toContain('    at ')
  },
  120_000,
)
