// The lanes of a stretch, from small tables that are filled by hand.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Evidence, FlowSender } from '../../../src/diagnose/evidence.ts'
import { openBins } from '../../../src/diagnose/timeline/bins.ts'
import type { Lane, Timeline, TimelineRequest } from '../../../src/diagnose/timeline/lane.ts'
import { timelineOf } from '../../../src/diagnose/timeline/timeline.ts'
import { leaveReasons, processChanges } from '../../../src/events/kernel.ts'
import { openStore, type Store } from '../../../src/store/store.ts'
import type { Cells, Columns, Table } from '../../../src/store/table.ts'
import { instantOf, type Instant } from '../../../src/time/instant.ts'
import { flow } from '../../fixtures/snapshots.ts'

const at = (seconds: number): Instant => instantOf(seconds * 1e9)
const sender: FlowSender = { pid: 840, comm: 'keepalived', name: 'keepalived', kind: 'keepalived', tids: [840] }

function put<S extends Columns>(table: Table<S>, when: number, row: Readonly<Record<keyof S, number>>): void {
  const cells: Cells<S> | undefined = table.place(at(when))
  if (cells === undefined) throw new Error('the row came too late')
  for (const [column, value] of Object.entries(row)) cells[column as keyof S][table.index] = value
}

function evidenceOf(store: Store): Evidence {
  return { store, senderOf: () => sender, isOurs: (pid) => pid === 1, blindSpots: [], clockSteps: [] }
}

const ten: TimelineRequest = { from: at(0), to: at(10), columns: 10 }

function timelineIn(store: Store, request = ten): Timeline {
  const timeline = timelineOf(request, undefined, [flow()], evidenceOf(store))
  if (timeline === undefined) throw new Error('no timeline')
  return timeline
}

const laneIn = (store: Store, key: string): Lane | undefined => timelineIn(store).lanes.find((lane) => lane.key === key)

/** `..AA.` for who has which column. */
const drawn = (lane: Lane | undefined): string =>
  Array.from(lane?.who ?? [], (who) => (who === 0 ? '.' : (lane?.actors[who - 1]?.name[0] ?? '?'))).join('')

test('of what is spread nothing is lost and nothing is added, wherever it begins and ends', () => {
  const span = fc.tuple(fc.double({ min: -5, max: 15, noNaN: true }), fc.double({ min: 0, max: 10, noNaN: true }))
  fc.assert(
    fc.property(span, fc.integer({ min: 1, max: 200 }), ([begin, length], columns) => {
      const bins = openBins({ key: 'x', kind: 'call', name: '', sources: [] }, { from: at(0), to: at(10), columns })
      const actor = bins.actor(1, () => ({ name: 'a', isSender: false, isOurs: false }))
      bins.spread(begin * 1e9, (begin + length) * 1e9, actor)
      const inside = Math.max(0, Math.min(10, begin + length) - Math.max(0, begin))
      const sum = bins.lane().levels.reduce((total, level) => total + level / 255, 0) * (10 / columns)
      // Half a level of rounding a column, and what is above nothing shows.
      expect(Math.abs(sum - inside)).toBeLessThan(10 / 255 + 1e-6)
    }),
  )
})

test('a row of iostat is drawn over the whole second that it covers', () => {
  const store = openStore(1e8)
  put(store.disks, 4, {
    spanNs: 1e9,
    deviceName: store.names.idOf('sda'),
    readsPerSecond: 0,
    writesPerSecond: 9,
    readKbPerSecond: 0,
    writeKbPerSecond: 9,
    readAwaitMs: 0,
    writeAwaitMs: 12,
    flushAwaitMs: Number.NaN,
    queue: 1,
    utilisation: 80,
  })
  const lane = laneIn(store, 'disk sda')
  expect(Array.from(lane?.levels ?? [])).toEqual([0, 0, 0, 204, 0, 0, 0, 0, 0, 0])
  expect(lane).toMatchObject({ isCoarse: true, sources: ['iostat'], actors: [{ name: 'util 80 %, await 12.0 ms' }] })
})

const idle = 0
function switchAt(store: Store, when: number, from: number, to: number, reason = 0): void {
  const name = (tid: number): number => store.names.idOf(tid === 840 ? 'keepalived' : tid === idle ? '' : `task-${tid}`)
  put(store.switches, when, { from, to, fromName: name(from), toName: name(to), majorFaults: 0, cpu: 3, reason })
}

test("the sender's CPU is told switch by switch, and idle time is nobody's", () => {
  const store = openStore(1e8)
  switchAt(store, 1, idle, 840)
  switchAt(store, 2, 840, 7)
  switchAt(store, 5, 7, idle)
  switchAt(store, 8, idle, 840)
  switchAt(store, 10, 840, idle)
  expect(drawn(laneIn(store, 'cpu 3'))).toBe('.kttt...kk')
})

