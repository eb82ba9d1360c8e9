// The whole of live on a real keepalived pair: real probes, a sender that is stopped for real, and a second capture that
// says what truly passed.

import { spawnSync } from 'node:child_process'
import { execa } from 'execa'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openPair, type Pair } from '../../src/drill/pair.ts'
import type { PairOptions } from '../../src/drill/pair-options.ts'
import { openLive, type LiveSession } from '../../src/session/live.ts'

const isRoot = process.getuid?.() === 0

interface Seen {
  readonly ns: bigint
  readonly source: string
}

/** [time, source] of each advert of an Ethernet pcap with ns stamps: 30 lines of our own, so that it can disagree with us. */
function readWire(path: string): Seen[] {
  const data = readFileSync(path)
  const seen: Seen[] = []
  for (let at = 24; at + 16 <= data.length;) {
    const ns = BigInt(data.readUInt32LE(at)) * 1_000_000_000n + BigInt(data.readUInt32LE(at + 4))
    const frame = data.subarray(at + 16, at + 16 + data.readUInt32LE(at + 8))
    at += 16 + frame.length
    if (frame.readUInt16BE(12) === 0x0800 && frame[23] === 112)
      seen.push({ ns, source: [...frame.subarray(26, 30)].join('.') })
    if (frame.readUInt16BE(12) === 0x86dd && frame[20] === 112)
      seen.push({ ns, source: frame.subarray(22, 38).toString('hex') })
  }
  return seen
}

const isSame = (source: string, address: string): boolean =>
  source === address || (address.includes(':') && source.endsWith(address.slice(-2)) && source.startsWith('fe80'))

async function watch(pair: Pair, file: string) {
  const child = execa(
    'ip',
    [
      'netns',
      'exec',
      pair.namespace,
      'tcpdump',
      '-i',
      pair.link,
      '-n',
      '-U',
      '--immediate-mode',
      '--time-stamp-precision=nano',
      '-Z',
      'root',
      '-w',
      file,
      'ip proto 112 or ip6 proto 112',
    ],
    { reject: false },
  )
  await sleep(500)
  return { stop: () => child.kill('SIGINT') && child }
}

async function until(session: LiveSession, isThere: (session: LiveSession) => boolean, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000
  while (!isThere(session) && performance.now() < end) await sleep(50)
}

const settings = (pair: Pair) => ({
  interfaces: [pair.link],
  netns: pair.namespace,
  filter: undefined,
  engine: 'none' as const,
  hasIostat: false,
  paths: {},
  vrid: undefined,
  interval: undefined,
  late: undefined,
  budgetBytes: 32 * 1024 * 1024,
})

const pairs: readonly (Partial<PairOptions> & { readonly name: string })[] = [
  { name: 'v2, IPv4, 1 s', version: 2, family: 4, advertInterval: 1 },
  { name: 'v3, IPv4, 0.5 s', version: 3, family: 4, advertInterval: 0.5, vrid: 51 },
  { name: 'v3, IPv6, 1 s', version: 3, family: 6, advertInterval: 1, vrid: 66 },
]

describe.concurrent.each(pairs)('$name', ({ name: _name, ...options }) => {
  test.skipIf(!isRoot)(
    'each stop of the sender is found with its overrun, nothing else is called late (needs root)',
    { timeout: 120_000 },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'whylate-live-'))
      const pair = await openPair(options)
      const wire = await watch(pair, join(folder, 'wire.pcap'))
      const session = await openLive(settings(pair))
      try {
        const flow = () => session.snapshot().flows.find((one) => one.source === pair.sender.address)
        await until(session, () => (flow()?.adverts ?? 0) >= 4, 20)
        for (const seconds of [0.3, 1.6, 3.5, 5.2]) {
          const pid = await pair.sender.readPid()
          process.kill(pid, 'SIGSTOP')
          await sleep(seconds * 1000)
          process.kill(pid, 'SIGCONT')
          await sleep(2600)
        }
        await wire.stop()
        await sleep(300)
        const last = await session.stop()
        const own = readWire(join(folder, 'wire.pcap')).filter((one) => isSame(one.source, pair.sender.address))
        const intervalMs = (options.advertInterval ?? 1) * 1000
        const gaps = own.slice(1).map((one, i) => Number(one.ns - (own[i]?.ns ?? one.ns)) / 1e6)
        // Gaps of one interval have the usual drift; a reaction's gap is shorter.
        const usual = gaps.filter((gap) => Math.abs(gap - intervalMs) < 40).toSorted((a, b) => a - b)
        const drift = (usual[usual.length >> 1] ?? intervalMs) - intervalMs
        const wanted = gaps.map((gap) => gap - intervalMs - drift).filter((overrun) => overrun > 50)
        expect(wanted.length).toBeGreaterThanOrEqual(3)
        expect(last.late.map((one) => one.advert.source)).toEqual(wanted.map(() => pair.sender.address))
        last.late.forEach((one, i) => expect(Math.abs(one.overrun / 1e6 - (wanted[i] ?? 0))).toBeLessThan(5))
        expect(last.late.every((one) => one.wire.startsWith('W1'))).toBe(true)
        expect(last.late.at(-1)?.takeover).toBe(true)
      } finally {
        await session.stop()
        await wire.stop()
        await pair.close()
        rmSync(folder, { recursive: true })
      }
    },
  )
})

