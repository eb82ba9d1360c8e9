// What the screen calls a flow: by the guest that sends it where that is known, `instance-000000dd vrid 205 v2`, because
// that is the name of the thing to repair; else by its link.

import type { Flow } from '../diagnose/finding.ts'
import { hostText } from '../report/display-width.ts'
import { flowName } from '../report/words.ts'
import type { Snapshot } from '../engine/snapshot.ts'

export const shownName = (flow: Flow, columns: number): string =>
  flowName(flow.guest === undefined ? flow : { ...flow, link: flow.guest }, columns)

/** The flow of this id; by its id when the session no longer knows it. */
export function shownNameOf(id: string, snapshot: Snapshot, columns: number): string {
  const flow = snapshot.flows.find((one) => one.id === id)
  return flow === undefined ? hostText(id, columns) : shownName(flow, columns)
}
