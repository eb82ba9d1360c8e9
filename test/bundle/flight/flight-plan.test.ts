// What a flight recorder wants of the night, told by what is late.

import { expect, test } from 'vitest'
import { createFlightPlan, mostAnHour, type FlightView } from '../../../src/bundle/flight/flight-plan.ts'
import { instantOf, spanOf, type Instant } from '../../../src/time/instant.ts'

const atS = (seconds: number): Instant => instantOf(Math.round(seconds * 1e9))
const range = { min: spanOf(3e9), max: spanOf(4e9) }

function viewOf(lates: readonly number[], change: Partial<FlightView> = {}): FlightView {
  return {
    flows: [{ id: 'a', interval: spanOf(1e9), masterDown: range, lastAt: atS(99) }],
    late: lates.map((s, i) => ({ number: i + 1, flow: 'a', previousAt: atS(s - 2), at: atS(s) })),
    overdue: [],
    ...change,
  }
}

test('a late advert is wanted once, with thirty seconds before its gap, and an on-time stretch behind twice the MDI', () => {
  const plan = createFlightPlan(atS(0))
  plan.update(viewOf([]), atS(1))
  const wants = plan.update(viewOf([100]), atS(100.2))
  expect(wants.map(({ because, from, to }) => [because, from / 1e9, to / 1e9])).toEqual([
    ['late', 68, 104],
    ['near', 108, 119],
  ])
  expect(plan.update(viewOf([100]), atS(100.4))).toEqual([])
})

test('one that is overdue is wanted for as long as it does not come, a minute at most', () => {
  const plan = createFlightPlan(atS(0))
  plan.update(viewOf([]), atS(1))
  const overdue = [{ flow: 'a', dueAt: atS(100) }]
  const first = plan.update(viewOf([], { overdue }), atS(100.1))
  expect(first.map(({ because, from, to }) => [because, from / 1e9, to / 1e9])).toEqual([['overdue', 69, 101.1]])
  expect(plan.update(viewOf([], { overdue }), atS(159)).map((one) => one.to)).toEqual([atS(160)])
  expect(plan.update(viewOf([], { overdue }), atS(161))).toEqual([])
})

test('a quiet night has its beginning, six seconds each ten minutes, and its end', () => {
  const plan = createFlightPlan(atS(0))
  const wants: string[] = []
  for (let s = 1; s < 3600; s++) for (const one of plan.update(viewOf([]), atS(s))) wants.push(one.because)
  expect(wants).toEqual(['begin', ...Array.from({ length: 5 }, () => 'spread')])
  expect(plan.end(atS(3600))).toMatchObject([{ because: 'end', from: atS(3594), to: atS(3600) }])
})

test('an hour in which everything is late is not kept for ever', () => {
  const plan = createFlightPlan(atS(0))
  const lates: number[] = []
  let kept = 0
  for (let i = 0; i < 200; i++) {
    lates.push(100 + i)
    kept += plan.update(viewOf(lates), atS(100 + i)).filter((one) => one.because === 'late').length
  }
  expect(kept).toBe(mostAnHour)
  expect(plan.skipped).toBe(200 - mostAnHour)
  lates.push(4000)
  expect(plan.update(viewOf(lates), atS(4000)).some((one) => one.because === 'late')).toBe(true)
})
