// The text that probes/kernel.bt prints, line by line, into events.
//
//   B	60918	1	2363826400042	22305                                     it began: key, version of the format, time, pid
//   (60918, 2363926451189, H)                                           it is alive: every 100 ms, and pushes the rest out
//   S	60918	1	3	2366926086997	22304	1	22373	0	rec.sh	rec.sh
//   |  |    |  |  |              numbers                names
//   |  |    |  |  CLOCK_MONOTONIC, ns
//   |  |    |  number of this line on its CPU: a hole in them is a loss
//   |  |    CPU
//   |  key of this run, drawn by chance at its start: a process or a file may be called anything, a line feed and a
//   |  whole line of ours included, and does not know it
//   kind
//
// Captured from bpftrace 0.17.0 (Debian 12) on Linux 6.18 with `-q -B full`. Lines of two CPUs come in the order in which
// bpftrace emptied their rings, a few ms out of order. Stamps become instants through `instantAt`; lines that come
// before the first clock pair wait, up to a limit.

import type { StreamParser } from '../events/outcome.ts'
import { instantOf, second, type Instant } from '../time/instant.ts'
import { createEventLines, shapes, type BpftraceSink, type Naming, type PendingCall } from './bpftrace/event-line.ts'
import { createLineSplitter } from './bpftrace/line-splitter.ts'
import { parseBpftraceSaid } from './bpftrace/said.ts'

export interface BpftraceParser extends StreamParser {
  /** Calls of the senders that have begun and not ended: what to say while an advert is overdue. */
  pendingCalls(): readonly PendingCall[]
  /** When the stream last proved itself alive and complete. */
  readonly aliveAt: Instant | undefined
}

export interface BpftraceOptions extends Naming {
  readonly sink: BpftraceSink
  /** undefined while no clock pair is known. */
  readonly instantAt: (monotonicNs: number) => Instant | undefined
}

/** The longest line of ours has two names of 64 bytes and a comm. */
const longestLine = 1024
const queueLimit = 100_000
/** bpftrace empties its rings more often than that, and so sees that one was full. */
const noticedWithin = second
/** The next line of the CPU that lost some says exactly where. */
const placedWithin = 3 * second

const heartbeat = /^\((?<key>\d{5}), (?<at>\d{1,18}), H\)$/
const start = /^B\t(?<key>\d{5})\t(?<version>\d{1,3})\t(?<at>\d{1,18})\t\d{1,10}$/
const header = /^(?<kind>[A-Z])\t(?<key>\d{5})\t(?<cpu>\d{1,5})\t(?<seq>\d{1,15})\t(?<at>\d{1,18})(?:\t|$)/
const integer = /^-?\d{1,20}$/
const formatVersion = 1

interface Waiting {
  readonly line: string
  readonly where: number
}

