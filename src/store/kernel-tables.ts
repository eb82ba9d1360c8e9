// The part of a store that one kernel fills: taken out of it, exchanged, or read by another clock.

import type { OtherClock } from '../time/other-clock.ts'
import { alignedTable } from './aligned-table.ts'
import type { Store } from './store.ts'

export type KernelTables = Pick<
  Store,
  'calls' | 'switches' | 'wakeups' | 'processes' | 'signals' | 'blockRequests' | 'cpuTimes'
>

/** The same session, with another kernel's tables in it. Both stores keep one set of names. */
export function withKernel(store: Store, kernel: KernelTables): Store {
  const { calls, switches, wakeups, processes, signals, blockRequests, cpuTimes } = kernel
  return { ...store, calls, switches, wakeups, processes, signals, blockRequests, cpuTimes }
}

export function alignedKernel(kernel: KernelTables, clock: OtherClock): KernelTables {
  return {
    calls: alignedTable(kernel.calls, clock, 'latencyNs'),
    switches: alignedTable(kernel.switches, clock, undefined),
    wakeups: alignedTable(kernel.wakeups, clock, undefined),
    processes: alignedTable(kernel.processes, clock, undefined),
    signals: alignedTable(kernel.signals, clock, undefined),
    blockRequests: alignedTable(kernel.blockRequests, clock, 'latencyNs'),
    cpuTimes: alignedTable(kernel.cpuTimes, clock, 'spanNs'),
  }
}
