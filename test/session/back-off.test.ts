// A host that is too much for the kernel engine: it is asked for less by steps, each is a blind spot, and for all again later.

import { execa } from 'execa'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test, vi } from 'vitest'
import { openPair } from '../../src/drill/pair.ts'
import { backOffLimits, createBackOff, strainOf, type BackOff } from '../../src/session/back-off.ts'
import { openLive } from '../../src/session/live.ts'
import { openRecord } from '../../src/session/record.ts'
import { replayAll } from '../../src/session/replay/replay.ts'
import { instantOf, spanOf } from '../../src/time/instant.ts'
import { probe, quiet } from '../fixtures/snapshots.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-back-off-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const fake = (name: string): string => resolve(import.meta.dirname, '../fixtures/bin', name)

/** Lets seconds pass in each of which so much was lost and used; the steps that were taken, with their seconds. */
function playOn(backOff: BackOff) {
  let second = 0
  let lost = 0
  return (count: number, lostPerSecond: number, cpuShare = 0.1): string[] => {
    const steps: string[] = []
    for (let i = 0; i < count; i++) {
      second++
      lost += lostPerSecond
      const step = backOff.feel({ at: instantOf(second * 1e9), lost, cpuShare }, 2)
      if (step !== undefined) steps.push(`${second}: ${step.step}`)
    }
    return steps
  }
}

test('an engine that is only starting may take its time and its core: nothing is felt of it, nor of one that is not there', () => {
  const own = { ...quiet.own, cpuShare: 1.5 }
  const withState = (state: ReturnType<typeof probe>['state'], part = '') =>
    strainOf({ ...quiet, own, probes: [probe('tcpdump'), probe('bpftrace', { state, part, dropped: 7 })] })
  for (const state of ['starting', 'restarting', 'failed', 'absent'] as const) expect(withState(state)).toBeUndefined()
  expect(withState('ok', 'lb01')).toBeUndefined()
  for (const state of ['ok', 'degraded'] as const)
    expect(withState(state)).toEqual({ at: quiet.now, lost: 7, cpuShare: 1.5 })
})

test('losses that go on narrow by one step, then by another; one burst does not', () => {
  const play = playOn(createBackOff())
  expect(play(60, 0)).toEqual([])
  expect(play(1, 100_000)).toEqual([])
  expect(play(30, 0)).toEqual([])
  expect(play(60, 500)).toEqual(['94: 1', '114: 2'])
})

test('after five minutes without a loss it widens by a step; what was widened too early waits longer', () => {
  const play = playOn(createBackOff())
  play(1, 0)
  expect(play(3, 500)).toEqual(['4: 1'])
  expect(play(310, 0)).toEqual(['304: 0'])
  // Too early: lossy again, until second 334.
  expect(play(20, 500)).toEqual(['324: 1'])
  expect(play(590, 0)).toEqual([])
  expect(play(30, 0)).toHaveLength(1)
})

test('more than its share of a core, for ten seconds, narrows, too; and it stays narrow while there is no room for more', () => {
  const play = playOn(createBackOff())
  expect(play(9, 0, 2)).toEqual([])
  expect(play(1, 0, 2)).toEqual(['10: 1'])
  const narrow = 0.65 * backOffLimits.cpuShare
  expect(play(1000, 0, narrow)).toEqual([])
  expect(play(400, 0, 0.1)).toHaveLength(1)
})

test(
  'a recorder whose bpftrace cannot keep up asks it for less, says what it no longer sees, and asks for all again',
  { timeout: 40_000 },
  async () => {
    const asked = join(folder, 'asked')
    vi.stubEnv('ASKED', asked)
    const recording = await openRecord({
      interfaces: [],
      netns: undefined,
      filter: undefined,
      engine: 'bpftrace',
      hasIostat: false,
      paths: { tcpdump: fake('streams-adverts'), bpftrace: fake('loses-until-asked-for-less') },
      vrid: undefined,
      interval: spanOf(100e6),
      late: undefined,
      budgetBytes: 16 * 1024 * 1024,
      path: join(folder, 'narrowed'),
      keepsSecrets: false,
      maxSizeBytes: undefined,
      maxLate: undefined,
      flightBytes: undefined,
      backOff: { cpuShare: 9, lossySeconds: 2, settleSeconds: 3, calmSeconds: 4 },
      program: { version: '0.1.0', commandLine: ['record'] },
    })
    const stepsAsked = (): string => readFileSync(asked, 'utf8').split('\n').join('')
    await vi.waitFor(() => expect(stepsAsked()).toMatch(/^010/), { timeout: 25_000, interval: 100 })
    const live = await recording.stop('the test is over')
    vi.unstubAllEnvs()

    const isNarrow = (spot: { readonly reason: string }): boolean =>
      spot.reason.startsWith('asked for less (step 1 of 2)')
    const spot = live.blindSpots.find(isNarrow)
    expect(spot?.reason).toContain('births, ends and CPU time of processes other than keepalived and qemu are not told')
    expect((spot?.to ?? 0) - (spot?.from ?? 0)).toBeGreaterThan(2e9)
    expect(live.blindSpots.some((one) => one.reason.includes('it is asked for less (step 1 of 2)'))).toBe(true)

    // The tape knows it as well.
    const settings = { budgetBytes: 16 * 1024 * 1024, interval: undefined, late: undefined, vrid: undefined }
    const { session } = await replayAll(recording.path, settings)
    expect(session.blindSpots.find(isNarrow)).toMatchObject({ source: 'bpftrace', from: spot?.from })
  },
)

test.skipIf(process.getuid?.() !== 0)(
  'the real bpftrace, asked for less by both steps, still tells who stopped the sender, and what it did not see (needs root)',
  { timeout: 120_000 },
  async () => {
    const pair = await openPair({ version: 2, advertInterval: 1 })
    const session = await openLive({
      interfaces: [pair.link],
      netns: pair.namespace,
      filter: undefined,
      engine: 'bpftrace',
      hasIostat: false,
      paths: {},
      vrid: undefined,
      interval: undefined,
      late: undefined,
      budgetBytes: 32 * 1024 * 1024,
      // A step as soon as one may follow the last.
      backOff: { cpuShare: 99, lossySeconds: 0, settleSeconds: 8, calmSeconds: 3600 },
    })
    const row = () => session.snapshot().probes.find(({ name }) => name === 'bpftrace')
    try {
      for (const step of [1, 2])
        await vi.waitFor(
          () =>
            expect(row()).toMatchObject({ state: 'degraded', reason: expect.stringContaining(`step ${step} of 2`) }),
          { timeout: 45_000, interval: 50 },
        )
      await sleep(4000)
      const pid = await pair.sender.readPid()
      await execa('sh', ['-c', `kill -STOP ${pid}; sleep 2; kill -CONT ${pid}`])
      await vi.waitFor(
        () => expect(session.snapshot().selected?.explanation).toMatchObject({ cause: 'sender-stopped' }),
        { timeout: 15_000, interval: 100 },
      )
      const explanation = session.snapshot().selected?.explanation
      expect(explanation?.culprit?.name).toContain('sh')
      expect(explanation?.confidence).not.toBe('certain')
      expect(explanation?.blindSpots.map(({ reason }) => reason)).toContainEqual(
        expect.stringMatching(/^asked for less \(step 2 of 2\): of processes other than keepalived and qemu only/),
      )
    } finally {
      await session.stop()
      await pair.close()
    }
  },
)
