// Median and MAD without sorting are those of sorting.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSortedWindow } from '../../src/diagnose/sorted-window.ts'

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

test('any values, any size: the last ones’ median and median absolute deviation', () => {
  const value = fc.oneof(fc.integer({ min: -9, max: 9 }), fc.double({ noNaN: true, min: -1e9, max: 1e9 }))
  fc.assert(
    fc.property(fc.array(value, { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (values, size) => {
      const window = createSortedWindow(size)
      values.forEach((one, i) => {
        window.add(one)
        const last = values.slice(Math.max(0, i + 1 - size), i + 1)
        const median = medianOf(last)
        expect(window.count).toBe(last.length)
        // Adding 0 makes one zero of both.
        expect(window.median + 0).toBe(median + 0)
        expect(window.deviation + 0).toBe(medianOf(last.map((other) => Math.abs(other - median))) + 0)
      })
    }),
  )
})

test('nothing yet', () => {
  const window = createSortedWindow(5)
  expect([window.count, window.median, window.deviation]).toEqual([0, 0, 0])
})
