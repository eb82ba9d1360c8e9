// Shuffled truth: punctual adverts, drawn at random and called late. Whatever is then named as significant is named by
// chance, and at most one report of twenty may do so. And the other half: where adverts were truly late, what made them
// so does reach significance, or the first half could not fail.

import { afterAll, expect, test } from 'vitest'
import { explain } from '../../src/diagnose/explain/explain.ts'
import { advertsOf, punctualOf } from '../../src/diagnose/explain/risk-windows.ts'
import type { Evidence } from '../../src/diagnose/evidence.ts'
import type { Suspect } from '../../src/diagnose/explanation.ts'
import type { Flow, LateAdvert } from '../../src/diagnose/finding.ts'
import { after, before, spanOf, type Instant } from '../../src/time/instant.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { incidentNames, playIncident } from '../fixtures/incident.ts'
import { ownNames, playOwn } from '../fixtures/own-incident.ts'
import { randomOf } from '../../src/diagnose/statistics/random.ts'

const significant = 0.05
const lines: string[] = []
/** Those of the lab, and our own. */
const all = [...incidentNames, ...ownNames]
/** So long on a machine that does much else; on one at rest all of it takes some seconds. */
const timeout = 600_000

const played = new Map<string, Promise<Engine>>()
function playOnce(name: string): Promise<Engine> {
  const playing =
    played.get(name) ?? (ownNames.includes(name) ? playOwn(name) : playIncident(name).then((one) => one.engine))
  played.set(name, playing)
  return playing
}

/** As if it had been due when it came, and had come `overrun` later. */
function calledLate(flow: Flow, at: Instant, number: number): LateAdvert {
  const overrun = spanOf(1.6 * flow.interval)
  return {
    number,
    flow: flow.id,
    at: after(at, overrun),
    previousAt: before(at, flow.interval),
    dueAt: at,
    ownDueAt: at,
    gap: spanOf(flow.interval + overrun),
    overrun,
    ownOverrun: overrun,
    missed: 1,
    margin: { min: spanOf(0), max: spanOf(0) },
    takeover: false,
    wire: 'W1',
    isSettled: true,
    ipIdStep: 1,
    foreignInGap: 0,
    reactions: 0,
    otherTraffic: undefined,
    advert: { source: flow.source, link: flow.link, vrid: flow.vrid } as LateAdvert['advert'],
  }
}

function rowOf(one: Suspect | undefined): string {
  if (one === undefined) return ''
  const { what, late, baseline, q } = one
  return `${late.hits}/${late.of} ${baseline.hits}/${baseline.of} q ${q?.toFixed(4)} ${what}`
}

interface Drawn {
  readonly reports: number
  /** Reports that could have named somebody: enough episodes and enough to compare with. */
  readonly ranked: number
  readonly named: readonly string[]
}

function draw(flow: Flow, evidence: Evidence, late: readonly LateAdvert[], draws: number, seed: number): Drawn {
  const random = randomOf(seed)
  const own = late.filter((one) => one.flow === flow.id)
  const punctual = punctualOf(flow, advertsOf(flow, evidence), own)
  const named: string[] = []
  let [reports, ranked] = [0, 0]
  for (let round = 0; round < draws && punctual.length >= 15; round++) {
    const count = 2 + Math.floor(random() * 4)
    const chosen = Array.from({ length: count }, () => punctual[Math.floor(random() * punctual.length)])
    const called = [...new Set(chosen)].flatMap((at, i) => (at === undefined ? [] : [calledLate(flow, at, i + 1)]))
    const [first] = called
    if (first === undefined) continue
    const { suspects } = explain(first, flow, { ...evidence, late: called })
    reports++
    if (suspects.some((one) => one.q !== undefined)) ranked++
    // Too short, or too few punctual adverts far from the late ones: no draw of it can be ranked.
    if (reports === 12 && ranked === 0) break
    const worst = suspects.find((one) => one.q !== undefined && one.q <= significant)
    if (worst !== undefined) named.push(rowOf(worst))
  }
  return { reports, ranked, named }
}

test(
  'punctual adverts called late: at most one report of twenty names anything as significant',
  { timeout },
  async () => {
    const total = { ranked: 0, named: 0 }
    for (const [i, name] of all.entries()) {
      const engine = await playOnce(name)
      const { evidence } = engine
      const flow = engine.flows().toSorted((a, b) => b.adverts - a.adverts)[0]
      if (flow === undefined) continue
      const { reports, ranked, named } = draw(flow, evidence, engine.late, 60, i + 1)
      total.ranked += ranked
      total.named += named.length
      lines.push(
        `${name.padEnd(26)} ${String(reports).padStart(5)} ${String(ranked).padStart(6)} ${String(named.length).padStart(6)}  ${named[0] ?? ''}`,
      )
    }
    lines.push(
      `${'all'.padEnd(26)}       ${String(total.ranked).padStart(6)} ${String(total.named).padStart(6)}  ${((100 * total.named) / total.ranked).toFixed(1)} %`,
    )
    expect(total.ranked).toBeGreaterThan(200)
    expect(total.named / total.ranked).toBeLessThanOrEqual(0.05)
  },
)

test('where adverts were truly late, what made them so is significant', { timeout }, async () => {
  const table: string[] = []
  const reached: string[] = []
  for (const name of all) {
    const engine = await playOnce(name)
    const [own] = engine.late
    const flow = engine.flows().find((one) => one.id === own?.flow)
    if (own === undefined || flow === undefined) continue
    const { suspects } = explain(own, flow, engine.evidence)
    const ranked = suspects.filter((one) => one.q !== undefined)
    const named = ranked.filter((one) => (one.q ?? 1) <= significant)
    if (named.length > 0) reached.push(name)
    if (ranked.length > 0) table.push(`${name.padEnd(26)} ${rowOf(named[0] ?? ranked[0])}`)
  }
  lines.push('', 'truly late                 the first suspect, late and punctual adverts', ...table)
  expect(reached).toEqual(
    expect.arrayContaining([
      'cpu-quota-qemu',
      'main-loop-stopped',
      'netns-blocked-log',
      'netns-freezer',
      'netns-ptrace',
    ]),
  )
})

afterAll(() => {
  process.stdout.write(`\n${'incident'.padEnd(26)} draws ranked  named\n${lines.join('\n')}\n`)
})
