import { describe, expect, test } from 'vitest'
import type { LateAdvert } from '../../src/diagnose/finding.ts'
import type { Traffic } from '../../src/events/packet.ts'
import { instantOf, spanOf } from '../../src/time/instant.ts'
import { createFlows } from '../../src/diagnose/flows.ts'
import { advertOf, backup, master, play, punctual, type Cue, type Router } from '../fixtures/advert-train.ts'

const told = (late: readonly LateAdvert[]) =>
  late.map(
    (one) =>
      `${one.advert.source.slice(-2)} ${one.wire} gap ${Math.round(one.gap / 1e6)} late ${Math.round(one.overrun / 1e6)} own ${Math.round(one.ownOverrun / 1e6)}${one.takeover ? ' takeover' : ''}`,
  )

test('punctual adverts, with the drift that keepalived has, are never late', () => {
  const drifting: Cue[] = Array.from({ length: 600 }, (_, i) => [master, i * 1001.1] as const)
  expect(told(play(drifting).late)).toEqual([])
  expect(play(drifting).flows()[0]).toMatchObject({ adverts: 600, late: 0, state: 'master' })
})

test('an advert that was never issued in time is W1: one packet, and the timer starts again from it', () => {
  const flows = play([...punctual(master, 0, 10), ...punctual(master, 11_500, 10)])
  expect(told(flows.late)).toEqual(['11 W1 gap 2500 late 1500 own 1500'])
  expect(flows.late[0]).toMatchObject({ missed: 2, ipIdStep: 1, isSettled: true })
})

test('an advert that was held and let go on the old phase is W2', () => {
  const flows = play([...punctual(master, 0, 10), [master, 10_400], ...punctual(master, 11_000, 10)])
  expect(told(flows.late)).toEqual(['11 W2 gap 1400 late 400 own 400'])
})

test('several adverts let go together, with no foreign one to answer, are W2', () => {
  const flows = play([
    ...punctual(master, 0, 10),
    [master, 12_300],
    [master, 12_300.2],
    [master, 12_300.4],
    ...punctual(master, 13_000, 10),
  ])
  expect(told(flows.late)).toEqual(['11 W2 gap 3300 late 2300 own 2300'])
})

test('a burst that answers the backup is a reaction, not a release: W1, listed once, and the backup is not late', () => {
  // STOP 5.2 s: the backup speaks after 3.609 s and each second; on waking the master answers each of its adverts.
  const scene: Cue[] = [
    ...punctual(master, 0, 10),
    [backup, 12_609],
    [backup, 13_609],
    [backup, 14_609],
    [master, 15_000],
    [master, 15_000.1],
    [master, 15_000.2],
    [master, 15_000.3],
    ...punctual(master, 16_000.3, 10),
  ]
  const flows = play(scene)
  expect(told(flows.late)).toEqual(['11 W1 gap 6000 late 5000 own 5000 takeover'])
  expect(flows.late[0]).toMatchObject({ reactions: 3, foreignInGap: 3 })
  expect(flows.flows().find((flow) => flow.source === backup.source)).toMatchObject({ late: 0, state: 'backup' })
})

test('the margin is exact once the backup has spoken, and a range before', () => {
  const before = play([...punctual(master, 0, 10), [master, 11_500]]).late[0]
  expect([before?.margin.min, before?.margin.max].map((span) => Math.round((span ?? 0) / 1e6))).toEqual([
    3004 - 2500,
    3996 - 2500,
  ])
  const after = play([[backup, -500], ...punctual(master, 0, 10), [master, 11_500]]).late[0]
  expect([after?.margin.min, after?.margin.max].map((span) => Math.round((span ?? 0) / 1e6))).toEqual([1109, 1109])
})

test('version 3 scales the skew with the interval', () => {
  const quick: Router = { ...master, version: 3, intervalMs: 200 }
  const flow = play([[{ ...backup, version: 3, intervalMs: 200 }, -500], ...punctual(quick, 0, 10)], 0).flows()
  expect(flow.find((one) => one.source === master.source)?.masterDown.min).toBe((3 * 200 + (156 * 200) / 256) * 1e6)
})

test('lost adverts leave a hole on the old phase and in the IPv4 ID: W3, counted as lost', () => {
  const scene: Cue[] = [...punctual(master, 0, 10), [master, 12_000, 13], ...punctual(master, 13_000, 5)]
  const flows = play(scene)
  expect(told(flows.late)).toEqual(['11 W3 gap 3000 late 2000 own 2000'])
  expect(flows.flows()[0]).toMatchObject({ late: 0, lost: 2 })
})

test('the same hole without a hole in the IPv4 ID was not lost', () => {
  expect(told(play([...punctual(master, 0, 10), ...punctual(master, 12_000, 5)]).late)).toEqual([
    '11 W1 gap 3000 late 2000 own 2000',
  ])
})

