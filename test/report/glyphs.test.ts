// Bars, sparklines and lanes as they look, and their ASCII forms.

import { expect, test } from 'vitest'
import { widthOf } from '../../src/report/display-width.ts'
import { asciiOf, barOf, glyph, laneOf, sparklineOf } from '../../src/report/glyphs.ts'
import { instantOf } from '../../src/time/instant.ts'

test('a bar shows halves, and anything above nothing', () => {
  expect(barOf(0, 8)).toBe('░░░░░░░░')
  expect(barOf(0.001, 8)).toBe('▌░░░░░░░')
  expect(barOf(0.5, 8)).toBe('████░░░░')
  expect(barOf(0.55, 8)).toBe('████▌░░░')
  expect(barOf(1, 8)).toBe('████████')
  expect(barOf(7, 8)).toBe('████████')
  expect(barOf(-1, 8)).toBe('░░░░░░░░')
  expect(barOf(Number.NaN, 8)).toHaveLength(8)
})

test('a sparkline keeps the newest values and is full at the ceiling', () => {
  expect(sparklineOf([1, 1, 1, 5, 1], 3.6, 10)).toBe('▃▃▃█▃')
  expect(sparklineOf([1, 1, 1, 5, 1], 3.6, 2)).toBe('█▃')
  expect(sparklineOf([], 3.6, 10)).toBe('')
  expect(sparklineOf([0], 0, 10)).toBe('▁')
  expect(sparklineOf([1], 3.6, 0)).toBe('')
})

test('a lane shows where in the lateness something lies', () => {
  const window = (from: number, to: number) => ({ from: instantOf(from), to: instantOf(to) })
  const whole = window(100, 200)
  expect(laneOf(window(50, 300), whole, 10, false)).toBe('██████████')
  expect(laneOf(window(120, 160), whole, 10, false)).toBe('  ████    ')
  expect(laneOf(window(120, 160), whole, 10, true)).toBe('  ▒▒▒▒    ')
  expect(laneOf(window(150, 150), whole, 10, false)).toBe('     ┃    ')
  expect(laneOf(window(200, 200), whole, 10, false)).toBe('         ┃')
  expect(laneOf(window(20, 90), whole, 10, false)).toBe('          ')
  expect(laneOf(window(210, 220), whole, 10, false)).toBe('          ')
  expect(laneOf(window(100, 100), window(100, 100), 10, false)).toHaveLength(10)
})

test('each sign has one ASCII character of its own width, and foreign letters become question marks', () => {
  for (const sign of [...Object.values(glyph), '…', '█', '▌', '░', '▒', '┃', 'µ']) {
    expect(asciiOf(sign)).toMatch(/^[\x21-\x3e\x40-\x7e]$/)
  }
  expect(asciiOf('界cafe\u0301')).toBe('??caf?')
  expect(asciiOf('界●x')).toHaveLength(widthOf('界●x'))
})
