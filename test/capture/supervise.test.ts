import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import type { ProbeNotice } from '../../src/events/probe.ts'
import type { ProbeOutput } from '../../src/capture/output.ts'
import { openOwnClock } from '../../src/capture/own-clock.ts'
import { supervise, type Supervised } from '../../src/capture/supervise.ts'
import type { ToolSpec } from '../../src/capture/tool-spec.ts'

const bin = resolve(import.meta.dirname, '../fixtures/bin')
const clock = openOwnClock()
const running: Supervised[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((child) => child.stop()))
})

interface Heard {
  readonly child: Supervised
  readonly all: ProbeOutput[]
  readonly notices: ProbeNotice[]
  /** Total of bytes, counted and thrown away. */
  bytes: number
}

function run(argv: readonly [string, ...string[]], change: Partial<ToolSpec> = {}, keepsBytes = true): Heard {
  const [name, ...rest] = argv
  const path = name.includes('/') ? name : join(bin, name)
  const spec: ToolSpec = {
    probe: 'tcpdump',
    part: '',
    tool: name,
    version: '1.0',
    detail: 'a test',
    argv: [path, ...rest],
    env: {},
    killAfterMs: 300,
    restart: { kind: 'never' },
    silence: undefined,
    poke: undefined,
    waitsFor: undefined,
    readStderr: () => ({ kind: 'said' }),
    ...change,
  }
  const all: ProbeOutput[] = []
  const notices: ProbeNotice[] = []
  let bytes = 0
  const child = supervise(spec, clock, (output) => {
    if (output.kind === 'bytes') bytes += output.bytes.length
    else notices.push(output)
    if (output.kind !== 'bytes' || keepsBytes) all.push(output)
  })
  running.push(child)
  return {
    child,
    all,
    notices,
    get bytes() {
      return bytes
    },
  }
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 800 && !isSo(); tries++) await sleep(10)
  expect(isSo()).toBe(true)
}

const of = <K extends ProbeNotice['kind']>(heard: Heard, kind: K): Extract<ProbeNotice, { kind: K }>[] =>
  heard.notices.filter((notice): notice is Extract<ProbeNotice, { kind: K }> => notice.kind === kind)

const isAlive = (pid: number | undefined): boolean => existsSync(`/proc/${pid}`)
const often = { kind: 'backoff', firstMs: 20, mostMs: 80, goodMs: 60_000 } as const

test('a tool that speaks is told as started before its first bytes', async () => {
  const heard = run(['hangs'])
  await until(() => heard.bytes > 0)
  expect(heard.all.map(({ kind }) => kind)).toEqual(['started', 'bytes'])
  expect(heard.notices[0]).toMatchObject({ probe: 'tcpdump', tool: 'hangs', version: '1.0', pid: heard.child.pid() })
})

test('a stop is told once, ends the child, and may be asked for again', async () => {
  const heard = run(['hangs'])
  await until(() => heard.bytes > 0)
  const pid = heard.child.pid()
  await Promise.all([heard.child.stop(), heard.child.stop()])
  await heard.child.stop()
  expect(isAlive(pid)).toBe(false)
  expect(of(heard, 'ended')).toMatchObject([{ reason: 'stopped', willRestart: false }])
})

test('a tool that ignores SIGINT is killed, and that is said', async () => {
  const heard = run(['ignores-sigint'])
  await until(() => heard.bytes > 0)
  const pid = heard.child.pid()
  await heard.child.stop()
  expect(isAlive(pid)).toBe(false)
  expect(of(heard, 'ended')[0]?.reason).toBe('stopped; ignores-sigint did not obey SIGINT for 0.3 s and was killed')
})

test('a child that is already dead can be stopped', async () => {
  const heard = run(['dies-after', '10', 'SEGV'])
  await until(() => of(heard, 'ended').length > 0)
  await heard.child.stop()
  expect(of(heard, 'ended')).toMatchObject([{ reason: 'dies-after crashed (SIGSEGV)', willRestart: false }])
})

test('every byte of a child that dies is handed on, and its next life is a new stream', async () => {
  const heard = run(['dies-after', '100000', 'KILL'], { restart: often })
  await until(() => of(heard, 'ended').length >= 3)
  const lives = new Map<number, number>()
  for (const output of heard.all) {
    if (output.kind === 'bytes') lives.set(output.life, (lives.get(output.life) ?? 0) + output.bytes.length)
  }
  expect([...lives].slice(0, 3)).toEqual([
    [0, 100_000],
    [1, 100_000],
    [2, 100_000],
  ])
  expect(of(heard, 'ended')[0]).toMatchObject({
    reason: 'dies-after was killed (SIGKILL): by hand, or by the kernel for want of memory',
    willRestart: true,
  })
})

