// blind.ndjson: what the recorder itself could not keep. What the probes could not see is told by the tape.
//
//   {"source":"sysdig","fromNs":"1795350012000000000","toNs":"1795350013400000000","reason":"the disk was too slow: …"}

import * as v from 'valibot'
import { probeNames, type BlindSpot } from '../events/probe.ts'
import { epochAt, instantOf, type Epoch } from '../time/instant.ts'
import type { Bundle } from './bundle.ts'
import { epochText, instantOfText } from './epoch-text.ts'
import { recordsOf } from './member-lines.ts'
import { blindName } from './member-name.ts'

const longestReason = 4096
const blindLine = v.object({
  source: v.picklist([...probeNames, 'clock', 'store']),
  /** Of this vantage point. */
  part: v.exactOptional(v.pipe(v.string(), v.maxLength(256))),
  fromNs: epochText,
  toNs: epochText,
  reason: v.pipe(v.string(), v.maxLength(longestReason)),
})

export function formatBlindLine({ source, part, from, to, reason }: BlindSpot, origin: Epoch): string {
  const [fromNs, toNs] = [from, to ?? from].map((at) => String(epochAt(at, origin)))
  return `${JSON.stringify({ source, ...(part === undefined ? {} : { part }), fromNs, toNs, reason: reason.slice(0, longestReason) })}\n`
}

const mostSpots = 100_000

/** In the order of their beginning. */
export async function readBlindSpots(bundle: Bundle, origin: Epoch): Promise<BlindSpot[]> {
  const spots: BlindSpot[] = []
  for await (const line of recordsOf(bundle, blindName, blindLine, mostSpots)) {
    const from = instantOfText(line.fromNs, origin)
    const to = instantOf(Math.max(from, instantOfText(line.toNs, origin)))
    const { source, part, reason } = line
    spots.push({ source, ...(part === undefined ? {} : { part }), from, to, reason, remedy: undefined })
  }
  return spots.toSorted((a, b) => a.from - b.from)
}