// The backup takes over 3.609 s after the last advert that it heard, and the master answers each of its adverts at once.
describe('adverts that were built and came nowhere, until the backup spoke', () => {
  const before = punctual(master, 0, 10)

  test('the answers were lost, too: lost, and punctual by the last of them', () => {
    // Built at 10, 11, 12 s and as the answer at 12.612 s.
    const flows = play([...before, [backup, 12_609], [master, 13_613, 15], ...punctual(master, 14_614, 5)])
    expect(told(flows.late)).toEqual(['11 W3 gap 4613 late 3613 own 3613 takeover'])
    expect(flows.flows()[0]).toMatchObject({ late: 0, lost: 4 })
  })

  test('the answer is the first to come through', () => {
    const flows = play([...before, [backup, 12_609], [master, 12_612, 14], ...punctual(master, 13_613, 5)])
    expect(told(flows.late)).toEqual(['11 W3 gap 3612 late 2612 own 2612 takeover'])
  })

  test('a sender that stood still and lost one advert before that was late all the same', () => {
    const flows = play([...before, [backup, 12_609], [master, 14_100, 12], ...punctual(master, 15_100, 5)])
    expect(told(flows.late)).toEqual(['11 W1 gap 5100 late 4100 own 4100 takeover'])
  })

  test('a sender that was stopped and answers the backup as it goes on was late', () => {
    const flows = play([...before, [backup, 12_609], [master, 13_300, 11], [master, 13_302, 12]])
    expect(told(flows.late)).toEqual(['11 W1 gap 4300 late 3300 own 3300 takeover'])
  })

  test('a router of more priority silences the sender by right: nothing was lost', () => {
    const foreign: Router = { source: '192.168.205.13', priority: 150 }
    const flows = play([...before, [foreign, 12_000], [foreign, 13_000], [master, 13_950, 14]])
    expect(told(flows.late)).not.toEqual([expect.stringContaining('W3')])
  })
})

test('an IPv4 ID that wraps is no restart, one that starts again is W8', () => {
  const wrapping: Cue[] = Array.from({ length: 10 }, (_, i) => [master, i * 1000, (65_530 + i) % 65_536] as const)
  expect(told(play(wrapping).late)).toEqual([])
  expect(told(play([...punctual(master, 0, 10), [master, 13_000, 1], [master, 14_000, 2]]).late)).toEqual([
    '11 W8 gap 4000 late 3000 own 3000',
  ])
})

test('another cluster on the same VRID holds the timer back: W4r, counted as re-armed and not as late', () => {
  const foreign: Router = { source: '192.168.205.13', priority: 150 }
  // Each advert of the foreign cluster, though rejected, restarts the timer of ours (measured: keepalived 2.2.7).
  const scene: Cue[] = [
    ...punctual(master, 0, 5),
    [foreign, 4400],
    [foreign, 5300],
    [foreign, 6200],
    [master, 7200],
    [master, 8200],
    [master, 9200],
  ]
  const flows = play(scene)
  expect(told(flows.late)).toEqual(['11 W4r gap 3200 late 0 own 2200'])
  expect(flows.flows().find((flow) => flow.source === master.source)).toMatchObject({
    late: 0,
    rearmed: 1,
    state: 'master',
  })
})

test('a foreign advert that comes after the due time re-arms nothing in hindsight', () => {
  const foreign: Router = { source: '192.168.205.13', priority: 90 }
  const flows = play([...punctual(master, 0, 5), [foreign, 5500], [master, 6800], ...punctual(master, 7800, 3)])
  expect(told(flows.late)).toEqual(['11 W1 gap 2800 late 1800 own 1800'])
})

test('a router that yielded to a higher one and takes over later is not late', () => {
  const flows = play([...punctual(backup, 0, 5), ...punctual(master, 4200, 10), ...punctual(backup, 13_200 + 3609, 5)])
  expect(told(flows.late)).toEqual([])
})

test('a router that resigned with priority 0 is not overdue, and its next start is not late', () => {
  const flows = play([...punctual(master, 0, 5), [{ ...master, priority: 0 }, 4300], ...punctual(master, 60_000, 5)], 0)
  expect(told(flows.late)).toEqual([])
  const resigned = play([...punctual(master, 0, 5), [{ ...master, priority: 0 }, 4300]], 0)
  expect(resigned.overdue(instantOf(20e9))).toEqual([])
})

test('a duplicate capture of the same packet is counted and changes nothing', () => {
  const scene = punctual(master, 0, 10).flatMap(([router, at], i): Cue[] => [
    [router, at, i + 1],
    [router, at + 0.05, i + 1],
  ])
  const flows = play(scene)
  expect(told(flows.late)).toEqual([])
  expect(flows.flows()[0]).toMatchObject({ adverts: 10, signs: { W9: 10 } })
})

