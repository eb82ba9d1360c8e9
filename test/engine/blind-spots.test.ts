import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createBlindSpots } from '../../src/engine/blind-spots.ts'
import { replayAll } from '../../src/session/replay/replay.ts'
import { instantOf } from '../../src/time/instant.ts'
import { ownFolder } from '../fixtures/own-incident.ts'

const lossAt = (seconds: number, events: number) => ({
  source: 'bpftrace' as const,
  from: instantOf(seconds * 1e9),
  to: instantOf(seconds * 1e9 + 1e6),
  reason: `bpftrace lost ${events} events`,
  remedy: undefined,
})

test('spots of one reason that touch are one', () => {
  const spots = createBlindSpots()
  spots.add(lossAt(1, 5))
  spots.add(lossAt(2, 5))
  spots.add(lossAt(9, 5))
  expect(spots.all.map((spot) => [spot.from / 1e9, Math.round((spot.to ?? 0) / 1e9)])).toEqual([
    [1, 2],
    [9, 9],
  ])
})

test('a night of losses is told in runs, oldest first: what lies far apart stays apart, and what is open stays open', () => {
  const spots = createBlindSpots()
  spots.open('iostat down', { source: 'iostat', from: instantOf(0), reason: 'killed', remedy: undefined })
  // In each of these hours three seconds of losses, each of another size.
  for (let i = 0; i < 9000; i++) spots.add(lossAt(3600 * Math.floor(i / 90) + (i % 90) / 30, i))
  expect(spots.all.length).toBeLessThanOrEqual(2000)
  const isBlindAt = (seconds: number): boolean =>
    spots.all.some(
      ({ source, from, to }) => source === 'bpftrace' && from <= seconds * 1e9 && (to ?? 0) >= seconds * 1e9,
    )
  // A quiet half hour between two of them is not blind.
  for (const hour of [0, 1, 50, 99]) {
    expect(isBlindAt(3600 * hour + 1)).toBe(true)
    expect(isBlindAt(3600 * hour + 1800)).toBe(false)
  }
  expect(spots.all[0]?.reason).not.toContain('lost')
  spots.close('iostat down', instantOf(7e9))
  expect(spots.all.filter((spot) => spot.source === 'iostat')).toMatchObject([{ from: 0, to: 7e9 }])
})

const scarceBytes = 2 * 2 ** 20
const ranks = ['unknown', 'possible', 'likely', 'certain']
const rankOf = (one: { readonly confidence: string } | undefined): number => ranks.indexOf(one?.confidence ?? '')

test.each(['guest-quota-1', 'guest-vm-stop-2', 'guest-smp2-held'])(
  '%s: with too little memory for all of it nobody is more sure, and what is as whole as ever is judged so',
  { timeout: 60_000 },
  async (name) => {
    const replayed = (budgetBytes: number): ReturnType<typeof replayAll> =>
      replayAll(join(ownFolder, `${name}.whylate.tgz`), {
        budgetBytes,
        interval: undefined,
        late: undefined,
        vrid: undefined,
      })
    const [ample, scarce] = [await replayed(256 * 2 ** 20), await replayed(scarceBytes)]
    expect(scarce.session.blindSpots.some((spot) => spot.source === 'store')).toBe(true)
    const told = ample.session.windows.map(({ explanation: full }, i) => {
      const left = scarce.session.windows[i]?.explanation
      const isSame = left?.cause === full?.cause && left?.confidence === full?.confidence
      return { isSame, isSurer: rankOf(left) > rankOf(full), spots: left?.blindSpots.map((spot) => spot.source) }
    })
    expect(told.filter((one) => one.isSurer)).toEqual([])
    expect(told.filter((one) => !one.isSame && one.spots?.includes('store') !== true)).toEqual([])
    expect(told.filter((one) => one.isSame).length).toBeGreaterThanOrEqual(told.length / 2)
  },
)
