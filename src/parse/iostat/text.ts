// What iostat says in its classic table, for files that somebody kept: `S_TIME_FORMAT=ISO iostat -dxt 1 > file`.
//
//   Linux 6.18.44 (node01)  2026-11-22  _x86_64_  (2 CPU)          <- a run begins: its first sample is since boot
//
//   2026-11-22T13:48:38+0000                                       <- a stamp
//   Device            r/s     rkB/s   rrqm/s  %rrqm r_await ...    <- which column is which; `Device:` before sysstat 12
//   vda             24.82   1595.27     6.01  19.50    4.91 ...
//                                                                  <- a blank line ends the table
//
// Captured from sysstat 12.6.1. Rows are handed over at once: each line is whole by itself. Device names that hold a
// blank cannot be told apart in a table; such a line has too many words and is malformed. See ../iostat.ts for JSON.

import type { StreamParser } from '../../events/outcome.ts'
import { instantAt, second, spanOf, type Instant, type Span } from '../../time/instant.ts'
import type { IostatOptions } from '../iostat.ts'
import { deviceRowOf, diskRowOf, numberOf } from './device-row.ts'
import { createSampleClock } from './sample-clock.ts'
import { missingStamp, parseStamp } from './stamp.ts'

const longestLineBytes = 64 * 1024

/** `Linux 6.18.44 (node01) ...`, the first line of a run. */
const runHead = /^Linux \S+ \(.*\)/
/** A stamp of any kind begins with a date and has a time: `2026-11-22T13:48:38+0000`, `11/22/26 11:44:59`, `22.11.26 11:44:59`. */
const anyStamp = /^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}[T ,].*\d:\d\d/
const tableHead = /^Device:?\s/

/** Do tables begin here? Asked about the first bytes of a file; a log has stamps too, but no heads of tables. */
export const isIostatText = (head: string): boolean =>
  head.split('\n', 64).some((line) => tableHead.test(line) || runHead.test(line))

export function createIostatTextParser(options: IostatOptions): StreamParser {
  const { origin, sink, skipsFirst = false, periodSeconds = 1 } = options
  const clock = createSampleClock(spanOf(periodSeconds * second))
  const decoder = new TextDecoder()
  let line: number[] = []
  let offset = 0
  let lineFrom = 0
  /** Of the first sample of a run: `next` until its stamp has come. */
  let sinceBoot: 'next' | 'now' | 'over' = 'over'
  let at: Instant | undefined
  let span: Span = spanOf(0)
  let isStampBad = false
  let columns: readonly string[] = []

  function stampLine(text: string): void {
    const epoch = parseStamp(text)
    sinceBoot = sinceBoot === 'next' ? 'now' : 'over'
    if (sinceBoot === 'now') sink.ignored('since boot')
    columns = []
    isStampBad = typeof epoch === 'string'
    if (typeof epoch === 'string') {
      at = undefined
      sink.malformed({ reason: epoch, where: lineFrom })
    } else {
      at = instantAt(epoch, origin)
      span = clock.spanOf(at)
    }
  }

  function deviceLine(text: string): void {
    if (sinceBoot === 'now' || isStampBad) return
    const [device = '', ...values] = text.trim().split(/\s+/)
    if (values.length !== columns.length) {
      sink.malformed({ reason: `${values.length} values under ${columns.length} columns`, where: lineFrom })
    } else if (at === undefined) {
      sink.malformed({ reason: missingStamp, where: lineFrom })
    } else {
      const row = deviceRowOf(device, (name) => numberOf(values[columns.indexOf(name)] ?? ''))
      sink.disk(diskRowOf(row, at, span))
    }
  }

  function lineEnd(): void {
    const text = decoder.decode(Uint8Array.from(line))
    if (text.trim() === '') columns = []
    else if (columns.length > 0) deviceLine(text)
    else if (tableHead.test(text)) columns = text.trim().split(/\s+/).slice(1).map(columnName)
    else if (anyStamp.test(text)) stampLine(text)
    else if (runHead.test(text)) {
      sinceBoot = skipsFirst ? 'over' : 'next'
      clock.restart()
    } else sink.ignored('a line that is no disk')
  }

  return {
    push(bytes) {
      for (const byte of bytes) {
        offset++
        if (byte !== 0x0a) {
          if (line.length <= longestLineBytes) line.push(byte)
          continue
        }
        if (line.length > longestLineBytes)
          sink.malformed({ reason: `a line of more than ${longestLineBytes} bytes`, where: lineFrom })
        else lineEnd()
        line = []
        lineFrom = offset
      }
    },
    end() {
      // The last number of a cut line may be a part of one.
      if (line.length > 0) sink.malformed({ reason: 'the last line was cut off', where: lineFrom })
    },
  }
}

/** `%util` is `util` in JSON. */
const columnName = (title: string): string => (title === '%util' ? 'util' : title)
