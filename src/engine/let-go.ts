// What the engine lets go to stay as large as it is, told as blind spots: names without room, late adverts and
// routers beyond those that are kept. Of the rows over its budget the store itself tells.

import type { Flows } from '../diagnose/flows.ts'
import type { Store } from '../store/store.ts'
import type { Instant } from '../time/instant.ts'
import type { BlindSpots } from './blind-spots.ts'

export interface LetGo {
  /** Since the last time. */
  tell(at: Instant): void
}

const moreMemory = 'give more memory with --budget'
const namesRefused = 'no room for the names of new processes and files: they are told as “not kept”'
const advertsRefused = 'more routers sent adverts than can be followed: those of the newest are not judged'
const lateForgotten = 'so many adverts were late that only the newest are kept here'
const seeRecording = 'whylate record keeps all of them; report reads them again'

export function createLetGo(
  { names }: Store,
  flows: Pick<Flows, 'late' | 'refused' | 'forgotten'>,
  blindSpots: BlindSpots,
  startedAt: Instant,
): LetGo {
  let told = { names: 0, adverts: 0, late: 0 }
  let toldAt = startedAt
  let forgottenTo = startedAt

  return {
    tell(at) {
      const since = { from: toldAt, to: at }
      if (names.refused > told.names)
        blindSpots.add({ source: 'store', ...since, reason: namesRefused, remedy: moreMemory })
      if (flows.refused > told.adverts)
        blindSpots.add({ source: 'tcpdump', ...since, reason: advertsRefused, remedy: undefined })
      if (flows.forgotten > told.late) {
        const to = flows.late[0]?.previousAt ?? at
        blindSpots.add({ source: 'store', from: forgottenTo, to, reason: lateForgotten, remedy: seeRecording })
        forgottenTo = to
      }
      told = { names: names.refused, adverts: flows.refused, late: flows.forgotten }
      toldAt = at
    },
  }
}