test('where switches were left out nobody is said to have had the CPU all the time', () => {
  const store = openStore(1e8)
  switchAt(store, 1, 840, 7)
  // Who gives it back is another one: there was a switch in between that nobody recorded.
  switchAt(store, 9, 8, 840)
  const levels = Array.from(laneIn(store, 'cpu 3')?.levels ?? [])
  expect(levels[1]).toBe(3)
  expect(levels.slice(2, 9)).toEqual([0, 0, 0, 0, 0, 0, 0])
})

test('a sender that was woken is ready, not asleep', () => {
  const store = openStore(1e8)
  switchAt(store, 1, 840, 7, leaveReasons.indexOf('sleeping'))
  put(store.wakeups, 4, { tid: 840, by: 9, byName: 0, cpu: 3 })
  switchAt(store, 8, 7, 840)
  expect(drawn(laneIn(store, 'state'))).toBe('.aaarrrrrr')
  const lane = laneIn(store, 'state')
  expect(lane?.actors.map((actor) => actor.name)).toEqual(['asleep', 'ready, without a CPU', 'running'])
})

function callAt(store: Store, end: number, length: number, pid: number, call: string, file: string): void {
  put(store.calls, end, {
    latencyNs: length * 1e9,
    tid: pid,
    pid,
    resultCode: -11,
    fd: 5,
    commName: store.names.idOf(pid === 840 ? 'keepalived' : 'rsyslogd'),
    fileName: store.names.idOf(file),
    callName: store.names.idOf(call),
    cpu: 3,
  })
}

test("calls that wait by nature are left out; others' calls are those that are slow", () => {
  const store = openStore(1e8)
  callAt(store, 2, 2, 840, 'epoll_wait', '')
  callAt(store, 3, 0.001, 977, 'write', '/var/log/short')
  callAt(store, 5, 1, 840, 'sendto', '/dev/log')
  callAt(store, 12, 5, 977, 'fsync', '/var/log/syslog')
  expect(drawn(laneIn(store, 'call'))).toBe('....s.....')
  expect(laneIn(store, 'call')?.actors).toEqual([{ name: 'sendto of /dev/log', isSender: true, isOurs: false }])
  // It ended after the stretch, and reaches into it.
  expect(drawn(laneIn(store, 'slow'))).toBe('.......rrr')
})

test('an event is told with every field that its probe gave', () => {
  const store = openStore(1e8)
  callAt(store, 5, 1, 840, 'sendto', '/dev/log')
  const events = { lane: 'call', from: at(4), to: at(6) }
  expect(timelineIn(store, { ...ten, events }).events).toEqual({
    ...events,
    more: 0,
    listed: [
      {
        window: { from: at(4), to: at(5) },
        title: 'keepalived (840): sendto of /dev/log',
        fields: [
          ['latency', '1.000 s'],
          ['tid', '840'],
          ['pid', '840'],
          ['result', '-11'],
          ['fd', '5'],
          ['comm', 'keepalived'],
          ['file', '/dev/log'],
          ['call', 'sendto'],
          ['cpu', '3'],
        ],
      },
    ],
  })
})

test('of many events the longest are listed and the others counted', () => {
  const store = openStore(1e8)
  for (let i = 1; i <= 100; i++) callAt(store, i / 20, i / 1000, 840, 'write', `/f${i}`)
  const events = timelineIn(store, { ...ten, events: { lane: 'call', from: at(0), to: at(10) } }).events
  expect(events?.listed).toHaveLength(40)
  expect(events?.more).toBe(60)
  expect(events?.listed.at(-1)?.title).toContain('/f100')
})

test('processes that begin and end are moments; threads are none of their own', () => {
  const store = openStore(1e8)
  const born = (when: number, change: string, tid: number, pid: number): void =>
    put(store.processes, when, {
      change: processChanges.findIndex((one) => one === change),
      tid,
      pid,
      parent: 1,
      commName: store.names.idOf('cron'),
      detailName: 0,
    })
  born(2.5, 'exec', 50, 50)
  born(4.5, 'thread', 51, 50)
  born(6.5, 'exit', 50, 50)
  const lane = laneIn(store, 'life')
  expect(drawn(lane)).toBe('..c...c...')
  expect(lane?.isMoments).toBe(true)
})

test('a stretch that is none has no timeline, and no request can ask for more columns than a screen has', () => {
  const store = openStore(1e8)
  const asked = (request: TimelineRequest): Timeline | undefined =>
    timelineOf(request, undefined, [flow()], evidenceOf(store))
  expect(asked({ from: at(5), to: at(5), columns: 10 })).toBeUndefined()
  expect(asked({ ...ten, columns: Number.NaN })).toBeUndefined()
  expect(asked({ ...ten, columns: 1e9 })?.columns).toBe(512)
})