test.skipIf(!isRoot)(
  'the probes killed one by one: the session survives, and each blind spot has the time of its death (needs root)',
  { timeout: 120_000 },
  async () => {
    const pair = await openPair({ version: 3, advertInterval: 0.2, vrid: 9 })
    const session = await openLive({ ...settings(pair), engine: 'bpftrace', hasIostat: true })
    try {
      await until(
        session,
        () =>
          session.snapshot().probes.filter((probe) => probe.state === 'ok').length === 4 &&
          session.snapshot().flows.length > 0,
        40,
      )
      const children = await execa('pgrep', ['-P', `${process.pid}`, '-a'], { reject: false, lines: true })
      for (const tool of ['tcpdump', 'iostat', 'bpftrace'] as const) {
        const line = children.stdout.find((one) => new RegExp(`^\\d+ \\S*${tool}`).test(one))
        expect(line).toBeDefined()
        const before = session.snapshot()
        process.kill(Number(line?.split(' ')[0]), 'SIGKILL')
        const killedAt = before.now
        await until(
          session,
          () =>
            session
              .snapshot()
              .blindSpots.some((spot) => spot.source === tool && spot.to !== undefined && spot.to > killedAt),
          40,
        )
        const spot = session.snapshot().blindSpots.find((one) => one.source === tool && (one.to ?? Infinity) > killedAt)
        expect(spot).toBeDefined()
        expect(Math.abs((spot?.from ?? 0) - killedAt) / 1e9).toBeLessThan(1.5)
        expect(session.snapshot().probes.find((probe) => probe.name === tool)?.state).toBe('ok')
      }
      expect(session.snapshot().flows[0]?.adverts).toBeGreaterThan(10)
    } finally {
      await session.stop()
      await pair.close()
    }
    const left = await execa('pgrep', ['-P', `${process.pid}`, '-x', 'tcpdump|iostat|bpftrace'], {
      reject: false,
      lines: true,
    })
    expect(left.stdout).toEqual([])
  },
)

test.skipIf(!isRoot)(
  'a foreign cluster on the same VRID is told as re-arming, not as late (needs root)',
  { timeout: 60_000 },
  async () => {
    const pair = await openPair({ version: 2, advertInterval: 1, vrid: 77 })
    const session = await openLive(settings(pair))
    try {
      await until(
        session,
        () => (session.snapshot().flows.find((one) => one.source === pair.sender.address)?.adverts ?? 0) >= 4,
        20,
      )
      const foreign = await pair.addForeign({ password: 'other' })
      await until(session, () => session.snapshot().late.some((one) => one.advert.source === pair.sender.address), 30)
      await pair.removeForeign(foreign)
      const { late, flows } = session.snapshot()
      const own = late.filter((one) => one.advert.source === pair.sender.address)
      expect(own.length).toBeGreaterThan(0)
      expect(own.every((one) => one.wire === 'W4r')).toBe(true)
      expect(flows.find((one) => one.source === pair.sender.address)).toMatchObject({ late: 0 })
    } finally {
      await session.stop()
      await pair.close()
    }
  },
)

const hasSysdig = spawnSync('sysdig', ['--version']).status === 0

test.skipIf(!isRoot || !hasSysdig)(
  'the packaged sysdig in the place of the engine: its stream is read live, every event of it (needs root and sysdig)',
  { timeout: 60_000 },
  async () => {
    const capture = resolve(import.meta.dirname, '../captures/scap/qemu-sigstop-guest.scap.gz')
    process.env['CAPTURE'] = capture
    const pair = await openPair({ version: 3, advertInterval: 0.5, vrid: 12 })
    const sysdig = resolve(import.meta.dirname, '../fixtures/bin/sysdig-from-capture')
    const session = await openLive({ ...settings(pair), engine: 'sysdig', paths: { sysdig } })
    try {
      const rows = spawnSync('sysdig', ['-r', capture, '-p', '%evt.type', 'evt.dir=< or evt.type=switch'], {
        encoding: 'utf8',
        maxBuffer: 1 << 28,
      })
      const wanted = rows.stdout.trimEnd().split('\n').length
      const seen = () => session.snapshot().probes.find((probe) => probe.name === 'sysdig')
      await until(session, () => (seen()?.events ?? 0) >= wanted, 30)
      expect(seen()).toMatchObject({ state: 'ok', malformed: 0 })
      expect(seen()?.events).toBeGreaterThanOrEqual(wanted)
    } finally {
      await session.stop()
      await pair.close()
    }
  },
)
