import { expect, test } from 'vitest'
import { createClockMap } from '../../src/time/clock.ts'
import { formatClock, formatIso, formatSpan } from '../../src/time/format.ts'
import { epochAt, epochFrom, epochOf, instantAt, instantOf, overlapOf, spanOf } from '../../src/time/instant.ts'

test('an epoch keeps all nine digits of a fraction, whatever their number on the wire', () => {
  expect(epochFrom('1790000000', '123456789')).toBe(1790000000123456789n)
  expect(epochFrom('1790000000', '1')).toBe(1790000000100000000n)
  expect(epochFrom('1790000000', '1234567891')).toBe(1790000000123456789n)
})

test('an instant goes to an epoch and back without losing a nanosecond for a hundred days', () => {
  const origin = epochOf(1795350621406042401n)
  for (const ns of [0, 1, -1, 999_999_999, 100 * 86_400e9 + 1])
    expect(instantAt(epochAt(instantOf(ns), origin), origin)).toBe(ns)
})

test('times are printed as a person reads them', () => {
  const origin = epochOf(1795350621406042401n)
  expect(formatIso(origin)).toBe('2026-11-22T12:30:21.406042401Z')
  expect(formatClock(instantOf(600e6), origin)).toBe('12:30:22.006')
  expect([0, 61e3, 250e6, 0.9999e9, 5.0354e9, 125e9, 3.1 * 3600e9, -4e9].map((ns) => formatSpan(spanOf(ns)))).toEqual([
    '0 ns',
    '61 µs',
    '250 ms',
    '1.000 s',
    '5.035 s',
    '2 min 5 s',
    '3 h 6 min',
    '-4.000 s',
  ])
})

test('overlap is never negative', () => {
  expect(overlapOf({ from: instantOf(0), to: instantOf(5) }, { from: instantOf(3), to: instantOf(9) })).toBe(2)
  expect(overlapOf({ from: instantOf(0), to: instantOf(2) }, { from: instantOf(3), to: instantOf(9) })).toBe(0)
})

test('a step of the wall clock is told once, with its size, and stamps after it are placed by the new distance', () => {
  const clock = createClockMap()
  expect(clock.instantAt(5)).toBeUndefined()
  expect(clock.add({ real: instantOf(1e9), monotonicNs: 100e9 })).toBeUndefined()
  expect(clock.add({ real: instantOf(2e9), monotonicNs: 101e9 })).toBeUndefined()
  expect(clock.add({ real: instantOf(8e9), monotonicNs: 102e9 })).toEqual({ at: 8e9, by: 5e9 })
  expect(clock.add({ real: instantOf(9e9), monotonicNs: 103e9 })).toBeUndefined()
  expect(clock.instantAt(101.5e9)).toBe(2.5e9)
  expect(clock.instantAt(103.5e9)).toBe(9.5e9)
})

test('a clock that is slewed is followed and never called stepped', () => {
  const clock = createClockMap()
  const steps = Array.from({ length: 3600 }, (_, second) =>
    clock.add({ real: instantOf(second * 1e9 * 1.0004), monotonicNs: second * 1e9 }),
  )
  expect(steps.filter((step) => step !== undefined)).toEqual([])
  expect(Math.abs((clock.instantAt(3599e9) ?? 0) - 3599e9 * 1.0004)).toBeLessThan(200e3)
})
