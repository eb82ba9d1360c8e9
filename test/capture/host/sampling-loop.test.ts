import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  statSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import type { Sender } from '../../../src/events/host.ts'
import { isFrozen, throttlingOf } from '../../../src/parse/cgroup-files.ts'
import { sampleThisHost, type SampledHost } from './sampled-host.ts'

vi.setConfig({ testTimeout: 20_000 })

const isRoot = process.getuid?.() === 0
const has = (tool: string, ...args: readonly string[]): boolean => spawnSync(tool, args).status === 0

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanups.splice(0).reverse()) cleanUp()
})

function sampler(): SampledHost {
  const host = sampleThisHost()
  cleanups.push(() => host.close())
  return host
}

function child(command: string, ...args: readonly string[]): ChildProcess & { readonly pid: number } {
  const process = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] })
  cleanups.push(() => process.kill('SIGKILL'))
  if (process.pid === undefined) throw new Error(`${command} does not start`)
  return process as ChildProcess & { readonly pid: number }
}

const threadOf = (host: SampledHost, pid: number) => host.samples.at(-1)?.threads.find(({ tid }) => tid === pid)

test('its first lines are the format of the incidents, with our own threads marked', async () => {
  const host = sampler()
  const first = await host.until('a sample', () => host.samples[0])
  expect(host.malformed).toEqual([])
  expect(host.lines[0]).toMatch(
    /^\{"ns":\d{19},"mono":\d+,"th":\{.*\},"psi":\{.*\},"cg":\{.*\},"inflight":\{.*\},"vmstat":\{/,
  )
  const own = first.threads.find(({ tid }) => tid === process.pid)
  expect(own).toMatchObject({ pid: process.pid, state: 'R' })
  expect(own?.onCpuNs).toBeGreaterThan(0)
  expect(first.own).toContain(process.pid)
  expect(first.vmstat).toHaveProperty('pgmajfault')
  expect(first.vmstat).toHaveProperty('allocstall')
  expect(host.notices[0]).toMatchObject({ kind: 'started', probe: 'host' })
  // Who is not root is told what that hides, and nothing else.
  const said = host.notices.slice(1).map((notice) => (notice.kind === 'said' ? notice.text.slice(0, 9) : notice.kind))
  expect(said).toEqual(process.geteuid?.() === 0 ? [] : ['not root:'])
})

test('both clocks of a sample are the ones of this machine', async () => {
  const host = sampler()
  await host.until('three samples', () => host.samples[2])
  const offsets = host.lines.flatMap((line) => {
    const { ns, mono } = /"ns":(?<ns>\d+),"mono":(?<mono>\d+)/.exec(line)?.groups ?? {}
    return ns === undefined || mono === undefined ? [] : [BigInt(ns) - BigInt(mono)]
  })
  const now = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint()
  for (const offset of offsets) expect(Math.abs(Number(offset - now))).toBeLessThan(5e6)
})

test('facts come with the first sample and then each second, with what we cost', async () => {
  const host = sampler()
  await host.until('facts', () => host.facts[1])
  expect(host.facts[0]).toEqual({ os: 'test' })
  const facts = host.facts[1] ?? {}
  expect(Object.keys(facts).filter((key) => typeof facts[key] === 'number')).toEqual(
    expect.arrayContaining([
      'load1',
      'memoryAvailableBytes',
      'ownCpuNs',
      'ownRssBytes',
      'childrenCpuNs',
      'samplerCpuNs',
    ]),
  )
})

test('a child that is stopped by a signal is seen in state T, and again when it goes on', async () => {
  const { pid } = child('sleep', '60')
  const host = sampler()
  await host.until('the child asleep', () => (threadOf(host, pid)?.state === 'S' ? true : undefined))
  process.kill(pid, 'SIGSTOP')
  await host.until('the child stopped', () => (threadOf(host, pid)?.state === 'T' ? true : undefined))
  expect(host.samples.at(-1)?.own).toContain(pid)
  process.kill(pid, 'SIGCONT')
  await host.until('the child asleep again', () => (threadOf(host, pid)?.state === 'S' ? true : undefined))
})

test('a thread that is gone is missing, and nothing else is', async () => {
  const { pid } = child('sleep', '60')
  const host = sampler()
  await host.until('the child', () => threadOf(host, pid))
  process.kill(pid, 'SIGKILL')
  await host.until('its end', () => (threadOf(host, pid) === undefined ? true : undefined))
  expect(host.samples.at(-1)?.threads.some(({ tid }) => tid === process.pid)).toBe(true)
  expect(host.malformed).toEqual([])
})

test('a process with a hostile name is read like any other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wl-host-'))
  cleanups.push(() => rmSync(folder, { recursive: true }))
  const name = 'a) R 1\t\u001b[31m"'
  copyFileSync('/bin/sleep', join(folder, name))
  const { pid } = child(join(folder, name), '60')
  const host = sampler()
  const thread = await host.until('the child asleep', () => {
    const seen = threadOf(host, pid)
    return seen?.comm === name ? seen : undefined
  })
  expect(thread.state).toBe('S')
  expect(host.malformed).toEqual([])
})

