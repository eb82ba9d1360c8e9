// What sysdig printed, for captures that somebody kept as text. Tab separated, one event a row, the 13 fields of
//
//   sysdig -r FILE -p '*%evt.num\t%evt.rawtime\t%evt.cpu\t%thread.tid\t%proc.pid\t%proc.name\t%evt.dir\t%evt.type\t
//     %evt.latency\t%fd.name\t%evt.res\t%evt.rawres\t%evt.args'
//
//   79  1795350817221051589  0  32397  32397  keepalived  >  sendmsg  0      0.0.0.0:112            <NA>     <NA>  fd=13(<4r>0.0.0.0:112) size=40 …
//   80  1795350817221133601  0  32397  32397  keepalived  <  sendmsg  82012  192.0.2.2->224.0.0.18  SUCCESS  40    res=40 data=E..(…
//
// Captured from sysdig 0.36 and 0.41. Clock: CLOCK_REALTIME of the recording kernel, ns. sysdig prints process names raw:
// a TAB or a line feed in one splits the row. A row therefore begins only where number, stamp and CPU stand, and what does
// not begin one belongs to the row before; a name that imitates the columns behind it makes its row malformed. That is
// as safe as text can be: whoever chooses an argv[0] can still write rows of his own. scap has no such weakness.

import type { KernelSink } from '../events/kernel.ts'
import type { StreamParser } from '../events/outcome.ts'
import { epochOf, instantAt, type Epoch } from '../time/instant.ts'
import { createLineSplitter } from './bpftrace/line-splitter.ts'
import { parseSysdigRow, rowBegin } from './sysdig/row.ts'
import { createRowTeller, type AdvertSent } from './sysdig/row-teller.ts'

export interface SysdigTextOptions {
  readonly origin: Epoch
  readonly sink: KernelSink
  /** A thread handed an advert to the kernel; which one, text does not tell. */
  readonly sent: AdvertSent
}

/** sysdig cuts buffers at 80 bytes; argument lists of execve have kilobytes. */
const longestLine = 256 * 1024
/** Lines that a name with line feeds in it can make of one row; argv and environments may hold some. */
const mostLines = 256

/** Does text by these fields begin here? Asked about the first bytes of a file. */
export const isSysdigText = (head: string): boolean => rowBegin.test(head)

export function createSysdigTextParser({ origin, sink, sent }: SysdigTextOptions): StreamParser {
  const decoder = new TextDecoder()
  const teller = createRowTeller(sink, sent)
  let row: string[] = []
  let rowAt = 0
  let isOver = false

  function tellRow(): void {
    if (row.length === 0) return
    const text = row.join('\n')
    row = []
    const parsed = parseSysdigRow(text)
    if (typeof parsed === 'string') sink.malformed({ reason: parsed, where: rowAt })
    else teller.tell(parsed, instantAt(epochOf(BigInt(parsed.stamp)), origin))
  }

  function takeLine(line: string, where: number): void {
    if (rowBegin.test(line)) {
      tellRow()
      isOver = false
      row = [line]
      rowAt = where
    } else if (row.length > 0 && row.length < mostLines) row.push(line)
    else if (!isOver) {
      isOver = true
      if (line.trim() !== '') sink.malformed({ reason: 'a line that is no row of the 13 fields', where })
    }
  }

  const splitter = createLineSplitter({
    line: (bytes, where) => takeLine(decoder.decode(bytes), where),
    tooLong: (where) => sink.malformed({ reason: `a line of more than ${longestLine} bytes`, where }),
    longestLine,
  })
  return {
    push: splitter.push,
    end() {
      const halfAt = splitter.end()
      tellRow()
      if (halfAt !== undefined) sink.malformed({ reason: 'the text ends inside a line', where: halfAt })
    },
  }
}
