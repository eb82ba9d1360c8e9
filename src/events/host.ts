// One line of the host sampler, ten a second: the cheap files of /proc and /sys that settle most cases.
//
// The line format is the one of the incidents' `host.ndjson`, extended compatibly: short keys, counters since boot.

import type { Instant } from '../time/instant.ts'
import type { Outcomes } from './outcome.ts'

/** Counters of one thread since it began (`/proc/<tid>/schedstat`, `/proc/<tid>/stat`). */
export interface ThreadSample {
  readonly tid: number
  readonly pid: number
  readonly comm: string
  /** State letter of `/proc/<tid>/stat`: R S D T t Z X I. */
  readonly state: string
  readonly onCpuNs: number
  readonly runDelayNs: number
  readonly slices: number
  readonly cpu: number
  readonly majorFaults: number
}

/** Files of one cgroup, as text by file name (`cpu.stat`, `cgroup.events`, `freezer.state`, `memory.events` ...). */
export interface CgroupSample {
  readonly path: string
  readonly files: Readonly<Record<string, string>>
}

export interface Pressure {
  readonly someUs: number
  readonly fullUs: number
}

export interface HostSample {
  readonly at: Instant
  readonly monotonicNs: number
  readonly threads: readonly ThreadSample[]
  readonly pressure: Readonly<Record<'cpu' | 'io' | 'memory', Pressure | undefined>>
  readonly cgroups: readonly CgroupSample[]
  readonly inflight: readonly { readonly device: string; readonly reads: number; readonly writes: number }[]
  readonly vmstat: Readonly<Record<string, number>>
  readonly stealTicks: number | undefined
  /** Cgroups of each process, its threads' and those above them, where they changed since the last sample. */
  readonly cgroupsOf?: ReadonlyMap<number, readonly string[]>
  /** Threads in `threads` that are whylate's own or its children's. */
  readonly own?: readonly number[]
}

/** A process that can put adverts on a link: keepalived itself, or the qemu that holds the tap. */
export interface Sender {
  readonly pid: number
  readonly comm: string
  /** What a person calls it: `instance-000000dd`, or `keepalived`. */
  readonly name: string
  readonly kind: 'keepalived' | 'qemu'
  /** Taps it holds, for qemu. */
  readonly links: readonly string[]
  /**
   * MACs that live behind each tap: those of the guest's cards, by the command line, and those that the bridge has heard from there.
   * A tap of which neither is known is left out.
   */
  readonly macs?: Readonly<Record<string, readonly string[]>>
  /** Addresses of its network namespace, for keepalived. */
  readonly addresses: readonly string[]
  readonly threads: readonly { readonly tid: number; readonly comm: string; readonly role: string }[]
  /** Open files by descriptor, where they could be read. */
  readonly files: Readonly<Record<string, string>>
  /** Of a qemu: does the kernel carry its frames (vhost_net)? undefined: nothing tells. */
  readonly vhost?: Vhost
  /** Of a qemu, where they could be read. */
  readonly disks?: readonly GuestDisk[]
}

export interface GuestDisk {
  readonly file: string
  /** Block device that backs it: `sdb1`; absent where none does. */
  readonly device?: string
  /** Past the page cache of the host. */
  readonly isDirect: boolean
}

export interface Vhost {
  readonly isOn: boolean
  /** How that is known: `it holds /dev/vhost-net (fd 27)`. */
  readonly because: string
}

export interface HostSink extends Outcomes {
  sample(sample: HostSample): void
  /** Who can send; said at the start and whenever it changed. */
  senders(at: Instant, senders: readonly Sender[]): void
  /** Slow facts, once a second (load, memory, our own CPU share and size), by key. */
  facts(at: Instant, facts: Readonly<Record<string, number | string>>): void
}
