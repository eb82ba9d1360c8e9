// `export --to perfetto`: a trace for https://ui.perfetto.dev, and for chrome://tracing, in their JSON form.
//
//   process 1 adverts     a track for each flow: an instant for each advert, a slice from due to sent where it was late
//   process 2 sender      in the windows of the late adverts: its threads on and off the CPU, its calls, what was found
//   process 3 disks       utilisation and await as counters
//   process 4 blind spots a track for each source
//
// Times are microseconds since the session's origin with three digits behind the point: exact to the nanosecond.

import type { Evidence } from '../../diagnose/evidence.ts'
import type { WindowView } from '../../diagnose/finding.ts'
import { latenessOf } from '../../diagnose/lateness.ts'
import { leaveReasons } from '../../events/kernel.ts'
import type { ExportedAdvert } from '../../session/export/exported-bundle.ts'
import type { FinishedSession } from '../../engine/finished.ts'
import { formatIso } from '../../time/format.ts'
import { epochAt, type Window } from '../../time/instant.ts'
import { printable } from '../printable.ts'
import type { Redact } from './adverts-csv.ts'

const tracks = { adverts: 1, sender: 2, disks: 3, blind: 4 } as const
const titles = { adverts: 'adverts', sender: 'sender, in late windows', disks: 'disks', blind: 'blind spots' } as const
const rowsShown = 200_000

/** Written as text, digit by digit: no float rounds it. */
function microseconds(ns: number): string {
  const whole = Math.round(Math.abs(ns))
  const sign = ns < 0 ? '-' : ''
  return `${sign}${Math.floor(whole / 1000)}.${String(whole % 1000).padStart(3, '0')}`
}

export interface PerfettoWriter {
  /** The beginning of the document, with everything but the adverts. */
  head(): Generator<string>
  advert(one: ExportedAdvert): string
  end(): string
}

