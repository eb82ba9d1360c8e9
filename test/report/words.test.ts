// The words, as a person on call reads them.

import { expect, test } from 'vitest'
import {
  costPhrase,
  evidencePhrases,
  flowName,
  formatCount,
  formatMargin,
  formatRate,
  formatRunning,
  formatShare,
  marginOf,
  marginSentence,
  overdueSentence,
  probePhrase,
  probeTrouble,
  wireMeaning,
  wireSentence,
} from '../../src/report/words.ts'
import { after, spanOf } from '../../src/time/instant.ts'
import { flow, late, overdue, probe, quiet, takeoverLate } from '../fixtures/snapshots.ts'

const seconds = (count: number) => spanOf(count * 1e9)
const range = (min: number, max: number) => ({ min: seconds(min), max: seconds(max) })

test('every wire signature has its own plain meaning', () => {
  const wires = ['W1', 'W1+', 'W1-', 'W2', 'W3', 'W4', 'W4r', 'W5', 'W6', 'W7', 'W8', 'W9', 'W10'] as const
  expect(new Set(wires.map(wireMeaning)).size).toBe(wires.length)
  expect(wireSentence(takeoverLate)).toBe("Never issued in time; the guest's other traffic stopped too (W1+).")
})

test('what is not settled yet says so', () => {
  expect(wireSentence(late(1, 10, { wire: 'W1', isSettled: false }))).toBe(
    'Never issued in time (W1). Not settled: the next adverts decide.',
  )
})

test('the cost names lateness, gap and takeover before anything else', () => {
  expect(costPhrase(takeoverLate)).toBe('4.035 s late, gap 5.035 s, takeover, 4 intervals missed')
  expect(costPhrase(late(1, 10, { overrun: seconds(0.4), ownOverrun: seconds(2.4) }))).toBe(
    '0.400 s late, 2.400 s by its own timer, gap 1.400 s, no takeover seen',
  )
  expect(costPhrase(late(1, 10, { wire: 'W4r', overrun: seconds(-0.65), ownOverrun: seconds(1.354) }))).toMatch(
    /^1\.354 s late by its own timer, gap /,
  )
})

test('the margin is a sentence, also where the priority of the backup is not known', () => {
  expect(marginSentence(range(2.6, 2.6))).toBe('2.600 s were left before the backup had to take over.')
  expect(marginSentence(range(2, 2.6))).toBe('2.000 s to 2.600 s were left before the backup had to take over.')
  expect(marginSentence(range(-1.4, -1.4))).toBe('The backup had to take over 1.400 s before it came.')
  expect(marginSentence(range(-1.4, -0.4))).toBe('The backup had to take over 0.400 s to 1.400 s before it came.')
  expect(marginSentence(range(-0.4, 0.2))).toBe(
    'The backup had to take over 0.400 s before it came, or only 0.200 s after: its priority is not known.',
  )
  expect(formatMargin(range(2.6, 2.6))).toBe('2.600 s')
  expect(formatMargin(range(2, 2.6))).toBe('≥2.000 s')
})

test('what is overdue eats its margin as the clock goes on', () => {
  const [one] = overdue.overdue
  const [, fast] = overdue.flows
  if (one === undefined || fast === undefined) throw new Error('the fixture has no overdue flow')
  expect(overdueSentence(one, overdue.now)).toBe('overdue 0.312 s, 0.089 s to a takeover')
  expect(overdueSentence(one, after(overdue.now, seconds(1)))).toBe('overdue 1.312 s, takeover due since 0.911 s')
  expect(marginOf(fast, one, after(overdue.now, seconds(1)))?.min).toBeCloseTo(-0.91122e9, 0)
  expect(marginOf(flow(), undefined, quiet.now)?.min).toBeCloseTo(2.609e9, -6)
  expect(marginOf(flow({ gaps: [] }), undefined, quiet.now)).toBeUndefined()
})

test('the packets around it are told one by one', () => {
  expect(evidencePhrases(takeoverLate)).toEqual([
    'IPv4 ID +1: nothing was sent in the gap',
    '2 foreign adverts in the gap',
    '2 adverts right behind it answered the backup',
    'no other packet of the sender while it was late',
  ])
  expect(evidencePhrases(late(1, 10, { ipIdStep: 4, otherTraffic: 1 }))).toEqual([
    'IPv4 ID +4: 3 adverts sent and not seen',
    '1 other packet of the sender while it was late',
  ])
  expect(evidencePhrases(late(1, 10, { ipIdStep: -7, otherTraffic: undefined }))).toEqual([
    'IPv4 ID -7: restarted or repeated',
  ])
  expect(evidencePhrases(late(1, 10, { ipIdStep: undefined, otherTraffic: undefined }))).toEqual([])
})

test('a flow is named by link, VLAN, VRID, version and family, the link giving way', () => {
  expect(flowName(flow(), 30)).toBe('tap1a2b3c4d-5e vrid 205 v2')
  expect(flowName(flow({ vlan: 100, family: 6, version: 3 }), 40)).toBe('tap1a2b3c4d-5e vlan 100 vrid 205 v3 IPv6')
  expect(flowName(flow({ vlan: 100 }), 30)).toBe('tap…4d-5e vlan 100 vrid 205 v2')
  expect(flowName(flow({ link: 'x\u001B[2J' }), 40)).toBe(String.raw`x\x1b[2J vrid 205 v2`)
})

test('a probe tells its rate and drops while it runs, else its state; reason and remedy where there is trouble', () => {
  expect(probePhrase(probe('sysdig', { perSecond: 41_300 }))).toBe('41k/s drop 0')
  expect(probePhrase(probe('iostat'))).toBe('1/s')
  expect(probePhrase(probe('tcpdump', { state: 'degraded', dropped: 12_345, malformed: 3 }))).toBe(
    'degraded 1/s drop 12k malformed 3',
  )
  expect(probePhrase(probe('sysdig', { state: 'failed' }))).toBe('failed')
  expect(probeTrouble(probe('tcpdump'))).toBeUndefined()
  expect(
    probeTrouble(probe('iostat', { state: 'absent', reason: 'not installed', remedy: 'apt-get install sysstat' })),
  ).toBe('iostat absent: not installed → apt-get install sysstat')
})

test('figures are as short as their column', () => {
  expect([0, 0.2, 3.2, 999, 1234, 41_300, 1_250_000].map(formatRate)).toEqual([
    '0/s',
    '0.2/s',
    '3/s',
    '1.0k/s',
    '1.2k/s',
    '41k/s',
    '1.3M/s',
  ])
  expect([0, 9999, 12_345, 44_931_022].map(formatCount)).toEqual(['0', '9999', '12k', '44.9M'])
  expect([0, 0.002, 0.25, 0.996, 1].map(formatShare)).toEqual(['0 %', '<1 %', '25 %', '100 %', '100 %'])
  expect([12, 1087, 11_525].map((count) => formatRunning(seconds(count)))).toEqual(['12 s', '18 min', '3 h 12 min'])
})
