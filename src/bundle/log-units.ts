// A log on its way into a bundle: keepalived's lines and tcpdump's last words, each with the name of its log. What else a
// syslog holds is nobody's business.
//
//   {"from":"keepalived-master.log","line":"Sun Nov 22 12:28:42 2026: A thread timer …"}       all logs in one file

import { createLineSplitter } from '../parse/bpftrace/line-splitter.ts'
import { isOfLog } from '../parse/keepalived-log.ts'
import type { Epoch } from '../time/instant.ts'
import { joined, type UnitStream } from './unit-stream.ts'

const longestLine = 64 * 1024

export function createLogUnits(from: string, origin: Epoch): UnitStream {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let units: Uint8Array[] = []
  let held = 0
  const splitter = createLineSplitter({
    longestLine,
    line(bytes) {
      const line = decoder.decode(bytes).replace(/\r$/, '')
      if (isOfLog(line, origin)) units.push(encoder.encode(`${JSON.stringify({ from, line })}\n`))
    },
    // Of no use, and told by the parser.
    tooLong: () => undefined,
  })
  return {
    push(bytes) {
      units = []
      splitter.push(bytes)
      const last = bytes.lastIndexOf(0x0a)
      held = last === -1 ? held + bytes.length : bytes.length - last - 1
      return joined(units)
    },
    end: () => held,
    takeLost: () => 0,
  }
}
