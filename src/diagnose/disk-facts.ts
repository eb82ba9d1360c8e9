// Disks that stand out. A row of iostat covers its whole second and is told as that span, never as a moment; and a slow
// disk delays an advert only through something that ties it to the sender, so here it is a fact and nothing more.

import { formatSpan } from '../time/format.ts'
import { before, millisecond, spanOf, type Instant } from '../time/instant.ts'
import { factOf, type Evidence, type Question } from './evidence.ts'
import type { Fact } from './finding.ts'

/** iostat stamps in whole seconds: a row may cover a second more to either side. */
const stampError = 1e9
const busyPercent = 60
const slowAwaitMs = 20

function rowFacts(question: Question, evidence: Evidence): Fact[] {
  const { store } = evidence
  const { lateness } = question
  const near = { from: lateness.from, to: (lateness.to + 2 * stampError) as Instant }
  return store.disks.rows(near).flatMap((row) => {
    const window = { from: before(row.at, spanOf(row.spanNs)), to: row.at }
    const awaitMs = Math.max(row.readAwaitMs, row.writeAwaitMs, Number.isNaN(row.flushAwaitMs) ? 0 : row.flushAwaitMs)
    if (window.from > lateness.to || (row.utilisation < busyPercent && awaitMs < slowAwaitMs)) return []
    const device = store.names.textOf(row.deviceName)
    return [
      factOf(question, evidence, {
        kind: 'disk',
        window,
        isCoarse: true,
        text: `${device}: util ${row.utilisation.toFixed(0)} %, await ${awaitMs.toFixed(1)} ms, queue ${row.queue.toFixed(1)}, ${row.writeKbPerSecond.toFixed(0)} kB/s written, ${row.readKbPerSecond.toFixed(0)} kB/s read`,
      }),
    ]
  })
}

function requestFacts(question: Question, evidence: Evidence): Fact[] {
  const { store } = evidence
  const { lateness } = question
  const ending = { from: lateness.from, to: (lateness.to + 30e9) as Instant }
  return store.blockRequests
    .rows(ending)
    .filter((row) => row.at - row.latencyNs < lateness.to && row.latencyNs >= 20 * millisecond)
    .sort((a, b) => b.latencyNs - a.latencyNs)
    .slice(0, 4)
    .map((row) =>
      factOf(question, evidence, {
        kind: 'block',
        window: { from: (row.at - row.latencyNs) as Instant, to: row.at },
        pid: row.pid,
        comm: store.names.textOf(row.commName),
        text: `${store.names.textOf(row.operationName)} of ${row.bytes} bytes on ${store.names.textOf(row.deviceName)} took ${formatSpan(spanOf(row.latencyNs))}`,
      }),
    )
}

function hungFacts(question: Question, evidence: Evidence): Fact[] {
  const { store } = evidence
  const { lateness } = question
  const byDevice = new Map<number, { from: Instant; to: Instant; samples: number; most: number }>()
  let samples = 0
  let lastAt = -1
  for (const row of store.inflight.rows(lateness)) {
    if (row.at !== lastAt) samples++
    lastAt = row.at
    if (row.reads + row.writes === 0) continue
    const known = byDevice.get(row.deviceName) ?? { from: row.at, to: row.at, samples: 0, most: 0 }
    known.to = row.at
    known.samples++
    known.most = Math.max(known.most, row.reads + row.writes)
    byDevice.set(row.deviceName, known)
  }
  // Requests in flight in every single sample over the whole lateness: iostat may call such a device idle.
  return [...byDevice]
    .filter(([, one]) => samples >= 5 && one.samples === samples)
    .map(([device, one]) =>
      factOf(question, evidence, {
        kind: 'disk',
        window: { from: one.from, to: one.to },
        isCoarse: true,
        text: `${store.names.textOf(device)}: requests in flight in every sample (at most ${one.most})`,
      }),
    )
}

export function diskFacts(question: Question, evidence: Evidence): Fact[] {
  return [...rowFacts(question, evidence), ...requestFacts(question, evidence), ...hungFacts(question, evidence)]
}
