// Whose kernel a recording is of, and how far its clock is off: from what is in it, on real pairs of a tap and a guest.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Engine } from '../../src/engine/engine.ts'
import { instantOf, millisecond } from '../../src/time/instant.ts'
import type { OtherClock } from '../../src/time/other-clock.ts'
import { guestIncidents, guestScapOf, incidentNames, incidentsFolder, playIncident } from '../fixtures/incident.ts'
import { movedScap } from '../fixtures/moved-scap.ts'

/** Offset of the guest's clock as it was measured over its serial line, before and after, and how long that took, in ms. */
const measured: Readonly<Record<string, readonly [before: number, after: number, roundTrip: number]>> = {
  'cpu-quota-qemu': [-713.6, -711, 93],
  'disk-decoy-healthy': [-288.7, -288.1, 84],
  'disk-decoy-sigstop': [148.9, 149.2, 98],
  'guest-fifo-hog': [-720.8, -722.9, 101],
  'guest-keepalived-stopped': [-43.3, -38.1, 97],
  'healthy-vm-noisy': [-677.1, -676.8, 104],
  'main-loop-stopped': [-86.7, -88.9, 121],
  'qemu-sigstop-repeated': [-489.2, -492.8, 98],
  'qemu-sigstop': [-1182.6, -1182.4, 89],
  'qmp-stop': [-1109.8, -5309.8, 85],
  'tap-held': [-502.6, -501.6, 130],
}

const scapOf = (name: string): Uint8Array => guestScapOf(name) ?? new Uint8Array(0)

function clockOf(engine: Engine, part: string): OtherClock {
  const one = engine.kernels().find(({ vantage }) => vantage.part === part)
  if (one?.placing.kind !== 'guest')
    throw new Error(`${part} is not placed in a guest: ${JSON.stringify(one?.placing)}`)
  return one.placing.clock
}

const play = async (name: string, scap: Uint8Array): Promise<Engine> =>
  (await playIncident(name, ['tcpdump'], {}, { '': scap })).engine

describe.each(guestIncidents)('%s', (name) => {
  test('the offset agrees with what was measured at the guest itself, before and after', async () => {
    const clock = clockOf(await play(name, scapOf(name)), '')
    const [before, after, roundTrip] = measured[name] ?? [Number.NaN, Number.NaN, Number.NaN]
    const last = clock.stretches.at(-1)?.knots.at(-1)?.offset ?? Number.NaN
    // Half the time that the question over the serial line took is its bar of error.
    expect(Math.abs(clock.offset / 1e6 + before)).toBeLessThan(roundTrip / 2)
    expect(Math.abs(last / 1e6 + after)).toBeLessThan(roundTrip / 2)
    expect(clock.error).toBeLessThan(2 * millisecond)
  })

  test.each([
    [5e9, 50],
    [-5e9, -50],
  ])('an offset of %d ns and a drift of %d ppm, put into it, are found again within 2 ms', async (offset, ppm) => {
    const scap = scapOf(name)
    const { engine: plain, originUs } = await playIncident(name, ['tcpdump'], {}, { '': scap })
    const origin = BigInt(originUs) * 1000n
    const stampOf = (ns: bigint): bigint => ns + BigInt(offset + Math.round(Number(ns - origin) * ppm * 1e-6))
    const moved = clockOf(await play(name, movedScap(scap, stampOf)), '')
    const usual = clockOf(plain, '')
    const ends = usual.stretches.flatMap(({ knots }) => [knots[0], knots.at(-1)])
    expect(ends.length).toBeGreaterThan(1)
    for (const knot of ends) {
      const there = knot?.there ?? instantOf(Number.NaN)
      const elsewhere = instantOf(Number(stampOf(origin + BigInt(Math.round(there))) - origin))
      expect(Math.abs(moved.here(elsewhere) - usual.here(there))).toBeLessThan(2 * millisecond)
    }
  })
})

