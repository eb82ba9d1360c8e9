// From the host sampler's and iostat's parsers into the columns: ten samples a second, one row a second and disk.

import type { DiskSink } from '../../events/disk.ts'
import type { HostSample, HostSink, Sender, ThreadSample } from '../../events/host.ts'
import { isFrozen, memoryEventsOf, throttlingOf } from '../../parse/cgroup-files.ts'
import type { Store } from '../../store/store.ts'
import type { ClockPair } from '../../time/clock.ts'
import type { Instant } from '../../time/instant.ts'
import type { Tally } from '../tally.ts'

export interface HostListener {
  clockPair(pair: ClockPair): void
  senders(at: Instant, senders: readonly Sender[]): void
  facts(at: Instant, facts: Readonly<Record<string, number | string>>): void
  threads(threads: readonly ThreadSample[]): void
  cgroupsOf(pid: number, paths: readonly string[]): void
  /** Threads of whylate itself. */
  own(tids: readonly number[]): void
}

const notTold = 255

function keepThreads(store: Store, sample: HostSample): void {
  for (const thread of sample.threads) {
    const cells = store.threads.place(sample.at)
    if (cells === undefined) return
    const i = store.threads.index
    cells.tid[i] = thread.tid
    cells.pid[i] = thread.pid
    cells.commName[i] = store.names.idOf(thread.comm)
    cells.state[i] = thread.state.charCodeAt(0)
    cells.onCpuNs[i] = thread.onCpuNs
    cells.runDelayNs[i] = thread.runDelayNs
    cells.slices[i] = thread.slices
    cells.cpu[i] = thread.cpu
    cells.majorFaults[i] = thread.majorFaults
  }
}

function keepCgroups(store: Store, sample: HostSample): void {
  for (const cgroup of sample.cgroups) {
    const cells = store.cgroups.place(sample.at)
    if (cells === undefined) return
    const i = store.cgroups.index
    const throttling = throttlingOf(cgroup.files)
    const memory = memoryEventsOf(cgroup.files)
    const frozen = isFrozen(cgroup.files)
    cells.pathName[i] = store.names.idOf(cgroup.path)
    cells.throttledNs[i] = throttling?.throttledNs ?? Number.NaN
    cells.throttledPeriods[i] = throttling?.throttledPeriods ?? Number.NaN
    cells.frozen[i] = frozen === undefined ? notTold : Number(frozen)
    cells.memoryHigh[i] = memory?.high ?? Number.NaN
    cells.memoryMax[i] = memory?.max ?? Number.NaN
    cells.oomKills[i] = memory?.oomKills ?? Number.NaN
  }
}

function keepPressure(store: Store, sample: HostSample): void {
  const cells = store.pressure.place(sample.at)
  if (cells === undefined) return
  const i = store.pressure.index
  const { cpu, io, memory } = sample.pressure
  cells.cpuSomeUs[i] = cpu?.someUs ?? Number.NaN
  cells.ioSomeUs[i] = io?.someUs ?? Number.NaN
  cells.ioFullUs[i] = io?.fullUs ?? Number.NaN
  cells.memorySomeUs[i] = memory?.someUs ?? Number.NaN
  cells.memoryFullUs[i] = memory?.fullUs ?? Number.NaN
  cells.swapIns[i] = sample.vmstat['pswpin'] ?? Number.NaN
  cells.swapOuts[i] = sample.vmstat['pswpout'] ?? Number.NaN
  cells.majorFaults[i] = sample.vmstat['pgmajfault'] ?? Number.NaN
  cells.allocStalls[i] = sample.vmstat['allocstall'] ?? Number.NaN
  cells.stealTicks[i] = sample.stealTicks ?? Number.NaN
}

function keepInflight(store: Store, sample: HostSample): void {
  for (const device of sample.inflight) {
    const cells = store.inflight.place(sample.at)
    if (cells === undefined) return
    const i = store.inflight.index
    cells.deviceName[i] = store.names.idOf(device.device)
    cells.reads[i] = device.reads
    cells.writes[i] = device.writes
  }
}

export function createHostIntake(store: Store, tally: Tally, listener: HostListener): HostSink {
  return {
    malformed: (complaint) => tally.malformed(complaint),
    ignored: (kind) => tally.ignored(kind),
    sample(sample) {
      tally.events++
      listener.clockPair({ real: sample.at, monotonicNs: sample.monotonicNs })
      if (sample.own !== undefined) listener.own(sample.own)
      const beat = store.beats.place(sample.at)
      if (beat !== undefined) beat.monotonicNs[store.beats.index] = sample.monotonicNs
      listener.threads(sample.threads)
      for (const [pid, paths] of sample.cgroupsOf ?? []) listener.cgroupsOf(pid, paths)
      keepThreads(store, sample)
      keepPressure(store, sample)
      keepCgroups(store, sample)
      keepInflight(store, sample)
    },
    senders: (at, senders) => listener.senders(at, senders),
    facts: (at, facts) => listener.facts(at, facts),
  }
}

export function createDiskIntake(store: Store, tally: Tally): DiskSink {
  return {
    malformed: (complaint) => tally.malformed(complaint),
    ignored: (kind) => tally.ignored(kind),
    disk(row) {
      tally.events++
      const cells = store.disks.place(row.at)
      if (cells === undefined) return
      const i = store.disks.index
      cells.spanNs[i] = row.span
      cells.deviceName[i] = store.names.idOf(row.device)
      cells.readsPerSecond[i] = row.readsPerSecond
      cells.writesPerSecond[i] = row.writesPerSecond
      cells.readKbPerSecond[i] = row.readKbPerSecond
      cells.writeKbPerSecond[i] = row.writeKbPerSecond
      cells.readAwaitMs[i] = row.readAwaitMs
      cells.writeAwaitMs[i] = row.writeAwaitMs
      cells.flushAwaitMs[i] = row.flushAwaitMs ?? Number.NaN
      cells.queue[i] = row.queue
      cells.utilisation[i] = row.utilisation
    },
  }
}
