// Hours of a host that never runs out of new processes, names, losses and late adverts: what the engine keeps stays as
// large as it was, what it lets go is told, and the last hour is read as well as the first.

import { expect, test } from 'vitest'
import type { ProbeName } from '../../src/events/probe.ts'
import { openEngine, type Engine, type EngineOptions } from '../../src/engine/engine.ts'
import { epochOf, instantOf } from '../../src/time/instant.ts'
import { createBusyHost } from '../fixtures/busy-host.ts'
import { engineOptions } from '../fixtures/engine-options.ts'

const origin = epochOf(1_795_350_000_000_000_000n)
const monotonicNs = 50e9
const budgetBytes = 8 * 1024 * 1024

function openBusy(
  lateEvery: number,
  change: Partial<EngineOptions> = {},
): { engine: Engine; pass: (seconds: number) => void } {
  const engine = openEngine(
    engineOptions(origin, {
      mode: 'live',
      host: 'node01',
      budgetBytes,
      link: 'tap0',
      clockPair: { real: instantOf(0), monotonicNs },
      ...change,
    }),
  )
  const host = createBusyHost({ origin, monotonicNs, linesPerSecond: 16, lateEvery })
  let second = 0
  const take = (probe: ProbeName, bytes: Uint8Array | undefined): void => {
    if (bytes !== undefined)
      engine.take({ kind: 'bytes', probe, at: instantOf(second * 1e9), life: 0, part: '', bytes })
  }
  for (const probe of ['tcpdump', 'bpftrace', 'host'] as const)
    engine.take({ kind: 'started', probe, at: instantOf(0), pid: 7, tool: probe, version: '1', detail: '' })
  return {
    engine,
    pass(seconds) {
      for (let i = 0; i < seconds; i++) {
        const { host: samples, bpftrace, tcpdump } = host.next()
        second++
        take('host', samples)
        take('tcpdump', tcpdump)
        take('bpftrace', bpftrace)
        engine.tick(instantOf((second + 1) * 1e9))
      }
    },
  }
}

/** The greatest that each was within the next hour: they go up and down as chunks and names are let go. */
function greatestIn(pass: (seconds: number) => void, { store, evidence }: Engine) {
  const greatest = { store: 0, names: 0, blindSpots: 0, pinned: 0 }
  for (let minute = 0; minute < 60; minute++) {
    pass(60)
    greatest.store = Math.max(greatest.store, store.bytes)
    greatest.names = Math.max(greatest.names, store.names.count)
    greatest.pinned = Math.max(greatest.pinned, store.pinned)
    greatest.blindSpots = Math.max(greatest.blindSpots, evidence.blindSpots.length)
  }
  return greatest
}

test('in the fourth hour nothing is larger than in the second, and names of the last second are kept', () => {
  const { engine, pass } = openBusy(30)
  pass(3600)
  const second = greatestIn(pass, engine)
  pass(3600)
  const fourth = greatestIn(pass, engine)
  expect(fourth.store).toBeLessThanOrEqual(budgetBytes)
  expect(fourth.names).toBeLessThan(1.05 * second.names)
  // What was dropped is told around each window that is pinned.
  expect(fourth.blindSpots).toBeLessThanOrEqual(2000 + fourth.pinned + 1)
  expect(engine.store.names.refused).toBe(0)
  const { calls, names } = engine.store
  const newest = calls.lastBefore(instantOf(1e15))
  expect(names.textOf(newest?.fileName ?? 0)).toMatch(/^dir-\d+\/file-14400-/)
  expect(names.textOf(newest?.commName ?? 0)).toMatch(/^stress-\d+$/)
  expect(names.textOf(newest?.callName ?? 0)).toBe('write')
}, 120_000)

test('a flood of late adverts: the newest are kept under their numbers, and it is told that older ones are not', () => {
  const { engine, pass } = openBusy(2, { lateKept: 100 })
  pass(600)
  const { late, blindSpots, flows } = engine.snapshot({ late: undefined })
  const total = flows[0]?.late ?? 0
  expect(total).toBeGreaterThan(200)
  expect(late.length).toBeLessThanOrEqual(100)
  expect(late.at(-1)?.number).toBe(total)
  const one = late[3]
  expect(engine.snapshot({ late: one?.number }).selected?.late).toEqual(one)
  expect(engine.snapshot({ late: 1 }).selected).toBeUndefined()
  const forgotten = blindSpots.filter((spot) => spot.reason.includes('only the newest are kept'))
  expect(forgotten).toMatchObject([{ source: 'store', from: 0, to: late[0]?.previousAt }])
  // Summing up goes on with the oldest that is kept.
  engine.judge(false)
  expect(engine.snapshot({ late: undefined }).digests.map((digest) => digest.number)).toContain(late[0]?.number)
})
