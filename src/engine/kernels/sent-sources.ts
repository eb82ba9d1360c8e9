// Whose adverts a kernel has seen handed over: the processes behind each source address, by their own sendmsg.
//
// A restart gives a source another process; two namespaces may hold the same address at the same time. So each process
// is kept with the stretch in which it sent.

import type { FlowSender } from '../../diagnose/evidence.ts'
import { second, type Instant } from '../../time/instant.ts'

export interface SentSources {
  /** A thread handed an advert of this source to the kernel. */
  add(source: string, tid: number, pid: number, comm: string, at: Instant): void
  /** Those that sent it around this moment, now if none is given; several only where addresses are not unique. */
  among(source: string, at?: Instant): readonly FlowSender[]
  /** The one that did; the last one, where it could be several. */
  find(source: string): FlowSender | undefined
  readonly count: number
}

interface Sent {
  readonly sender: FlowSender
  readonly firstAt: Instant
  lastAt: Instant
}

const kept = 1024
const perSource = 16
/** The longest interval that VRRPv3 can advertise is 40.95 s, but who sent within this is more likely the one. */
const around = 5 * second

export function createSentSources(): SentSources {
  const bySource = new Map<string, Sent[]>()

  function among(source: string, at?: Instant): readonly FlowSender[] {
    const all = (bySource.get(source) ?? []).toSorted((a, b) => b.lastAt - a.lastAt)
    const moment = at ?? all[0]?.lastAt
    if (moment === undefined || all.length < 2) return all.map((one) => one.sender)
    const distance = ({ firstAt, lastAt }: Sent): number => Math.max(firstAt - moment, moment - lastAt, 0)
    const least = Math.min(...all.map(distance))
    return all.filter((one) => distance(one) <= (least < around ? around : least)).map((one) => one.sender)
  }

  return {
    add(source, tid, pid, comm, at) {
      const all = bySource.get(source)
      const known = all?.find((one) => one.sender.pid === pid)
      if (known !== undefined) {
        known.lastAt = at
        return
      }
      if (all === undefined && bySource.size >= kept) return
      const sender: FlowSender = { pid, comm, name: comm, kind: 'keepalived', tids: [...new Set([pid, tid])] }
      bySource.set(source, [...(all ?? []).slice(1 - perSource), { sender, firstAt: at, lastAt: at }])
    },
    among,
    find: (source) => among(source)[0],
    get count() {
      return bySource.size
    },
  }
}
