import { expect, test } from 'vitest'
import { openNames } from '../../src/store/names.ts'
import { openStore } from '../../src/store/store.ts'
import { instantOf } from '../../src/time/instant.ts'

function addCalls(store: ReturnType<typeof openStore>, from: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const cells = store.calls.place(instantOf(from + i))
    if (cells !== undefined) cells.tid[store.calls.index] = i
  }
}

test('the store stays within its budget, drops the oldest first, and says what is gone', () => {
  const store = openStore(4 * 1024 * 1024)
  addCalls(store, 0, 200_000)
  store.trim()
  expect(store.bytes).toBeLessThanOrEqual(4 * 1024 * 1024)
  expect(store.gone.map(({ from }) => from)).toEqual([0])
  expect(store.calls.firstAt).toBe((store.gone[0]?.to ?? 0) + 1)
  expect(store.calls.lastAt).toBe(199_999)
})

test('what a late advert pinned outlives what is newer', () => {
  const store = openStore(4 * 1024 * 1024)
  store.pin({ from: instantOf(1000), to: instantOf(1100) })
  addCalls(store, 0, 300_000)
  store.trim()
  expect(store.calls.rows({ from: instantOf(0), to: instantOf(20_000) }).map((row) => row.at)).toEqual(
    Array.from({ length: 101 }, (_, i) => 1000 + i),
  )
})

test('a stretch that is pinned when part of it has gone is not whole', () => {
  const store = openStore(4 * 1024 * 1024)
  addCalls(store, 0, 200_000)
  store.trim()
  const goneTo = store.gone[0]?.to ?? 0
  store.pin({ from: instantOf(goneTo - 100), to: instantOf(goneTo + 100) })
  addCalls(store, 200_000, 200_000)
  store.trim()
  expect(store.gone.map(({ from, to }) => [from, to])).toEqual([
    [0, goneTo],
    [goneTo + 100, expect.any(Number)],
  ])
})

test('pins that would fill the store give way, the oldest first', () => {
  const store = openStore(4 * 1024 * 1024)
  store.pin({ from: instantOf(0), to: instantOf(150_000) })
  store.pin({ from: instantOf(150_001), to: instantOf(150_100) })
  addCalls(store, 0, 300_000)
  store.trim()
  expect(store.bytes).toBeLessThanOrEqual(4 * 1024 * 1024)
  expect(store.gone[0]?.from).toBe(0)
  expect(store.gone[0]?.to).toBeGreaterThanOrEqual(150_000)
  expect(store.calls.rows({ from: instantOf(150_001), to: instantOf(150_100) }).length).toBe(100)
})

test('a row of the table of calls takes 48 bytes', () => {
  const store = openStore(64 * 1024 * 1024)
  const before = store.bytes
  addCalls(store, 0, 16_384)
  expect((store.bytes - before) / 16_384).toBeLessThanOrEqual(48)
})

test('names are kept once, bounded, and a name without room is told from one that is kept', () => {
  const names = openNames(400)
  expect(names.idOf('keepalived')).toBe(names.idOf('keepalived'))
  expect(names.textOf(names.idOf('keepalived'))).toBe('keepalived')
  for (let i = 0; i < 100; i++) names.idOf(`/tmp/${i}`)
  expect(names.refused).toBeGreaterThan(90)
  expect(names.bytes).toBeLessThanOrEqual(400)
  expect(names.textOf(names.idOf('/tmp/99'))).toContain('not kept')
  expect(names.textOf(0)).toBe('')
})

test('names that no row holds any more make room for new ones; those that are held keep their ids', () => {
  const store = openStore(8 * 1024 * 1024)
  const call = (at: number, file: string): void => {
    const cells = store.calls.place(instantOf(at))
    if (cells === undefined) return
    for (const column of Object.values(cells)) column[store.calls.index] = 0
    cells.fileName[store.calls.index] = store.names.idOf(file)
  }
  const held = store.names.idOf('held by a parser')
  store.names.addHolder((used) => {
    used[held] = 1
  })
  for (let i = 0; i < 400_000; i++) {
    call(i, `/tmp/file-${i}`)
    if (i % 1000 === 0) store.trim()
  }
  expect(store.names.refused).toBe(0)
  expect(store.names.bytes).toBeLessThanOrEqual(store.names.budgetBytes)
  expect(store.names.textOf(held)).toBe('held by a parser')
  const rows = store.calls.rows({ from: instantOf(0), to: instantOf(400_000) })
  expect(rows.length).toBeGreaterThan(5000)
  for (const { at, fileName } of rows) expect(store.names.textOf(fileName)).toBe(`/tmp/file-${at}`)
  expect(store.names.find('/tmp/file-1')).toBeUndefined()
})

test('what is pinned is not said to be gone with the chunk that it was in', () => {
  const store = openStore(4 * 1024 * 1024)
  store.pin({ from: instantOf(1000), to: instantOf(1100) })
  addCalls(store, 0, 200_000)
  store.trim()
  const [first, second] = store.gone
  expect(first).toEqual({ from: 0, to: 1000 })
  expect(second?.from).toBe(1100)
})

test('of a flood of pins the newest some thousand stay', () => {
  const store = openStore(4 * 1024 * 1024)
  for (let i = 0; i < 100_000; i++) store.pin({ from: instantOf(i), to: instantOf(i + 5) })
  expect(store.pinned).toBe(4096)
})

test('a burst of a million events in a second: after each tick the store is within its budget, and the window of a late advert is whole', () => {
  const budgetBytes = 16 * 1024 * 1024
  const store = openStore(budgetBytes)
  const before = 10_000
  addCalls(store, 0, before)
  store.pin({ from: instantOf(2000), to: instantOf(4000) })
  // A tick is 50 ms.
  for (let tick = 0; tick < 20; tick++) {
    addCalls(store, before + tick * 50_000, 50_000)
    store.trim()
    expect(store.bytes).toBeLessThanOrEqual(budgetBytes)
  }
  expect(store.calls.lastAt).toBe(before + 999_999)
  expect(store.calls.rows({ from: instantOf(2000), to: instantOf(4000) })).toHaveLength(2001)
  // What went is told, up to what is still there, and not of the pinned window.
  const oldestKept = store.calls.rows({ from: instantOf(4001), to: instantOf(2e6) })[0]?.at ?? 0
  expect(oldestKept).toBeGreaterThan(500_000)
  expect(store.gone.map(({ from, to }) => [from, to])).toEqual([
    [0, 2000],
    [4000, oldestKept - 1],
  ])
})
