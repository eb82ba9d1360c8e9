// The real pair, seen by the real tcpdump.

import { readFile, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterEach, expect, test } from 'vitest'
import { readCgroupMounts } from '../../src/drill/cgroup-mount.ts'
import { scenarioOf } from '../../src/drill/scenarios.ts'
import { openPair, type Pair } from '../../src/drill/pair.ts'
import type { PairOptions } from '../../src/drill/pair-options.ts'
import { readTraces } from './owner.ts'
import { openWire, type SeenAdvert, type Wire } from './wire.ts'

const isRoot = process.getuid?.() === 0
const pairs: Pair[] = []
const wires: Wire[] = []
const timeout = 40_000
/** Not every machine has both versions. */
const freezers = [
  'freezer',
  ...(await readCgroupMounts())
    .filter((each) => each.controllers.includes('freezer'))
    .map(({ version }) => `freezer-v${version}`),
]

async function raise(options: Partial<PairOptions>): Promise<{ readonly pair: Pair; readonly wire: Wire }> {
  const pair = await openPair(options)
  pairs.push(pair)
  const wire = await openWire(pair)
  wires.push(wire)
  return { pair, wire }
}

afterEach(async () => {
  for (const wire of wires.splice(0)) await wire.close()
  for (const pair of pairs.splice(0)) await pair.close()
})

const msBetween = (from: SeenAdvert | undefined, to: SeenAdvert | undefined): number =>
  from === undefined || to === undefined ? Number.NaN : Number(to.at - from.at) / 1e6

/** The longest distance between adverts of one source, in ms. */
function longestGap(adverts: readonly SeenAdvert[], source: string): number {
  const own = adverts.filter((advert) => advert.source === source)
  return Math.max(...own.slice(1).map((advert, index) => msBetween(own[index], advert)))
}

test.skipIf(!isRoot).each([
  ['VRRPv2 on IPv4', { advertInterval: 1, vrid: 205, priority: 120 }, '192.168.205.11'],
  ['VRRPv3 on IPv4', { version: 3, advertInterval: 0.2, vrid: 66 }, '192.168.205.11'],
  ['VRRPv3 on IPv6', { version: 3, family: 6, advertInterval: 0.2 }, 'fe80::11'],
  ['VRRPv3 on IPv4 to one peer only', { version: 3, isUnicast: true, advertInterval: 0.2 }, '192.168.205.11'],
  ['VRRPv3 on IPv6 to one peer only', { version: 3, family: 6, isUnicast: true, advertInterval: 0.2 }, 'fd00:205::11'],
] as const)(
  '%s: the MASTER’s adverts are on the link, as configured and from nobody else (needs root)',
  async (_, wanted, source) => {
    const { pair, wire } = await raise(wanted)
    expect(pair.sender.address).toBe(source)
    const seen = await wire.next(source, 4)
    const { version, vrid, priority, advertInterval } = pair.options
    expect(seen[0]).toMatchObject({ version, vrid, priority })
    expect(msBetween(seen[1], seen[2])).toBeGreaterThan(advertInterval * 900)
    expect(new Set(wire.adverts.map((advert) => advert.source))).toEqual(new Set([source]))
    expect([await pair.sender.readState(), await pair.backup.readState()]).toEqual(['MASTER', 'BACKUP'])
    await wire.close()
  },
  timeout,
)

test.skipIf(!isRoot)(
  'the sender is the VRRP child, its parent the keepalived that we started (needs root)',
  async () => {
    const { pair, wire } = await raise({ version: 3, advertInterval: 0.1 })
    const status = await readFile(`/proc/${pair.sender.pid}/status`, 'utf8')
    expect(status).toMatch(/^Name:\tkeepalived$/m)
    expect(status).toContain(`\nPPid:\t${pair.sender.parentPid}\n`)
    expect((await stat(`${pair.runDirectory}/lb01.conf`)).mode & 0o777).toBe(0o600)
    expect((await stat(pair.runDirectory)).mode & 0o777).toBe(0o700)
    await wire.close()
  },
)

