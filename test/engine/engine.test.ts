// The engine as its users meet it: bytes and notices in, a snapshot out.

import { expect, test } from 'vitest'
import type { ProbeName, ProbeNotice } from '../../src/events/probe.ts'
import { openEngine, type Engine, type EngineOptions } from '../../src/engine/engine.ts'
import { epochOf, instantOf, spanOf } from '../../src/time/instant.ts'
import { buildAdvert, buildPcap, type AdvertSpec } from '../fixtures/pcap-builder.ts'
import { engineOptions } from '../fixtures/engine-options.ts'

const origin = epochOf(1_795_350_000_000_000_000n)
const atS = (seconds: number) => instantOf(seconds * 1e9)

function engineWith(change: Partial<EngineOptions> = {}): Engine {
  return openEngine(
    engineOptions(origin, {
      mode: 'live',
      host: 'node01',
      startedAt: atS(0),
      budgetBytes: 64 * 1024 * 1024,
      link: 'tap0',
      clockPair: { real: atS(0), monotonicNs: 50e9 },
      ...change,
    }),
  )
}

const started = (probe: ProbeName, seconds: number): ProbeNotice => ({
  kind: 'started',
  probe,
  at: atS(seconds),
  pid: 7,
  tool: probe,
  version: '1',
  detail: '',
})

function adverts(moments: readonly number[], spec: AdvertSpec = {}): Uint8Array {
  return buildPcap(
    moments.map((seconds, i) => ({
      atNs: origin + BigInt(Math.round(seconds * 1e9)),
      bytes: buildAdvert({ ipId: i + 1, ...spec }),
    })),
  )
}

const everySecond = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

test('a late advert is in the snapshot with its window, and overdue is told before it comes', () => {
  const engine = engineWith()
  const bytes = adverts([...everySecond(1, 20), 22.5])
  const split = bytes.length - 16 - 54
  engine.take(started('tcpdump', 0))
  engine.take({ kind: 'bytes', probe: 'tcpdump', at: atS(19), life: 0, part: '', bytes: bytes.subarray(0, split) })
  engine.tick(atS(21.2))
  expect(engine.snapshot({ late: undefined }).overdue).toMatchObject([{ by: 1.2e9 }])
  engine.take({ kind: 'bytes', probe: 'tcpdump', at: atS(22.5), life: 0, part: '', bytes: bytes.subarray(split) })
  engine.tick(atS(22.6))
  const { overdue, late, selected } = engine.snapshot({ late: undefined })
  expect(overdue).toEqual([])
  expect(late).toMatchObject([{ number: 1, overrun: 2.5e9, wire: 'W1' }])
  expect(selected?.late.number).toBe(1)
})

test('nothing is said to be overdue while no capture runs: it may well be on the wire', () => {
  const engine = engineWith()
  engine.take(started('tcpdump', 0))
  engine.take({ kind: 'bytes', probe: 'tcpdump', at: atS(5), life: 0, part: '', bytes: adverts(everySecond(1, 6)) })
  engine.take({ kind: 'ended', probe: 'tcpdump', at: atS(6), reason: 'it was killed (SIGKILL)', willRestart: true })
  engine.tick(atS(9))
  expect(engine.snapshot({ late: undefined }).overdue).toEqual([])
})

test('a probe that dies and comes back leaves a blind spot with both times, and its next life is read from its start', () => {
  const engine = engineWith()
  engine.take(started('tcpdump', 0))
  const bytes = adverts(everySecond(1, 10))
  engine.take({
    kind: 'bytes',
    probe: 'tcpdump',
    at: atS(9),
    life: 0,
    part: '',
    bytes: bytes.subarray(0, bytes.length - 5),
  })
  engine.take({ kind: 'ended', probe: 'tcpdump', at: atS(9.5), reason: 'it was killed (SIGKILL)', willRestart: true })
  expect(engine.snapshot({ late: undefined }).probes).toMatchObject([{ name: 'tcpdump', state: 'restarting' }])
  engine.take(started('tcpdump', 11.25))
  engine.take({ kind: 'bytes', probe: 'tcpdump', at: atS(14), life: 1, part: '', bytes: adverts(everySecond(12, 15)) })
  engine.tick(atS(14))
  const { blindSpots, probes, flows } = engine.snapshot({ late: undefined })
  expect(blindSpots).toContainEqual({
    source: 'tcpdump',
    from: atS(9.5),
    to: atS(11.25),
    reason: 'it was killed (SIGKILL)',
    remedy: undefined,
  })
  expect(probes).toMatchObject([{ state: 'ok' }])
  expect(flows[0]?.adverts).toBe(8 + 3)
})

