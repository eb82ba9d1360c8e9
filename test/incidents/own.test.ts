// Our own incidents: for each cause that can be made on a machine several runs, and look-alikes that must not be named.
//
// Each is explained twice: as it was recorded, and as sysdig would have told it, without wakeups and without the reasons
// why a thread left its CPU. The expected late adverts were computed from another capture, by another program.

import { afterAll, describe, expect, test } from 'vitest'
import { explain } from '../../src/diagnose/explain/explain.ts'
import type { Evidence } from '../../src/diagnose/evidence.ts'
import type { Cause, Confidence, Explanation } from '../../src/diagnose/explanation.ts'
import type { LateAdvert } from '../../src/diagnose/finding.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { epochOf, instantAt, millisecond } from '../../src/time/instant.ts'
import {
  asSysdig,
  ownNames,
  playOwn,
  readOwnTruth,
  type OwnCulprit,
  type OwnFault,
  type OwnLate,
  type OwnTruth,
} from '../fixtures/own-incident.ts'

/**
 * What is this close to the threshold is called late by one computation and not by the other. In a guest beside crowds what
 * nobody made late on purpose may drown in the usual scatter, which one of the two computations leaves aside.
 */
const clearlyLateMs = 80
/** On a busy machine a bundle takes seconds to play. */
const timeout = 60_000

interface Told {
  readonly late: LateAdvert
  readonly cause: Cause | null
  readonly fault: OwnFault | undefined
  readonly explanation: Explanation
}

const isNamed = (one: Confidence): boolean => one === 'likely' || one === 'certain'

const played = new Map<string, Promise<Engine>>()
function playOnce(name: string): Promise<Engine> {
  const playing = played.get(name) ?? playOwn(name)
  played.set(name, playing)
  return playing
}

const lateMsOf = (late: LateAdvert): number => Math.max(late.overrun, late.ownOverrun) / millisecond
const expectedMsOf = (late: OwnLate): number => Math.max(late.overrunMs, late.ownOverrunMs)

const clockOf = (engine: Engine) => {
  const { origin } = engine.snapshot({ late: 0 })
  return (ns: string): number => instantAt(epochOf(BigInt(ns)), origin)
}

function faultOf(truth: OwnTruth, late: LateAdvert, at: (ns: string) => number): OwnFault | undefined {
  const touching = truth.faults.filter((one) => at(one.startNs) < late.at && at(one.endNs) > late.previousAt)
  return touching.length === 1 ? touching[0] : undefined
}

function explainAll(engine: Engine, truth: OwnTruth, evidence: Evidence): Told[] {
  const at = clockOf(engine)
  const flows = engine.flows()
  const expected = [...truth.late, ...(truth.lateAtPeer ?? [])]
  return engine.late
    .filter((late) => late.advert.source === truth.flow.source)
    .flatMap((late) => {
      const flow = flows.find((one) => one.id === late.flow) ?? flows.find((one) => one.source === late.advert.source)
      if (flow === undefined) return []
      const match = expected.find((one) => Math.abs(at(one.sentNs) - late.at) < 3 * millisecond)
      const fault = faultOf(truth, late, at)
      const cause = match === undefined ? (fault?.cause ?? null) : match.cause
      return [{ late, cause, fault, explanation: explain(late, { ...flow, id: late.flow }, evidence) }]
    })
}

const rightCauses = ({ cause, fault }: Told): readonly (Cause | null)[] => [cause, ...(fault?.accepts ?? [])]
const isRight = (one: Told): boolean => rightCauses(one).includes(one.explanation.cause)

const isSame = (culprit: Explanation['culprit'], other: OwnCulprit | null): boolean =>
  culprit !== undefined &&
  other !== null &&
  (other.pid !== null && culprit.pid !== undefined
    ? culprit.pid === other.pid
    : culprit.name === other.name || (other.comm !== null && culprit.comm === other.comm))

/** The wire alone gives the place: where on its way from the timer to the backup the lateness began. */
const places: Readonly<Partial<Record<Cause, RegExp>>> = {
  'sender-stopped': /^W1/,
  'sender-blocked': /^W1/,
  'sender-starved': /^W[12]/,
  // It can stop between reading the clock and sending.
  'sender-throttled': /^W[12]/,
  'sender-paging': /^W1/,
  'tx-held': /^W2/,
  'foreign-vrid': /^W4r/,
  planned: /^W8/,
  // Behind a link, or before any.
  path: /^W(?:10|3)/,
  'rejected-locally': /^W[13]/,
  'capture-loss': /^W3/,
}

/**
 * Nobody made it late on purpose, and the sender's own run delay covers it: on a crowded machine that is how it was. (The
 * runs were recorded beside others.)
 */
function isMeasured({ cause, explanation }: Told): boolean {
  const waited = explanation.ledger.find((one) => one.state === 'runnable')?.share ?? 0
  return cause === null && explanation.cause === 'sender-starved' && waited >= 0.5
}

function honestyOf(one: Told): string | undefined {
  const { late, cause, explanation } = one
  const place = cause === null ? undefined : places[cause]
  if (place !== undefined && !place.test(late.wire)) return `is ${late.wire}, not ${place.source}`
  if (isNamed(explanation.confidence) && !isRight(one) && cause !== null)
    return `says ${explanation.cause} ${explanation.confidence}, truly ${cause}`
  return undefined
}

const rows: string[] = []
const score = { right: 0, culprits: 0, total: 0 }
const sysdigScore = { right: 0, culprits: 0, total: 0 }