export function createPerfettoWriter(session: FinishedSession, evidence: Evidence, redact: Redact): PerfettoWriter {
  const { origin } = session
  const { store } = evidence
  const text = (raw: string): string => JSON.stringify(printable(redact(raw)))
  const flowTracks = new Map(session.flows.map((flow, i) => [flow.id, i + 1]))

  const named = (kind: string, pid: number, tid: number, label: string): string =>
    `{"ph":"M","name":"${kind}","pid":${pid},"tid":${tid},"args":{"name":${label}}}`
  const slice = (pid: number, tid: number, { from, to }: Window, label: string, args = ''): string =>
    `{"ph":"X","pid":${pid},"tid":${tid},"ts":${microseconds(from)},"dur":${microseconds(Math.max(0, to - from))},"name":${label}${args === '' ? '' : `,"args":{${args}}`}}`

  function trackOf(flow: string): number {
    const known = flowTracks.get(flow)
    if (known !== undefined) return known
    flowTracks.set(flow, flowTracks.size + 1)
    return flowTracks.size
  }

  function* lateSlices(): Generator<string> {
    for (const { late, explanation } of session.windows) {
      const verdict = explanation === undefined ? '' : `: ${explanation.cause} (${explanation.confidence})`
      const args = `"wire":"${late.wire}","verdict":${text(explanation?.summary ?? '')}`
      yield slice(
        tracks.adverts,
        trackOf(late.flow),
        { from: late.dueAt, to: late.at },
        JSON.stringify(`late ${(latenessOf(late) / 1e6).toFixed(1)} ms${verdict}`),
        args,
      )
    }
  }

  const factTrack = 1
  const firstThread = 1000

  function* threadStates(view: WindowView, tids: ReadonlySet<number>, pid: number): Generator<string> {
    const since = new Map<number, { readonly at: number; readonly label: string }>()
    const { switches, calls, names } = store
    const end = (tid: number, to: number): string | undefined => {
      const open = since.get(tid)
      return open === undefined
        ? undefined
        : slice(tracks.sender, firstThread + tid, { from: open.at, to } as Window, JSON.stringify(open.label))
    }
    for (const row of switches.rows(view.window)) {
      for (const [tid, label] of [
        [row.from, leaveReasons[row.reason] === 'unknown' ? 'off CPU' : `off CPU: ${leaveReasons[row.reason] ?? ''}`],
        [row.to, `on CPU ${row.cpu}`],
      ] as const) {
        if (!tids.has(tid)) continue
        const done = end(tid, row.at)
        if (done !== undefined) yield done
        since.set(tid, { at: row.at, label })
      }
    }
    for (const tid of since.keys()) {
      const done = end(tid, view.window.to)
      if (done !== undefined) yield done
    }
    for (const row of calls.rows(view.window)) {
      if (row.pid !== pid || Number.isNaN(row.latencyNs)) continue
      const file = names.textOf(row.fileName)
      yield slice(
        tracks.sender,
        firstThread * 1000 + row.tid,
        { from: row.at - row.latencyNs, to: row.at } as Window,
        JSON.stringify(names.textOf(row.callName)),
        `"file":${text(file)}`,
      )
    }
  }

  function* senderSlices(): Generator<string> {
    const seen = new Set<number>()
    for (const view of session.windows) {
      const flow = session.flows.find((one) => one.id === view.late.flow)
      const sender = flow === undefined ? undefined : evidence.senderOf(flow, view.late.at)
      const tids = new Set(sender === undefined ? [] : [sender.pid, ...sender.tids])
      for (const tid of tids) {
        if (seen.has(tid)) continue
        seen.add(tid)
        yield named('thread_name', tracks.sender, firstThread + tid, text(`${sender?.comm ?? ''} ${tid}`))
        yield named('thread_name', tracks.sender, firstThread * 1000 + tid, text(`${sender?.comm ?? ''} ${tid} calls`))
      }
      if (sender !== undefined) yield* threadStates(view, tids, sender.pid)
      for (const fact of view.facts)
        yield slice(
          tracks.sender,
          factTrack,
          fact.window,
          text(fact.text),
          `"kind":"${fact.kind}","pid":${fact.pid ?? 0},"coarse":${String(fact.isCoarse)}`,
        )
    }
  }

  function* diskCounters(): Generator<string> {
    const rows = store.disks.rows({ from: session.from, to: session.to }).slice(-rowsShown)
    for (const row of rows) {
      const device = redact(store.names.textOf(row.deviceName))
      const await_ = Math.max(row.readAwaitMs || 0, row.writeAwaitMs || 0)
      yield `{"ph":"C","pid":${tracks.disks},"tid":0,"ts":${microseconds(row.at)},"name":${JSON.stringify(printable(device))},"args":{"util_percent":${row.utilisation || 0},"await_ms":${await_}}}`
    }
  }

  function* blindSlices(): Generator<string> {
    const sources = [...new Set(session.blindSpots.map((spot) => spot.source))]
    for (const [i, source] of sources.entries()) {
      yield named('thread_name', tracks.blind, i + 1, JSON.stringify(source))
      for (const spot of session.blindSpots)
        if (spot.source === source)
          yield slice(tracks.blind, i + 1, { from: spot.from, to: spot.to ?? session.to }, text(spot.reason))
    }
  }

  return {
    *head() {
      const other = `"origin":"${formatIso(origin)}","originNs":"${epochAt(0 as Window['from'], origin)}"`
      yield `{"displayTimeUnit":"ns","otherData":{"program":"whylate",${other}},"traceEvents":[\n`
      for (const [key, pid] of Object.entries(tracks))
        yield `${named('process_name', pid, 0, JSON.stringify(titles[key as keyof typeof titles]))},\n`
      for (const flow of session.flows)
        yield `${named('thread_name', tracks.adverts, trackOf(flow.id), text(`${flow.link} vrid ${flow.vrid} from ${flow.source}`))},\n`
      yield `${named('thread_name', tracks.sender, factTrack, '"found"')},\n`
      for (const part of [lateSlices(), senderSlices(), diskCounters(), blindSlices()])
        for (const event of part) yield `${event},\n`
    },
    advert({ advert, flow }) {
      return `{"ph":"i","s":"t","pid":${tracks.adverts},"tid":${trackOf(flow)},"ts":${microseconds(advert.at)},"name":"advert","args":{"vrid":${advert.vrid},"priority":${advert.priority},"ipId":${advert.ipId ?? -1}}},\n`
    },
    // The list may not end with a comma.
    end: () => `${named('process_sort_index', tracks.adverts, 0, '"adverts"')}\n]}\n`,
  }
}
