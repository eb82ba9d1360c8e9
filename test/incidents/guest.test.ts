// The incidents that were recorded inside the guest, too: the host's verdict, and the same sharpened from the inside.
//
// The guest only ever sharpens: never a wrong cause, never less right. And alone, beside a tap, it names what went on inside
// and lays no fault of the host on a process of the guest.

import { afterAll, describe, expect, test } from 'vitest'
import { explain } from '../../src/diagnose/explain/explain.ts'
import { confidences, type Confidence, type Explanation } from '../../src/diagnose/explanation.ts'
import type { LateAdvert } from '../../src/diagnose/finding.ts'
import type { CapturedFile } from '../../src/session/import/file-source.ts'
import {
  guestIncidents,
  guestScapOf,
  playIncident,
  readTruth,
  type LateTruth,
  type Played,
} from '../fixtures/incident.ts'

interface Told {
  readonly late: LateAdvert
  readonly truth: LateTruth
  readonly explanation: Explanation
}

function explainAll({ engine, originUs }: Played, name: string): Told[] {
  const truth = readTruth(name)
  return engine.late
    .filter((late) => late.advert.source === truth.flow.source)
    .flatMap((late) => {
      const flow = engine.flows().find((one) => one.id === late.flow)
      const matching = truth.late.find((one) => Math.abs(one.sent_ns - originUs - late.at / 1e3) < 3e3)
      return flow === undefined || matching === undefined
        ? []
        : [{ late, truth: matching, explanation: explain(late, flow, engine.evidence) }]
    })
}

const all: readonly CapturedFile['probe'][] = ['host', 'iostat', 'sysdig', 'tcpdump']
const noCalls = all.filter((one) => one !== 'sysdig')
const noSamples = all.filter((one) => one !== 'host')
const inside = (name: string) => ({ guest: guestScapOf(name) })

const played = new Map<string, Promise<Told[]>>()
/** Each combination of sources is played once. */
function tell(name: string, only: readonly CapturedFile['probe'][], isInside: boolean): Promise<Told[]> {
  const key = `${name} ${only.join(' ')} ${isInside}`
  const known =
    played.get(key) ?? playIncident(name, only, {}, isInside ? inside(name) : {}).then((one) => explainAll(one, name))
  played.set(key, known)
  return known
}

const rank = (one: Confidence): number => confidences.indexOf(one)
const isNamed = (one: Confidence): boolean => one === 'likely' || one === 'certain'
const lines: string[] = []

const cell = ({ cause, confidence, culprit }: Explanation): string =>
  `${cause} ${confidence} ${culprit === undefined ? '' : `${culprit.comm ?? culprit.name} ${culprit.pid ?? ''}`}`.trim()

function assertHonest(told: readonly Told[], count: number): void {
  expect(told.length).toBe(count)
  for (const { late, truth, explanation } of told) {
    const { cause, confidence, ledger } = explanation
    expect(isNamed(confidence) ? cause : truth.cause).toBe(truth.cause)
    const sum = ledger.reduce((total, one) => total + one.span, 0)
    expect(Math.abs(sum - Math.max(0, late.overrun))).toBeLessThan(1e3)
  }
}

