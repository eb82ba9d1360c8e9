// What the kernel engine's transcript says of a sender that it does not show: that it does not, and that others went on.
//
// A listing that somebody filtered looks like a machine on which the sender did nothing. It is told apart: the sender's
// own events are missing altogether, not only in this gap.

import { instantOf, type Window } from '../../time/instant.ts'
import type { Store } from '../../store/store.ts'
import type { Subject } from './subject.ts'

export interface Transcript {
  /** Rows of any thread between due and sent. */
  readonly events: number
  /** CPUs on which something went on between due and sent. */
  readonly cpus: readonly number[]
  /** It has rows of threads that carry a sender's name: a keepalived, a qemu or its vCPUs. */
  readonly hasSenders: boolean
}

const always: Window = { from: instantOf(-Infinity), to: instantOf(Infinity) }
const senderName = /^(keepalived|qemu|CPU \d|vhost-)/

/** Names that any row of the whole transcript carries; there are few of them, and each is looked at once. */
function namesSenders({ names, calls, switches }: Store): boolean {
  const seen = new Set<number>()
  const isSender = (name: number): boolean => {
    if (seen.has(name)) return false
    seen.add(name)
    return senderName.test(names.textOf(name))
  }
  for (const { cells, from, to } of calls.slices(always))
    for (let i = from; i < to; i++) if (isSender(cells.commName[i] ?? 0)) return true
  for (const { cells, from, to } of switches.slices(always))
    for (let i = from; i < to; i++) if (isSender(cells.fromName[i] ?? 0) || isSender(cells.toName[i] ?? 0)) return true
  return false
}

/** undefined: there is none, or it shows the sender. */
export function transcriptWithoutSender(subject: Subject): Transcript | undefined {
  const { store, lateness, sees } = subject
  if (sees.senderCalls || (store.calls.length === 0 && store.switches.length === 0)) return undefined
  const cpus = new Set<number>()
  let events = 0
  for (const { cells, from, to } of [...store.calls.slices(lateness), ...store.switches.slices(lateness)]) {
    events += to - from
    for (let i = from; i < to; i++) cpus.add(cells.cpu[i] ?? 0)
  }
  return { events, cpus: [...cpus].toSorted((a, b) => a - b), hasSenders: namesSenders(store) }
}
