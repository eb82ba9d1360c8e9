// kept.ndjson: the stretches of which a flight recording holds everything that the kernel engine and the host sampler said.
//
//   {"fromNs":"1795350012000000000","toNs":"1795350021400000000","because":"late"}
//
// Outside of them their silence means nothing. Lines that touch are one stretch; a stretch that goes on gets further lines.

import * as v from 'valibot'
import { epochAt, type Epoch, type Window } from '../../time/instant.ts'
import { joinedWindows } from '../../time/windows.ts'
import type { Bundle } from '../bundle.ts'
import { epochText, instantOfText } from '../epoch-text.ts'
import { recordsOf } from '../member-lines.ts'
import { keptName } from '../member-name.ts'
import type { Claim } from './flight-ring.ts'

const encoder = new TextEncoder()
const keptLine = v.object({ fromNs: epochText, toNs: epochText, because: v.pipe(v.string(), v.maxLength(64)) })
const mostLines = 200_000

export function formatKept({ from, to, because }: Claim, origin: Epoch): Uint8Array {
  const [fromNs, toNs] = [from, to].map((at) => String(epochAt(at, origin)))
  return encoder.encode(`${JSON.stringify({ fromNs, toNs, because })}\n`)
}

/** In order, none touching another. */
export async function readKept(bundle: Bundle, origin: Epoch): Promise<Window[]> {
  const found: Window[] = []
  for await (const { fromNs, toNs } of recordsOf(bundle, keptName, keptLine, mostLines)) {
    const from = instantOfText(fromNs, origin)
    const to = instantOfText(toNs, origin)
    if (to > from) found.push({ from, to })
  }
  return joinedWindows(found)
}