describe.each(guestIncidents)('%s', (name) => {
  const truth = readTruth(name)
  const count = truth.late.length

  test('seen from the inside, too, no verdict is less right or less sure', async () => {
    const outside = await tell(name, all, false)
    const both = await tell(name, all, true)
    const samples = await tell(name, noCalls, true)
    const alone = await tell(name, ['tcpdump'], true)
    for (const told of [outside, both, samples, alone]) assertHonest(told, count)
    both.forEach(({ late, truth: one, explanation }, i) => {
      const before = outside[i]?.explanation
      expect(explanation.cause).toBe(one.cause)
      expect(rank(explanation.confidence)).toBeGreaterThanOrEqual(rank(before?.confidence ?? 'unknown'))
      expect(rank(samples[i]?.explanation.confidence ?? 'certain')).toBeLessThanOrEqual(rank(explanation.confidence))
      const cells = [outside, both, samples, alone].map((told) => cell(told[i]?.explanation ?? explanation).padEnd(45))
      lines.push(
        `${name.padEnd(25)} ${(late.overrun / 1e6).toFixed(0).padStart(5)} ms ${one.cause.padEnd(17)}${cells.join('')}`,
      )
    })
  })

  test('with the host’s samples left out nothing wrong is named', async () => {
    const told = await tell(name, noSamples, true)
    assertHonest(told, count)
    for (const { truth: one, explanation } of told) expect(['unknown', one.cause]).toContain(explanation.cause)
  })

  test('the guest alone names what went on inside, and nobody in it for what the host did', async () => {
    for (const { truth: one, explanation } of explainAll(
      await playIncident(name, ['tcpdump'], {}, inside(name)),
      name,
    )) {
      const { cause, culprit, ledger } = explanation
      const isInside = one.cause === 'inside-guest'
      const guilty = truth.faults.map((fault) => `${fault.culprit.comm ?? ''} ${fault.culprit.pid ?? ''}`)
      expect(isInside ? [one.cause] : ['unknown', one.cause]).toContain(cause)
      const named = `${culprit?.comm ?? ''} ${culprit?.pid ?? ''}`
      expect(isInside ? guilty.includes(named) : culprit?.kind !== 'process').toBe(true)
      expect(!isInside && ledger.some(({ state }) => state === 'runnable')).toBe(false)
    }
  })

  test('it does not matter what the recording is called', async () => {
    const scap = guestScapOf(name)
    const unnamed = explainAll(await playIncident(name, noCalls, {}, { '': scap }), name)
    const named = await tell(name, noCalls, true)
    const what = (told: readonly Told[]) =>
      told.map(({ explanation: { cause, confidence, culprit } }) => [cause, confidence, culprit?.pid])
    expect(what(unnamed)).toEqual(what(named))
  })
})

test('who stopped keepalived inside is named with the thread, its state and the time, and the suspects are the guest’s', async () => {
  const name = 'guest-keepalived-stopped'
  const [first] = await tell(name, all, true)
  expect(first?.explanation.summary).toMatch(
    /^Never issued: inside the guest, keepalived \(130\) was stopped by SIGSTOP of sh \(186\) for 1\.\d+ s\.$/,
  )
  expect(first?.explanation.ledger[0]).toMatchObject({ state: 'stopped', detail: 'stopped by SIGSTOP of sh (186)' })
  expect(first?.explanation.evidence.join('\n')).toMatch(/the guest itself went on .*\n.*± \d+ µs/)
  expect(
    first?.explanation.suspects.filter(({ bridge }) => bridge !== undefined).map(({ what }) => what),
  ).toContainEqual(expect.stringMatching(/^guest: .*sh/))
})

test('what the guest’s recorder lost is its own blind spot: the host’s verdict stays, and nothing of the guest is believed', async () => {
  const name = 'guest-keepalived-stopped'
  const { engine, originUs } = await playIncident(name, all, {}, inside(name))
  const clear = explainAll({ engine, originUs }, name)
  for (const { late } of clear) {
    const there = late.previousAt - 49e6
    engine.blind(
      {
        source: 'sysdig',
        from: there as typeof late.at,
        to: late.at,
        reason: 'sysdig lost 7 events',
        remedy: undefined,
      },
      'guest',
    )
  }
  const lossy = explainAll({ engine, originUs }, name)
  const outside = await tell(name, all, false)
  lossy.forEach(({ explanation }, i) => {
    expect(explanation.confidence).toBe(outside[i]?.explanation.confidence)
    expect(explanation.culprit).toEqual(outside[i]?.explanation.culprit)
    expect(explanation.blindSpots.map(({ part, effect }) => [part, effect])).toContainEqual([
      'guest',
      'the inside of guest was not seen then',
    ])
  })
})

afterAll(() => {
  const columns = ['host', 'host + guest', 'samples + guest', 'guest alone'].map((one) => one.padEnd(45)).join('')
  process.stdout.write(
    `\n${''.padEnd(25)} ${'late'.padStart(8)} ${'truth'.padEnd(17)}${columns}\n${lines.join('\n')}\n`,
  )
})
