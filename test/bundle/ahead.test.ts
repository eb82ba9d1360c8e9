// Asked for beforehand, and still one after the other: order, faults and an early end are those of what is given.

import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ahead } from '../../src/bundle/ahead.ts'

async function* upTo(count: number, seen: string[] = [], failsAt = Infinity): AsyncGenerator<number> {
  try {
    for (let i = 0; i < count; i++) {
      await turn()
      if (i === failsAt) throw new Error(`at ${i}`)
      seen.push(`made ${i}`)
      yield i
    }
  } finally {
    seen.push('ended')
  }
}

test('all that is given, in its order, however many are asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(12), fc.integer({ min: 1, max: 6 }), async (count, asked) => {
      const taken: number[] = []
      for await (const one of ahead(upTo(count), asked)) taken.push(one)
      expect(taken).toEqual(Array.from({ length: count }, (_, i) => i))
    }),
    { numRuns: 60 },
  )
})

test('while one is worked on the next ones are made, and no more than those', async () => {
  const seen: string[] = []
  for await (const one of ahead(upTo(9, seen), 2)) {
    for (let i = 0; i < 20; i++) await turn()
    expect(seen.length).toBe(Math.min(10, one + 3))
  }
})

test('what fails fails in its turn, behind what came before it, and is nobody’s unhandled rejection', async () => {
  const taken: number[] = []
  const all = async (): Promise<void> => {
    for await (const one of ahead(upTo(5, [], 3), 3)) {
      for (let i = 0; i < 20; i++) await turn()
      taken.push(one)
    }
  }
  await expect(all()).rejects.toThrow('at 3')
  expect(taken).toEqual([0, 1, 2])
})

test('who ends early ends what is given, which is closed then', async () => {
  const seen: string[] = []
  for await (const one of ahead(upTo(100, seen), 3)) if (one === 4) break
  expect(seen.at(-1)).toBe('ended')
  expect(seen.length).toBeLessThan(10)
  const never = ahead(upTo(5, seen), 3)
  await never.return(undefined)
})
