// The recorder as it runs for real: killed at any moment, its disk full, its terminal gone.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { buildProgram } from '../fixtures/built-program.ts'
import { replayAll, type Replayed } from '../../src/session/replay/replay.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-recorder-'))
const fake = (name: string): string => resolve(import.meta.dirname, '../fixtures/bin', name)
const isRoot = process.getuid?.() === 0
let program = ''

beforeAll(() => {
  program = buildProgram(folder)
}, 60_000)
/** Also of a test that failed: nothing is left running. */
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const probes = [
  '--engine',
  'none',
  '--interval',
  '100',
  '--tcpdump',
  fake('streams-adverts'),
  '--iostat',
  fake('streams-samples'),
]

interface Ran {
  readonly child: ChildProcess
  /** Resolves at the first line on stderr that has this in it. */
  says(text: string): Promise<void>
  readonly ended: Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
}

function record(path: string, ...argv: readonly string[]): Ran {
  const child = spawn(process.execPath, [program, 'record', '-o', path, ...probes, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  return {
    child,
    async says(text) {
      for (let tries = 0; tries < 3000 && !stderr.includes(text); tries++) await sleep(10)
      expect(stderr).toContain(text)
    },
    ended: new Promise((done) => child.once('close', (code) => done({ code, stdout, stderr }))),
  }
}

const played = (path: string): Promise<Replayed> =>
  replayAll(path, { budgetBytes: 64 * 1024 * 1024, interval: undefined, late: undefined, vrid: undefined })

test('SIGTERM, SIGINT and a lost terminal close the bundle, however often they come', { timeout: 60_000 }, async () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const path = join(folder, `${signal}.whylate`)
    const ran = record(path)
    await ran.says('recording to')
    await sleep(2500)
    ran.child.stderr?.destroy()
    for (let times = 0; times < 3; times++) ran.child.kill(signal)
    const { code, stdout } = await ran.ended
    expect(code).toBe(10)
    expect(stdout).toMatch(signal === 'SIGHUP' ? /^$/ : /: \d+ adverts, [1-9]\d* late, [\d.]+ [kM]?B\n$/)
    const { complaints, remarks } = await played(path)
    expect([...complaints, ...remarks]).toEqual([])
    expect(readFileSync(join(path, 'manifest.json'), 'utf8')).toContain(signal)
  }
})

test('while it records, a replay says so and reads what is there', { timeout: 30_000 }, async () => {
  const path = join(folder, 'at-work.whylate')
  const ran = record(path)
  await ran.says('recording to')
  await sleep(2500)
  const { snapshot, remarks, complaints } = await played(path)
  ran.child.kill('SIGTERM')
  await ran.ended
  expect(remarks).toEqual([expect.stringContaining(`still being written, by process ${ran.child.pid}`)])
  expect(complaints).toEqual([])
  expect(snapshot.flows[0]?.adverts).toBeGreaterThan(5)
})

test.skipIf(!isRoot).each([[], ['--flight']])(
  'a full disk ends it with a sentence, and what is there replays %s (needs root)',
  { timeout: 60_000 },
  async (...argv: string[]) => {
    const small = join(folder, `small${argv.join('')}`)
    mkdirSync(small)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=284k', 'tmpfs', small])
    try {
      const path = join(small, 'full.whylate')
      const ran = record(path, ...argv)
      const { code, stderr } = await ran.ended
      expect(stderr).toContain('no space is left on the disk')
      expect(code).toBe(3)
      const { snapshot, complaints, remarks } = await played(path)
      expect(complaints).toEqual([])
      expect(remarks).toEqual([])
      expect(snapshot.flows[0]?.adverts).toBeGreaterThan(5)
      expect(readFileSync(join(path, 'manifest.json'), 'utf8')).toContain('no space is left')
      expect(readdirSync(path)).not.toContain('reserve.tmp')
    } finally {
      execFileSync('umount', ['-l', small])
    }
  },
)

test('a recorder whose bundle is removed ends, instead of recording into nothing', { timeout: 60_000 }, async () => {
  const path = join(folder, 'removed.whylate')
  const ran = record(path)
  await ran.says('recording to')
  await sleep(1500)
  rmSync(path, { recursive: true })
  const { code, stderr } = await ran.ended
  expect(code).toBe(3)
  expect(stderr).toContain('its directory was removed')
})

test('it loads nothing of the screen', { timeout: 30_000 }, () => {
  const loader = `data:text/javascript,${encodeURIComponent(
    'export async function load(url, context, next) { process.stderr.write("LOADED " + url + "\\n"); return next(url, context) }',
  )}`
  const register = `data:text/javascript,${encodeURIComponent(`import { register } from 'node:module'; register(${JSON.stringify(loader)})`)}`
  const argv = [
    '--import',
    register,
    program,
    'record',
    '-q',
    '--for',
    '1',
    '-o',
    join(folder, 'graph.whylate'),
    ...probes,
  ]
  const run = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] })
  let loaded = ''
  run.stderr.on('data', (bytes: Buffer) => (loaded += bytes.toString()))
  return new Promise<void>((done) => run.once('close', () => done())).then(() => {
    const files = [...new Set(loaded.match(/(?<=^LOADED file:\/\/)\S+\.js$/gm))]
    // The joined files say of each module in them where it is from.
    const modules = files.flatMap((file) => readFileSync(file, 'utf8').match(/(?<=^\/\/ )\S+\.js$/gm) ?? [])
    expect(modules).toContain('dist/session/record.js')
    expect(modules.filter((module) => /node_modules\/execa\//.test(module))).not.toEqual([])
    expect(modules.filter((module) => /node_modules\/(?:ink|react)\/|^dist\/screen\//.test(module))).toEqual([])
    return undefined
  })
})

test('wrong usage is a sentence', { timeout: 30_000 }, async () => {
  const path = join(folder, 'taken')
  mkdirSync(`${path}.whylate`)
  const { code, stderr } = await record(path).ended
  expect(code).toBe(2)
  expect(stderr).toContain('exists already')
  const wrong = await record(join(folder, 'x'), '--max-size', 'much').ended
  expect(wrong.code).toBe(2)
})
