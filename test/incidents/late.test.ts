// Real captures with known truth: which adverts were late, by how much, and what the wire says of it.

import { describe, expect, test } from 'vitest'
import { incidentNames, playIncident, readTruth } from '../fixtures/incident.ts'

describe.each(incidentNames)('%s', (name) => {
  test('every late advert is found with its overrun and wire signature, and none is invented', async () => {
    const truth = readTruth(name)
    const { engine, originUs } = await playIncident(name, ['tcpdump'])
    const late = engine.late.filter((one) => one.advert.source === truth.flow.source)
    const told = late.map((one) => ({
      sentMs: Math.round(originUs / 1e3 + one.at / 1e6),
      wire: one.wire,
      takeover: one.takeover,
      isSettled: one.isSettled,
    }))
    expect(told).toEqual(
      truth.late.map((one) => ({
        sentMs: Math.round(one.sent_ns / 1e3),
        wire: one.wire,
        takeover: one.takeover,
        isSettled: true,
      })),
    )
    late.forEach((one, i) => {
      const wanted = truth.late[i]
      expect(Math.abs(one.overrun / 1e6 - (wanted?.overrun_ms ?? 0))).toBeLessThan(5)
      expect(Math.abs(one.ownOverrun / 1e6 - (wanted?.overrun_own_ms ?? 0))).toBeLessThan(5)
      expect(Math.abs(one.gap / 1e6 - (wanted?.gap_ms ?? 0))).toBeLessThan(0.01)
    })
    const flow = engine.flows().find((one) => one.source === truth.flow.source)
    expect(flow?.adverts).toBe(truth.flow.adverts)
  })

  test('no other router is called late, but for one whose timer is held back in turn', async () => {
    const truth = readTruth(name)
    const { engine } = await playIncident(name, ['tcpdump'])
    const others = engine.late.filter((one) => one.advert.source !== truth.flow.source && one.wire !== 'W4r')
    expect(others.map((one) => `${one.advert.source} ${one.wire}`)).toEqual([])
  })
})

test('punctual on its own link and missing at the backup: late on the way, and there only', async () => {
  const { engine } = await playIncident('peer-port-out', ['tcpdump'], { peer: 'peer.pcap' })
  expect(engine.late.map((one) => [one.advert.link, one.wire])).toEqual([['peer', 'W10']])
})