test('a child that keeps dying is started less and less often', async () => {
  const heard = run(['exits-at-once', '7', 'no luck'], {
    restart: { kind: 'backoff', firstMs: 40, mostMs: 400, goodMs: 60_000 },
  })
  await until(() => of(heard, 'ended').length >= 5)
  const at = of(heard, 'ended').map((notice) => notice.at / 1e6)
  const waits = at.slice(1).map((time, index) => time - (at[index] ?? 0))
  expect(waits[0]).toBeGreaterThanOrEqual(39)
  expect(waits[1]).toBeGreaterThanOrEqual(79)
  expect(waits[3]).toBeGreaterThanOrEqual(319)
  expect(of(heard, 'ended')[0]?.reason).toBe('exits-at-once ended with code 7: no luck')
})

test('a life that was good for long enough starts the backoff again', async () => {
  const heard = run(['dies-after', '10', 'TERM'], {
    restart: { kind: 'backoff', firstMs: 10, mostMs: 60_000, goodMs: 0 },
  })
  // With doubling, the twelfth life would begin after 40 s.
  await until(() => of(heard, 'ended').length >= 12)
  expect(of(heard, 'ended').every(({ willRestart }) => willRestart)).toBe(true)
})

test('a tool that is refused is absent with its remedy, and is not started again', async () => {
  const heard = run(['exits-at-once', '1', 'no driver'], {
    restart: often,
    readStderr: () => ({ kind: 'refused', reason: 'its driver is not loaded', remedy: 'modprobe scap' }),
  })
  await until(() => of(heard, 'absent').length > 0)
  await sleep(200)
  expect(heard.notices).toMatchObject([
    { kind: 'absent', reason: 'exits-at-once ended with code 1: its driver is not loaded', remedy: 'modprobe scap' },
  ])
  expect(await heard.child.firstWord).toMatchObject({ kind: 'failed', remedy: 'modprobe scap' })
})

test('a tool that does not exist is told, not thrown', async () => {
  const heard = run(['/nonexistent/tool'])
  await until(() => of(heard, 'ended').length > 0)
  expect(of(heard, 'ended')[0]?.reason).toMatch(/could not be executed \(127\)/)
  await heard.child.stop()
})

test('a tool that hangs is told as silent once, stopped and started again', async () => {
  const heard = run(['hangs'], { restart: often, silence: { firstMs: 300, afterMs: 300, restarts: true } })
  await until(() => of(heard, 'started').length >= 2)
  expect(of(heard, 'silent').length).toBe(1)
  const silent = of(heard, 'silent')[0]
  expect((silent?.at ?? 0) - (silent?.since ?? 0)).toBeGreaterThanOrEqual(300e6)
  expect(of(heard, 'ended')[0]).toMatchObject({
    reason: expect.stringMatching(/^hangs said nothing for \d+\.\d s and was stopped$/),
    willRestart: true,
  })
})

test('a stopped process (SIGSTOP) is silent, and is replaced although it cannot obey', async () => {
  const heard = run(['tells-its-pid'], { restart: often, silence: { firstMs: 500, afterMs: 500, restarts: true } })
  await until(() => heard.bytes > 0)
  const pid = heard.child.pid() ?? 0
  process.kill(pid, 'SIGSTOP')
  await until(() => of(heard, 'started').length >= 2)
  expect(isAlive(pid)).toBe(false)
  expect(of(heard, 'silent').length).toBe(1)
})

test('a tool that may be silent is left alone', async () => {
  const heard = run(['hangs'], { silence: { firstMs: 200, afterMs: 200, restarts: false } })
  await until(() => of(heard, 'silent').length > 0)
  await sleep(600)
  expect(of(heard, 'silent').length).toBe(1)
  expect(of(heard, 'ended')).toEqual([])
  expect(isAlive(heard.child.pid())).toBe(true)
})

test('a flood on stderr is told as a few lines and a count, and does not block the child', async () => {
  const heard = run(['floods-stderr'])
  await sleep(2500)
  const said = of(heard, 'said')
  expect(said.length).toBeLessThan(30)
  expect(said.some(({ text }) => /^floods-stderr wrote \d{4,} more lines to stderr$/.test(text))).toBe(true)
  await heard.child.stop()
})