test('overdue counts up while it lasts, and ends when a router is gone', () => {
  const flows = play(punctual(master, 0, 10), 0)
  expect(flows.overdue(instantOf(10.04e9))).toEqual([])
  expect(flows.overdue(instantOf(11.5e9))).toMatchObject([{ by: 1.5e9 }])
  flows.passTo(instantOf(200e9))
  expect(flows.overdue(instantOf(200e9))).toEqual([])
})

test('adverts of 0 s, which broken builds send, are no reason to divide by it', () => {
  expect(
    told(
      play(punctual({ ...master, intervalMs: 0 }, 0, 5).map(([router, , id], i) => [router, i * 100, id] as Cue)).late,
    ),
  ).toEqual([])
})

test('--interval and --late replace what is advertised and what is usual', () => {
  const slow: Cue[] = Array.from({ length: 10 }, (_, i) => [master, i * 1030] as const)
  expect(told(play(slow).late)).toEqual([])
  expect(play(slow, 0, { interval: spanOf(1e9), late: spanOf(20e6) }).late.length).toBeGreaterThan(0)
})

test('two VRIDs, two VLANs, two families of one router never mix', () => {
  const scene: Cue[] = [
    ...punctual(master, 0, 10),
    ...punctual({ ...master, vrid: 7 }, 480, 10),
    ...punctual({ ...master, family: 6, version: 3, source: 'fe80::1' }, 730, 10),
  ]
  const flows = play(scene, 0)
  expect(told(flows.late)).toEqual([])
  expect(flows.flows().length).toBe(3)
})

test('an advert seen on the tap and on the uplink is one flow, and late only behind the tap is W10', () => {
  const flows = createFlows({ interval: undefined, late: undefined })
  const uplink: Router = { ...master, link: 'eth0' }
  for (let i = 0; i < 30; i++) {
    flows.advert(advertOf(master, i * 1000, i + 1))
    const isHeld = i >= 20 && i < 23
    if (!isHeld) flows.advert(advertOf(uplink, i * 1000 + 0.2, i + 1))
  }
  flows.passTo(instantOf(40e9))
  // The vantage point is told, because something came late only there; what is late belongs to a flow that is told.
  expect(flows.flows().map((flow) => [flow.link, flow.alsoOn, flow.late])).toEqual([
    ['tap0', ['eth0'], 0],
    ['eth0', [], 1],
  ])
  expect(told(flows.late)).toEqual(['11 W10 gap 4000 late 3000 own 3000'])
  expect(flows.flows().map((flow) => flow.id)).toContain(flows.late[0]?.flow)
})

test('a second vantage point at which nothing more happens is no flow of its own', () => {
  const flows = createFlows({ interval: undefined, late: undefined })
  const uplink: Router = { ...master, link: 'eth0' }
  const moments = [...Array.from({ length: 20 }, (_, i) => i * 1000), 22_400, 23_400, 24_400]
  moments.forEach((at, i) => {
    flows.advert(advertOf(master, at, i + 1))
    flows.advert(advertOf(uplink, at + 0.2, i + 1))
  })
  flows.passTo(instantOf(40e9))
  expect(flows.flows().map((flow) => [flow.link, flow.late])).toEqual([['tap0', 1]])
  expect(flows.late.map((one) => one.advert.link)).toEqual(['tap0'])
})

test('an advert whose timer a foreign one re-armed is told once, not at each vantage point', () => {
  const flows = createFlows({ interval: undefined, late: undefined })
  const foreign: Router = { ...master, source: '10.0.0.9', priority: 90 }
  const uplink: Router = { ...master, link: 'eth0' }
  let id = 0
  const send = (at: number): void => {
    flows.advert(advertOf(master, at, ++id))
    flows.advert(advertOf(uplink, at + 0.2, id))
  }
  for (let i = 0; i < 10; i++) send(i * 1000)
  for (const link of ['tap0', 'eth0']) flows.advert(advertOf({ ...foreign, link }, 9700, 77))
  send(10_700)
  for (let i = 1; i < 5; i++) send(10_700 + i * 1000)
  flows.passTo(instantOf(40e9))
  expect(flows.late.map((one) => [one.advert.link, one.wire])).toEqual([['tap0', 'W4r']])
})

const packet = (atMs: number, router: Router): Traffic => ({
  at: instantOf(atMs * 1e6),
  link: 'tap0',
  vlan: undefined,
  sourceMac: `02:00:00:00:00:${router.source.slice(-2)}`,
  source: router.source,
  isOutgoing: undefined,
  what: 'icmp',
})

