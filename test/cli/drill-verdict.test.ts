// The judge of a drill: what counts as right, as open, and as wrong.

import { expect, test } from 'vitest'
import { judge, type DrillVerdict } from '../../src/cli/drill-verdict.ts'
import type { Cause, Confidence, Culprit, Explanation } from '../../src/diagnose/explanation.ts'
import type { LateAdvert, WindowView } from '../../src/diagnose/finding.ts'
import type { Truth } from '../../src/drill/scenario.ts'
import { epochOf, instantOf, second, spanOf } from '../../src/time/instant.ts'

const origin = epochOf(1_000_000_000_000_000_000n)
const atSecond = (value: number): Truth['startAt'] => epochOf(origin + BigInt(value * 1e9))
const sender = '192.168.205.11'
const gdb: Truth['culprit'] = { kind: 'process', pid: 77, comm: 'gdb', name: 'gdb' }

const stopped: Truth = {
  cause: 'sender-stopped',
  startAt: atSecond(10),
  endAt: atSecond(14),
  culprit: gdb,
  alsoGuilty: [{ kind: 'process', pid: 78, comm: 'bash', name: 'bash' }],
  how: 'a stop',
}
const storm: Truth = { ...stopped, cause: 'none', looksLike: 'sender-blocked', how: 'a storm that holds nobody up' }

interface Said {
  readonly cause?: Cause
  readonly confidence?: Confidence
  readonly culprit?: Culprit
  readonly source?: string
  /** Seconds; the advert before it came a second before it was due. */
  readonly dueAt?: number
  readonly lateBy?: number
}

function told(said: Said): WindowView {
  const {
    cause = 'sender-stopped',
    confidence = 'certain',
    culprit = gdb,
    source = sender,
    dueAt = 11,
    lateBy = 3,
  } = said
  const late = {
    advert: { source },
    previousAt: instantOf((dueAt - 1) * second),
    at: instantOf((dueAt + lateBy) * second),
    gap: spanOf((1 + lateBy) * second),
    overrun: spanOf(lateBy * second),
    ownOverrun: spanOf(lateBy * second),
    wire: 'W1',
  } as LateAdvert
  const explanation = { cause, confidence, culprit, summary: 'It stood still.' } as Explanation
  return { late, explanation } as WindowView
}

const verdictOf = (truth: Truth, windows: readonly WindowView[], makesLate = true): DrillVerdict =>
  judge({ truth, makesLate, windows, origin, source: sender })

test('the cause that was made is right, and so is each of those who had a hand in it', () => {
  expect(verdictOf(stopped, [told({})])).toMatchObject({
    mark: 'right',
    cause: 'sender-stopped',
    confidence: 'certain',
    culprit: 'gdb (77)',
    isCulpritRight: true,
  })
  const byTheHand = told({ culprit: { kind: 'process', pid: 78, comm: 'bash', name: 'bash' } })
  expect(verdictOf(stopped, [byTheHand])).toMatchObject({ mark: 'right', isCulpritRight: true })
})

test('the right cause on somebody else is told as such', () => {
  const other = told({ culprit: { kind: 'process', pid: 79, comm: 'gdb', name: 'gdb' } })
  expect(verdictOf(stopped, [other])).toMatchObject({ mark: 'right', isCulpritRight: false })
})

test.each(['likely', 'certain'] as const)('another cause at %s is wrong', (confidence) => {
  expect(verdictOf(stopped, [told({}), told({ cause: 'sender-starved', confidence })]).mark).toBe('WRONG')
})

test.each(['possible', 'unknown'] as const)('another cause at %s leaves it open', (confidence) => {
  expect(verdictOf(stopped, [told({ cause: 'sender-starved', confidence })]).mark).toBe('open')
})

test('a fault that nothing was late by is open, but where none had to be', () => {
  expect(verdictOf(stopped, [])).toMatchObject({ mark: 'open', cause: 'none late', isCulpritRight: true })
  expect(verdictOf({ ...stopped, cause: 'planned' }, [], false).mark).toBe('right')
})

test('only adverts of the sender that the fault touched are judged', () => {
  const wrong: Said = { cause: 'path', confidence: 'certain' }
  const before = told({ ...wrong, dueAt: 5, lateBy: 1 })
  const behind = told({ ...wrong, dueAt: 20, lateBy: 1 })
  const ofAnother = told({ ...wrong, source: '192.168.205.12' })
  const verdict = verdictOf(stopped, [before, behind, ofAnother, told({})])
  expect(verdict.mark).toBe('right')
  expect(verdict.found).toEqual(['3.000 s late, never issued in time (W1): certain sender-stopped: It stood still.'])
})

test('nothing late where nothing was done is right; a machine that is late by itself is no error', () => {
  expect(verdictOf(storm, [], false).mark).toBe('right')
  const byItself = told({ cause: 'sender-starved', culprit: { kind: 'process', pid: 5, comm: 'cc1', name: 'cc1' } })
  expect(verdictOf(storm, [byItself], false).mark).toBe('open')
})

test('it is an error when it is put on the innocent one, or on the cause that it looks like', () => {
  expect(verdictOf(storm, [told({ cause: 'sender-starved' })], false).mark).toBe('WRONG')
  const other: Culprit = { kind: 'process', pid: 5, comm: 'cc1', name: 'cc1' }
  expect(verdictOf(storm, [told({ cause: 'sender-blocked', culprit: other })], false).mark).toBe('WRONG')
  expect(verdictOf(storm, [told({ cause: 'sender-blocked', confidence: 'possible' })], false).mark).toBe('open')
})
