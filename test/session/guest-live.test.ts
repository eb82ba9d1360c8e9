// A guest that is listened to while it happens: real recordings of the tap, the host and the guest, said as live probes say
// them, by a guest's clock that is another one than ours.

import { expect, test } from 'vitest'
import type { ProbeOutput } from '../../src/capture/output.ts'
import type { ProbeNotice } from '../../src/events/probe.ts'
import { openEngine, type Engine, type EngineOptions } from '../../src/engine/engine.ts'
import type { ProbeView } from '../../src/engine/snapshot.ts'
import { instantOf, second, type Instant } from '../../src/time/instant.ts'
import { incidentTape } from '../fixtures/incident-tape.ts'
import { engineOptions } from '../fixtures/engine-options.ts'

const part = 'lb01'
const guests = [part]
/** As they were measured at the guests themselves. */
const behindMs: Readonly<Record<string, number>> = {
  'guest-keepalived-stopped': 43.3,
  'qemu-sigstop': 1182.6,
  'qmp-stop': 1109.8,
}

interface Playing {
  readonly engine: Engine
  now: Instant
  playTo(at: number): void
  tell(notice: ProbeNotice): void
  row(): ProbeView | undefined
  /** Reasons of the blind spots of the guest, and how long they last, in seconds. */
  spots(): readonly (readonly [reason: string, seconds: number | undefined])[]
}

/** `quiet`: what the guest says in this stretch arrives at its end. */
function play(name: string, change: Partial<EngineOptions> = {}, quiet?: readonly [from: number, to: number]): Playing {
  const tape = incidentTape(name, { part, behindMs: behindMs[name] ?? 0 })
  const held = (output: ProbeOutput): Instant =>
    quiet !== undefined &&
    output.kind === 'bytes' &&
    output.part === part &&
    output.at > quiet[0] &&
    output.at < quiet[1]
      ? instantOf(quiet[1])
      : output.at
  const waiting = tape.outputs
    .map((output): ProbeOutput => ({ ...output, at: held(output) }))
    .toSorted((a, b) => a.at - b.at)
  const engine = openEngine(engineOptions(tape.origin, { mode: 'live', guests, ...change }))
  const playing: Playing = {
    engine,
    now: instantOf(0),
    playTo(at) {
      while (playing.now < at) {
        playing.now = instantOf(playing.now + 0.1 * second)
        while (waiting[0] !== undefined && waiting[0].at <= playing.now) {
          const output = waiting.shift()
          if (output !== undefined) engine.take(output)
        }
        engine.tick(playing.now)
        engine.judge(false)
      }
    },
    tell: (notice) => engine.take(notice),
    row: () => engine.snapshot({ late: undefined }).probes.find((probe) => probe.part === part),
    spots: () =>
      engine.evidence.blindSpots
        .filter((spot) => spot.part === part)
        .map(({ reason, from, to }) => [reason, to === undefined ? undefined : Math.round((to - from) / second)]),
  }
  return playing
}

const started = (at: number): ProbeNotice => ({
  kind: 'started',
  probe: 'sysdig',
  part,
  at: instantOf(at),
  pid: 7,
  tool: 'sysdig',
  version: '0.29.3',
  detail: 'kernel module, by ssh',
  inside: [411, 415],
})

test.each([
  ['guest-keepalived-stopped', 'inside-guest certain'],
  ['qmp-stop', 'vm-stopped certain'],
  ['qemu-sigstop', 'sender-stopped certain'],
])('%s: seen live, each late advert is what it is in the files', (name, verdict) => {
  const playing = play(name)
  playing.tell(started(0))
  playing.playTo(120 * second)
  const { late, digests } = playing.engine.snapshot({ late: undefined })
  expect(late.length).toBeGreaterThan(0)
  expect(digests.map((one) => `${one.cause} ${one.confidence}`)).toEqual(late.map(() => verdict))
  expect(playing.row()).toMatchObject({ state: 'ok' })
  expect(playing.row()?.detail).toMatch(
    /^kernel module, by ssh; inside guest lb01, its clock \d[\d.]* m?s (?:behind|ahead).*, told to ± \d+ µs$/,
  )
})

