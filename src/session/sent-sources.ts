// Whose adverts a kernel has seen handed over: the process behind each source address, by its own sendmsg.

import type { FlowSender } from '../diagnose/evidence.ts'

export interface SentSources {
  /** A thread handed an advert of this source to the kernel. */
  add(source: string, tid: number, pid: number, comm: string): void
  find(source: string): FlowSender | undefined
}

const kept = 1024

export function createSentSources(): SentSources {
  const bySource = new Map<string, FlowSender>()
  return {
    add(source, tid, pid, comm) {
      const known = bySource.get(source)
      if (known?.pid === pid || (known === undefined && bySource.size >= kept)) return
      bySource.set(source, { pid, comm, name: comm, kind: 'keepalived', tids: [...new Set([pid, tid])] })
    },
    find: (source) => bySource.get(source),
  }
}
