// What every lane is made from: the stretch in columns, the tables, and whose adverts it is about.

import type { Slice, Columns, Table } from '../../store/table.ts'
import { instantOf, type Window } from '../../time/instant.ts'
import type { Evidence, FlowSender } from '../evidence.ts'
import type { Flow } from '../finding.ts'
import type { Scale } from './bins.ts'
import type { LaneActor } from './lane.ts'

export interface LaneQuestion {
  readonly scale: Scale
  readonly evidence: Evidence
  /** The flow in question first. */
  readonly flows: readonly Flow[]
  readonly sender: FlowSender | undefined
  readonly tids: ReadonlySet<number>
}

/** Some 30 ms of looking; beyond, the operator is asked to look closer. */
export const mostRows = 2_000_000

export const rowsIn = <S extends Columns>(slices: readonly Slice<S>[]): number =>
  slices.reduce((sum, slice) => sum + slice.to - slice.from, 0)

/** A row stands at the end of what it tells of, which may have begun before: how far behind the stretch one is looked for. */
export function endingIn<S extends Columns>(table: Table<S>, { from, to }: Window, longest: number): Slice<S>[] {
  return table.slices({ from, to: instantOf(to + longest) })
}

/** `comm (pid)`. */
export function processActor({ sender, evidence }: LaneQuestion, comm: string, pid: number): LaneActor {
  const name = pid > 0 ? `${comm || 'process'} (${pid})` : comm
  return { name, isSender: sender !== undefined && pid === sender.pid, isOurs: pid > 0 && evidence.isOurs(pid) }
}

export const plainActor = (name: string): LaneActor => ({ name, isSender: false, isOurs: false })
