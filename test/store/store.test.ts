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
  const gone = store.trim()
  expect(store.bytes).toBeLessThanOrEqual(4 * 1024 * 1024)
  expect(gone?.from).toBe(0)
  expect(store.calls.firstAt).toBeGreaterThan(gone?.to ?? 0)
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

test('pins that would fill the store give way, the oldest first', () => {
  const store = openStore(4 * 1024 * 1024)
  store.pin({ from: instantOf(0), to: instantOf(150_000) })
  store.pin({ from: instantOf(150_001), to: instantOf(150_100) })
  addCalls(store, 0, 300_000)
  const gone = store.trim()
  expect(store.bytes).toBeLessThanOrEqual(4 * 1024 * 1024)
  expect(gone).toBeDefined()
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
