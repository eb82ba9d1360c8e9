// keepalived's log, in whatever form somebody kept it, and what tcpdump said at its end: lines in, what they say out.
//
//   Sun Nov 22 12:28:42 2026: A thread timer expired 1.909790 seconds ago        any stamp of log/stamp.ts
//   {"__REALTIME_TIMESTAMP":"1795350522934951","MESSAGE":"A thread timer …"}      journalctl -o json
//   {"from":"keepalived-master.log","line":"Sun Nov 22 12:28:42 2026: A …"}       log.ndjson of a bundle: any of the others
//   330843 packets dropped by kernel                                              tcpdump
//
// Of a whole syslog only keepalived's lines count. Everything in it is as hostile as any other name on the host.

import type { LogSink } from '../events/log.ts'
import type { StreamParser } from '../events/outcome.ts'
import { instantAt, type Epoch } from '../time/instant.ts'
import { createLineSplitter } from './bpftrace/line-splitter.ts'
import { parseMessage } from './log/message.ts'
import { parseJournalEntry, parseStampedLine, type Stamped } from './log/stamp.ts'

export interface KeepalivedLogOptions {
  readonly origin: Epoch
  /** What the log is called, where its lines do not say. */
  readonly file: string
  readonly sink: LogSink
}

const longestLine = 64 * 1024
const longestText = 1024
const longestName = 255
/** Instants are exact for 104 days; a log of another season is of another incident. */
const farNs = 100 * 86_400e9
const dropLine = /^(?<packets>\d{1,15}) packets? dropped by (?:kernel|interface)$/
const keepalived = /^keepalived/i

/** Is this line one of a bundle's log, or of any log that keepalived or tcpdump wrote? What import keeps. */
export function isOfLog(line: string, near: Epoch): boolean {
  if (dropLine.test(line)) return true
  const stamped = line.startsWith('{') ? journalEntryOf(objectOf(line)) : parseStampedLine(line, near)
  return stamped !== undefined && isKeepalived(stamped)
}

const isKeepalived = ({ program }: Stamped): boolean => program === undefined || keepalived.test(program)

function objectOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

const journalEntryOf = (entry: Readonly<Record<string, unknown>> | undefined): Stamped | undefined =>
  entry === undefined ? undefined : parseJournalEntry(entry)

export function createKeepalivedLogParser({ origin, file, sink }: KeepalivedLogOptions): StreamParser {
  const decoder = new TextDecoder()

  function takeStamped(stamped: Stamped, from: string): void {
    if (!isKeepalived(stamped)) return sink.ignored('a line of another program')
    const at = instantAt(stamped.epoch, origin)
    if (Math.abs(at) > farNs) return sink.ignored('a line of another season')
    const text = stamped.text.slice(0, longestText)
    const message = parseMessage(text)
    if (message === undefined) sink.passed(at, from)
    else sink.line({ at, width: stamped.width, hasZone: stamped.hasZone, file: from, text, ...message })
  }

  function takeText(line: string, from: string, where: number): void {
    const drops = dropLine.exec(line)?.groups?.['packets']
    if (drops !== undefined) return sink.captureDrops(Number(drops))
    const stamped = parseStampedLine(line, origin)
    if (stamped !== undefined) return takeStamped(stamped, from)
    // A message of several lines, tcpdump's other words.
    if (/^\s|^tcpdump: |^\d+ packets? /.test(line)) return sink.ignored('a line without a stamp')
    sink.malformed({ reason: 'a line without a time stamp', where })
  }

  function takeObject(line: string, where: number): void {
    const value = objectOf(line)
    const inner = value?.['line']
    if (typeof inner === 'string') {
      const from = value?.['from']
      const name = typeof from === 'string' ? from.slice(0, longestName) : file
      if (inner.startsWith('{')) return takeEntry(inner, name, where)
      return takeText(inner, name, where)
    }
    takeEntry(line, file, where)
  }

  function takeEntry(line: string, from: string, where: number): void {
    const entry = journalEntryOf(objectOf(line))
    if (entry !== undefined) takeStamped(entry, from)
    else sink.malformed({ reason: 'an entry of a journal that cannot be read', where })
  }

  const splitter = createLineSplitter({
    longestLine,
    line(bytes, where) {
      const line = decoder.decode(bytes).replace(/\r$/, '')
      if (line.startsWith('{')) takeObject(line, where)
      else if (line.trim() !== '') takeText(line, file, where)
    },
    tooLong: (where) => sink.malformed({ reason: `a line of more than ${longestLine} bytes`, where }),
  })
  return {
    push: splitter.push,
    end() {
      // A last line without its line feed is as good as one with it: editors leave such files.
      splitter.push(Uint8Array.of(0x0a))
    },
  }
}
