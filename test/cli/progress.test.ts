import { expect, test } from 'vitest'
import { progressLine, progressPhrase } from '../../src/cli/progress.ts'

test('progress is a share, a rate and the time left; without a size it promises no end', () => {
  expect(progressPhrase(43e6, 100e6, 1000)).toBe('43 %, 43.0 MB/s, 2 s left')
  expect(progressPhrase(100e6, 100e6, 4000)).toBe('100 %, 25.0 MB/s, 0 s left')
  expect(progressPhrase(5e6, 0, 1000)).toBe('0 %, 5.0 MB/s')
})

test('in 80 columns the rate, the time left and the way out stand there, and as much of the name as there is room for', () => {
  const phrase = progressPhrase(430e6, 1000e6, 4000)
  const bar = '█████░░░░░░░'
  expect(progressLine(bar, phrase, 'big.scap', 79)).toBe(
    'reading █████░░░░░░░ 43 %, 107.5 MB/s, 6 s left, Ctrl-C gives up  big.scap',
  )
  const long = progressLine(bar, phrase, `${'x'.repeat(65_536)}\u001B]52;c;\u0007`, 79)
  expect(long).toMatch(/^reading █+░+ 43 %, 107\.5 MB\/s, 6 s left, Ctrl-C gives up {2}x+…/)
  expect(long).not.toMatch(/\p{Cc}/u)
  expect(long.length).toBe(79)
  expect(progressLine(bar, phrase, 'big.scap', 60)).toBe('reading █████░░░░░░░ 43 %, 107.5 MB/s, 6 s left, Ctrl-C giv…')
})