test.skipIf(!isRoot)('nothing of it shows in the root namespace but names (needs root)', async () => {
  const links = async (): Promise<string> => (await execa('ip', ['-brief', 'link'])).stdout
  const { wire } = await raise({ version: 3, advertInterval: 0.1 })
  expect(await links()).not.toMatch(/br-drill|\bva\b|\bvb\b/)
  expect((await execa('ip', ['-brief', 'addr'])).stdout).not.toContain('192.168.205.')
  await wire.close()
})

test.skipIf(!isRoot)(
  'SIGSTOP makes a gap of the phase plus its length, and the BACKUP takes over and is answered (needs root)',
  async () => {
    const { pair, wire } = await raise({ version: 3, advertInterval: 0.2 })
    const { address } = pair.sender
    await wire.next(address, 3)
    const truth = await scenarioOf('sigstop')?.inject(pair, { seconds: 1.5 })
    await wire.next(address, 4)
    await wire.close()
    if (truth === undefined) throw new Error('no such scenario')
    const { startAt, endAt, culprit, cause } = truth
    expect(cause).toBe('sender-stopped')
    expect(culprit?.pid).not.toBe(process.pid)
    expect(culprit?.comm).toBe('bash')
    const lengthMs = Number(endAt - startAt) / 1e6
    expect(lengthMs).toBeGreaterThan(1490)
    // The gap begins with an advert before the fault and ends with one after it.
    const last = wire.adverts.findLast((advert) => advert.source === address && advert.at <= startAt)
    const first = wire.adverts.find((advert) => advert.source === address && advert.at > startAt)
    expect(first?.at ?? 0n).toBeGreaterThan(endAt)
    const phaseMs = Number(startAt - (last?.at ?? 0n)) / 1e6
    expect(msBetween(last, first)).toBeGreaterThanOrEqual(phaseMs + lengthMs)
    expect(msBetween(last, first)).toBeLessThan(phaseMs + lengthMs + 500)
    const fromBackup = wire.adverts.filter((advert) => advert.source === pair.backup.address)
    expect(fromBackup.length).toBeGreaterThanOrEqual(3)
    // One answer for each advert of the BACKUP that was waiting, all at once.
    const answers = wire.adverts.filter(
      (advert) => advert.source === address && advert.at > endAt && advert.at < endAt + 50_000_000n,
    )
    expect(answers.length).toBe(fromBackup.length)
    expect(await pair.backup.readState()).toBe('BACKUP')
  },
  timeout,
)

test.skipIf(!isRoot).each(freezers)(
  '%s makes the same gap, and leaves the sender where it was (needs root)',
  async (name) => {
    const { pair, wire } = await raise({ version: 3, advertInterval: 0.1 })
    await wire.next(pair.sender.address, 3)
    const home = await readFile(`/proc/${pair.sender.pid}/cgroup`, 'utf8')
    const truth = await scenarioOf(name)?.inject(pair, { seconds: 0.8 })
    await wire.next(pair.sender.address, 3)
    expect(truth).toMatchObject({ cause: 'sender-stopped', culprit: { kind: 'cgroup', name: `${pair.mark}-freezer` } })
    expect(longestGap(wire.adverts, pair.sender.address)).toBeGreaterThan(790)
    expect(await readFile(`/proc/${pair.sender.pid}/cgroup`, 'utf8')).toBe(home)
    expect((await readTraces([process.pid])).filter((trace) => trace.includes('cgroup'))).toEqual([])
    await wire.close()
  },
  timeout,
)

test.skipIf(!isRoot)(
  'a fault that is called off ends at once, and its truth has the end that it had (needs root)',
  async () => {
    const { pair, wire } = await raise({ version: 3, advertInterval: 0.1 })
    await wire.next(pair.sender.address, 2)
    const calling = new AbortController()
    const injecting = scenarioOf('sigstop')?.inject(pair, {
      seconds: 300,
      signal: calling.signal,
      onStart: () => setTimeout(() => calling.abort(), 300),
    })
    const truth = await injecting
    expect(Number((truth?.endAt ?? 0n) - (truth?.startAt ?? 0n)) / 1e9).toBeLessThan(60)
    await wire.next(pair.sender.address, 2)
    await wire.close()
  },
  timeout,
)