export function createBpftraceParser({ sink, instantAt, fileOf, deviceOf }: BpftraceOptions): BpftraceParser {
  const events = createEventLines(sink, { fileOf, deviceOf })
  const decoder = new TextDecoder('utf-8')
  /** Of each CPU its newest line. */
  const lastOf = new Map<number, { readonly seq: number; readonly at: Instant }>()
  let waiting: Waiting[] = []
  let lostWaiting = 0
  let key: string | undefined
  let aliveAt: Instant | undefined
  let lastAt: Instant | undefined
  /** Losses that bpftrace announced and the numbering, which says where, has not shown yet. */
  let announced = 0
  let announcedAt: Instant | undefined

  function complain(reason: string, where: number): void {
    sink.malformed({ reason, where })
  }

  /** The time of the line; undefined when it has none of its own. */
  function stampOf(line: string): number | undefined {
    const at = (header.exec(line) ?? heartbeat.exec(line) ?? start.exec(line))?.groups?.['at']
    return at === undefined ? undefined : Number(at)
  }

  function announce(events_: number): void {
    announced += events_
    // The first that is not told yet: losses may go on and on.
    announcedAt ??= lastAt
  }

  /** A CPU that lost lines may have nothing more to say. */
  function tellAnnounced(at: Instant): void {
    if (announced > 0) sink.lost(at, announced, instantOf((announcedAt ?? at) - noticedWithin))
    announced = 0
    announcedAt = undefined
  }

  function count(cpu: number, seq: number, at: Instant): void {
    const last = lastOf.get(cpu)
    lastOf.set(cpu, { seq, at })
    // A CPU whose first line is not its first had lost those before, unless the stream was joined later.
    const missing = last === undefined ? 0 : seq - last.seq - 1
    if (last === undefined || missing <= 0) return
    announced -= Math.min(missing, announced)
    if (announced === 0) announcedAt = undefined
    sink.lost(at, missing, last.at)
  }

  function isOurKey(found: string | undefined, where: number): boolean {
    key ??= found
    if (found === key) return true
    complain(
      'A line with the key of another run: a name on this host imitates our lines, or two streams are mixed',
      where,
    )
    return false
  }

  function takeEvent(line: string, where: number): void {
    const match = header.exec(line)?.groups
    const shape = shapes[match?.['kind'] ?? '']
    if (match === undefined || shape === undefined) return complain('Not a line of probes/kernel.bt', where)
    if (!isOurKey(match['key'], where)) return
    const [numbers, names] = shape
    const fields = line.split('\t').slice(5)
    const digits = fields.slice(0, numbers)
    if (digits.length < numbers || !digits.every((digit) => integer.test(digit)))
      return complain(`A ${match['kind']} line without its ${numbers} numbers`, where)
    const texts = fields.slice(numbers)
    // A TAB in the last name stays in it: it has nowhere else to go.
    const kept = texts.length > names ? [...texts.slice(0, names - 1), texts.slice(names - 1).join('\t')] : texts
    const cpu = Number(match['cpu'])
    const stamp = Number(match['at'])
    const at = instantAt(stamp)
    if (at === undefined) return complain('A time before the first clock pair', where)
    lastAt = at
    count(cpu, Number(match['seq']), at)
    const toInstant = (monotonicNs: number): Instant => instantAt(monotonicNs) ?? instantOf(at - (stamp - monotonicNs))
    const values = digits.map(Number)
    events.take({ kind: match['kind'] ?? '', cpu, at, numbers: values, names: kept, stampNs: stamp, toInstant })
  }

  function takeStart(groups: Readonly<Record<string, string>>, where: number): void {
    key = groups['key']
    lastOf.clear()
    if (Number(groups['version']) !== formatVersion)
      complain(`Lines of format ${groups['version']}; this reads format ${formatVersion}`, where)
    else sink.ignored('start')
  }

  function takeHeartbeat(groups: Readonly<Record<string, string>>, where: number): void {
    if (!isOurKey(groups['key'], where)) return
    aliveAt = instantAt(Number(groups['at']))
    if (aliveAt === undefined) return
    lastAt = aliveAt
    if (aliveAt - (announcedAt ?? aliveAt) > placedWithin) tellAnnounced(aliveAt)
    events.settle(aliveAt)
    sink.ignored('heartbeat')
  }

  function takeLine(line: string, where: number): void {
    const beat = heartbeat.exec(line)?.groups
    if (beat !== undefined) return takeHeartbeat(beat, where)
    const begin = start.exec(line)?.groups
    if (begin !== undefined) return takeStart(begin, where)
    const said = header.test(line) ? undefined : parseBpftraceSaid(line)
    if (said === undefined) return takeEvent(line, where)
    if (said.kind !== 'lost') return sink.ignored(said.kind === 'failure' ? "bpftrace's own error" : 'other output')
    announce(said.events)
  }

  /** Without a clock pair nothing can be placed in time; with one, what waited goes first. */
  function admit(line: string, where: number): void {
    const stamp = stampOf(waiting[0]?.line ?? line)
    if (stamp !== undefined && instantAt(stamp) === undefined) {
      if (waiting.length >= queueLimit) lostWaiting++
      else waiting.push({ line, where })
      return
    }
    if (waiting.length > 0) release()
    takeLine(line, where)
  }

  function release(): void {
    const lines = waiting
    waiting = []
    for (const { line, where } of lines) takeLine(line, where)
    announce(lostWaiting)
    lostWaiting = 0
  }

  const splitter = createLineSplitter({
    line: (bytes, where) => admit(decoder.decode(bytes), where),
    tooLong: (where) => complain(`A line of more than ${longestLine} bytes`, where),
    longestLine,
  })

  return {
    push: splitter.push,
    end() {
      const halfAt = splitter.end()
      if (halfAt !== undefined) complain('The output ends inside a line', halfAt)
      if (waiting.length > 0) {
        const where = waiting[0]?.where ?? 0
        complain(`${waiting.length + lostWaiting} lines came and no clock pair to place them in time`, where)
        waiting = []
      }
      tellAnnounced(lastAt ?? instantOf(0))
      events.end()
    },
    markNames: (used) => events.markNames(used),
    pendingCalls: () => events.pendingCalls(),
    get aliveAt() {
      return aliveAt
    },
  }
}
