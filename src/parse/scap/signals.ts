// Signals sent and signals taken.
//
// kill, tkill and tgkill tell who sent what; signaldeliver is written when the receiver takes it, which a stopped or
// starved thread does late. Newer drivers leave out the sender of SIGSTOP and SIGCONT there: the call has it.

import { noName, signalSteps, unknown } from '../../events/kernel.ts'
import { instantOf } from '../../time/instant.ts'
import { holderOf, idOf, intOf, uintOf } from './call-parameters.ts'
import { deed, position } from './event-tables.ts'
import type { Scene } from './scene.ts'
import type { Thread, ThreadTable } from './thread-table.ts'

const sent = signalSteps.indexOf('sent')
const delivered = signalSteps.indexOf('delivered')

/** kill names a process by its first thread, or, as a negative number, a group by the process that founded it. */
function receiverOf(target: number, threads: ThreadTable): number {
  if (target > 0) return target
  return target < -1 && threads.find(-target) !== undefined ? -target : unknown
}

/** A kill that worked. It bears the time of its enter, if seen: the receiver may take it before the sender returns. */
export function tellSent(scene: Scene, what: number, thread: Thread): void {
  const { event, enter, threads, sink } = scene
  const signal = uintOf(holderOf(event, enter, position.sig), position.sig)
  if (event.isStateOnly || intOf(event, position.res) !== 0 || !(signal > 0)) return
  const name = what === deed.kill ? position.pid : position.tid
  const to = receiverOf(idOf(holderOf(event, enter, name), name), threads)
  const at = enter.isSeen ? instantOf(enter.at) : event.at
  sink.signal(at, sent, signal, thread.tid, thread.commId, to, threads.find(to)?.commId ?? noName)
}

/** The event's thread takes a signal. Sender 0: not known, or the kernel. */
export function tellDelivered(scene: Scene, thread: Thread | undefined): void {
  const { event, threads, sink } = scene
  if (event.isStateOnly) return
  const sender = idOf(event, position.spid)
  const from = sender > 0 ? sender : unknown
  const fromComm = threads.find(from)?.commId ?? noName
  const signal = uintOf(event, position.sig)
  sink.signal(event.at, delivered, signal, from, fromComm, event.tid, thread?.commId ?? noName)
}
