// What the logs said, kept for the windows of the late adverts: bounded, oldest gone first.

import type { LogLine, LogSink } from '../../events/log.ts'
import type { Instant, Window } from '../../time/instant.ts'
import { instantOf } from '../../time/instant.ts'
import type { Tally } from '../tally.ts'

export interface LogLines {
  readonly sink: LogSink
  /** In the order in which they were read: of each file in order of time. */
  readonly lines: readonly LogLine[]
  /** From the first to the last line of each log, by its own clock, whatever they say. */
  readonly spans: ReadonlyMap<string, Window>
}

const linesKept = 20_000
const filesKept = 64

export function createLogLines(tally: Tally, onDrops: (packets: number) => void): LogLines {
  const spans = new Map<string, Window>()
  let lines: LogLine[] = []

  function seen(at: Instant, file: string): void {
    tally.events++
    const known = spans.get(file)
    if (known === undefined && spans.size >= filesKept) return
    const from = instantOf(Math.min(at, known?.from ?? at))
    spans.set(file, { from, to: instantOf(Math.max(at, known?.to ?? at)) })
  }

  return {
    get lines() {
      return lines
    },
    spans,
    sink: {
      malformed: (complaint) => tally.malformed(complaint),
      ignored: (kind) => tally.ignored(kind),
      passed: seen,
      captureDrops: onDrops,
      line(line) {
        seen(line.at, line.file)
        lines.push(line)
        if (lines.length > linesKept) lines = lines.slice(linesKept / 2)
      },
    },
  }
}
