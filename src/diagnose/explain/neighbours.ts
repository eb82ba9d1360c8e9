// Who else was there to be late? A cause that holds up the whole host must have held up the others, too: it has to
// predict the unaffected as well.

import { instantOf, second, spanOf, type Instant } from '../../time/instant.ts'
import type { Evidence } from '../evidence.ts'
import type { LateAdvert } from '../finding.ts'
import { lengthOf } from './stretches.ts'
import type { Subject } from './subject.ts'

/** Other routers that were sending when this advert fell due. */
export interface Neighbours {
  readonly late: number
  readonly onTime: number
}

interface Train {
  readonly times: Instant[]
  interval: number
}

const isSame = (one: LateAdvert, key: string): boolean => key === `${one.advert.source} ${one.advert.vrid}`

/** By source and VRID: the same advert on two links is one router's. */
function trainsOf(evidence: Evidence, from: Instant, to: Instant): Map<string, Train> {
  const { store } = evidence
  const trains = new Map<string, Train>()
  for (const { at, cells, from: first, to: end } of store.adverts.slices({ from, to })) {
    for (let i = first; i < end; i++) {
      const key = `${store.names.textOf(cells.source[i] ?? 0)} ${cells.vrid[i] ?? 0}`
      const train = trains.get(key) ?? { times: [], interval: 0 }
      trains.set(key, train)
      train.times.push(instantOf(at[i] ?? 0))
      train.interval = Math.max(train.interval, cells.intervalNs[i] ?? 0)
    }
  }
  return trains
}

export function neighboursOf({
  late,
  lateness,
  evidence,
}: Pick<Subject, 'late' | 'lateness' | 'evidence'>): Neighbours {
  const reach = spanOf(5 * second)
  const trains = trainsOf(evidence, instantOf(lateness.from - reach), instantOf(lateness.to + reach))
  let [lates, onTime] = [0, 0]
  for (const [key, { times, interval }] of trains) {
    if (key === `${late.advert.source} ${late.advert.vrid}`) continue
    const hadSpoken = times.some((at) => at <= lateness.from && at > lateness.from - 1.5 * interval)
    if (!hadSpoken) continue
    const isLate = (evidence.late ?? []).some(
      (one) => isSame(one, key) && one.at >= lateness.from && one.at - one.overrun <= lateness.to,
    )
    if (isLate) lates++
    // Too short a lateness, and none of it need have been due in it.
    else if (lengthOf(lateness) > interval && times.some((at) => at > lateness.from && at <= lateness.to)) onTime++
  }
  return { late: lates, onTime }
}