test('a guest that was stopped is found behind by as much, one whose frames were held is not', async () => {
  const { steps } = clockOf(await play('qmp-stop', scapOf('qmp-stop')), '')
  expect(steps.map(({ by }) => Math.round(by / 1e7) / 100)).toEqual([4.2])
  expect(clockOf(await play('tap-held', scapOf('tap-held')), '').steps).toEqual([])
})

test('a step of the guest’s own clock is a step, and no advert is called late for it', async () => {
  const scap = scapOf('disk-decoy-healthy')
  const from = BigInt((await playIncident('disk-decoy-healthy', ['tcpdump'])).originUs) * 1000n + 30_000_000_000n
  const engine = await play(
    'disk-decoy-healthy',
    movedScap(scap, (ns) => (ns > from ? ns + 3_000_000_000n : ns)),
  )
  const { steps } = clockOf(engine, '')
  expect(steps.map(({ by }) => Math.round(by / 1e7) / 100)).toEqual([-3])
  expect(engine.late).toEqual([])
})

test('a clock that is set back is believed only until then', async () => {
  const scap = scapOf('guest-keepalived-stopped')
  const from = BigInt((await playIncident('guest-keepalived-stopped', ['tcpdump'])).originUs) * 1000n + 30_000_000_000n
  const engine = await play(
    'guest-keepalived-stopped',
    movedScap(scap, (ns) => (ns > from ? ns - 3_000_000_000n : ns)),
  )
  const spots = engine.snapshot({ late: undefined }).blindSpots.filter(({ reason }) => reason.includes('set back'))
  expect(spots).toMatchObject([{ source: 'sysdig', part: 'loadbalancer01', to: undefined }])
})

describe('which kernel', () => {
  const placings = (engine: Engine): Record<string, string> =>
    Object.fromEntries(engine.kernels().map(({ vantage, placing }) => [vantage.part, placing.kind]))

  const recorded = incidentNames.filter((name) => existsSync(join(incidentsFolder, name, 'host.scap.gz')))
  test.each(recorded)('%s: the host’s own recording is the host’s', async (name) => {
    const { engine } = await playIncident(name, ['sysdig', 'tcpdump'])
    expect(placings(engine)).toEqual({ '': 'here' })
    expect(engine.evidence.store).toBe(engine.store)
  })

  test.each(['guest-keepalived-stopped', 'tap-held'])(
    '%s: host and guest are told apart whatever they are called',
    async (name) => {
      const { engine } = await playIncident(name, undefined, {}, { host: scapOf(name) })
      expect(placings(engine)).toEqual({ '': 'here', host: 'guest' })
      const { names, calls } = engine.evidence.store
      const everybody = calls
        .rows({ from: instantOf(-Infinity), to: instantOf(Infinity) })
        .map((row) => names.textOf(row.commName))
      // A check script of the guest's keepalived.
      expect(everybody).not.toContain('chk_lb')
      expect(everybody).toContain('qemu-system-x86')
    },
  )

  test('adverts without enough of a match: nothing is used, and that is told', async () => {
    const { engine, originUs } = await playIncident('guest-fifo-hog', ['tcpdump'])
    const hour = 3_600_000_000_000n
    const other = movedScap(scapOf('guest-fifo-hog'), (ns) => ns + hour)
    engine.take({ kind: 'bytes', probe: 'sysdig', at: instantOf(0), life: 0, part: 'later', bytes: other })
    expect(originUs).toBeGreaterThan(0)
    expect(placings(engine)).toEqual({ later: 'unplaced' })
    expect(engine.evidence.store.calls.length).toBe(0)
    const [late] = engine.late
    const view = engine.snapshot({ late: late?.number }).selected
    expect(view?.explanation?.cause).toBe('unknown')
    expect(view?.blindSpots.map(({ part, reason }) => [part, reason])).toContainEqual([
      'later',
      expect.stringMatching(/^nothing of it is used: its stamps lie .* away: it seems to be of another time$/),
    ])
  })
})