test('drops that a tool counts are a blind spot between two counts, and shown until it is quiet again', () => {
  const engine = engineWith()
  engine.take(started('tcpdump', 0))
  engine.take({ kind: 'drops', probe: 'tcpdump', at: atS(1), total: 0 })
  engine.take({ kind: 'drops', probe: 'tcpdump', at: atS(2), total: 41 })
  engine.tick(atS(3))
  const { probes, blindSpots } = engine.snapshot({ late: undefined })
  expect(probes).toMatchObject([{ dropped: 41, state: 'degraded' }])
  expect(blindSpots).toMatchObject([{ source: 'tcpdump', from: 1e9, to: 2e9 }])
  engine.tick(atS(20))
  expect(engine.snapshot({ late: undefined }).probes).toMatchObject([{ dropped: 41, state: 'ok' }])
})

test('a kernel engine that is still starting is blind, and the one that was tried before it is told no more', () => {
  const engine = engineWith()
  const told = (): unknown[] => {
    const { probes, blindSpots } = engine.snapshot({ late: undefined })
    return [...probes.map(({ name, state }) => `${name} ${state}`), ...blindSpots.map(({ reason, to }) => [reason, to])]
  }
  engine.take({ kind: 'starting', probe: 'sysdig', at: atS(0) })
  expect(told()).toEqual(['sysdig starting', ['sysdig was still starting', undefined]])
  engine.take({ kind: 'starting', probe: 'bpftrace', at: atS(0.3) })
  expect(told()).toEqual(['bpftrace starting', ['bpftrace was still starting', undefined]])
  engine.take(started('bpftrace', 9))
  expect(told()).toEqual(['bpftrace ok', ['bpftrace was still starting', 9e9]])
})

test('a probe that cannot run here is told with its remedy and never ends the session', () => {
  const engine = engineWith()
  engine.take({
    kind: 'absent',
    probe: 'iostat',
    at: atS(0),
    reason: 'iostat is not installed',
    remedy: 'apt-get install sysstat',
  })
  engine.take(started('tcpdump', 0))
  engine.tick(atS(1))
  const { probes, blindSpots, fault } = engine.snapshot({ late: undefined })
  expect(probes.find((probe) => probe.name === 'iostat')).toMatchObject({
    state: 'absent',
    remedy: 'apt-get install sysstat',
  })
  expect(blindSpots).toMatchObject([{ source: 'iostat', to: undefined }])
  expect(fault).toBeUndefined()
})

test('without any advert source the session says so', () => {
  const engine = engineWith()
  engine.take({
    kind: 'absent',
    probe: 'tcpdump',
    at: atS(0),
    reason: 'tcpdump is not installed',
    remedy: 'apt-get install tcpdump',
  })
  expect(engine.snapshot({ late: undefined }).fault).toBe('tcpdump is not installed')
})

test('garbage from a probe is counted, is a blind spot, and the session goes on', () => {
  const engine = engineWith()
  engine.take(started('tcpdump', 0))
  engine.take(started('iostat', 0))
  engine.take({
    kind: 'bytes',
    probe: 'iostat',
    at: atS(3),
    life: 0,
    part: '',
    bytes: Buffer.from('\u0000\u0001{{{ nonsense ]]]\n'.repeat(20)),
  })
  engine.take({ kind: 'bytes', probe: 'tcpdump', at: atS(5), life: 0, part: '', bytes: adverts(everySecond(1, 6)) })
  engine.tick(atS(6))
  const { probes, flows, blindSpots } = engine.snapshot({ late: undefined })
  expect(probes.find((probe) => probe.name === 'iostat')?.malformed).toBeGreaterThan(0)
  expect(blindSpots.some((spot) => spot.source === 'iostat')).toBe(true)
  expect(flows[0]?.adverts).toBe(5)
})