function withTraffic(traffic: readonly Traffic[], cues: readonly Cue[]): readonly LateAdvert[] {
  const flows = createFlows({ interval: undefined, late: undefined })
  let id = 0
  const all = [
    ...traffic.map((one) => ({ at: one.at, one })),
    ...cues.map(([router, at]) => ({ at: at * 1e6, router })),
  ].toSorted((a, b) => a.at - b.at)
  for (const item of all) {
    if ('one' in item) flows.traffic(item.one)
    else flows.advert(advertOf(item.router, item.at / 1e6, ++id))
  }
  flows.passTo(instantOf(100e9))
  return flows.late
}

const gap: Cue[] = [...punctual(master, 0, 20), ...punctual(master, 23_000, 5)]
const pings = (router: Router, holes: (atMs: number) => boolean): Traffic[] =>
  Array.from({ length: 50 }, (_, i) => i * 500 + 130)
    .filter((at) => !holes(at))
    .map((at) => packet(at, router))

test('W1- when the guest answers meanwhile, W1+ when it does not, W1 when nothing was to be expected of it', () => {
  const isInGap = (at: number): boolean => at > 19_200 && at < 22_990
  expect(
    told(
      withTraffic(
        pings(master, () => false),
        gap,
      ),
    ),
  ).toEqual(['11 W1- gap 4000 late 3000 own 3000'])
  expect(told(withTraffic(pings(master, isInGap), gap))).toEqual(['11 W1+ gap 4000 late 3000 own 3000'])
  expect(told(withTraffic([], gap))).toEqual(['11 W1 gap 4000 late 3000 own 3000'])
  // A burst of gratuitous ARPs long ago is no regular traffic.
  expect(
    told(
      withTraffic(
        [1, 2, 3, 4, 5].map((at) => packet(at, master)),
        gap,
      ),
    ),
  ).toEqual(['11 W1 gap 4000 late 3000 own 3000'])
})

test('W6 when every sender on the wire falls silent at once, and not when only one of many does', () => {
  const isInGap = (at: number): boolean => at > 19_500 && at < 22_990
  const others = (holes: (at: number) => boolean) => pings({ source: '192.168.205.99', priority: 1 }, holes)
  expect(told(withTraffic(others(isInGap), gap))).toEqual(['11 W6 gap 4000 late 3000 own 3000'])
  expect(
    told(
      withTraffic(
        others(() => false),
        gap,
      ),
    ),
  ).toEqual(['11 W1 gap 4000 late 3000 own 3000'])
})

test('W5 when the spread grows without one big gap, and not for a flow that always scattered', () => {
  const scattered = (from: number, scatterMs: number): Cue[] =>
    Array.from({ length: 60 }, (_, i) => [master, from + i * 1000 + (i % 5) * scatterMs] as const)
  const growing = play([...scattered(0, 0.1), ...scattered(60_000, 11)], 0)
  expect([growing.late.length, growing.flows()[0]?.signs.W5]).toEqual([0, 1])
  const always = play([...scattered(0, 11), ...scattered(60_000, 11)], 0)
  expect([always.late.length, always.flows()[0]?.signs.W5]).toEqual([0, undefined])
})

test('W7 when the clock was stepped by as much as the advert is late', () => {
  const flows = createFlows({ interval: undefined, late: undefined })
  gap.forEach(([router, at], i) => {
    if (i === 20) flows.clockStep({ at: instantOf(22.5e9), by: spanOf(3e9) })
    flows.advert(advertOf(router, at, i + 1))
  })
  expect(told(flows.late)).toEqual(['11 W7 gap 4000 late 3000 own 3000'])
})

test(
  'a flood of invented routers: as many are followed as there is room for, the rest is counted, and the gone make room',
  { timeout: 60_000 },
  () => {
    const flows = createFlows({ interval: undefined, late: undefined })
    const invented = (i: number): Router => ({ source: `10.0.${i >> 8}.${i & 255}`, priority: 1, vrid: 1 + (i % 40) })
    for (let i = 0; i < 4000; i++) flows.advert(advertOf(invented(i), 1000 + i / 100, 1))
    expect(flows.flows().length).toBe(2048)
    expect(flows.refused).toBe(4000 - 2048)
    // Two minutes later they are gone, and who comes now is followed.
    flows.advert(advertOf(master, 121_000, 1))
    expect(flows.flows().some((flow) => flow.source === master.source)).toBe(true)
  },
)

test('of one VRID on one link only so many routers are followed: each of them has to hear of each other', () => {
  const flows = createFlows({ interval: undefined, late: undefined })
  for (let i = 0; i < 200; i++) flows.advert(advertOf({ source: `10.0.0.${i}`, priority: 1 }, 1000 + i, 1))
  expect(flows.flows().length).toBe(64)
  expect(flows.refused).toBe(200 - 64)
})
