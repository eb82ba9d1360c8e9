// Was it better after the fix? The answer over real recordings, and the arithmetic against numbers counted by hand.

import { describe, expect, test } from 'vitest'
import { formatComparison } from '../../src/report/compare-text.ts'
import { comparisonOf, type Comparison } from '../../src/report/comparison.ts'
import { episodesOf } from '../../src/report/episodes.ts'
import { chanceOfFewer, lengthToTell } from '../../src/report/rate-test.ts'
import { reportOf } from '../../src/report/report.ts'
import type { Report } from '../../src/report/report-shape.ts'
import { everything } from '../../src/report/selection.ts'
import { filesOf, importOf } from '../fixtures/report.ts'

const reportFor = async (incident: string): Promise<Report> =>
  reportOf(await importOf(filesOf(incident, ['scap'])), everything)

async function compared(first: string, second: string): Promise<Comparison> {
  const comparison = comparisonOf(await reportFor(first), await reportFor(second))
  if (comparison === undefined) throw new Error('no router in common')
  return comparison
}

/** The same report as if its capture had lasted so many times as long without another late advert. */
function lasting(report: Report, times: number): Report {
  const from = Date.parse(report.capture.from)
  const to = new Date(from + (Date.parse(report.capture.to) - from) * times).toISOString().replace('Z', '000000Z')
  return { ...report, capture: { ...report.capture, to } }
}

test('a minute without a fault after a minute with three proves nothing yet, and says how long would', async () => {
  const comparison = await compared('netns-blocked-log', 'netns-reload')
  expect(comparison.answer).toBe('too-short')
  expect([comparison.before.episodes, comparison.after.episodes]).toEqual([3, 0])
  // 71 s * (0.1^(-1/3) - 1) = 81 s
  expect((comparison.hoursNeeded ?? 0) * 3600).toBeCloseTo(81.5, 0)
  expect(formatComparison(comparison)).toContain('TOO SHORT to tell')
  expect(comparison.causes.map((one) => [one.cause, one.change])).toEqual([[comparison.causes[0]?.cause, 'gone']])
})

test('as much as it asked for is enough', async () => {
  const [before, after] = [await reportFor('netns-blocked-log'), await reportFor('netns-reload')]
  const comparison = comparisonOf(before, lasting(after, 2))
  expect(comparison?.answer).toBe('better')
  expect(comparison?.p).toBeLessThanOrEqual(0.05)
})

test('the other way round it got worse, once that is no chance', async () => {
  const [before, after] = [await reportFor('netns-reload'), await reportFor('netns-blocked-log')]
  expect(comparisonOf(before, after)?.answer).toBe('no-change')
  expect(comparisonOf(lasting(before, 2), after)?.answer).toBe('worse')
})

test('a recording compared with itself has not changed', async () => {
  const comparison = await compared('netns-freezer', 'netns-freezer')
  expect(comparison.answer).toBe('no-change')
  expect(comparison.before).toEqual(comparison.after)
  expect(comparison.causes.every((one) => one.change === 'same')).toBe(true)
})

test('two healthy ones have nothing to get better', async () => {
  expect((await compared('netns-reload', 'netns-reload')).answer).toBe('nothing-late')
})

test('what the capture lost was not late', async () => {
  const comparison = await compared('capture-drops', 'netns-reload')
  expect(comparison.before.late).toBe(0)
  expect(comparison.answer).toBe('nothing-late')
})

test('recordings of different routers are not compared', async () => {
  // VRID 12 and VRID 51.
  expect(comparisonOf(await reportFor('netns-freezer'), await reportFor('netns-sigstop-repeated'))).toBeUndefined()
})

test('late adverts of one fault are one time', async () => {
  // Twelve seconds of quota, twice: eight late adverts.
  const report = await reportFor('cpu-quota-netns-shared')
  expect(report.late).toHaveLength(8)
  const episodes = episodesOf(report.late, report.flows)
  expect(episodes).toHaveLength(2)
  expect(episodes.flatMap((one) => one.late.map((late) => late.number))).toEqual(report.late.map((one) => one.number))
})

test('an advert that never came counts, though nothing is late', async () => {
  const [before, after] = [await reportFor('netns-reload'), await reportFor('netns-reload')]
  const flows = after.flows.map((flow, i) => (i === 0 ? { ...flow, overdueMs: 4000 } : flow))
  const comparison = comparisonOf(before, { ...after, flows })
  expect(comparison?.after.episodes).toBe(1)
  expect(comparison?.answer).not.toBe('nothing-late')
})

test('what the host says of itself reaches no terminal raw', async () => {
  const report = await reportFor('netns-freezer')
  const hostile = { ...report, capture: { ...report.capture, host: '\u001b]52;c;Z\u0007evil\u202e' } }
  const flows = report.flows.map((flow) => ({ ...flow, source: '\u001b[31mx' }))
  const comparison = comparisonOf({ ...hostile, flows }, { ...hostile, flows })
  expect(comparison).toBeDefined()
  // eslint-disable-next-line no-control-regex
  expect(comparison === undefined ? '' : formatComparison(comparison)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
})

describe('the chance of so few', () => {
  test.each([
    // All of them in the first half: 0.5 * 0.5^n
    [4, 0, 1, 1, 0.03125],
    [1, 0, 1, 1, 0.25],
    // Two and one: half of P(1) plus P(0) of Bin(3, 1/2) = 0.1875 + 0.125
    [2, 1, 1, 1, 0.3125],
    // Three times as long: 0.5 * 0.25^2
    [2, 0, 1, 3, 0.03125],
    [0, 0, 1, 1, 1],
  ])('%i before and %i after in lengths %i and %i', (before, after, first, second, p) => {
    expect(chanceOfFewer({ events: before, length: first }, { events: after, length: second })).toBeCloseTo(p, 10)
  })

  test('the length to tell is the one at which it is just told', () => {
    const first = { events: 5, length: 3 }
    const length = lengthToTell(first, 0.05) ?? 0
    expect(chanceOfFewer(first, { events: 0, length })).toBeCloseTo(0.05, 10)
  })
})
