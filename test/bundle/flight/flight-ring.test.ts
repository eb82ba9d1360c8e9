// What the ring claims to have kept is there, whatever is asked of it and however little it may hold.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { KeptBecause, Want } from '../../../src/bundle/flight/flight-plan.ts'
import { createFlightRing, type Claim, type FlightRing, type Piece } from '../../../src/bundle/flight/flight-ring.ts'
import { instantOf, type Instant } from '../../../src/time/instant.ts'

const atS = (seconds: number): Instant => instantOf(Math.round(seconds * 1e9))

interface Word extends Piece {
  /** When what it tells of happened: before it came, by as much as an engine's words take. */
  readonly happenedAt: Instant
}

function wantOf(because: KeptBecause, fromS: number, toS: number, mostBytes = 1e9): Want {
  return { because, from: atS(fromS), to: atS(toS), mostBytes, needsFrom: atS(fromS) }
}

interface Rig {
  readonly ring: FlightRing<Word>
  readonly written: Word[]
  readonly claims: Claim[]
  readonly short: Want[]
  readonly say: (happenedS: number, afterS?: number, bytes?: number) => Word
}

function rigOf(budgetBytes: number, isWritable: () => boolean = () => true): Rig {
  const [written, claims, short]: [Word[], Claim[], Want[]] = [[], [], []]
  const ring = createFlightRing<Word>(
    budgetBytes,
    {
      write(piece) {
        if (isWritable()) written.push(piece)
        return isWritable()
      },
      leave: () => undefined,
      isFull: () => false,
      claim: (claim) => claims.push(claim),
      fallShort: (want) => short.push(want),
    },
    atS(0),
  )
  return {
    ring,
    written,
    claims,
    short,
    say(happenedS, afterS = 0.1, bytes = 10) {
      const word = {
        at: atS(happenedS + afterS),
        happenedAt: atS(happenedS),
        bytes: new Uint8Array(bytes),
        isKernel: true,
      }
      ring.push(word)
      return word
    },
  }
}

const isIn = (claims: readonly Claim[], at: Instant): boolean => claims.some((one) => one.from <= at && at < one.to)

test('a late advert is written at once, with the lead that was asked for, and goes on to be written', () => {
  const { ring, written, claims, say } = rigOf(1e6)
  for (let s = 0; s < 40; s++) {
    say(s)
    ring.drain(atS(s + 0.2))
  }
  expect(written).toEqual([])
  ring.want(wantOf('late', 20, 44))
  ring.drain(atS(40))
  expect(written.map((one) => one.happenedAt)).toEqual(Array.from({ length: 20 }, (_, i) => atS(20 + i)))
  for (let s = 40; s < 50; s++) {
    say(s)
    ring.drain(atS(s + 0.2))
  }
  // Up to a little behind its end, for words that are slow.
  expect(written.at(-1)?.happenedAt).toBe(atS(45))
  expect(isIn(claims, atS(20))).toBe(true)
  expect(isIn(claims, atS(43.9))).toBe(true)
  expect(isIn(claims, atS(19.9)) || isIn(claims, atS(44.1))).toBe(false)
})

test('a baseline waits, so that a late advert soon after it still has its lead', () => {
  const { ring, written, say } = rigOf(1e6)
  ring.want(wantOf('spread', 10, 12))
  for (let s = 0; s < 20; s++) {
    say(s)
    ring.drain(atS(s + 0.2))
  }
  expect(written).toEqual([])
  ring.want(wantOf('late', 5, 18))
  ring.drain(atS(20))
  expect(written[0]?.happenedAt).toBe(atS(5))
})

test('what is gone when it is asked for is told, and not claimed', () => {
  const { ring, claims, short, say } = rigOf(100)
  for (let s = 0; s < 40; s++) say(s)
  ring.want(wantOf('late', 20, 40))
  ring.drain(atS(41))
  expect(short.map((one) => one.from)).toEqual([atS(20)])
  expect(claims[0]?.from).toBeGreaterThanOrEqual(atS(28))
})

test('a stretch ends where its bytes are spent', () => {
  const { ring, written, claims, say } = rigOf(1e6)
  ring.want(wantOf('late', 0, 30, 100))
  for (let s = 0; s < 40; s++) {
    say(s)
    ring.drain(atS(s + 0.2))
  }
  expect(written.length).toBe(10)
  expect(Math.max(...claims.map((one) => one.to))).toBeLessThanOrEqual(atS(9.1))
})

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('say' as const),
      dt: fc.nat(30),
      lag: fc.nat(14),
      bytes: fc.integer({ min: 1, max: 40 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('want' as const),
      because: fc.constantFrom<KeptBecause>('late', 'overdue', 'near', 'spread'),
      back: fc.nat(300),
      length: fc.integer({ min: 1, max: 300 }),
      bytes: fc.integer({ min: 1, max: 2000 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('drain' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refuse' as const), is: fc.boolean() }) },
)

test('whatever happens: in what is claimed nothing is missing, and what is written is in order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 50, max: 3000 }), (steps, budget) => {
      let isWritable = true
      const { ring, written, claims, say } = rigOf(budget, () => isWritable)
      const said: Word[] = []
      let nowS = 0
      for (const one of steps) {
        if (one.kind === 'say') {
          nowS += one.dt / 10
          // It came now, and tells of up to 1.4 s ago.
          said.push(say(nowS - one.lag / 10, one.lag / 10, one.bytes))
        } else if (one.kind === 'want') {
          ring.want(wantOf(one.because, Math.max(0, nowS - one.back / 10), nowS + one.length / 10, one.bytes))
        } else if (one.kind === 'drain') ring.drain(atS(nowS))
        else isWritable = one.is
      }
      isWritable = true
      ring.end(atS(nowS))
      const there = new Set(written)
      expect(said.filter((word) => isIn(claims, word.happenedAt) && !there.has(word))).toEqual([])
      expect(written.map((one) => one.at)).toEqual(written.map((one) => one.at).toSorted((a, b) => a - b))
      expect(ring.bytes).toBeLessThanOrEqual(budget)
    }),
    { numRuns: 2000 },
  )
})
