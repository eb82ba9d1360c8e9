// Every recorded incident from its raw files to its verdict, and each again with one source taken away.
//
// The first duty is never to name a wrong cause; then to name the right one; then to say what was not seen.

import { afterAll, describe, expect, test } from 'vitest'
import { explain } from '../../src/diagnose/explain/explain.ts'
import { confidences, type Confidence, type Explanation } from '../../src/diagnose/explanation.ts'
import type { LateAdvert } from '../../src/diagnose/finding.ts'
import type { CapturedFile } from '../../src/session/import/file-source.ts'
import { instantOf, millisecond } from '../../src/time/instant.ts'
import {
  incidentNames,
  playIncident,
  readTruth,
  type LateTruth,
  type Played,
  type Truth,
} from '../fixtures/incident.ts'

type Source = CapturedFile['probe']
const everything: readonly Source[] = ['host', 'iostat', 'sysdig', 'tcpdump']

interface Told {
  readonly late: LateAdvert
  readonly truth: LateTruth
  readonly explanation: Explanation
}

const rank = (one: Confidence): number => confidences.indexOf(one)
const isNamed = (one: Confidence): boolean => one === 'likely' || one === 'certain'
/** A second vantage point where the incident needs one. */
const partsOf = (name: string): Readonly<Record<string, string>> =>
  name === 'peer-port-out' || name === 'capture-drops' ? { peer: 'peer.pcap' } : {}

const played = new Map<string, Promise<Played>>()
function playOnce(name: string, only: readonly Source[]): Promise<Played> {
  const key = `${name} ${only.join(' ')}`
  const known = played.get(key) ?? playIncident(name, only, partsOf(name))
  played.set(key, known)
  return known
}

function explainAll({ engine, originUs }: Played, truth: Truth): Told[] {
  const flows = engine.flows()
  return engine.late
    .filter((late) => late.advert.source === truth.flow.source)
    .flatMap((late) => {
      const flow = flows.find((one) => one.id === late.flow) ?? flows.find((one) => one.source === late.advert.source)
      const truths = [...truth.late, ...(truth.late_at_peer ?? [])]
      const matching = truths.find((one) => Math.abs(one.sent_ns - originUs - late.at / 1e3) < 3e3)
      return flow === undefined || matching === undefined
        ? []
        : [{ late, truth: matching, explanation: explain(late, { ...flow, id: late.flow }, engine.evidence) }]
    })
}

async function tell(name: string, only: readonly Source[] = everything): Promise<Told[]> {
  return explainAll(await playOnce(name, only), readTruth(name))
}

function assertHonest(told: readonly Told[]): void {
  for (const { late, truth, explanation } of told) {
    const { cause, confidence, culprit } = explanation
    expect(isNamed(confidence) ? cause : truth.cause).toBe(truth.cause)
    // Unknown names nobody.
    expect(cause === 'unknown' ? [confidence, culprit] : ['unknown', undefined]).toEqual(['unknown', undefined])
    const sum = explanation.ledger.reduce((total, one) => total + one.span, 0)
    expect(Math.abs(sum - Math.max(0, late.overrun))).toBeLessThan(1e3)
    const unexplained = explanation.ledger.find((one) => one.state === 'unexplained')?.share ?? 0
    expect(unexplained > 0.3 && confidence === 'certain').toBe(false)
    expect(explanation.summary).toMatch(/\.$/)
  }
}

const lines: string[] = []
let right = 0
let total = 0

describe.each(incidentNames)('%s', (name) => {
  const truth = readTruth(name)

  test('no wrong cause is named, the ledger sums to the lateness, and the culprit is one of those who did it', async () => {
    const told = await tell(name)
    expect(told.length).toBe(truth.late.length + (truth.late_at_peer?.length ?? 0))
    assertHonest(told)
    for (const { late, truth: one, explanation } of told) {
      const { cause, confidence, culprit } = explanation
      total++
      if (cause === one.cause) right++
      const verdict = cause === one.cause ? 'right' : isNamed(confidence) ? 'WRONG' : 'open'
      lines.push(
        [
          name.padEnd(25),
          `${(late.overrun / 1e6).toFixed(0)} ms`.padStart(8),
          one.cause.padEnd(17),
          late.wire.padEnd(4),
          cause.padEnd(17),
          confidence.padEnd(9),
          `${culprit?.name ?? '-'}${culprit?.pid === undefined ? '' : ` (${culprit.pid})`}`.padEnd(28),
          verdict,
        ].join(' '),
      )
      const guilty = ['qemu-system-x86', ...truth.faults.flatMap((fault) => fault.culprit.comm ?? [])]
      expect(confidence !== 'certain' || guilty.includes(culprit?.comm ?? '')).toBe(true)
    }
  })

  test.each([
    ['the kernel engine', everything.filter((one) => one !== 'sysdig'), 'sysdig'],
    ['the host sampler', everything.filter((one) => one !== 'host'), 'host'],
    ['iostat', everything.filter((one) => one !== 'iostat'), 'iostat'],
    ['everything but the capture', ['tcpdump'] as const, 'sysdig'],
  ])('without %s nothing wrong is named, no confidence rises, and the gap is told', async (_, only, source) => {
    const whole = await tell(name)
    const less = await tell(name, only)
    assertHonest(less)
    less.forEach(({ explanation, truth: one }, i) => {
      const before = whole[i]?.explanation
      expect(rank(explanation.confidence)).toBeLessThanOrEqual(rank(before?.confidence ?? 'unknown'))
      expect(['unknown', one.cause]).toContain(explanation.cause)
      expect(explanation.blindSpots.map((spot) => spot.source)).toContain(source)
    })
  })

  test.each(['sysdig', 'host', 'tcpdump'] as const)(
    'with losses of %s across the window nothing is more than possible',
    async (probe) => {
      const fresh = await playIncident(name, everything, partsOf(name))
      const before = explainAll(fresh, truth)
      before.forEach(({ late }, i) => {
        fresh.engine.take({ kind: 'drops', probe, at: instantOf(late.at - 10 * millisecond), total: 100 * (i + 1) })
      })
      const now = explainAll(fresh, truth)
      assertHonest(now)
      now.forEach(({ explanation, late }, i) => {
        expect(rank(explanation.confidence)).toBeLessThanOrEqual(rank(before[i]?.explanation.confidence ?? 'unknown'))
        const spot = explanation.blindSpots.find((one) => one.source === probe && one.reason.includes('dropped'))
        expect(spot).toBeDefined()
        const isByWire = ['W3', 'W4r', 'W8', 'W10'].includes(late.wire)
        const isTouched = !isByWire || (probe === 'tcpdump' && late.wire !== 'W3')
        expect(isTouched && isNamed(explanation.confidence)).toBe(false)
      })
    },
  )
})

test('a verdict reads the store and leaves it as it was', async () => {
  const { engine } = await playOnce('guest-keepalived-stopped', everything)
  const before = engine.store.bytes
  const first = await tell('guest-keepalived-stopped')
  const again = await tell('guest-keepalived-stopped')
  expect(again.map((one) => one.explanation)).toEqual(first.map((one) => one.explanation))
  expect(engine.store.bytes).toBe(before)
})

afterAll(() => {
  const head = 'incident                   overrun truth             wire verdict           confidence culprit'
  process.stdout.write(`\n${head}\n${lines.join('\n')}\n${right} of ${total} right\n`)
})
