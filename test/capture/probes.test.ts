import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import type { ProbeName, ProbeNotice } from '../../src/events/probe.ts'
import { chooseEngine } from '../../src/capture/engine.ts'
import { examine, type Examination } from '../../src/capture/examine.ts'
import { openOwnClock } from '../../src/capture/own-clock.ts'
import { privilegesOf } from '../../src/capture/privileges.ts'
import { startProbes, type ProbeOptions, type RunningProbes, type StartProbe } from '../../src/capture/probes.ts'

const isRoot = process.getuid?.() === 0
const fake = (name: string): string => resolve(import.meta.dirname, '../fixtures/bin', name)
const clock = openOwnClock()

let running: RunningProbes | undefined
afterEach(async () => {
  await running?.stop()
  running = undefined
})

const nothing: ProbeOptions = {
  interfaces: [],
  netns: undefined,
  filter: undefined,
  engine: 'none',
  hasIostat: false,
  watched: [],
  paths: {},
}

interface Heard {
  readonly notices: ProbeNotice[]
  readonly bytes: Map<ProbeName, number>
}

async function start(options: Partial<ProbeOptions>, more: readonly StartProbe[] = []): Promise<Heard> {
  const heard: Heard = { notices: [], bytes: new Map() }
  running = await startProbes(
    { ...nothing, ...options },
    clock,
    (output) => {
      if (output.kind === 'bytes')
        heard.bytes.set(output.probe, (heard.bytes.get(output.probe) ?? 0) + output.bytes.length)
      else heard.notices.push(output)
    },
    more,
  )
  return heard
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2000 && !isSo(); tries++) await sleep(10)
  expect(isSo()).toBe(true)
}

const isTold = (heard: Heard, kind: ProbeNotice['kind'], probe: ProbeName): boolean =>
  heard.notices.some((notice) => notice.kind === kind && notice.probe === probe)

test.skipIf(!isRoot)(
  'tcpdump, iostat and the best kernel engine that works here all speak, and none is left after the stop (needs root)',
  { timeout: 60_000 },
  async () => {
    const heard = await start({ engine: 'auto', hasIostat: true })
    const engine = await running?.engine
    expect(engine).not.toBe('none')
    await until(() => isTold(heard, 'started', 'iostat') && isTold(heard, 'drops', 'tcpdump'))
    expect(heard.bytes.get(engine === 'sysdig' ? 'sysdig' : 'bpftrace')).toBeGreaterThan(0)
    const pids = running?.pids() ?? []
    expect(pids.length).toBe(4)
    await Promise.all([running?.stop(), running?.stop()])
    const guard = pids.at(-1)
    expect(pids.filter((pid) => pid !== guard && existsSync(`/proc/${pid}`))).toEqual([])
    const told = heard.notices.length
    await sleep(400)
    expect(heard.notices.length).toBe(told)
  },
)

test.skipIf(!isRoot)(
  'a stop while the engine is still being tried leaves nothing behind (needs root)',
  { timeout: 60_000 },
  async () => {
    await start({ engine: 'auto', hasIostat: true })
    const before = running?.pids() ?? []
    await running?.stop()
    const left = [...before, ...(running?.pids() ?? [])].filter((pid) => existsSync(`/proc/${pid}`))
    // Only the guard.
    expect(new Set(left).size).toBeLessThanOrEqual(1)
    expect(await running?.engine).toBe('none')
  },
)

test.skipIf(!isRoot)(
  'tools that are missing are absent, each with its reason and remedy, and the rest goes on (needs root)',
  { timeout: 30_000 },
  async () => {
    const nowhere = '/nonexistent/tool'
    const heard = await start({
      engine: 'auto',
      hasIostat: true,
      paths: { sysdig: nowhere, bpftrace: nowhere, iostat: nowhere },
    })
    expect(await running?.engine).toBe('none')
    await until(() => isTold(heard, 'started', 'tcpdump'))
    const absent = heard.notices.filter((notice) => notice.kind === 'absent')
    expect(absent.map(({ probe }) => probe).sort()).toEqual(['bpftrace', 'iostat', 'sysdig'])
    expect(absent[0]).toMatchObject({
      reason: '/nonexistent/tool is not an executable file',
      remedy: expect.stringMatching(/^Correct --\w+ or WHYLATE_\w+, or leave it out/),
    })
  },
)

test('sysdig is started by the driver that works, and its drops are told at the end', { timeout: 30_000 }, async () => {
  process.env['FAKE_SCAP'] = join(import.meta.dirname, '../captures/heartbeat/sysdig-0.29.3-beats.scap.gz')
  const heard = await start({
    engine: 'sysdig',
    paths: { tcpdump: '/nonexistent/tool', sysdig: fake('sysdig-modern') },
  })
  expect(await running?.engine).toBe('sysdig')
  expect(running?.heartbeatTid()).toBeGreaterThan(0)
  await until(() => heard.bytes.get('sysdig') === readFileSync(process.env['FAKE_SCAP'] ?? '').length)
  expect(heard.notices.find(({ kind }) => kind === 'started')).toMatchObject({
    probe: 'sysdig',
    version: '0.36.0',
    detail: 'modern BPF',
  })
  expect(isTold(heard, 'absent', 'sysdig')).toBe(false)
  await running?.stop()
  expect(heard.notices.slice(-2)).toMatchObject([
    { kind: 'drops', total: 42 },
    { kind: 'ended', reason: 'stopped', willRestart: false },
  ])
  expect(running?.heartbeatTid()).toBeUndefined()
})

