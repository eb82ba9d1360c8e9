// Every incident with whole kinds of events missing, as a filtered or older recording has them: never a wrong cause.

import { expect, test } from 'vitest'
import { explain } from '../../src/diagnose/explain/explain.ts'
import { openStore, type Store } from '../../src/store/store.ts'
import { incidentNames, playIncident, readTruth } from '../fixtures/incident.ts'

type Kind = 'signals' | 'switches' | 'calls' | 'threads' | 'cgroups' | 'processes' | 'disks' | 'traffic' | 'beats'

const missing: readonly (readonly Kind[])[] = [
  ['signals'],
  ['switches'],
  ['calls'],
  ['threads'],
  ['cgroups'],
  ['processes'],
  ['disks'],
  ['traffic'],
  ['beats'],
  ['signals', 'threads'],
  ['signals', 'switches'],
  ['signals', 'calls'],
  ['calls', 'switches'],
  ['switches', 'threads'],
  ['signals', 'cgroups'],
  ['cgroups', 'calls'],
  ['signals', 'threads', 'cgroups'],
]

function withoutKinds(store: Store, kinds: readonly Kind[]): Store {
  const empty = openStore(1024 * 1024)
  return { ...store, ...Object.fromEntries(kinds.map((kind) => [kind, empty[kind]])) }
}

test.each(incidentNames)('%s: whatever kind of event is missing, no wrong cause is named', async (name) => {
  const { engine, originUs } = await playIncident(name)
  const truth = readTruth(name)
  const wrong: string[] = []
  for (const late of engine.late.filter((one) => one.advert.source === truth.flow.source)) {
    const flow = engine.flows().find((one) => one.id === late.flow)
    const cause = truth.late.find((one) => Math.abs(one.sent_ns - originUs - late.at / 1e3) < 3e3)?.cause
    if (flow === undefined || cause === undefined) continue
    for (const kinds of missing) {
      const evidence = { ...engine.evidence, store: withoutKinds(engine.store, kinds) }
      const told = explain(late, flow, evidence)
      if ((told.confidence === 'likely' || told.confidence === 'certain') && told.cause !== cause)
        wrong.push(`without ${kinds.join(' and ')}: ${told.cause} ${told.confidence}, truly ${cause}`)
    }
  }
  expect(wrong).toEqual([])
})

test('with the capture alone it says what the wire says, and that the sender was not seen', async () => {
  const { engine } = await playIncident('guest-keepalived-stopped', ['tcpdump'])
  const [late] = engine.late
  const flow = engine.flows().find((one) => one.id === late?.flow)
  const told = late === undefined || flow === undefined ? undefined : explain(late, flow, engine.evidence)
  expect(told?.cause).toBe('unknown')
  expect(told?.summary).toBe(
    'Never issued in time; its machine was alive and went on with other traffic; the sender’s own state was not seen.',
  )
  expect(told?.evidence.join(' ')).toMatch(
    /open .a.: a call that blocked.*one vCPU.*main loop.*unlikely: vhost_net off/,
  )
  expect(told?.blindSpots.map((one) => one.source)).toEqual(expect.arrayContaining(['sysdig', 'host', 'iostat']))
  expect(told?.settledBy.length).toBeGreaterThan(1)
})