test('its end is the last thing that it says, and no file is left open', async () => {
  const before = readdirSync('/proc/self/fd').length
  const host = sampleThisHost()
  await host.until('a sample', () => host.samples[1])
  host.close()
  const lines = host.lines.length
  expect(host.notices.at(-1)).toMatchObject({ kind: 'ended', reason: 'stopped', willRestart: false })
  await new Promise((resolve) => {
    setTimeout(resolve, 250)
  })
  expect(host.lines).toHaveLength(lines)
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before)
})

const senderWith = (host: SampledHost, is: (sender: Sender) => boolean): Sender | undefined =>
  host.senders.at(-1)?.find(is)

const canHoldTaps = isRoot && existsSync('/dev/net/tun') && has('python3', '--version')
const holdTap = join(import.meta.dirname, '../../fixtures/bin/hold-tap.py')

async function tapHolder(name: string, mode: 'idle' | 'busy'): Promise<ChildProcess & { readonly pid: number }> {
  const holder = child('python3', holdTap, name, mode)
  await new Promise((resolve) => holder.stdout?.once('data', resolve))
  return holder
}

test.skipIf(!canHoldTaps)('who holds a tap is found by the name of the link (needs root)', async () => {
  const { pid } = await tapHolder('wl-host-tap1', 'idle')
  const host = sampler()
  const sender = await host.until('the holder', () => senderWith(host, ({ links }) => links.includes('wl-host-tap1')))
  expect(sender).toMatchObject({ pid, kind: 'qemu', links: ['wl-host-tap1'] })
  expect(sender.threads).toMatchObject([{ tid: pid, role: 'main' }])
  expect(Object.values(sender.files)).toContain('/dev/net/tun')
  await host.until('its thread', () => threadOf(host, pid))
})

test.skipIf(!canHoldTaps)(
  'a guest has the name of its command line, and its disks with what backs them (needs root)',
  async () => {
    const image = join(mkdtempSync(join(tmpdir(), 'wl-disk-')), 'disk')
    cleanups.push(() => rmSync(dirname(image), { recursive: true }))
    writeFileSync(image, new Uint8Array(2 * 1024 * 1024))
    // What libvirt writes; whoever holds the tap need not be called qemu.
    const holder = child(
      'python3',
      holdTap,
      'wl-host-tap4',
      'idle',
      image,
      '-name',
      'guest=instance-000000dd,debug-threads=on',
    )
    await new Promise((resolve) => holder.stdout?.once('data', resolve))
    const host = sampler()
    const found = await host.until('the holder', () => senderWith(host, ({ links }) => links.includes('wl-host-tap4')))
    expect(found.name).toBe('instance-000000dd')
    const { dev } = statSync(image)
    const device = `/sys/dev/block/${dev >> 8}:${dev & 255}`
    const backing = existsSync(device) ? { device: basename(readlinkSync(device)) } : {}
    expect(found.disks).toEqual([
      {
        file: image,
        isDirect: false,
        ...backing,
      },
    ])
  },
)

interface Hierarchy {
  readonly parent: string
  readonly version: 1 | 2
}

const isWritable = ({ parent }: Hierarchy): boolean => {
  try {
    accessSync(`${parent}/cgroup.procs`, constants.W_OK)
    return canHoldTaps
  } catch {
    return false
  }
}
const version2 = [
  { parent: '/sys/fs/cgroup/unified', version: 2 } as const,
  { parent: '/sys/fs/cgroup', version: 2 } as const,
]
const cpuHierarchy = [{ parent: '/sys/fs/cgroup/cpu', version: 1 } as const, ...version2].find(isWritable)
const freezers = [{ parent: '/sys/fs/cgroup/freezer', version: 1 } as const, ...version2].filter(isWritable)

function makeCgroup({ parent, version }: Hierarchy, controller: 'cpu' | 'freezer'): string {
  if (version === 2 && controller === 'cpu') writeFileSync(`${parent}/cgroup.subtree_control`, '+cpu')
  const folder = `${parent}/wl-host-test`
  mkdirSync(folder, { recursive: true })
  cleanups.push(() => rmdirSync(folder))
  return folder
}

/** A cgroup can be removed when nobody is in it, which takes a moment after a kill. */
function moveInto(folder: string, pid: number): void {
  writeFileSync(`${folder}/cgroup.procs`, String(pid))
  cleanups.push(() => {
    process.kill(pid, 'SIGKILL')
    for (let tries = 0; tries < 200 && execFileSync('cat', [`${folder}/cgroup.procs`]).length > 0; tries++)
      spawnSync('sleep', ['0.01'])
  })
}

