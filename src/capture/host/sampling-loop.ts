// The host sampler: ten times a second it writes down the cheap files of /proc and /sys that settle most cases.
//
// What it says is a stream of lines, in the format of the incidents' `host.ndjson` (src/parse/host.ts shows one). It does
// not know whether it runs in a thread of its own (sampler-worker.ts) or in a test.
//
//   each tick, 100 ms     th psi cg inflight vmstat steal own
//   each 10th             facts, a new pair of the two clocks
//   each 20th             who can send (a `senders` line when it changed), who is ours, which disks there are
//
// Ticks are at absolute times, start + k * 100 ms: one that comes late does not move the next, and those that were missed
// are not made up. A hole in the ticks is evidence in itself: not even we ran.

import type { OwnClock } from '../own-clock.ts'
import type { OutputListener } from '../output.ts'
import { createCgroupSamples } from './cgroup-samples.ts'
import { createHostCounters } from './host-counters.ts'
import { createHostFacts, type Facts } from './host-facts.ts'
import { readOwnProcesses } from './own-processes.ts'
import { createSamplerClock, type Reading } from './sampler-clock.ts'
import { createSenderFinder } from './sender-finder.ts'
import { createThreadSet } from './thread-set.ts'

export interface LoopOptions {
  readonly clock: OwnClock
  /** Said with the first sample. */
  readonly identity: Facts
  /** Kernel release: the version of the files that are read. */
  readonly version: string
}

export interface SamplingLoop {
  /** These senders are sampled first when there are too many threads for all. */
  prefer(pids: readonly number[]): void
  /** Ends it; a notice `ended` comes last. */
  close(): void
}

const periodNs = 100e6
const factsEvery = 10
const scanEvery = 20
/** Threads are asked for cgroups of their own (libvirt's vcpuN) this seldom, because it is dear. */
const askThreadsEvery = 100

const notRoot =
  'not root: taps, open files and names of other users’ processes cannot be read. Run with sudo, or see whylate doctor'

export function openSamplingLoop({ clock, identity, version }: LoopOptions, listener: OutputListener): SamplingLoop {
  const wall = createSamplerClock(clock)
  const threads = createThreadSet()
  const cgroups = createCgroupSamples()
  const counters = createHostCounters()
  const facts = createHostFacts()
  const finder = createSenderFinder()
  const encoder = new TextEncoder()
  const startNs = process.hrtime.bigint()
  let preferred: readonly number[] = []
  let own: readonly number[] = []
  let hasScanned = false
  let lastSenders = ''
  let mostSkipped = 0
  let ticks = 0
  let deadline = 0
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  function say(reading: Reading, members: string): void {
    const bytes = encoder.encode(`{"ns":${reading.ns},"mono":${reading.mono},${members}}\n`)
    listener({ kind: 'bytes', probe: 'host', at: reading.at, life: 0, part: '', bytes })
  }

  function scan(): void {
    finder.scan()
    own = readOwnProcesses(process.pid)
    counters.rescan()
    const found = finder.processes
    const ranked = [...preferred.filter((pid) => found.includes(pid)), ...found]
    threads.follow(ranked, own)
    cgroups.follow(ranked)
    hasScanned = true
  }

  /** A tick after the scan, when the names of new threads have been read. */
  function saySenders(reading: Reading): void {
    hasScanned = false
    const senders = JSON.stringify(finder.senders(threads))
    if (senders !== lastSenders) say(reading, `"senders":${senders}`)
    lastSenders = senders
    const skipped = threads.skipped + cgroups.skipped
    // Said again only when it has become twice as bad.
    if (skipped === 0 || skipped < mostSkipped * 2) return
    mostSkipped = skipped
    const room = `${threads.skipped} threads and ${cgroups.skipped} cgroups of senders have no room`
    const text = `${room} beside the ${threads.sampled} threads that are sampled: what held them up is not seen`
    listener({ kind: 'said', probe: 'host', at: reading.at, text })
  }

  function tick(): void {
    const reading = wall.read()
    const th = threads.sample()
    const members = `"th":{${th}},"psi":{${counters.pressure()}},"cg":{${cgroups.sample()}},${counters.sample()}`
    const moved = cgroups.changes()
    say(reading, `${members}${moved === '' ? '' : `,"cgOf":{${moved}}`},"own":[${threads.own.join(',')}]`)
    if (ticks === 0) say(reading, `"facts":${JSON.stringify(identity)}`)
    if (hasScanned) saySenders(reading)
    ticks++
    if (finder.step() || ticks % scanEvery === 0) scan()
    if (ticks % askThreadsEvery === 0) cgroups.askThreads((pid) => threads.threadsOf(pid).map(({ tid }) => tid))
    if (ticks % factsEvery === 0) say(reading, `"facts":${JSON.stringify(facts.read(counters.cpuTicks, own))}`)
    wall.refresh()
    schedule()
  }

  function schedule(): void {
    if (isClosed) return
    const passed = Number(process.hrtime.bigint() - startNs)
    deadline = Math.max(deadline + 1, Math.floor(passed / periodNs) + 1)
    timer = setTimeout(tick, (deadline * periodNs - passed) / 1e6)
  }

  scan()
  const at = clock.now()
  const detail = `10 a second, ${cgroups.versions}, ${finder.processes.length} processes that can send`
  listener({ kind: 'started', probe: 'host', at, pid: process.pid, tool: 'sampler', version, detail })
  if (process.geteuid?.() !== 0) listener({ kind: 'said', probe: 'host', at, text: notRoot })
  schedule()

  return {
    prefer(pids) {
      preferred = pids
    },
    close() {
      isClosed = true
      clearTimeout(timer)
      for (const part of [threads, cgroups, counters, facts]) part.close()
      listener({ kind: 'ended', probe: 'host', at: clock.now(), reason: 'stopped', willRestart: false })
    },
  }
}
