// How a recording goes, on stderr: a bar that is written over on a terminal, a line each 10 s elsewhere.
//
//   [######··········] 3.2 min, 195 adverts, 1 late, 21034 events/s, 0 dropped, 1.4 MB, 5.3 min left
//
// The bar stands for whichever of --for, --max-size and --max-late is nearest to its end; without any there is none.

import { hostText } from '../report/display-width.ts'
import type { Recording } from '../session/record.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { formatSpan } from '../time/format.ts'
import { spanOf } from '../time/instant.ts'
import { notice } from './say.ts'
import { formatSize } from './size.ts'

export interface Limits {
  /** By performance.now(). */
  readonly startedMs: number
  readonly forMs: number | undefined
  readonly maxSizeBytes: number | undefined
  readonly maxLate: number | undefined
}

const lineEveryMs = 10_000
const redrawEveryMs = 500
const barCells = 16
const fewestCells = 3
/** Brackets and a space. */
const barFrame = 3

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)
const lateOf = (snapshot: Snapshot): number => snapshot.late.at(-1)?.number ?? 0

function leftMs({ startedMs, forMs }: Limits, nowMs: number): number | undefined {
  return forMs === undefined ? undefined : Math.max(0, startedMs + forMs - nowMs)
}

function progressText(recording: Recording, snapshot: Snapshot, limits: Limits, nowMs: number): string {
  const { probes, flows, overdue } = snapshot
  const left = leftMs(limits, nowMs)
  const troubled = probes.filter((probe) => probe.state !== 'ok' && probe.state !== 'starting')
  return [
    formatSpan(snapshot.runningFor),
    `${sum(flows.map((flow) => flow.adverts))} adverts`,
    `${lateOf(snapshot)} late`,
    ...(overdue.length > 0 ? [`${overdue.length} overdue`] : []),
    `${Math.round(sum(probes.map((probe) => probe.perSecond)))} events/s`,
    `${sum(probes.map((probe) => probe.dropped))} dropped`,
    formatSize(recording.sizeBytes),
    ...(recording.lostBytes > 0 ? [`${formatSize(recording.lostBytes)} not recorded`] : []),
    ...(left === undefined ? [] : [`${formatSpan(spanOf(left * 1e6))} left`]),
    ...troubled.map((probe) => `${probe.name} ${probe.state}`),
  ].join(', ')
}

/** Empty without a limit, or without room. ASCII: a recorder's terminal may be anything. */
function progressBar(recording: Recording, snapshot: Snapshot, limits: Limits, room: number): string {
  const nowMs = performance.now()
  const cells = Math.min(barCells, room - barFrame)
  const parts = [
    limits.forMs === undefined ? 0 : (nowMs - limits.startedMs) / limits.forMs,
    limits.maxSizeBytes === undefined ? 0 : recording.sizeBytes / limits.maxSizeBytes,
    limits.maxLate === undefined ? 0 : lateOf(snapshot) / limits.maxLate,
  ]
  const isLimited = limits.forMs !== undefined || limits.maxSizeBytes !== undefined || limits.maxLate !== undefined
  if (!isLimited || cells < fewestCells) return ''
  const full = Math.floor(cells * Math.min(1, Math.max(...parts)))
  return `[${'#'.repeat(full)}${'.'.repeat(cells - full)}] `
}

/** Tells how it goes until it is stopped. */
export function tellProgress(recording: Recording, limits: Limits): () => void {
  const isTerminal = process.stderr.isTTY
  let told = -Infinity
  const clear = (): void => {
    if (isTerminal) process.stderr.write('\r\x1b[K')
  }
  const tell = (): void => {
    const nowMs = performance.now()
    const sentences = recording.takeNotices()
    if (sentences.length > 0) clear()
    for (const sentence of sentences) notice(`whylate: ${sentence}`)
    if (!isTerminal && nowMs - told < lineEveryMs) return
    told = nowMs
    const snapshot = recording.session.snapshot()
    const text = progressText(recording, snapshot, limits, nowMs)
    if (!isTerminal) {
      notice(text)
      return
    }
    // The figures come first: the bar takes what room they leave.
    const columns = Math.max(20, process.stderr.columns - 1)
    const line = progressBar(recording, snapshot, limits, columns - text.length) + text
    process.stderr.write(`\r${hostText(line, columns)}\x1b[K`)
  }
  const timer = setInterval(tell, redrawEveryMs)
  return () => {
    clearInterval(timer)
    clear()
  }
}
