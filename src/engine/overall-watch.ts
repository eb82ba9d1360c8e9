// What all late adverts have in common, while they still come: looked at anew when one more was summed up, not at each of
// a burst, because adverts are counted and chances drawn for it.

import type { Evidence } from '../diagnose/evidence.ts'
import type { Flow } from '../diagnose/finding.ts'
import { backgroundOf } from '../diagnose/overall/background.ts'
import { overallOf, type Overall } from '../diagnose/overall/overall.ts'
import { second, type Epoch, type Instant } from '../time/instant.ts'
import type { LateWindows } from './late-windows.ts'

const refreshedAfter = 10 * second

/** `isOver`: no more will come. Undefined while nothing was late and summed up. */
export function createOverallWatch(
  windows: LateWindows,
  flows: () => readonly Flow[],
  evidence: Evidence,
  origin: Epoch,
): (now: Instant, isOver: boolean) => Overall | undefined {
  let judged = 0
  let madeAt: Instant | undefined
  let overall: Overall | undefined
  return (now, isOver) => {
    const isNew = windows.judged !== judged && windows.isJudged
    if (!isNew || (!isOver && madeAt !== undefined && now > madeAt && now - madeAt < refreshedAfter)) return overall
    judged = windows.judged
    madeAt = now
    overall = overallOf(windows.explained(), flows(), backgroundOf(flows(), evidence), origin)
    return overall
  }
}
