// All lanes of a stretch: one question to the tables, one small answer.

import { between } from '../../time/instant.ts'
import type { Evidence } from '../evidence.ts'
import type { Flow, LateAdvert } from '../finding.ts'
import { ownerLanes, workLanes } from './cpu-lanes.ts'
import { diskLanes } from './disk-lanes.ts'
import { pressureLanes } from './host-lanes.ts'
import { mostColumns, type Timeline, type TimelineRequest } from './lane.ts'
import { eventsOf } from './lane-events.ts'
import { lifeLanes } from './life-lanes.ts'
import { advertLanes } from './packet-lanes.ts'
import type { LaneQuestion } from './question.ts'
import { senderLanes } from './sender-lanes.ts'

/** `late`: the one whose flow and sender it is about; else the first flow of which a sender is known. */
export function timelineOf(
  request: TimelineRequest,
  late: LateAdvert | undefined,
  flows: readonly Flow[],
  evidence: Evidence,
): Timeline | undefined {
  const columns = Math.min(mostColumns, Math.floor(request.columns))
  if (!(columns >= 1) || !(between(request.from, request.to) > 0)) return undefined
  const flow = flows.find((one) => one.id === late?.flow) ?? flows.find((one) => one.sender !== undefined) ?? flows[0]
  const sender = flow === undefined ? undefined : evidence.senderOf(flow, late?.previousAt)
  const scale = { from: request.from, to: request.to, columns }
  const question: LaneQuestion = {
    scale,
    evidence,
    flows: flow === undefined ? flows : [flow, ...flows.filter((one) => one !== flow)],
    sender,
    tids: new Set(sender?.tids ?? []),
  }
  return {
    ...scale,
    sender: sender?.name,
    lanes: [
      ...advertLanes(question),
      ...senderLanes(question),
      ...ownerLanes(question),
      ...lifeLanes(question),
      ...diskLanes(question),
      ...workLanes(question),
      ...pressureLanes(question),
    ],
    events: request.events === undefined ? undefined : eventsOf(request.events, question),
  }
}
