import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildCapture } from '../fixtures/built-capture.ts'

const fixtures = resolve(import.meta.dirname, '../fixtures')
const fake = (name: string): string => join(fixtures, 'bin', name)

let folder = ''
beforeAll(() => {
  folder = buildCapture()
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** All processes that carry this mark in their environment, except the parent itself. */
function marked(mark: string, parent: number | undefined): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== parent)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(mark)
      } catch {
        return false
      }
    })
    .map(Number)
}

async function isGone(mark: string): Promise<boolean> {
  for (let tries = 0; tries < 60; tries++) {
    if (marked(mark, undefined).length === 0) return true
    await sleep(50)
  }
  return false
}

const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`)

async function guardIsGone(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 60 && isAlive(pid); tries++) await sleep(50)
  return !isAlive(pid)
}

interface Parent {
  readonly process: ChildProcess
  readonly mark: string
  /** Lines that it has said so far. */
  readonly said: string[]
}

let number = 0

function startParent(how: string, tools: readonly string[]): Parent {
  const mark = `WHYLATE_TEST_MARK=guard-${process.pid}-${number++}`
  const [name = '', value = ''] = mark.split('=')
  const child = spawn(process.execPath, [join(fixtures, 'parent-that-dies.js'), folder, how, ...tools], {
    cwd: folder,
    env: { ...process.env, [name]: value },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const said: string[] = []
  child.stdout.on('data', (chunk: Buffer) => said.push(...chunk.toString().trim().split('\n')))
  return { process: child, mark, said }
}

async function untilRunning(parent: Parent): Promise<void> {
  while (!parent.said.includes('running')) await sleep(10)
}

const tools = [fake('tells-its-pid'), fake('ignores-sigint'), fake('floods-stdout')]

for (const signal of ['SIGKILL', 'SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
  test(`no child is left when whylate is ended by ${signal}`, { timeout: 20_000 }, async () => {
    const parent = startParent('wait', tools)
    await untilRunning(parent)
    expect(marked(parent.mark, parent.process.pid).length).toBeGreaterThanOrEqual(tools.length)
    parent.process.kill(signal)
    await once(parent.process, 'exit')
    expect(await isGone(parent.mark)).toBe(true)
    expect(await guardIsGone(Number(parent.said[0]))).toBe(true)
  })
}

for (const how of ['exit', 'throw', 'abort']) {
  test(`no child is left when whylate ends by ${how}`, { timeout: 20_000 }, async () => {
    const parent = startParent(how, tools)
    await once(parent.process, 'exit')
    expect(parent.said).toContain('running')
    expect(await isGone(parent.mark)).toBe(true)
    expect(await guardIsGone(Number(parent.said[0]))).toBe(true)
  })
}

test(
  'no child is left when whylate is killed at any moment of starting and restarting',
  { timeout: 60_000 },
  async () => {
    // `exits-at-once` is started again every 20 to 50 ms, so that a kill often falls between fork and exec.
    const restless = [...tools, fake('exits-at-once'), fake('exits-at-once')]
    const rounds = Number(process.env['WHYLATE_ORPHAN_ROUNDS'] ?? 12)
    const orphans: number[] = []
    for (let round = 0; round < rounds; round++) {
      const parent = startParent('wait', restless)
      // Its first line comes just before its first child.
      while (parent.said.length === 0) await sleep(5)
      await sleep(Math.random() * 150)
      parent.process.kill('SIGKILL')
      await once(parent.process, 'exit')
      if (!(await isGone(parent.mark))) orphans.push(...marked(parent.mark, undefined))
    }
    expect(orphans).toEqual([])
  },
)

test('a guard that somebody kills is replaced and knows the children of the first', { timeout: 20_000 }, async () => {
  const parent = startParent('wait', tools)
  await untilRunning(parent)
  process.kill(Number(parent.said[0]), 'SIGKILL')
  await sleep(300)
  parent.process.kill('SIGKILL')
  await once(parent.process, 'exit')
  expect(await isGone(parent.mark)).toBe(true)
})

test('the guard outlives a Ctrl-C, a hangup and a TERM of its own', { timeout: 20_000 }, async () => {
  const parent = startParent('wait', tools)
  await untilRunning(parent)
  const guard = Number(parent.said[0])
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(guard, signal)
  await sleep(100)
  expect(isAlive(guard)).toBe(true)
  parent.process.kill('SIGKILL')
  await once(parent.process, 'exit')
  expect(await isGone(parent.mark)).toBe(true)
})
