// Several late adverts of several routers: which cause explains most, who was late, who was not.

import { describe, expect, test } from 'vitest'
import type { Cause, Explanation } from '../../../src/diagnose/explanation.ts'
import type { Flow, LateAdvert } from '../../../src/diagnose/finding.ts'
import type { Background, Track } from '../../../src/diagnose/overall/background.ts'
import { overallOf, type Judged, type Overall } from '../../../src/diagnose/overall/overall.ts'
import { contradicts } from '../../../src/diagnose/overall/scope.ts'
import { instantOf, second, spanOf } from '../../../src/time/instant.ts'

const flow = (id: string, link: string): Flow => ({ id, link, interval: second }) as Flow
const flows = [flow('a1', 'tap1'), flow('a2', 'tap1'), flow('b', 'tap2'), flow('c', 'tap3')]

/** One advert a second, but for those that came late. */
function track(id: string, senderPid: number, lates: readonly LateAdvert[], cpu: number): Track {
  const own = lates.filter((one) => one.flow === id)
  const all = Array.from({ length: 600 }, (_, i) => instantOf(i * second))
  return {
    flow: id,
    adverts: all.filter((at) => own.every((one) => at < one.dueAt || at >= one.at)),
    senderPid,
    cpus: [{ at: instantOf(0), cpu }],
  }
}

const lateAt = (id: string, at: number, by: number): LateAdvert =>
  ({
    flow: id,
    dueAt: instantOf(at * second),
    at: instantOf((at + by) * second),
    overrun: spanOf(by * second),
    ownOverrun: spanOf(by * second),
    wire: 'W1',
  }) as LateAdvert

const judgedAs = (late: LateAdvert, cause: Cause, name?: string): Judged => ({
  late,
  explanation: {
    cause,
    culprit: name === undefined ? undefined : { kind: 'process', pid: 1, comm: name, name },
  } as Explanation,
})

function overall(judged: readonly Judged[]): Overall {
  const lates = judged.map((one) => one.late)
  const background: Background = {
    tracks: [track('a1', 10, lates, 0), track('a2', 10, lates, 0), track('b', 20, lates, 1), track('c', 30, lates, 1)],
    timers: [],
  }
  return overallOf(judged, flows, background, 0n)
}

test('the cause with most of the lateness is the main one, with who did it', () => {
  const { main, causes, episodes, late } = overall([
    judgedAs(lateAt('b', 100, 4), 'sender-stopped', 'stopfor'),
    judgedAs(lateAt('b', 200, 3), 'sender-stopped', 'stopfor'),
    judgedAs(lateAt('b', 300, 1), 'sender-starved', 'stress-ng'),
    judgedAs(lateAt('b', 303, 1), 'unknown'),
  ])
  expect([late, episodes]).toEqual([4, 3])
  expect(main).toMatchObject({ cause: 'sender-stopped', late: 2, episodes: 2, lateness: 7e9 })
  expect(main?.share).toBeCloseTo(7 / 9, 9)
  expect(main?.culprits).toEqual([{ name: 'stopfor', late: 2 }])
  expect(causes.map((one) => one.cause)).toEqual(['sender-stopped', 'sender-starved', 'unknown'])
})

test('whom it befell did not do it', () => {
  const befallen = judgedAs(lateAt('b', 100, 4), 'sender-stopped', 'keepalived')
  const culprit = { ...befallen.explanation?.culprit, isVictim: true }
  const { main } = overall([{ ...befallen, explanation: { ...befallen.explanation, culprit } as Explanation }])
  expect(main).toMatchObject({ late: 1, culprits: [], befallen: 1 })
})

test('no cause is the main one when none explains more than half, and never the unknown', () => {
  expect(
    overall([
      judgedAs(lateAt('b', 100, 2), 'sender-stopped'),
      judgedAs(lateAt('b', 200, 2), 'sender-starved'),
      judgedAs(lateAt('b', 300, 1), 'tx-held'),
    ]).main,
  ).toBeUndefined()
  expect(overall([judgedAs(lateAt('b', 100, 5), 'unknown')]).main).toBeUndefined()
})

describe('how far it reaches', () => {
  const reachOf = (...lates: LateAdvert[]): unknown => overall(lates.map((one) => judgedAs(one, 'unknown'))).scope

  test('one router of several', () => {
    expect(reachOf(lateAt('b', 100, 3))).toMatchObject({ reach: 'sender', late: ['b'], onTime: ['a1', 'a2', 'c'] })
  })
  test('one VRID of a sender that has two', () => {
    expect(reachOf(lateAt('a1', 100, 3))).toMatchObject({ reach: 'router', isOneOfItsSender: true })
  })
  test('both of one sender', () => {
    expect(reachOf(lateAt('a1', 100, 3), lateAt('a2', 100, 2.5))).toMatchObject({ reach: 'sender', onTime: ['b', 'c'] })
  })
  test('all whose senders ran on one CPU', () => {
    expect(reachOf(lateAt('b', 100, 3), lateAt('c', 100, 3))).toMatchObject({ reach: 'cpu', cpu: 1 })
  })
  test('some of both CPUs have nothing in common', () => {
    expect(reachOf(lateAt('a1', 100, 3), lateAt('c', 100, 3))).toMatchObject({ reach: 'mixed', cpu: undefined })
  })
  test('everybody', () => {
    expect(reachOf(...['a1', 'a2', 'b', 'c'].map((id) => lateAt(id, 100, 3)))).toMatchObject({
      reach: 'host',
      onTime: [],
    })
  })
})

test('a host that stood still would have held up the others, too', () => {
  const { scope } = overall([judgedAs(lateAt('b', 100, 3), 'host-frozen')])
  if (scope === undefined) throw new Error('nothing was late')
  expect(contradicts(scope, 'host-frozen')).toBe(true)
  expect(contradicts(scope, 'sender-stopped')).toBe(false)
})

test('nothing late is nothing to say', () => {
  expect(overall([])).toMatchObject({ late: 0, episodes: 0, main: undefined, scope: undefined, causes: [] })
})