test('the adverts of the other router, which pass the same tap, are not the guest’s', () => {
  const playing = play('qemu-sigstop')
  playing.tell(started(0))
  playing.playTo(120 * second)
  const flows = playing.engine.flows()
  expect(flows.map(({ source }) => source).toSorted((a, b) => a.localeCompare(b))).toEqual([
    '192.168.205.11',
    '192.168.205.12',
  ])
  const senders = flows.map((flow) => [flow.source, playing.engine.evidence.senderOf(flow)?.kind])
  expect(Object.fromEntries(senders)).toEqual({ '192.168.205.11': 'qemu', '192.168.205.12': 'keepalived' })
})

test('before its clock is known nothing of it is used, and it is never taken for the host', () => {
  const playing = play('guest-keepalived-stopped')
  playing.tell(started(0))
  playing.playTo(12 * second)
  expect(playing.row()).toMatchObject({
    state: 'degraded',
    reason: expect.stringContaining('nothing of it is used') as string,
  })
  playing.playTo(25 * second)
  expect(playing.row()).toMatchObject({ state: 'ok' })
})

test('a guest that says nothing is told with what its host knows of it; what comes later was not unseen', () => {
  // The qemu of this run is stopped from 24.0 s on; its recording's origin lies 10 s before the first packet.
  const name = 'qemu-sigstop'
  const usual = play(name)
  usual.tell(started(0))
  usual.playTo(120 * second)
  const at = usual.engine.late[0]?.at ?? instantOf(0)
  const quiet = [at - 3.2 * second, at + 0.2 * second] as const
  const playing = play(name, {}, quiet)
  playing.tell(started(0))
  playing.playTo(at - 0.3 * second)
  playing.tell({ kind: 'silent', probe: 'sysdig', part, at: playing.now, since: instantOf(quiet[0]) })
  expect(playing.row()).toMatchObject({ state: 'degraded', isSilent: true })
  expect(playing.row()?.reason).toMatch(/^nothing comes from there: its qemu \(\d+\) is stopped$/)
  expect(playing.spots().at(-1)).toEqual([
    'nothing came from there: it stood still, or the way there was cut',
    undefined,
  ])
  playing.playTo(120 * second)
  expect(playing.row()).toMatchObject({ state: 'ok' })
  expect(playing.spots()).toEqual([])
  expect(playing.engine.snapshot({ late: undefined }).digests.map((one) => one.confidence)).toEqual(['certain'])
})

test('its end, and its start, are by our clock', () => {
  const playing = play('qemu-sigstop')
  playing.tell(started(3 * second))
  playing.playTo(20 * second)
  const ended = {
    kind: 'ended',
    probe: 'sysdig',
    part,
    reason: 'sysdig ended with code 255',
    willRestart: true,
  } as const
  playing.tell({ ...ended, at: playing.now })
  expect(playing.row()).toMatchObject({ state: 'restarting', reason: 'sysdig ended with code 255' })
  playing.tell(started(25 * second))
  expect(playing.spots()).toEqual([
    ['sysdig was still starting', 3],
    ['sysdig ended with code 255', 5],
  ])
})

test.each([
  ['the threads that the host sampler sees are in it', true, 'unplaced'],
  ['nobody knows its threads', false, 'guest'],
])('one that keeps our time to the microsecond, and %s', (_, isSampled, kind) => {
  const tape = incidentTape('netns-freezer')
  const engine = play('qemu-sigstop', { origin: tape.origin, link: 'va' }).engine
  for (const output of tape.outputs.filter(({ probe }) => isSampled || probe !== 'host'))
    engine.take(output.kind === 'bytes' && output.probe === 'sysdig' ? { ...output, part } : output)
  engine.tick(instantOf(200 * second))
  const one = engine.kernels().find(({ vantage }) => vantage.part === part)
  expect(one?.placing.kind).toBe(kind)
})

test('what it costs is told', () => {
  const playing = play('qemu-sigstop')
  playing.tell(started(0))
  playing.playTo(20 * second)
  const cost = { kind: 'cost', probe: 'sysdig', part, rssBytes: 25 * 1024 * 1024 } as const
  playing.tell({ ...cost, at: instantOf(10 * second), upMs: 60_000, cpuMs: 1500 })
  expect(playing.row()?.detail).not.toContain('costs')
  // By its own time: it may have stood still, and the words of a minute come at once.
  playing.tell({ ...cost, at: instantOf(10.001 * second), upMs: 70_000, cpuMs: 2000 })
  expect(playing.row()?.detail).toContain('costs 5.0 % of a CPU and 25 MiB there')
})
