// Which process sends a flow? In the order of how sure it is:
//
//   the qemu that holds the link as its tap, and whose MAC it is  (the host sampler's search)
//   the thread whose sendmsg carried the advert, by its source    (sysdig shows the packet's first bytes)
//   the keepalived whose network namespace has the source address (the host sampler's search)
//   the only qemu that was sampled                                (an imported capture, in which nobody searched)
//
// Addresses are not unique: two namespaces of one host may well hold the same one. Among several it is the one whose
// sendmsg was under way when the adverts passed; where no calls are seen it is nobody, which is better than the wrong one.

import type { FlowSender } from '../../diagnose/evidence.ts'
import type { Flow } from '../../diagnose/finding.ts'
import type { Sender, ThreadSample } from '../../events/host.ts'
import type { Instant } from '../../time/instant.ts'
import { createVirtualPlaces } from './virtual-places.ts'

export interface Senders {
  /** `flows`: as they are now. */
  learn(senders: readonly Sender[], at: Instant, flows: readonly Flow[]): void
  sampled(threads: readonly ThreadSample[]): void
  senderOf(flow: Flow, at?: Instant): FlowSender | undefined
  /** The qemu that holds the flow's link as its tap, where somebody searched for it. */
  qemuOf(flow: Flow): FlowSender | undefined
  /** The name of the guest that this process or thread runs; undefined for any other, and for one without a name. */
  vmOf(tid: number): string | undefined
  /** The qemus that were found last. */
  readonly qemus: readonly Sender[]
  fileOf(pid: number, fd: number): string | undefined
}

/** Of these threads, the ones whose sendmsg was under way as recent adverts of the flow passed, and how often. */
export type SendWitness = (flow: Flow, tids: ReadonlySet<number>, at?: Instant) => ReadonlyMap<number, number>

const kept = 1024

const flowSender = (sender: Sender): FlowSender => ({
  pid: sender.pid,
  comm: sender.comm,
  name: sender.name,
  kind: sender.kind,
  tids: [...new Set([sender.pid, ...sender.threads.map((thread) => thread.tid)])],
  ...(sender.vhost === undefined ? {} : { vhost: sender.vhost }),
  ...(sender.kind === 'qemu' ? { roles: new Map(sender.threads.map(({ tid, role }) => [tid, role])) } : {}),
})

/** Two guests of one name are told apart by their pids. */
function vmsOf(senders: readonly Sender[]): ReadonlyMap<number, string> {
  const named = senders.filter(({ kind, name, comm }) => kind === 'qemu' && name !== comm)
  return new Map(
    named.flatMap((one) => {
      const isAlone = named.every((other) => other === one || other.name !== one.name)
      const name = isAlone ? one.name : `${one.name} (${one.pid})`
      return [one.pid, ...one.threads.map(({ tid }) => tid)].map((tid): [number, string] => [tid, name])
    }),
  )
}

export const comesBesideGuest = (flow: Flow, all: readonly Flow[], isGuests: (flow: Flow) => boolean): boolean =>
  all.some((one) => one.id !== flow.id && one.link === flow.link && isGuests(one)) && !isGuests(flow)

/** keepalived's children share comm and addresses; the VRRP child is the one that sends. */
const isVrrpChild = (sender: Sender): boolean => sender.threads.some((thread) => thread.role === 'vrrp')

/**
 * `sentBy`: whose sendmsg carried adverts of a source around then, as this kernel's engine saw it. `isInside`: a guest was seen to send
 * the flow, so that no process of this host that happens to have its address does. `isBesideGuest`: a guest was seen to send another
 * flow of this link, and not this one: it comes by the tap from elsewhere, as a BACKUP's does, and a capture of one link does not say so.
 */
export function createSenders(
  witness: SendWitness,
  sentBy: (source: string, at: Instant | undefined) => readonly FlowSender[],
  isInside: (flow: Flow) => boolean,
  isBesideGuest: (flow: Flow) => boolean,
): Senders {
  let searched: readonly Sender[] = []
  let vms: ReadonlyMap<number, string> = new Map()
  const places = createVirtualPlaces()
  const threadsOf = new Map<number, { comm: string; readonly tids: Set<number> }>()
  /** What the calls said, by flow: asked again only while nobody was found, or when the search found others. */
  const witnessed = new Map<string, Sender>()

  /**
   * What goes out by a tap is another's advert on its way to the guest. And names of links are unique in a network
   * namespace only: of two guests with taps of one name, nobody says which it is.
   */
  function byTap(flow: Flow): FlowSender | undefined {
    if (flow.isOutgoing === true) return undefined
    const holders = searched.filter(
      (sender) =>
        sender.kind === 'qemu' &&
        [flow.link, ...flow.alsoOn].some(
          (link) => sender.links.includes(link) && places.isBehind(flow, link, sender.macs?.[link]),
        ),
    )
    return holders[0] === undefined || holders.length > 1 ? undefined : flowSender(holders[0])
  }

  function byCalls(flow: Flow, candidates: readonly Sender[]): Sender | undefined {
    const known = witnessed.get(flow.id)
    if (known !== undefined && candidates.some((one) => one.pid === known.pid)) return known
    const counts = witness(flow, new Set(candidates.map((one) => one.pid)))
    const ranked = candidates.toSorted((a, b) => (counts.get(b.pid) ?? 0) - (counts.get(a.pid) ?? 0))
    const [best, next] = ranked.map((one) => counts.get(one.pid) ?? 0)
    if (ranked[0] === undefined || best === undefined || best === 0 || best === next) return undefined
    if (best > 2 && witnessed.size < kept) witnessed.set(flow.id, ranked[0])
    return ranked[0]
  }

  /** Several namespaces hold this address: it is the one that was in sendmsg as this link's packets passed. */
  function bySend(flow: Flow, at: Instant | undefined): FlowSender | undefined {
    const all = sentBy(flow.source, at)
    if (all.length < 2) return all[0]
    const counts = witness(flow, new Set(all.map((one) => one.pid)), at)
    const countOf = (one: FlowSender): number => counts.get(one.pid) ?? 0
    const [best, next] = all.toSorted((a, b) => countOf(b) - countOf(a))
    return best !== undefined && next !== undefined && countOf(best) > countOf(next) ? best : undefined
  }

  function byAddress(flow: Flow): FlowSender | undefined {
    const there = searched.filter((sender) => sender.kind === 'keepalived' && sender.addresses.includes(flow.source))
    const children = there.filter(isVrrpChild)
    const candidates = children.length > 0 ? children : there
    const [only] = candidates
    const best = candidates.length > 1 ? byCalls(flow, candidates) : only
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
    learn(senders, at, flows) {
      places.learn(senders, at, flows)
      searched = senders
      vms = vmsOf(senders)
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
    qemuOf: byTap,
    senderOf(flow, at) {
      if (isBesideGuest(flow)) return bySend(flow, at) ?? byAddress(flow)
      return byTap(flow) ?? bySend(flow, at) ?? (isInside(flow) ? undefined : byAddress(flow)) ?? onlyQemu()
    },
    get qemus() {
      return searched.filter(({ kind }) => kind === 'qemu')
    },
    vmOf: (tid) => vms.get(tid),
    fileOf: (pid, fd) => searched.find((sender) => sender.pid === pid)?.files[String(fd)],
  }
}
