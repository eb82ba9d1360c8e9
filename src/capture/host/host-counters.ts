// Counters of the whole host: pressure, paging, steal, and the requests that each disk has in flight.
//
//   /proc/pressure/cpu        some avg10=1.61 avg60=0.57 avg300=0.33 total=12022996      (µs; `full` on a line of its own)
//   /proc/vmstat              pgmajfault 1833
//   /proc/stat                cpu  6182 0 9633 287737 3405 0 57 343 0 0                  (8th: steal, in ticks)
//   /sys/block/vda/inflight          0        0                                          (reads, writes)
//
// A hung disk shows as zeros in iostat until its request ends (domain: kernels from 5.0); `inflight` shows it at once.
// On hosts with hundreds of CPUs some of these files take long to make: such a one is read once a second instead, and
// its last value is repeated.

import { namesIn, openKernelFile, readKernelText, type KernelFile } from './kernel-file.ts'

export interface HostCounters {
  /** The members of `psi`, without its braces. */
  pressure(): string
  /** `"inflight":{...},"vmstat":{...},"steal":208`. */
  sample(): string
  /** Busy and all ticks since boot, over all CPUs. */
  readonly cpuTicks: { readonly busy: number; readonly all: number; readonly steal: number }
  /** Looks for disks that came or went. */
  rescan(): void
  close(): void
}

const resources = ['cpu', 'io', 'memory'] as const
const counted = ['pswpin', 'pswpout', 'pgmajfault', 'compact_stall', 'numa_pte_updates', 'oom_kill'] as const
const mostDisks = 64
const slowNs = 300_000n
/** Ticks between two readings of a slow file. */
const slowEvery = 10

export function createHostCounters(): HostCounters {
  const pressure = resources.map((name) => [name, openKernelFile(`/proc/pressure/${name}`)] as const)
  const vmstat = createSparing('/proc/vmstat')
  const stat = createSparing('/proc/stat')
  let disks = new Map<string, KernelFile>()
  let cpuTicks = { busy: 0, all: 0, steal: 0 }
  const rescan = (): void => {
    disks = disksNow(disks)
  }
  rescan()

  return {
    pressure: () => pressure.flatMap(([name, file]) => pressureJson(name, readKernelText(file))).join(','),
    sample() {
      const inflight: string[] = []
      for (const [name, file] of disks) {
        const pair = /^\s*(\d+)\s+(\d+)/.exec(readKernelText(file) ?? '')
        if (pair !== null) inflight.push(`${JSON.stringify(name)}:[${pair[1]},${pair[2]}]`)
      }
      cpuTicks = cpuTicksOf(stat.read()) ?? cpuTicks
      return `"inflight":{${inflight.join(',')}},"vmstat":{${vmstatJson(vmstat.read())}},"steal":${cpuTicks.steal}`
    },
    get cpuTicks() {
      return cpuTicks
    },
    rescan,
    close() {
      for (const [, file] of pressure) file?.close()
      for (const file of disks.values()) file.close()
      vmstat.close()
      stat.close()
    },
  }
}

/** Loop and RAM devices have no requests of their own. */
function disksNow(before: Map<string, KernelFile>): Map<string, KernelFile> {
  const disks = new Map<string, KernelFile>()
  for (const name of namesIn('/sys/block')) {
    if (/^(?:loop|ram)\d/.test(name) || disks.size >= mostDisks) continue
    const file = before.get(name) ?? openKernelFile(`/sys/block/${name}/inflight`)
    if (file !== undefined) disks.set(name, file)
    before.delete(name)
  }
  for (const gone of before.values()) gone.close()
  return disks
}

function pressureJson(name: string, text: string | undefined): readonly string[] {
  const some = /^some .*total=(\d+)/m.exec(text ?? '')?.[1]
  if (some === undefined) return []
  return [`"${name}":[${some},${/^full .*total=(\d+)/m.exec(text ?? '')?.[1] ?? 0}]`]
}

function vmstatJson(text: string): string {
  const members: string[] = []
  for (const name of counted) {
    const value = digitsAfter(text, `\n${name} `)
    if (value !== undefined) members.push(`"${name}":${value}`)
  }
  let stalls = 0
  for (const match of text.matchAll(/^allocstall(?:_\w+)? (\d+)$/gm)) stalls += Number(match[1])
  if (text !== '') members.push(`"allocstall":${stalls}`)
  return members.join(',')
}

function digitsAfter(text: string, key: string): string | undefined {
  const at = text.indexOf(key)
  if (at === -1) return undefined
  const end = text.indexOf('\n', at + key.length)
  return text.slice(at + key.length, end === -1 ? undefined : end)
}

/** user nice system idle iowait irq softirq steal ...; idle and iowait are not busy, guest is within user. */
export function cpuTicksOf(stat: string): { busy: number; all: number; steal: number } | undefined {
  const ticks = /^cpu +([\d ]+)/.exec(stat)?.[1]?.trim().split(' ').map(Number)
  if (ticks === undefined) return undefined
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0] = ticks
  const busy = user + nice + system + irq + soft
  return { busy, all: busy + idle + wait + steal, steal }
}

interface Sparing {
  /** '' when it cannot be read. */
  read(): string
  close(): void
}

function createSparing(path: string): Sparing {
  const file = openKernelFile(path)
  let last = ''
  let wait = 0
  return {
    read() {
      if (wait-- > 0) return last
      const from = process.hrtime.bigint()
      last = readKernelText(file) ?? ''
      wait = process.hrtime.bigint() - from > slowNs ? slowEvery - 1 : 0
      return last
    },
    close: () => file?.close(),
  }
}
