// How far does it reach: one router, one sender, one link, one CPU, or all there is? Told by who was late and by who, just
// then, was not. A cause has to predict the unaffected, too.

import type { Instant, Window } from '../../time/instant.ts'
import type { Cause } from '../explanation.ts'
import type { Flow, LateAdvert } from '../finding.ts'
import { trackOf, type Background, type Track } from './background.ts'

export type Reach =
  /** No other router was sending at these times, so nothing is known. */
  | 'only-router'
  /** One of several; of one sender's several, where `isOfMany`. */
  | 'router'
  | 'sender'
  | 'link'
  | 'cpu'
  | 'host'
  | 'mixed'

export interface Scope {
  readonly reach: Reach
  /** Flows that were late, and flows that were sending meanwhile and were not. */
  readonly late: readonly string[]
  readonly onTime: readonly string[]
  readonly cpu: number | undefined
  /** Its sender sends others, too, which were on time. */
  readonly isOneOfItsSender: boolean
}

/** They hold up everybody on the host, or everybody on the capture. */
const holdsUpAll: ReadonlySet<Cause> = new Set(['host-frozen', 'clock-step', 'kernel-reclaim'])

/** Others were on time, which this cause cannot be. */
export const contradicts = (scope: Scope, cause: Cause): boolean => holdsUpAll.has(cause) && scope.onTime.length > 0

function wasSending({ adverts }: Track, flow: Flow, window: Window): boolean {
  const before = adverts.findLast((at) => at <= window.from)
  return before !== undefined && before > window.from - 2 * flow.interval && adverts.some((at) => at > window.from)
}

const cpuAt = (track: Track | undefined, at: Instant): number | undefined =>
  track?.cpus.findLast((one) => one.at <= at)?.cpu

/** The CPU on which all that were late ran, and none of the others. */
function cpuOf(lates: readonly LateAdvert[], onTime: readonly string[], background: Background): number | undefined {
  const cpus = new Set(lates.map((late) => cpuAt(trackOf(background, late.flow), late.dueAt)))
  const [cpu] = cpus
  if (cpus.size !== 1 || cpu === undefined) return undefined
  const others = new Set(onTime.flatMap((id) => lates.map((late) => cpuAt(trackOf(background, id), late.dueAt))))
  return others.has(cpu) || others.has(undefined) ? undefined : cpu
}

/** Everyone late shares it, and nobody on time has it. */
function isShared<T>(late: readonly (T | undefined)[], onTime: readonly (T | undefined)[]): boolean {
  const [first] = late
  return first !== undefined && late.every((one) => one === first) && !onTime.includes(first)
}

export function scopeOf(lates: readonly LateAdvert[], flows: readonly Flow[], background: Background): Scope {
  const late = [...new Set(lates.map((one) => one.flow))]
  const windows = lates.map((one): Window => ({ from: one.dueAt, to: one.at }))
  const onTime = flows
    .filter((flow) => {
      const track = trackOf(background, flow.id)
      return !late.includes(flow.id) && track !== undefined && windows.some((one) => wasSending(track, flow, one))
    })
    .map((one) => one.id)
  const linkOf = (id: string): string | undefined => flows.find((one) => one.id === id)?.link
  const senderOf = (id: string): number | undefined => trackOf(background, id)?.senderPid
  const isSender = isShared(late.map(senderOf), onTime.map(senderOf))
  const cpu = late.length > 1 ? cpuOf(lates, onTime, background) : undefined

  function reachOf(): Reach {
    if (late.length === 1 && onTime.length === 0) return 'only-router'
    if (late.length === 1) return isSender ? 'sender' : 'router'
    if (onTime.length === 0) return isSender ? 'sender' : 'host'
    if (isSender) return 'sender'
    if (isShared(late.map(linkOf), onTime.map(linkOf))) return 'link'
    return cpu === undefined ? 'mixed' : 'cpu'
  }
  const reach = reachOf()
  return {
    reach,
    late,
    onTime,
    cpu: reach === 'cpu' ? cpu : undefined,
    isOneOfItsSender:
      reach === 'router' && onTime.some((id) => senderOf(id) !== undefined && senderOf(id) === senderOf(late[0] ?? '')),
  }
}
