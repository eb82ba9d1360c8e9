// Events that are no calls: switches, signals taken, ends of threads. They are single: no exit follows.

import { noName, unknown } from '../../events/kernel.ts'
import { idOf, uintOf } from './call-parameters.ts'
import { deed, position, trait, traitsOf, typeNames } from './event-tables.ts'
import type { LossWatch } from './loss-watch.ts'
import type { Processes } from './processes.ts'
import { noFigures, tellRow } from './rows.ts'
import type { Scene } from './scene.ts'
import { tellDelivered } from './signals.ts'
import type { Thread } from './thread-table.ts'

/** sysdig does not say why a thread left its CPU. */
export const unknownReason = 0

export class Tracepoints {
  readonly #scene: Scene
  readonly #processes: Processes
  readonly #loss: LossWatch

  constructor(scene: Scene, processes: Processes, loss: LossWatch) {
    this.#scene = scene
    this.#processes = processes
    this.#loss = loss
  }

  /** Takes the event that the scene holds. */
  feed(what: number): void {
    const { event, threads, rows, sink, batches } = this.#scene
    const thread = threads.find(event.tid)
    if (what === deed.switched) this.#switched(thread)
    else if (what === deed.signaldeliver) {
      tellDelivered(this.#scene, thread)
      if (thread !== undefined) thread.lastEventAt = event.at
    } else if (what === deed.procexit) {
      if (thread !== undefined) this.#processes.exit(thread)
    } else if (what === deed.dropped) {
      // The end of a gap that the driver made on purpose (sampling). It does not count what it left out.
      batches.flush()
      sink.lost(event.at, 1)
    } else if (!event.isStateOnly) sink.ignored(typeNames[event.type] ?? 'unknown')
    if (rows !== undefined && ((traitsOf[event.type] ?? 0) & trait.isInternal) === 0) {
      tellRow(this.#scene, thread, noFigures)
    }
    if (what === deed.procexit) threads.remove(event.tid)
  }

  /** `majorFaults`: of the thread that leaves, since it began; unknown (-1) in the oldest form of the event. */
  #switched(from: Thread | undefined): void {
    const { event, threads, batches } = this.#scene
    const next = idOf(event, position.next)
    if (Number.isNaN(next)) return
    const to = threads.find(next)
    this.#loss.switched(from, to, event.at)
    if (from !== undefined) {
      from.leftCpuAt = event.at
      from.isSeenLeaving = true
    }
    if (to !== undefined) {
      to.gotCpuAt = event.at
      to.isSeenComing = true
    }
    if (event.isStateOnly) return
    const faults = uintOf(event, position.majorFaults)
    batches.switched(
      event.at,
      event.cpu,
      event.tid,
      next,
      from?.commId ?? noName,
      to?.commId ?? noName,
      unknownReason,
      Number.isNaN(faults) ? unknown : faults,
    )
  }
}
