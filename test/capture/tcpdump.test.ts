import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ProbeNotice } from '../../src/events/probe.ts'
import { readExecutable, type Executable } from '../../src/capture/executable.ts'
import { Fault } from '../../src/capture/fault.ts'
import { readLinks } from '../../src/capture/links.ts'
import { openOwnClock } from '../../src/capture/own-clock.ts'
import { checkFilter, checkVantage, tcpdumpFor, type Vantage } from '../../src/capture/preflight.ts'
import { supervise } from '../../src/capture/supervise.ts'

const isRoot = process.getuid?.() === 0
const netns = `wl-cap-${process.pid}`
const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'pipe' })
const inNetns = (...args: string[]): void => ip('-n', netns, ...args)

function addLinks(): void {
  inNetns('link', 'add', 'va', 'type', 'veth', 'peer', 'name', 'vb')
  inNetns('link', 'set', 'va', 'up')
  inNetns('link', 'set', 'vb', 'up')
}

let tcpdump: Executable | undefined
beforeAll(async () => {
  const found = await readExecutable('tcpdump', undefined)
  tcpdump = found.kind === 'found' ? found.executable : undefined
  if (!isRoot) return
  ip('netns', 'add', netns)
  addLinks()
})
afterAll(() => {
  if (isRoot) ip('netns', 'del', netns)
})

const at = (change: Partial<Vantage>): Vantage => ({ interfaces: [], netns: undefined, filter: undefined, ...change })
const inside = at({ interfaces: ['va'], netns })

function start(vantage: Vantage) {
  if (tcpdump === undefined) throw new Error('no tcpdump')
  const notices: ProbeNotice[] = []
  const streams: Buffer[] = []
  const child = supervise(tcpdumpFor(tcpdump, vantage), openOwnClock(), (output) => {
    if (output.kind !== 'bytes') notices.push(output)
    else streams[output.life] = Buffer.concat([streams[output.life] ?? Buffer.alloc(0), output.bytes])
  })
  return { child, notices, streams }
}

async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1500 && !isSo(); tries++) await sleep(10)
  expect(isSo()).toBe(true)
}

const kinds = (notices: readonly ProbeNotice[]): string[] => notices.map(({ kind }) => kind)

test.skipIf(!isRoot)(
  'tcpdump runs inside a namespace, with nanosecond stamps, and tells its drops while it runs (needs root)',
  { timeout: 20_000 },
  async () => {
    const { child, notices, streams } = start(inside)
    await until(() => kinds(notices).includes('drops'))
    // Coming up, the other end asks for its own IPv6 address: packets of their own accord.
    inNetns('link', 'set', 'vb', 'down')
    inNetns('link', 'set', 'vb', 'up')
    await until(() => (streams[0]?.length ?? 0) > 24)
    expect(streams[0]?.readUInt32LE(0)).toBe(0xa1b23c4d)
    // Link type: Ethernet.
    expect(streams[0]?.readUInt32LE(20)).toBe(1)
    await child.stop()
    expect(notices.find(({ kind }) => kind === 'drops')).toMatchObject({ probe: 'tcpdump', total: 0 })
    expect(notices.at(-1)).toMatchObject({ kind: 'ended', reason: 'stopped' })
    expect(notices.filter(({ kind }) => kind === 'said')).toEqual([])
  },
)

test.skipIf(!isRoot)(
  'an interface that is removed is told, and the capture goes on when it is back (needs root)',
  { timeout: 30_000 },
  async () => {
    const { child, notices, streams } = start(inside)
    await until(() => kinds(notices).includes('started'))
    inNetns('link', 'del', 'va')
    await until(() => kinds(notices).includes('ended'))
    expect(notices.find(({ kind }) => kind === 'ended')).toMatchObject({
      reason: 'tcpdump ended with code 1: the interface was removed',
      willRestart: true,
    })
    addLinks()
    await until(() => notices.filter(({ kind }) => kind === 'started').length === 2)
    expect(streams[1]?.readUInt32LE(0)).toBe(0xa1b23c4d)
    await child.stop()
  },
)

test.skipIf(!isRoot)(
  'an interface of this host that is gone is waited for without trying (needs root)',
  { timeout: 30_000 },
  async () => {
    const link = `wlcap${process.pid % 10_000}`
    const add = (): void => {
      ip('link', 'add', link, 'type', 'veth', 'peer', 'name', `${link}p`)
      ip('link', 'set', link, 'up')
    }
    add()
    const { child, notices } = start(at({ interfaces: [link] }))
    try {
      await until(() => kinds(notices).includes('started'))
      ip('link', 'del', link)
      await until(() => notices.some((notice) => notice.kind === 'said' && notice.text.includes('goes on')))
      expect(notices.find(({ kind }) => kind === 'said')).toMatchObject({
        text: `tcpdump waits: the interface ${link} is gone; it goes on when it is back`,
      })
      add()
      await until(() => notices.filter(({ kind }) => kind === 'started').length === 2)
    } finally {
      await child.stop()
      ip('link', 'del', link)
    }
  },
)

test.skipIf(!isRoot)('the links of a namespace are known by number and name (needs root)', async () => {
  const links = await readLinks(netns)
  expect([...links.values()].sort()).toEqual(expect.arrayContaining(['lo', 'va', 'vb']))
  expect(links.get(1)).toBe('lo')
})

test('the links of this host are known by number and name', async () => {
  expect((await readLinks()).get(1)).toBe('lo')
})

test('an interface that does not exist is a fault that names those that do', async () => {
  const fault = await checkVantage(at({ interfaces: ['nosuch0'] })).catch((error: unknown) => error)
  expect(fault).toBeInstanceOf(Fault)
  expect(fault).toMatchObject({ message: 'There is no interface named nosuch0 here.', exitCode: 3 })
  expect((fault as Fault).remedy).toMatch(/^Interfaces here: .*\blo\b/)
})

test('a namespace that does not exist is a fault, whatever its name tries', async () => {
  for (const name of ['nosuch', '../../etc', '', '.', 'a/b']) {
    const fault = await checkVantage(at({ netns: name })).catch((error: unknown) => error)
    expect(fault).toMatchObject({ message: `There is no network namespace named ${name}.`, exitCode: 3 })
  }
})

test.skipIf(!isRoot)('an interface is looked for in the namespace that was named (needs root)', async () => {
  expect([...(await checkVantage(inside)).values()]).toContain('va')
  const fault = await checkVantage(at({ interfaces: ['nosuch0'], netns })).catch((error: unknown) => error)
  expect(fault).toMatchObject({ message: `There is no interface named nosuch0 in the namespace ${netns}.` })
})

test('a filter that tcpdump does not understand is wrong usage', async () => {
  if (tcpdump === undefined) throw new Error('no tcpdump')
  const fault = await checkFilter(tcpdump, at({ filter: 'udp portt 694' })).catch((error: unknown) => error)
  expect(fault).toMatchObject({
    message: "tcpdump does not accept the filter 'udp portt 694': can't parse filter expression: syntax error",
    exitCode: 2,
  })
  await checkFilter(tcpdump, at({ filter: 'udp port 694' }))
})
