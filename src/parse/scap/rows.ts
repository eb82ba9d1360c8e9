// Makes the row of an event, as the reference reader prints it.

import { genericName } from './call-names.ts'
import { genericExit, trait, traitsOf, typeNames } from './event-tables.ts'
import type { ScapRow } from './scap-row.ts'
import type { Scene } from './scene.ts'
import { none, type Thread } from './thread-table.ts'

export interface Figures {
  /** NaN: none. */
  readonly result: number
  readonly latency: number
  /** Path of an open that failed. */
  readonly failedPath: string | undefined
}
export const noFigures: Figures = { result: Number.NaN, latency: Number.NaN, failedPath: undefined }

const orUndefined = (value: number): number | undefined => (Number.isNaN(value) ? undefined : value)

/** Name of a generic event: an exit before libs 0.22 has no native number, its enter has. */
function nameOf({ event, enter }: Scene, thread: Thread | undefined): string {
  if (event.type > genericExit) return typeNames[event.type] ?? 'unknown'
  const native = event.uint(1)
  return genericName(event.uint(0), Number.isNaN(native) && enter.isSeen ? (thread?.openNative ?? 0) : native)
}

function rowOf(scene: Scene, thread: Thread | undefined, { result, latency, failedPath }: Figures): ScapRow {
  const { event, threads } = scene
  const isCall = thread !== undefined && ((traitsOf[event.type] ?? 0) & trait.showsFd) !== 0
  const fd = isCall && thread.lastFd >= 0 && thread.lastFd !== none ? thread.lastFd : undefined
  return {
    at: event.at,
    cpu: event.cpu,
    tid: event.tid,
    pid: thread === undefined || thread.pid < 0 ? undefined : thread.pid,
    comm: thread?.comm,
    direction: (event.type & 1) === 0 ? '>' : '<',
    type: nameOf(scene, thread),
    typeNumber: event.type,
    code: event.type <= genericExit ? event.uint(0) : undefined,
    result: orUndefined(result),
    fd,
    fdName:
      failedPath ?? (fd === undefined || thread === undefined ? undefined : threads.filesOf(thread).find(fd)?.name),
    latencyNs: orUndefined(latency),
  }
}

/** Hands the row of the event at hand to whoever asked for rows. `thread`: whose it is, after it was applied. */
export function tellRow(scene: Scene, thread: Thread | undefined, figures: Figures): void {
  if (!scene.event.isStateOnly) scene.rows?.row(rowOf(scene, thread, figures))
}
