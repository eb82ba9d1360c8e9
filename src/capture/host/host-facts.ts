// Facts that change slowly, once a second: load, memory, how busy the CPUs are, and what whylate itself costs.
//
// systeminformation would give load and memory, too, but at another price (5.33, measured): currentLoad() and disksIO()
// start three processes a call, which a tool that watches process starts cannot afford each second, and mem() takes
// 0.7 ms where one read of /proc/meminfo takes 6 µs. So it is asked once, at the start, for what it knows best: which
// system and which virtualisation this is (host-identity.ts).

import { openKernelFile, readKernelText } from './kernel-file.ts'
import { readUseOf } from './own-processes.ts'

export type Facts = Readonly<Record<string, number | string>>

interface CpuTicks {
  readonly busy: number
  readonly all: number
  readonly steal: number
}

export interface HostFacts {
  /** `own`: our pids, ourselves first. */
  read(ticks: CpuTicks, own: readonly number[]): Facts
  close(): void
}

/** What /proc/meminfo calls them, in kB there. */
const memory = {
  MemTotal: 'memoryBytes',
  MemAvailable: 'memoryAvailableBytes',
  SwapTotal: 'swapBytes',
  SwapFree: 'swapFreeBytes',
  Dirty: 'dirtyBytes',
  Writeback: 'writebackBytes',
} as const

export function createHostFacts(): HostFacts {
  const loadavg = openKernelFile('/proc/loadavg')
  const meminfo = openKernelFile('/proc/meminfo')
  // Of the thread that opens it: the sampler's own, when it has one to itself.
  const ownThread = openKernelFile('/proc/thread-self/schedstat')
  let before: CpuTicks | undefined
  return {
    read(ticks, own) {
      const facts: Record<string, number | string> = {}
      const [load1, load5, load15] = (readKernelText(loadavg) ?? '').split(' ').map(Number)
      if (load15 !== undefined) Object.assign(facts, { load1, load5, load15 })
      const text = readKernelText(meminfo) ?? ''
      for (const [name, fact] of Object.entries(memory)) {
        const kilobytes = new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1]
        if (kilobytes !== undefined) facts[fact] = Number(kilobytes) * 1024
      }
      const passed = ticks.all - (before?.all ?? ticks.all)
      if (before !== undefined && passed > 0) {
        facts['cpuBusyShare'] = (ticks.busy - before.busy) / passed
        facts['cpuStealShare'] = (ticks.steal - before.steal) / passed
      }
      before = ticks
      const use = process.cpuUsage()
      const children = readUseOf(own.slice(1))
      facts['ownCpuNs'] = (use.user + use.system) * 1000
      facts['ownRssBytes'] = process.memoryUsage.rss()
      facts['childrenCpuNs'] = children.cpuNs
      facts['childrenRssBytes'] = children.rssBytes
      const sampler = /^\d+/.exec(readKernelText(ownThread) ?? '')?.[0]
      if (sampler !== undefined) facts['samplerCpuNs'] = Number(sampler)
      return facts
    },
    close() {
      loadavg?.close()
      meminfo?.close()
      ownThread?.close()
    },
  }
}