test.skipIf(cpuHierarchy === undefined)(
  'a sender that is moved into a throttled cgroup is seen to be throttled (needs root)',
  async () => {
    if (cpuHierarchy === undefined) return
    const { pid } = await tapHolder('wl-host-tap2', 'busy')
    const host = sampler()
    await host.until('the holder', () => threadOf(host, pid))
    const folder = makeCgroup(cpuHierarchy, 'cpu')
    if (cpuHierarchy.version === 1) writeFileSync(`${folder}/cpu.cfs_quota_us`, '5000')
    else writeFileSync(`${folder}/cpu.max`, '5000 100000')
    moveInto(folder, pid)
    const throttling = await host.until('throttling', () => {
      const seen = host.samples.at(-1)?.cgroups.find(({ path }) => path === folder)
      const told = seen === undefined ? undefined : throttlingOf(seen.files)
      return told !== undefined && told.throttledNs > 100e6 ? told : undefined
    })
    expect(throttling.throttledPeriods).toBeGreaterThan(0)
  },
)

test.each(freezers)(
  'a sender that is frozen by its cgroup in $parent is told from one that sleeps (needs root)',
  async (freezer) => {
    const { pid } = await tapHolder('wl-host-tap3', 'idle')
    const host = sampler()
    await host.until('the holder', () => threadOf(host, pid))
    const folder = makeCgroup(freezer, 'freezer')
    const [file, stop, go] = freezer.version === 1 ? ['freezer.state', 'FROZEN', 'THAWED'] : ['cgroup.freeze', '1', '0']
    moveInto(folder, pid)
    const state = (): boolean | undefined => {
      const seen = host.samples.at(-1)?.cgroups.find(({ path }) => path === folder)
      return seen === undefined ? undefined : isFrozen(seen.files)
    }
    await host.until('not frozen yet', () => (state() === false ? true : undefined))
    cleanups.push(() => writeFileSync(`${folder}/${file}`, go))
    writeFileSync(`${folder}/${file}`, stop)
    await host.until('frozen', () => (state() === true ? true : undefined))
    writeFileSync(`${folder}/${file}`, go)
    expect(await host.until('thawed', () => (state() === false ? 'thawed' : undefined))).toBe('thawed')
  },
)

const canRunKeepalived = isRoot && has('keepalived', '--version') && has('ip', 'netns')

test.skipIf(!canRunKeepalived)(
  'a keepalived in a network namespace is found by its address (needs root)',
  async () => {
    const namespace = 'wl-host-ka'
    const ip = (...args: readonly string[]): Buffer => execFileSync('ip', [...args])
    ip('netns', 'add', namespace)
    cleanups.push(() => ip('netns', 'delete', namespace))
    ip('-n', namespace, 'link', 'add', 'wlh0', 'type', 'veth', 'peer', 'name', 'wlh1')
    ip('-n', namespace, 'address', 'add', '10.91.7.1/24', 'dev', 'wlh0')
    for (const link of ['lo', 'wlh0', 'wlh1']) ip('-n', namespace, 'link', 'set', link, 'up')
    const folder = mkdtempSync(join(tmpdir(), 'wl-host-'))
    cleanups.push(() => rmSync(folder, { recursive: true }))
    const instance =
      'vrrp_instance A {\n interface wlh0\n virtual_router_id 91\n virtual_ipaddress {\n 10.91.7.9/32\n }\n}\n'
    writeFileSync(join(folder, 'keepalived.conf'), instance)
    const pids = ['-p', 'parent.pid', '-r', 'vrrp.pid', '-c', 'checkers.pid'].map((part) =>
      part.startsWith('-') ? part : join(folder, part),
    )
    const config = join(folder, 'keepalived.conf')
    const parent = spawn('ip', ['netns', 'exec', namespace, 'keepalived', '-n', '-l', '-f', config, ...pids], {
      stdio: 'ignore',
    })
    const ended = new Promise((resolve) => parent.once('exit', resolve))
    try {
      const host = sampler()
      const vrrp = await host.until('the VRRP child', () =>
        senderWith(host, ({ addresses, threads }) => addresses.includes('10.91.7.1') && threads[0]?.role === 'vrrp'),
      )
      expect(vrrp).toMatchObject({ kind: 'keepalived', name: 'keepalived', comm: 'keepalived', links: [] })
      expect(Object.values(vrrp.files).some((file) => file.startsWith('socket:'))).toBe(true)
      const first = senderWith(host, ({ pid }) => pid === parent.pid)
      expect(first?.threads).toMatchObject([{ tid: parent.pid, role: 'parent' }])
      await host.until('its thread', () => threadOf(host, vrrp.pid))
    } finally {
      parent.kill('SIGTERM')
      await ended
    }
  },
  20_000,
)
