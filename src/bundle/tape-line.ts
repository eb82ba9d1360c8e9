// probes.ndjson.gz, the tape's own track: in which order and when the other members' bytes arrived, and what the probes
// did besides talking. One JSON object a line; `at`: nanoseconds since the manifest's originNs, by the recorder's clock.
//
//   {"at":1203441000,"kind":"started","probe":"tcpdump","pid":7,"tool":"tcpdump","version":"4.99.3","detail":"on any"}
//   {"at":1203470111,"probe":"tcpdump","life":0,"part":"","member":"tcpdump.pcap","to":118}
//
// A line with `member` says that by then this member had `to` bytes (unpacked): whoever plays the tape has read so far.

import { probeNames, type ProbeName, type ProbeNotice } from '../events/probe.ts'
import * as v from 'valibot'
import { instantOf, type Instant } from '../time/instant.ts'

export interface TapeBytes {
  readonly kind: 'bytes'
  readonly at: Instant
  readonly probe: ProbeName
  readonly life: number
  readonly part: string
  readonly member: string
  readonly to: number
}

export type TapeLine = TapeBytes | { readonly kind: 'notice'; readonly notice: ProbeNotice }

export function formatTapeBytes({ at, probe, life, part, member, to }: TapeBytes): string {
  return `${JSON.stringify({ at, probe, life, part, member, to })}\n`
}

export const formatNotice = (notice: ProbeNotice): string => `${JSON.stringify(notice)}\n`

const text = v.pipe(v.string(), v.maxLength(64 * 1024))
const instant = v.pipe(
  v.number(),
  v.minValue(-Number.MAX_SAFE_INTEGER),
  v.maxValue(Number.MAX_SAFE_INTEGER),
  v.transform(instantOf),
)
const probe = v.picklist(probeNames)
const pid = v.optional(v.number())
/** Of a notice: the vantage point, where its probe has several. */
const notes = { part: v.exactOptional(text) }
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

const bytesLine = v.object({ at: instant, probe, life: whole, part: text, member: text, to: whole })
const noticeLine = v.variant('kind', [
  v.object({
    ...notes,
    kind: v.literal('started'),
    probe,
    at: instant,
    pid,
    tool: text,
    version: text,
    detail: text,
    argv: v.optional(v.array(text)),
    inside: v.optional(v.pipe(v.array(v.number()), v.maxLength(100))),
    leavesOut: v.optional(text),
  }),
  v.object({
    ...notes,
    kind: v.literal('cost'),
    probe,
    at: instant,
    upMs: v.number(),
    cpuMs: v.number(),
    rssBytes: v.number(),
  }),
  v.object({ ...notes, kind: v.literal('drops'), probe, at: instant, total: v.number() }),
  v.object({ ...notes, kind: v.literal('said'), probe, at: instant, text }),
  v.object({ ...notes, kind: v.literal('ended'), probe, at: instant, reason: text, willRestart: v.boolean() }),
  v.object({ ...notes, kind: v.literal('absent'), probe, at: instant, reason: text, remedy: text }),
  v.object({
    ...notes,
    kind: v.literal('links'),
    probe: v.literal('tcpdump'),
    at: instant,
    names: v.record(v.string(), text),
  }),
  v.object({ ...notes, kind: v.literal('silent'), probe, at: instant, since: instant }),
])

/** undefined for what is no line of a tape. */
export function parseTapeLine(line: string): TapeLine | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if (typeof value === 'object' && value !== null && 'member' in value) {
    const bytes = v.safeParse(bytesLine, value)
    return bytes.success ? { kind: 'bytes', ...bytes.output } : undefined
  }
  const notice = v.safeParse(noticeLine, value)
  return notice.success ? { kind: 'notice', notice: noticeOf(notice.output) } : undefined
}

function noticeOf(read: v.InferOutput<typeof noticeLine>): ProbeNotice {
  if (read.kind !== 'started') return read
  const { argv, inside, leavesOut, ...rest } = read
  return {
    ...rest,
    pid: read.pid,
    ...(argv === undefined ? {} : { argv }),
    ...(inside === undefined ? {} : { inside }),
    ...(leavesOut === undefined ? {} : { leavesOut }),
  }
}
