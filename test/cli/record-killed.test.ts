// The recorder is killed at fifty moments that nobody chose, plain and as a flight recorder: each bundle replays, and what its
// tools had said a second before is in it.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { constants, gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { replayAll } from '../../src/session/replay/replay.ts'
import { epochAt } from '../../src/time/instant.ts'
import { buildProgram } from '../fixtures/built-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-killed-'))
const fake = (name: string): string => resolve(import.meta.dirname, '../fixtures/bin', name)
let program = ''
beforeAll(() => {
  program = buildProgram(folder)
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))

const kills = 50
const atOnce = 5
const second = 1_000_000_000n
const lastMs = 1500

interface Killed {
  readonly path: string
  readonly killedNs: bigint
  /** How long its threads wanted a CPU and had none, before it was killed: on a busy machine that comes on top of the second. */
  readonly waitedNs: bigint
  /** What the tools had said, by their own account: times, oldest first. */
  readonly adverts: readonly bigint[]
  readonly samples: readonly bigint[]
}

/** None of a tool that had not begun. */
const timesIn = (path: string): bigint[] =>
  existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean).map(BigInt) : []

/** What goes through the main thread and then one of the others; schedstat: ns on CPU, ns waiting for one, slices. */
function runDelayOf(pid: number | undefined): bigint {
  try {
    const delays = readdirSync(`/proc/${pid}/task`).map(
      (tid) => [tid, BigInt(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ')[1] ?? 0)] as const,
    )
    const worst = delays.reduce((most, [tid, ns]) => (tid !== String(pid) && ns > most ? ns : most), 0n)
    return worst + (delays.find(([tid]) => tid === String(pid))?.[1] ?? 0n)
  } catch {
    return 0n
  }
}

async function kill(number: number): Promise<Killed> {
  const home = join(folder, String(number))
  mkdirSync(home)
  const path = join(home, 'night.whylate')
  const [adverts, samples] = [join(home, 'adverts'), join(home, 'samples')]
  const tools = [
    '--engine',
    'none',
    '--interval',
    '100',
    '--tcpdump',
    fake('streams-adverts'),
    '--iostat',
    fake('streams-samples'),
  ]
  const argv = [program, 'record', '-o', path, ...tools, ...(number % 2 === 0 ? [] : ['--flight'])]
  const child = spawn(process.execPath, argv, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ADVERTS_SAID: adverts, SAMPLES_SAID: samples },
  })
  const ended = new Promise<void>((done) => child.once('close', () => done()))
  let waitedNs = 0n
  try {
    await new Promise<void>((done) => child.stderr.once('data', () => done()))
    const lifeMs = 300 + Math.random() * 1900
    await sleep(Math.max(0, lifeMs - lastMs))
    const before = runDelayOf(child.pid)
    await sleep(Math.min(lifeMs, lastMs))
    waitedNs = runDelayOf(child.pid) - before
  } finally {
    child.kill('SIGKILL')
  }
  const killedNs = BigInt(Date.now()) * 1_000_000n
  await ended
  return { path, killedNs, waitedNs, adverts: timesIn(adverts), samples: timesIn(samples) }
}

/** iostat's samples as they lie on the disk. */
function samplesIn(path: string): number {
  try {
    const text = gunzipSync(readFileSync(join(path, 'iostat.ndjson.gz')), { finishFlush: constants.Z_SYNC_FLUSH })
    return text
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('{"timestamp"') && line.endsWith('}')).length
  } catch {
    return 0
  }
}

test(
  `killed at ${kills} moments, each bundle replays and lacks no more than its last second`,
  { timeout: 400_000 },
  async () => {
    const missing: { readonly number: number; readonly adverts: number; readonly samples: number }[] = []
    let told = 0
    for (let from = 0; from < kills; from += atOnce) {
      const group = await Promise.all(Array.from({ length: atOnce }, (_, i) => kill(from + i)))
      for (const [i, one] of group.entries()) {
        const replayed = await replayAll(one.path, {
          budgetBytes: 2 ** 26,
          interval: undefined,
          late: undefined,
          vrid: undefined,
        })
        expect(replayed.complaints).toEqual([])
        expect(replayed.remarks).toEqual([expect.stringContaining('its recorder was killed')])
        const { flows, origin } = replayed.snapshot
        const newest = flows[0] === undefined ? 0n : epochAt(flows[0].lastAt, origin)
        const due = one.killedNs - second - one.waitedNs
        missing.push({
          number: from + i,
          // A stamp goes through a double of nanoseconds since the origin.
          adverts: one.adverts.filter((at) => at <= due && at > newest + 1000n).length,
          samples: Math.max(0, one.samples.filter((at) => at <= due).length - samplesIn(one.path)),
        })
        told += one.adverts.length
      }
    }
    expect(missing.filter((one) => one.adverts > 0 || one.samples > 0)).toEqual([])
    expect(missing.length).toBe(kills)
    // Of those that lived long enough to have said anything a second before.
    expect(told).toBeGreaterThan(100)
  },
)