test('a sysdig that hangs from its first moment does not keep the others waiting', { timeout: 60_000 }, async () => {
  const heard = await start({
    engine: 'sysdig',
    paths: { tcpdump: fake('hangs'), sysdig: fake('says-nothing') },
  })
  await until(() => isTold(heard, 'started', 'tcpdump'))
  // Its version is still being asked for.
  expect(isTold(heard, 'absent', 'sysdig')).toBe(false)
  await running?.stop()
  expect(await running?.engine).toBe('none')
})

test('what the caller adds is started and stopped with the rest', async () => {
  let isStopped = false
  await start({ paths: { tcpdump: '/nonexistent/tool' } }, [
    () =>
      Promise.resolve({
        stop() {
          isStopped = true
          return Promise.resolve()
        },
      }),
  ])
  await running?.stop()
  expect(isStopped).toBe(true)
})

test('an interface that does not exist throws before anything is started', async () => {
  await expect(start({ interfaces: ['nosuch0'] })).rejects.toThrow('There is no interface named nosuch0 here.')
})

test.skipIf(!isRoot)('examine names what works, by a real run of each (needs root)', { timeout: 60_000 }, async () => {
  const found = await examine(nothing)
  expect(found.map(({ probe }) => probe)).toEqual(['tcpdump', 'sysdig', 'bpftrace', 'iostat'])
  expect(found.find(({ probe }) => probe === 'tcpdump')).toMatchObject({
    state: 'ok',
    version: expect.stringMatching(/^\d/),
    works: [expect.stringMatching(/^first byte after \d+ ms, on any$/)],
    lacks: [],
  })
  for (const { lacks, state } of found) {
    expect(state !== 'absent' || lacks.length > 0).toBe(true)
    for (const { reason, remedy } of lacks) {
      expect(reason).not.toMatch(/undefined|\.$/)
      expect(remedy).not.toBe('')
    }
  }
})

test(
  'examine tells a tool that hangs, one that is refused and one that is missing apart',
  { timeout: 60_000 },
  async () => {
    const found = await examine({
      ...nothing,
      paths: {
        tcpdump: '/nonexistent/tool',
        sysdig: fake('exits-at-once'),
        bpftrace: '/nonexistent/tool',
        iostat: fake('says-nothing'),
      },
    })
    expect(found.map(({ state }) => state)).toEqual(['absent', 'absent', 'absent', 'absent'])
    expect(found[0]?.lacks[0]?.reason).toBe('/nonexistent/tool is not an executable file')
    expect(found[1]?.lacks[0]?.reason).toMatch(/^sysdig could not|^sysdig ended with code \d+/)
    expect(found[3]?.lacks[0]?.reason).toBe('iostat said nothing for 5 s (every disk, each second)')
  },
)

const examined = (probe: Examination['probe'], state: Examination['state'], reason = ''): Examination => ({
  probe,
  path: `/usr/bin/${probe}`,
  version: '1.0',
  state,
  works: [],
  lacks: reason === '' ? [] : [{ reason, remedy: 'mend it' }],
})

test('auto takes sysdig where it works, else bpftrace, else none, and says why', () => {
  const none = examined('sysdig', 'absent', 'sysdig ended with code 1: its kernel driver is not loaded')
  expect(chooseEngine('auto', [examined('sysdig', 'ok'), examined('bpftrace', 'ok')])).toEqual({
    engine: 'sysdig',
    because: 'sysdig 1.0 works here.',
  })
  expect(chooseEngine('auto', [none, examined('bpftrace', 'ok')])).toEqual({
    engine: 'bpftrace',
    because:
      'bpftrace 1.0 works here. It stands in for sysdig: sysdig ended with code 1: its kernel driver is not loaded.',
  })
  expect(chooseEngine('sysdig', [none, examined('bpftrace', 'ok')])).toEqual({
    engine: 'none',
    because: 'No kernel probe runs here. sysdig ended with code 1: its kernel driver is not loaded.',
  })
  expect(chooseEngine('none', []).engine).toBe('none')
})

test('capabilities are read from /proc/self/status as the kernel writes them', () => {
  const status = 'Name:\tnode\nCapInh:\t0000000000000000\nCapEff:\t0000000000003000\nCapBnd:\t000001ffffffffff\n'
  const privileges = privilegesOf(status, 1000)
  expect(privileges.isRoot).toBe(false)
  expect(privileges.has('CAP_NET_RAW')).toBe(true)
  expect(privileges.has('CAP_NET_ADMIN')).toBe(true)
  expect(privileges.has('CAP_BPF')).toBe(false)
})
