// Columns: what a text takes, and what is left of it when it may take fewer.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cutEnd, cutMiddle, hostText, padEnd, padStart, widthOf, wrap } from '../../src/report/display-width.ts'
import { hostile } from '../fixtures/snapshots.ts'

test('wide letters take two columns, marks none, ambiguous ones one', () => {
  expect(widthOf('ファイル')).toBe(8)
  expect(widthOf('cafe\u0301')).toBe(4)
  expect(widthOf('αбв●█')).toBe(5)
})

test('the middle is cut, so that the call, the file and the time stay', () => {
  const text = 'fsync of /var/lib/postgresql/15/main/pg_wal/000000010000002A took 710 ms'
  expect(cutMiddle(text, 40)).toBe('fsync of /var/lib…010000002A took 710 ms')
  expect(cutMiddle(text, 72)).toBe(text)
  expect(cutMiddle(text, 5)).toBe('fsyn…')
  expect(cutMiddle(text, 0)).toBe('')
})

test('a wide letter that would stick out by one column goes as a whole', () => {
  expect(cutEnd('ファイル', 4)).toBe('フ…')
  expect(padEnd(cutEnd('ファイル', 4), 4)).toBe('フ… ')
  expect(padStart('ル', 4)).toBe('  ル')
})

test('no cut text is wider than it may be, whatever it is made of', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.constantFrom(...hostile))
  fc.assert(
    fc.property(text, fc.nat(60), (raw, columns) => {
      expect(widthOf(hostText(raw, columns))).toBeLessThanOrEqual(columns)
      expect(widthOf(cutEnd(raw, columns))).toBeLessThanOrEqual(columns)
    }),
    { numRuns: 200 },
  )
})

test('a name of 64 KiB is cut as a short one, both ends kept', () => {
  const name = `start${'/deep'.repeat(13_000)}/end`
  expect(hostText(name, 24)).toBe('start/deep…deep/deep/end')
  expect(widthOf(hostText('界'.repeat(65_536), 31))).toBeLessThanOrEqual(31)
  expect(widthOf(hostText(`a${'\u0301'.repeat(65_536)}`, 31))).toBeLessThanOrEqual(31)
})

test('lines break at blanks, and within a word only where it is too long', () => {
  expect(wrap('fsync of /var/log/syslog took 10 ms', 14)).toEqual(['fsync of', '/var/log/syslo', 'g took 10 ms'])
  expect(wrap('', 14)).toEqual([''])
  expect(wrap('ファイル', 5)).toEqual(['ファ', 'イル'])
  expect(wrap('界', 1)).toEqual(['界'])
})

test('wrapping loses nothing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.integer({ min: 2, max: 40 }), (text, columns) => {
      const lines = wrap(text, columns)
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns)
      expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
    }),
  )
})
