// Which threads of a qemu are its vCPUs, where their names do not say so: without `debug-threads=on` all of them are called
// like the process. Then it is those that were at work before the gap, as nothing else in a qemu is for long.

import type { Store } from '../../store/store.ts'
import type { Window } from '../../time/instant.ts'

/** Of its CPU, a vCPU of an idle guest needs more than this for its own ticks. */
const leastShare = 0.002
/** Next to the busiest one: guests keep their CPUs unequally busy, and I/O workers come and go. */
const leastOfBusiest = 0.3

/** Time on a CPU by thread, as the samples' counters or else the switches tell it. */
function workedNs(store: Store, tids: ReadonlySet<number>, before: Window): Map<number, number> {
  const first = new Map<number, number>()
  const worked = new Map<number, number>()
  for (const { cells, from, to } of store.threads.slices(before)) {
    for (let i = from; i < to; i++) {
      const tid = cells.tid[i] ?? 0
      if (!tids.has(tid)) continue
      const total = cells.onCpuNs[i] ?? 0
      if (!first.has(tid)) first.set(tid, total)
      worked.set(tid, total - (first.get(tid) ?? total))
    }
  }
  if (worked.size > 0) return worked
  const since = new Map<number, number>()
  for (const { at, cells, from, to } of store.switches.slices(before)) {
    for (let i = from; i < to; i++) {
      const moment = at[i] ?? 0
      const leaving = cells.from[i] ?? 0
      const start = since.get(leaving)
      if (start !== undefined) worked.set(leaving, (worked.get(leaving) ?? 0) + moment - start)
      since.delete(leaving)
      const coming = cells.to[i] ?? 0
      if (tids.has(coming)) since.set(coming, moment)
    }
  }
  return worked
}

/** `others`: its threads without a known role. */
export function guessedVcpus(store: Store, others: readonly number[], before: Window): number[] {
  const worked = workedNs(store, new Set(others), before)
  const most = Math.max(0, ...worked.values())
  if (most < leastShare * (before.to - before.from)) return []
  return [...worked].filter(([, ns]) => ns >= leastOfBusiest * most).map(([tid]) => tid)
}
