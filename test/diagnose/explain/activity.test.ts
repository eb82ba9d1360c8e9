// Two guests at work on one host: to it both are qemu-system-x86, and each is told by its own name where that is known.

import { expect, test } from 'vitest'
import { longCallFeatures, longCallsOf, Marks, processes, processKeys } from '../../../src/diagnose/explain/activity.ts'
import type { Lens } from '../../../src/diagnose/explain/feature.ts'
import { openStore } from '../../../src/store/store.ts'
import { instantOf, second, spanOf } from '../../../src/time/instant.ts'

const comm = 'qemu-system-x86'
const window = { from: instantOf(0), to: instantOf(second) }

function lensOf(vms: ReadonlyMap<number, string>): Lens {
  const store = openStore(1e6)
  const call = (at: number, tid: number, pid: number, latency: number): void => {
    const cells = store.calls.place(instantOf(at))
    if (cells === undefined) return
    const i = store.calls.index
    cells.latencyNs[i] = latency
    cells.tid[i] = tid
    cells.pid[i] = pid
    cells.fd[i] = 9
    cells.commName[i] = store.names.idOf(comm)
    cells.fileName[i] = store.names.idOf('')
    cells.callName[i] = store.names.idOf('pwrite64')
  }
  call(0.1 * second, 71, 71, 1000)
  call(0.2 * second, 81, 81, 1000)
  call(0.3 * second, 72, 71, 1000)
  call(0.8 * second, 82, 81, 0.3 * second)
  return {
    store,
    sender: new Set(),
    isOurs: () => false,
    vmOf: (tid) => vms.get(tid),
    stride: 1,
    ahead: spanOf(second),
  }
}

test('where the guests are known, each has its own row, with its own process', () => {
  const lens = lensOf(new Map([...[71, 72].map((tid) => [tid, 'web'] as const), [81, 'db'], [82, 'db']]))
  const found = processes(lens, window, 10)
  expect(found.map(({ what, pids }) => [what, pids])).toEqual([
    ['guest web was at work', [71]],
    ['guest db was at work', [81]],
  ])
  expect(processKeys(lens, window, new Marks()).toSorted()).toEqual(found.map(({ key }) => key).toSorted())
  const [long] = longCallFeatures(longCallsOf(lens, [window]), window)
  expect([long?.what, long?.pids]).toEqual([expect.stringMatching(/^db /), [81]])
  // One piece of evidence of one guest: that it was at work, and in what.
  expect(long?.group).toBe(found[1]?.group)
})

test('where nobody knows them they stay one program', () => {
  expect(processes(lensOf(new Map()), window, 10).map(({ what, pids }) => [what, pids])).toEqual([
    [`${comm} was at work`, [71, 81]],
  ])
})
