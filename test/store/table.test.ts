import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openTable } from '../../src/store/table.ts'
import { instantOf, type Window } from '../../src/time/instant.ts'

const window = (from: number, to: number): Window => ({ from: instantOf(from), to: instantOf(to) })

function filled(moments: readonly number[], rowsPerChunk: number) {
  const table = openTable({ value: 'i32' }, rowsPerChunk)
  moments.forEach((at, i) => {
    const cells = table.place(instantOf(at))
    if (cells !== undefined) cells.value[table.index] = i
  })
  return table
}

test('a window returns exactly the rows in it, ends included, whatever the chunks and the order they came in', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 300 }),
      fc.integer({ min: 2, max: 40 }),
      fc.integer({ min: 0, max: 500 }),
      fc.integer({ min: 0, max: 200 }),
      (moments, rowsPerChunk, from, length) => {
        const table = filled(moments, rowsPerChunk)
        const refused = new Set<number>()
        const kept = table.rows(window(-1, 1000))
        for (let i = 0; i < moments.length; i++) if (!kept.some((row) => row.value === i)) refused.add(i)
        // Nothing disappears silently: what was not kept was counted.
        expect(refused.size).toBe(table.refused)
        expect(table.length).toBe(moments.length - refused.size)
        const wanted = moments
          .filter((at, i) => !refused.has(i) && at >= from && at <= from + length)
          .toSorted((a, b) => a - b)
        expect(table.rows(window(from, from + length)).map((row) => row.at)).toEqual(wanted)
        for (const row of kept) expect(row.at).toBe(moments[row.value])
      },
    ),
    { numRuns: 1000 },
  )
})

test('slightly unordered rows of two CPUs are put in order, over a chunk boundary too', () => {
  const table = filled([10, 20, 30, 40, 25, 5, 45, 44], 4)
  expect(table.rows(window(0, 100)).map((row) => row.at)).toEqual([5, 10, 20, 25, 30, 40, 44, 45])
  expect(table.refused).toBe(0)
  expect(
    filled([0, 1, 1, 1, 0], 2)
      .rows(window(0, 1))
      .map((row) => row.value),
  ).toEqual([0, 4, 1, 2, 3])
})

test('rows taken in by the thousand lie where they would lie one by one', () => {
  const steps = fc.array(fc.tuple(fc.integer({ min: -3, max: 20 }), fc.integer({ min: 1, max: 9 })), { maxLength: 200 })
  fc.assert(
    fc.property(steps, fc.integer({ min: 2, max: 40 }), (all, rowsPerChunk) => {
      let now = 100
      const moments = all.map(([step]) => (now += step))
      const one = filled(moments, rowsPerChunk)
      const many = openTable({ value: 'i32' }, rowsPerChunk)
      for (let from = 0, i = 0; from < moments.length; i++) {
        const part = moments.slice(from, from + (all[i]?.[1] ?? 1))
        many.append(Float64Array.from(part), { value: Int32Array.from(part, (_, j) => from + j) }, part.length)
        from += part.length
      }
      const everything = window(-1000, 10_000)
      expect(many.rows(everything)).toEqual(one.rows(everything))
      expect([many.length, many.end, many.refused, many.bytes]).toEqual([one.length, one.end, one.refused, one.bytes])
    }),
    { numRuns: 300 },
  )
})

test('the row before an instant is found in any chunk', () => {
  const table = filled([10, 20, 30, 40, 50], 2)
  expect(table.lastBefore(instantOf(9))).toBeUndefined()
  expect([10, 19, 20, 39, 40, 1000].map((at) => table.lastBefore(instantOf(at))?.at)).toEqual([10, 10, 20, 30, 40, 50])
})

test('the oldest chunk goes, but its rows in a pinned window stay and are still found', () => {
  const table = filled([1, 2, 3, 4, 5, 6, 7, 8, 9], 4)
  const bytesBefore = table.bytes
  expect(table.oldestChunkEnd).toBe(4)
  expect(table.dropOldest([window(2, 3)])).toEqual({ from: 1, to: 4 })
  expect(table.bytes).toBeLessThan(bytesBefore)
  expect(table.rows(window(0, 10)).map((row) => row.at)).toEqual([2, 3, 5, 6, 7, 8, 9])
  expect(table.dropOldest([])).toEqual({ from: 5, to: 8 })
  // The chunk being filled is never dropped.
  expect(table.dropOldest([])).toBeUndefined()
  expect(table.rows(window(0, 10)).map((row) => row.at)).toEqual([2, 3, 9])
})

test('row numbers only grow, so a cursor survives what is dropped', () => {
  const table = filled([1, 2, 3, 4, 5], 2)
  table.dropOldest([])
  expect([table.end, table.length]).toEqual([5, 3])
})
