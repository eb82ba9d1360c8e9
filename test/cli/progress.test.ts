import { expect, test } from 'vitest'
import { progressPhrase } from '../../src/cli/progress.ts'

test('progress is a share, a rate and the time left; without a size it promises no end', () => {
  expect(progressPhrase(43e6, 100e6, 1000)).toBe('43 %, 43.0 MB/s, 2 s left')
  expect(progressPhrase(100e6, 100e6, 4000)).toBe('100 %, 25.0 MB/s, 0 s left')
  expect(progressPhrase(5e6, 0, 1000)).toBe('0 %, 5.0 MB/s')
})
