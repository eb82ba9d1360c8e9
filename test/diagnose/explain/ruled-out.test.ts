// Who did not do it: never told of a stretch that the sampler did not see.

import { expect, test } from 'vitest'
import { every, master, openScene, type Away } from '../../fixtures/scene.ts'

/** Due at 11 s, 1.5 s late. */
const late = [...every(1000, 10), 12_500, ...every(13_500, 5)]
const fault: Away = { from: 11_000, to: 12_400, as: 'fault' }

function ruledOut(away: readonly Away[], isUnsampled: boolean): readonly string[] {
  const scene = openScene()
  scene.adverts(late)
  scene.watch(master, away, late)
  scene.senders([
    {
      pid: master.pid,
      comm: master.comm,
      kind: 'keepalived',
      addresses: ['192.168.205.11'],
      threads: [{ tid: master.pid, role: 'vrrp' }],
    },
  ])
  if (isUnsampled) scene.unsampled(10_950, 12_480)
  const states: ReadonlySet<string> = new Set(['sender-stopped', 'sender-paging'])
  return scene
    .explained()
    .flatMap(({ explanation }) => explanation.ruledOut)
    .filter(({ cause }) => states.has(cause))
    .map(({ cause, because }) => `${cause}: ${because}`)
}

test('sampled all the while, and in no such state: neither', () => {
  expect(ruledOut([], false)).toEqual([
    'sender-stopped: no sample found it in state T or t, or its cgroup frozen',
    'sender-paging: it had no major page fault',
  ])
})

test('the sampler did not run: a stop may have been there, a fault that nobody counted was not', () => {
  expect(ruledOut([], true)).toEqual(['sender-paging: it had no major page fault'])
})

test('faults that were counted behind a hole of the samples may have been what took so long', () => {
  expect(ruledOut([fault], true)).toEqual([])
})

test('one that was counted, while every sample found it awake, was no wait', () => {
  expect(ruledOut([{ from: 11_010, to: 11_015, as: 'fault' }], false)).toContain(
    'sender-paging: no major page fault in state D',
  )
})
