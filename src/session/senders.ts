// Which process sends a flow? In the order of how sure it is:
//
//   the qemu that holds the link as its tap                       (the host sampler's search)
//   the thread whose sendmsg carried the advert, by its source    (the kernel engine saw the packet itself)
//   the keepalived whose network namespace has the source address (the host sampler's search)
//   the only qemu that was sampled                                (an imported capture, in which nobody searched)

import type { FlowSender } from '../diagnose/evidence.ts'
import type { Flow } from '../diagnose/finding.ts'
import type { Sender, ThreadSample } from '../events/host.ts'

export interface Senders {
  learn(senders: readonly Sender[]): void
  /** A thread handed an advert of this source to the kernel. */
  sent(source: string, tid: number, pid: number, comm: string): void
  sampled(threads: readonly ThreadSample[]): void
  senderOf(flow: Flow): FlowSender | undefined
  fileOf(pid: number, fd: number): string | undefined
}

const kept = 1024

const flowSender = (sender: Sender): FlowSender => ({
  pid: sender.pid,
  comm: sender.comm,
  name: sender.name,
  kind: sender.kind,
  tids: [...new Set([sender.pid, ...sender.threads.map((thread) => thread.tid)])],
})

/** keepalived's children share comm and addresses; the VRRP child is the one that sends. */
const isVrrpChild = (sender: Sender): boolean => sender.threads.some((thread) => thread.role === 'vrrp')

export function createSenders(): Senders {
  let searched: readonly Sender[] = []
  const bySource = new Map<string, FlowSender>()
  const threadsOf = new Map<number, { comm: string; readonly tids: Set<number> }>()

  function byTap(flow: Flow): FlowSender | undefined {
    const holder = searched.find(
      (sender) => sender.kind === 'qemu' && [flow.link, ...flow.alsoOn].some((link) => sender.links.includes(link)),
    )
    return holder === undefined ? undefined : flowSender(holder)
  }

  function byAddress(flow: Flow): FlowSender | undefined {
    const there = searched.filter((sender) => sender.kind === 'keepalived' && sender.addresses.includes(flow.source))
    const best = there.find(isVrrpChild) ?? there.at(-1)
    return best === undefined ? undefined : flowSender(best)
  }

  function onlyQemu(): FlowSender | undefined {
    if (searched.length > 0) return undefined
    const qemus = [...threadsOf].filter(([, one]) => one.comm.startsWith('qemu'))
    const [only] = qemus
    if (only === undefined || qemus.length > 1) return undefined
    const [pid, { comm, tids }] = only
    return { pid, comm, name: comm, kind: 'qemu', tids: [...tids] }
  }

  return {
    learn(senders) {
      searched = senders
    },
    sent(source, tid, pid, comm) {
      const known = bySource.get(source)
      if (known?.pid === pid || (known === undefined && bySource.size >= kept)) return
      bySource.set(source, { pid, comm, name: comm, kind: 'keepalived', tids: [...new Set([pid, tid])] })
    },
    sampled(threads) {
      for (const { tid, pid, comm } of threads) {
        const known = threadsOf.get(pid)
        if (known !== undefined) {
          if (known.tids.size < kept) known.tids.add(tid)
          if (tid === pid) known.comm = comm
        } else if (threadsOf.size < kept) threadsOf.set(pid, { comm, tids: new Set([tid]) })
      }
    },
    senderOf: (flow) => byTap(flow) ?? bySource.get(flow.source) ?? byAddress(flow) ?? onlyQemu(),
    fileOf: (pid, fd) => searched.find((sender) => sender.pid === pid)?.files[String(fd)],
  }
}