function count(into: typeof score, told: readonly Told[]): void {
  for (const one of told.filter((each) => each.cause !== null)) {
    into.total++
    if (isRight(one)) into.right++
    const guilty = [one.fault?.culprit ?? null, ...(one.fault?.alsoGuilty ?? [])]
    if (guilty.some((each) => isSame(one.explanation.culprit, each))) into.culprits++
  }
}

function rowOf(name: string, { late, cause, explanation }: Told, isRightOne: boolean, asToldBySysdig: string): string {
  const { culprit, confidence } = explanation
  const verdict = cause === null ? '-' : isRightOne ? 'right' : isNamed(confidence) ? 'WRONG' : 'open'
  return [
    name.padEnd(28),
    `${lateMsOf(late).toFixed(0)} ms`.padStart(8),
    (cause ?? 'nobody').padEnd(16),
    late.wire.padEnd(4),
    explanation.cause.padEnd(16),
    confidence.padEnd(8),
    asToldBySysdig.padEnd(26),
    `${culprit?.name ?? '-'}${culprit?.pid === undefined ? '' : ` (${culprit.pid})`}`.slice(0, 34).padEnd(34),
    verdict,
  ].join(' ')
}

describe.each(ownNames)('%s', (name) => {
  const truth = readOwnTruth(name)

  test(
    'those adverts are late that another capture says are late, and no others',
    async () => {
      const engine = await playOnce(name)
      const at = clockOf(engine)
      const own = engine.late.filter((late) => late.advert.source === truth.flow.source)
      const expected = [...truth.late, ...(truth.lateAtPeer ?? [])]
      const isExpected = (late: LateAdvert): boolean =>
        expected.some((one) => Math.abs(at(one.sentNs) - late.at) < 3 * millisecond)
      const missed = expected
        .filter((one) => expectedMsOf(one) > clearlyLateMs && (one.cause !== null || truth.place === 'netns'))
        .filter((one) => !own.some((late) => Math.abs(at(one.sentNs) - late.at) < 3 * millisecond))
      expect(missed).toEqual([])
      const invented = own.filter(
        // What the capture lost is no late advert, and is told as such.
        (late) =>
          lateMsOf(late) > clearlyLateMs && !isExpected(late) && faultOf(truth, late, at)?.cause !== 'capture-loss',
      )
      expect(invented.map((late) => `${late.wire} ${lateMsOf(late)} ms`)).toEqual([])
      const distances = own.flatMap((late) => {
        const one = expected.find((each) => Math.abs(at(each.sentNs) - late.at) < 3 * millisecond)
        if (one === undefined) return []
        // At the edge between before and after due, one counts a foreign advert and the other does not.
        return late.wire === 'W4r'
          ? [Math.abs(one.ownOverrunMs - late.ownOverrun / millisecond)]
          : [Math.abs(one.overrunMs - late.overrun / millisecond)]
      })
      expect(Math.max(0, ...distances)).toBeLessThan(truth.place === 'guest' ? 15 : 8)
    },
    timeout,
  )

  test(
    'no wrong cause is named, as recorded and as sysdig tells it, and the innocent stay out of it',
    async () => {
      const engine = await playOnce(name)
      const told = explainAll(engine, truth, engine.evidence)
      const bySysdig = explainAll(engine, truth, asSysdig(engine.evidence))
      told.forEach((one, i) => {
        const other = bySysdig[i]?.explanation
        rows.push(rowOf(name, one, isRight(one), other === undefined ? '' : `${other.cause} ${other.confidence}`))
      })
      count(score, told)
      count(sysdigScore, bySysdig)
      for (const one of [...told, ...bySysdig]) {
        expect(honestyOf(one)).toBeUndefined()
        const { cause, confidence, culprit, ledger } = one.explanation
        for (const innocent of truth.lookAlikes) {
          expect(isSame(culprit, innocent.culprit), `names ${innocent.culprit?.name ?? ''}: ${innocent.how}`).toBe(
            false,
          )
          const isItsCause = innocent.looksLike === cause && isNamed(confidence) && !isMeasured(one)
          expect(isItsCause && !rightCauses(one).includes(cause), `names ${cause}: ${innocent.how}`).toBe(false)
        }
        const sum = ledger.reduce((total, entry) => total + entry.span, 0)
        expect(Math.abs(sum - Math.max(0, one.late.overrun))).toBeLessThan(1e3)
      }
    },
    timeout,
  )
})

test('most are named right, with the one who did it', () => {
  // sysdig says neither who woke whom nor why a thread left its CPU: more stays open, nothing is wrong.
  for (const [one, least] of [
    [score, 0.9],
    [sysdigScore, 0.85],
  ] as const) {
    expect(one.right / Math.max(1, one.total)).toBeGreaterThanOrEqual(least)
    expect(one.culprits / Math.max(1, one.total)).toBeGreaterThanOrEqual(0.75)
  }
})

afterAll(() => {
  const head = `${'incident'.padEnd(28)}  overrun truth            wire verdict          sure     as sysdig tells it         culprit                            `
  const sumOf = (one: typeof score): string =>
    `${one.right} of ${one.total} causes and ${one.culprits} of ${one.total} culprits right`
  process.stdout.write(
    `\n${head}\n${rows.join('\n')}\nas recorded: ${sumOf(score)}; as sysdig tells it: ${sumOf(sysdigScore)}\n`,
  )
})