test('a line without an end costs a bounded amount of memory', async () => {
  const before = process.memoryUsage().rss
  const heard = run(['endless-line'])
  await sleep(1500)
  expect(process.memoryUsage().rss - before).toBeLessThan(150e6)
  await heard.child.stop()
  expect(of(heard, 'said').every(({ text }) => text.length <= 500)).toBe(true)
})

test('a flood on stdout passes through in bounded memory', async () => {
  const before = process.memoryUsage().rss
  const heard = run(['floods-stdout'], {}, false)
  await until(() => heard.bytes > 500e6)
  expect(process.memoryUsage().rss - before).toBeLessThan(200e6)
})

test('while reading is paused the child waits, nothing queues, and a long pause is told', async () => {
  const heard = run(['floods-stdout'], {}, false)
  await until(() => heard.bytes > 0)
  heard.child.pause()
  await sleep(100)
  const atPause = heard.bytes
  const before = process.memoryUsage().rss
  await sleep(1500)
  expect(heard.bytes).toBe(atPause)
  expect(process.memoryUsage().rss - before).toBeLessThan(20e6)
  heard.child.resume()
  await until(() => heard.bytes > atPause)
  expect(of(heard, 'said').map(({ text }) => text)).toEqual([
    expect.stringMatching(/^whylate did not read floods-stdout for \d+\.\d s: it could not keep up; see its drops$/),
  ])
})

test('a paused child can be stopped', async () => {
  const heard = run(['floods-stdout'], {}, false)
  await until(() => heard.bytes > 0)
  heard.child.pause()
  const pid = heard.child.pid()
  await heard.child.stop()
  expect(isAlive(pid)).toBe(false)
})

test('when whylate itself stands still, that is told and not held against the child', async () => {
  const heard = run(['tells-its-pid'], { restart: often, silence: { firstMs: 1000, afterMs: 1000, restarts: true } })
  await until(() => heard.bytes > 0)
  // All of whylate, as if the host had frozen it: the loop is blocked, not merely busy.
  execFileSync('sleep', ['2'])
  await sleep(600)
  expect(of(heard, 'silent')).toEqual([])
  expect(of(heard, 'said').map(({ text }) => text)).toContainEqual(
    expect.stringMatching(/^whylate itself stood still for \d+\.\d s and did not read tells-its-pid; see its drops$/),
  )
})

test('a signal is sent only to a child that catches it', async () => {
  const poke = { signal: 'SIGUSR1', everyMs: 250 } as const
  const deaf = run(['hangs'], { poke })
  const catches = run(['/bin/sh', '-c', "trap 'echo poked >&2' USR1; while :; do echo; sleep 0.05; done"], { poke })
  await until(() => of(catches, 'said').length >= 2)
  expect(of(catches, 'said')[0]?.text).toBe('poked')
  // SIGUSR1 without a handler would have ended it.
  expect(isAlive(deaf.child.pid())).toBe(true)
  expect(of(deaf, 'ended')).toEqual([])
})

test('drops are counted in total, also by a tool that tells only the latest', async () => {
  const heard = run(['/bin/sh', '-c', 'echo; echo 3 >&2; echo 4 >&2; exec sleep 600'], {
    readStderr: (line) => ({ kind: 'lost', count: Number(line) }),
  })
  await until(() => of(heard, 'drops').length >= 2)
  expect(of(heard, 'drops').map(({ total }) => total)).toEqual([3, 7])
})

test('a child whose obstacle is named waits without being started', async () => {
  let obstacle: string | undefined = 'the interface va is gone'
  const heard = run(['hangs'], { waitsFor: () => obstacle })
  await sleep(300)
  expect(heard.notices).toMatchObject([{ kind: 'said', text: 'hangs waits: the interface va is gone' }])
  expect(heard.child.pid()).toBeUndefined()
  obstacle = undefined
  await until(() => heard.bytes > 0)
})

test('a child that ended is buried even if something it started keeps its pipe', async () => {
  const heard = run(['leaves-a-grandchild'])
  await until(() => of(heard, 'ended').length > 0)
  expect(of(heard, 'ended')[0]?.reason).toBe(
    'leaves-a-grandchild ended by itself, without an error (somebody may have interrupted it)',
  )
})

test('bytes that mean nothing are handed on untouched', async () => {
  const heard = run(['speaks-garbage'])
  await until(() => heard.bytes >= 100_000)
  expect(heard.bytes).toBe(100_000)
})
