// Nobody said which process sends, but the samples hold keepalived processes: was exactly one of them taken off its work
// for this very stretch? A stopped neighbour delays no advert of somebody else, so that one is the sender.

import { instantOf, second } from '../../time/instant.ts'
import type { Evidence, FlowSender } from '../evidence.ts'
import type { LateAdvert } from '../finding.ts'

/** keepalived processes that were sampled around this gap: parents and children alike. */
export function sampledKeepalived(late: LateAdvert, evidence: Evidence): FlowSender[] {
  const { store } = evidence
  const found = new Map<number, FlowSender>()
  const range = { from: instantOf(late.previousAt - second), to: late.at }
  for (const { cells, from, to } of store.threads.slices(range)) {
    for (let i = from; i < to; i++) {
      const pid = cells.pid[i] ?? 0
      if (cells.tid[i] !== pid || found.has(pid)) continue
      const comm = store.names.textOf(cells.commName[i] ?? 0)
      if (comm.startsWith('keepalived')) found.set(pid, { pid, comm, name: comm, kind: 'keepalived', tids: [pid] })
    }
  }
  return [...found.values()]
}
