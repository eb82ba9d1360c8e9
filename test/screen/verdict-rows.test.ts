import { expect, test } from 'vitest'
import type { Explanation } from '../../src/diagnose/explanation.ts'
import { widthOf } from '../../src/report/display-width.ts'
import { verdictOf, type Verdict } from '../../src/report/verdict.ts'
import { textOf } from '../../src/screen/cells.ts'
import { briefRows, detailRows, ledgerRows, summaryRows } from '../../src/screen/verdict-rows.ts'
import { spanOf } from '../../src/time/instant.ts'
import { takeoverWindow } from '../fixtures/snapshots.ts'

const explanation: Explanation = {
  cause: 'sender-stopped',
  confidence: 'likely',
  summary: 'Never issued: the guest stood still because qemu (6875) was stopped by SIGSTOP of kill (30211).',
  culprit: { kind: 'process', pid: 30_211, comm: 'kill', name: 'kill' },
  ledger: [
    { state: 'unexplained', span: spanOf(8e6), share: 0.002, detail: '' },
    { state: 'stopped', span: spanOf(4.003e9), share: 0.992, detail: 'stopped by SIGSTOP of kill (30211)' },
    { state: 'runnable', span: spanOf(24e6), share: 0.006, detail: 'had by kworker/3:1' },
  ],
  suspects: [
    {
      what: 'sda',
      kind: 'device',
      pid: undefined,
      covers: 0.5,
      late: { hits: 1, of: 1 },
      baseline: { hits: 9, of: 20 },
      lift: undefined,
      isAligned: false,
      onset: spanOf(0),
      dose: undefined,
      p: undefined,
      q: undefined,
      bridge: undefined,
      score: 1,
    },
    {
      what: 'kill',
      kind: 'process',
      pid: 30_211,
      covers: 0.99,
      late: { hits: 1, of: 1 },
      baseline: { hits: 0, of: 20 },
      lift: undefined,
      isAligned: false,
      onset: spanOf(0),
      dose: undefined,
      p: undefined,
      q: undefined,
      bridge: 'it stopped the sender',
      score: 9,
    },
  ],
  evidence: ['SIGSTOP to qemu (6875) by kill (30211), 0.2 s before due'],
  ruledOut: [{ cause: 'sender-throttled', because: 'no cgroup of it was throttled' }],
  blindSpots: [
    {
      source: 'sysdig',
      from: 0 as never,
      to: undefined,
      reason: 'absent',
      remedy: undefined,
      effect: 'at most likely: sysdig was absent',
    },
  ],
  settledBy: ['whylate --engine sysdig'],
}

const verdictWith = (part: Partial<Explanation> = {}): Verdict =>
  verdictOf({ ...takeoverWindow, explanation: { ...explanation, ...part } })
const stopped = verdictWith()

test('the sentence comes with how sure it is, and wraps under itself', () => {
  expect(summaryRows(stopped, 60).map(textOf)).toEqual([
    ' LIKELY  Never issued: the guest stood still because qemu',
    '         (6875) was stopped by SIGSTOP of kill (30211).',
  ])
})

test('the ledger begins with the largest state; crumbs are left out, never the largest', () => {
  expect(ledgerRows(stopped, 80, 3).map((row) => textOf(row).slice(0, 31))).toEqual(['   stopped       4.003 s   99 %'])
  const crumbs = { ...stopped, ledger: stopped.ledger.filter((entry) => entry.state !== 'stopped') }
  expect(ledgerRows(crumbs, 80, 3).length).toBe(1)
})

test('in 80 columns words come before the length of a bar, and a sentence loses its end, not its middle', () => {
  expect(ledgerRows(stopped, 80, 3).map((row) => textOf(row).trimEnd())).toEqual([
    '   stopped       4.003 s   99 %  ███████████ stopped by SIGSTOP of kill (30211)',
  ])
  expect(
    briefRows(stopped, 80)
      .map((row) => textOf(row))
      .at(-1),
  ).toBe(' UNSEEN sysdig from -1076.340 s until now: absent; at most likely: sysdig was …')
})

test('where the verdict names whom it befell, the first glance says that nobody was seen to do it', () => {
  const culprit = { kind: 'process', name: 'keepalived', pid: 812, comm: 'keepalived' } as const
  expect(verdictWith({ culprit: { ...culprit, isVictim: true }, suspects: [] }).who).toBe(
    'nobody was seen to do it; the sender is process keepalived (812)',
  )
  expect(verdictWith({ culprit, suspects: [] }).who).toBe('process keepalived (812)')
})

test('the culprit, then suspects with a mechanism before those without, then who not, what was unseen, what would settle it', () => {
  expect(detailRows(stopped, 200).map(textOf)).toMatchInlineSnapshot(`
    [
      " CULPRIT  process kill (30211)",
      " BECAUSE  SIGSTOP to qemu (6875) by kill (30211), 0.2 s before due",
      " WHO      kill: covers 99 %, begins 0 ns after due; before 1/1 late and 0/20 punctual adverts, too few to say how unusual; it stopped the sender",
      "          sda: covers 50 %, begins 0 ns after due; before 1/1 late and 9/20 punctual adverts, too few to say how unusual; no mechanism known: correlated at most",
      " NOT      sender-throttled: no cgroup of it was throttled",
      " UNSEEN   sysdig from -1076.340 s until now: absent; at most likely: sysdig was absent",
      " SETTLE   whylate --engine sysdig",
    ]
  `)
})

test('names of the host reach no row raw and widen none', () => {
  const hostile = '\u001B]52;c;AAAA\u0007日本\u202Eevil'.repeat(50)
  const one = verdictWith({
    summary: hostile,
    evidence: [hostile],
    culprit: { kind: 'process', pid: 1, comm: hostile, name: hostile },
    ledger: [{ state: 'blocked', span: spanOf(1e9), share: 1, detail: hostile }],
  })
  for (const width of [40, 80, 200]) {
    const rows = [...summaryRows(one, width), ...ledgerRows(one, width, 5), ...detailRows(one, width)].map(textOf)
    expect(rows.join('')).not.toMatch(/[\p{Cc}\u202E]/u)
    expect(Math.max(...rows.map(widthOf))).toBeLessThanOrEqual(width)
  }
})