test('--vrid and several -i leave other routers and links out', () => {
  const engine = engineWith({ vrid: 7 })
  engine.take({ kind: 'bytes', probe: 'tcpdump', at: atS(5), life: 0, part: '', bytes: adverts(everySecond(1, 6)) })
  engine.take({
    kind: 'bytes',
    probe: 'tcpdump',
    at: atS(9),
    life: 1,
    part: '',
    bytes: adverts(everySecond(6, 9), { vrid: 7 }),
  })
  expect(engine.flows().map((flow) => flow.vrid)).toEqual([7])
  const other = engineWith({ links: ['tap1', 'tap2'] })
  other.take({ kind: 'bytes', probe: 'tcpdump', at: atS(5), life: 0, part: '', bytes: adverts(everySecond(1, 6)) })
  expect(other.flows()).toEqual([])
})

test('--filter makes a heartbeat of whatever is captured', () => {
  const engine = engineWith({ isHeartbeat: true, interval: spanOf(1e9) })
  // Protocol 89 (OSPF hello) instead of 112.
  const hello = (seconds: number) => {
    const bytes = Buffer.from(buildAdvert({}))
    bytes[14 + 9] = 89
    return { atNs: origin + BigInt(seconds * 1e9), bytes }
  }
  engine.take({
    kind: 'bytes',
    probe: 'tcpdump',
    at: atS(12),
    life: 0,
    part: '',
    bytes: buildPcap([...everySecond(1, 10), 11.5].map(hello)),
  })
  engine.tick(atS(20))
  expect(engine.late).toMatchObject([{ wire: 'W1', overrun: 1.5e9 }])
})

test('a step of the wall clock is a blind spot and makes the false gap a W7', () => {
  const engine = engineWith()
  engine.take(started('tcpdump', 0))
  const sample = (realS: number, monoS: number): string =>
    `{"ns":${origin + BigInt(realS * 1e9)},"mono":${monoS * 1e9},"th":{}}\n`
  const lines = [
    ...everySecond(1, 10).map((s) => sample(s, 50 + s)),
    ...everySecond(10, 15).map((s) => sample(s + 30, 50 + s)),
  ].join('')
  engine.take({ kind: 'bytes', probe: 'host', at: atS(45), life: 0, part: '', bytes: Buffer.from(lines) })
  engine.take({
    kind: 'bytes',
    probe: 'tcpdump',
    at: atS(45),
    life: 0,
    part: '',
    bytes: adverts([...everySecond(1, 10), ...everySecond(40, 45)]),
  })
  engine.tick(atS(46))
  expect(engine.late).toMatchObject([{ wire: 'W7' }])
  expect(engine.snapshot({ late: undefined }).blindSpots.some((spot) => spot.source === 'clock')).toBe(true)
})

test('the cgroups of a process are remembered, also those that it was in for a moment only', () => {
  const engine = engineWith()
  const line = (second: number, cgOf: string): string =>
    `{"ns":${origin + BigInt(second * 1e9)},"mono":${(50 + second) * 1e9},"th":{},"cg":{},"cgOf":{${cgOf}}}\n`
  const lines =
    line(1, '"7":["/sys/fs/cgroup/a"]') +
    line(2, '"7":["/sys/fs/cgroup/b"],"x":[1],"8":"no list"') +
    line(3, '"7":["/sys/fs/cgroup/a"]')
  engine.take({ kind: 'bytes', probe: 'host', at: atS(3), life: 0, part: '', bytes: Buffer.from(lines) })
  expect(engine.evidence.cgroupsOf?.(7)).toEqual(['/sys/fs/cgroup/a', '/sys/fs/cgroup/b'])
  expect(engine.evidence.cgroupsOf?.(9)).toBeUndefined()
})
