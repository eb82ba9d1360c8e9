// Whose sendmsg was under way when an advert passed? The stamp of a packet lies between the enter and the exit of the
// call that sent it (33 µs after the enter, measured with sysdig and tcpdump side by side), give or take the scheduler.

import { keptUntil, type Keeping } from '../../diagnose/keeping.ts'
import { instantOf, type Instant } from '../../time/instant.ts'
import type { Store } from '../../store/store.ts'
import type { SendWitness } from './senders.ts'

const lookBack = 20e9
const margin = 1e6
const calls = ['sendmsg', 'sendto', 'sendmmsg']

/** `storeOf`: with the tables of the kernel that the capture was made on. */
export function createSendWitness(storeOf: () => Store, kept: () => Keeping): SendWitness {
  return (flow, tids, at = flow.lastAt) => {
    const store = storeOf()
    const counts = new Map<number, number>()
    const names = new Set(calls.map((call) => store.names.find(call)).filter((id) => id !== undefined))
    const source = store.names.find(flow.source)
    const link = store.names.find(flow.link)
    const to = keptUntil(kept(), at)
    const recent = { from: instantOf(to - lookBack), to }
    for (const advert of store.adverts.rows(recent)) {
      if (advert.source !== source || advert.link !== link || advert.vrid !== flow.vrid) continue
      for (const tid of sendersAt(store, advert.at, names))
        if (tids.has(tid)) counts.set(tid, (counts.get(tid) ?? 0) + 1)
    }
    return counts
  }
}

function sendersAt(store: Store, at: Instant, names: ReadonlySet<number>): ReadonlySet<number> {
  const found = new Set<number>()
  for (const { at: ends, cells, from, to } of store.calls.slices({
    from: instantOf(at - margin),
    to: instantOf(at + 20 * margin),
  })) {
    for (let i = from; i < to; i++) {
      const end = ends[i] ?? 0
      const begin = end - (cells.latencyNs[i] ?? 0)
      if (names.has(cells.callName[i] ?? 0) && begin <= at + margin && end >= at - margin) found.add(cells.pid[i] ?? 0)
    }
  }
  return found
}