test.skipIf(!isRoot).each([
  ['another password, VRRPv2', { advertInterval: 1 }, 10, 1050],
  ['other addresses, VRRPv3', { version: 3, advertInterval: 0.2 }, 4, 210],
] as const)(
  'a foreign cluster on the same VRID (%s) re-arms the sender’s timer, and goes again (needs root)',
  async (_, wanted, seconds, gapMs) => {
    const { pair, wire } = await raise(wanted)
    await wire.next(pair.sender.address, 2)
    const truth = await scenarioOf('foreign-vrid')?.inject(pair, { seconds })
    await wire.next(pair.sender.address, 1)
    const name = truth?.culprit?.name ?? ''
    expect(truth).toMatchObject({ cause: 'foreign-vrid', culprit: { kind: 'flow', comm: 'keepalived' } })
    expect(wire.adverts.filter((advert) => advert.source === name).length).toBeGreaterThan(1)
    expect(longestGap(wire.adverts, pair.sender.address)).toBeGreaterThan(gapMs)
    // It is gone: no namespace, and no advert of it any more.
    expect(pair.foreign).toEqual([])
    const before = wire.adverts.length
    await wire.next(pair.sender.address, 3)
    expect(wire.adverts.slice(before).some((advert) => advert.source === name)).toBe(false)
    expect(pair.events.map((event) => event.kind)).toEqual(['up', 'foreign-added', 'foreign-removed'])
    await wire.close()
  },
  timeout,
)

test.skipIf(!isRoot)('healthy does nothing to the pair (needs root)', async () => {
  const { pair, wire } = await raise({ version: 3, advertInterval: 0.1 })
  const truth = await scenarioOf('healthy')?.inject(pair, { seconds: 0.5 })
  expect(truth).toMatchObject({ cause: 'none', culprit: undefined })
  expect(await pair.sender.readPid()).toBe(pair.sender.pid)
  await wire.close()
})

test.skipIf(!isRoot)('two pairs stand side by side, and each goes alone (needs root)', async () => {
  const [one, two] = await Promise.all([
    raise({ version: 3, advertInterval: 0.1, vrid: 7 }),
    raise({ version: 3, advertInterval: 0.1, vrid: 8 }),
  ])
  await Promise.all([one.wire.next('192.168.205.11', 2), two.wire.next('192.168.205.11', 2)])
  await one.wire.close()
  expect((await one.pair.close()).left).toEqual([])
  await two.wire.next('192.168.205.11', 2)
  expect(new Set(two.wire.adverts.map((advert) => advert.vrid))).toEqual(new Set([8]))
  await two.wire.close()
})

test.skipIf(!isRoot).each(['up', 'stopped', 'frozen', 'with a foreign router'])(
  'close() of a pair that is %s leaves nothing (needs root)',
  async (state) => {
    const before = await readTraces([process.pid])
    const { pair, wire } = await raise({ version: 3, advertInterval: 0.1 })
    expect((await readTraces([process.pid])).length).toBeGreaterThan(before.length)
    const name = { stopped: 'sigstop', frozen: 'freezer', 'with a foreign router': 'foreign-vrid' }[state]
    let injecting: Promise<unknown> = Promise.resolve()
    if (name !== undefined) {
      await new Promise<void>((resolve) => {
        injecting = Promise.resolve(scenarioOf(name)?.inject(pair, { seconds: 300, onStart: () => resolve() })).catch(
          () => undefined,
        )
      })
    }
    await wire.close()
    const [removal, again] = await Promise.all([pair.close(), pair.close()])
    expect(removal.left).toEqual([])
    expect(again).toBe(removal)
    expect(await readTraces([process.pid])).toEqual(before)
    if (name !== 'foreign-vrid') await injecting
  },
  timeout,
)

test.skipIf(!isRoot)('a router that dies by itself is an event of the pair (needs root)', async () => {
  const { pair, wire } = await raise({ version: 3, advertInterval: 0.1 })
  process.kill(pair.backup.parentPid, 'SIGTERM')
  await pair.backup.ended
  await sleep(0)
  expect(pair.events.at(-1)).toMatchObject({ kind: 'router-ended' })
  expect(pair.events.at(-1)?.text).toContain('lb02')
  await wire.close()
})

test.skipIf(isRoot)('without root it says what it needs it for', async () => {
  await expect(openPair()).rejects.toMatchObject({ name: 'Fault', exitCode: 3 })
})
