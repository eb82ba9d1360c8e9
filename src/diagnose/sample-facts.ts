// What the ten-a-second samples say about the sender: run delay, state, throttling, freezing, faults; and about the host.
//
// Counters only say how much, not when: the difference of two samples is told as the whole stretch between them.

import { formatSpan } from '../time/format.ts'
import { millisecond, spanOf, type Instant, type Window } from '../time/instant.ts'
import type { Columns, Row, Table } from '../store/table.ts'
import { factOf, type Evidence, type Question } from './evidence.ts'
import { isKept } from './keeping.ts'
import type { Fact } from './finding.ts'
import { threadName, threadsPhrase } from './thread-name.ts'

/** The sampler's period, twice: the samples that enclose a stretch lie within it. */
const reach = 0.25e9

interface Pair<R> {
  readonly first: R
  readonly last: R
}

/** The rows that enclose the lateness, one pair per key. */
function enclosing<S extends Columns>(
  table: Table<S>,
  question: Question,
  keyOf: (row: Row<S>) => number,
): Map<number, Pair<Row<S>> & { readonly rows: Row<S>[] }> {
  const { lateness } = question
  const found = new Map<number, Pair<Row<S>> & { readonly rows: Row<S>[] }>()
  for (const row of table.rows({ from: (lateness.from - reach) as Instant, to: (lateness.to + reach) as Instant })) {
    const key = keyOf(row)
    const known = found.get(key)
    if (known === undefined) {
      found.set(key, { first: row, last: row, rows: [row] })
      continue
    }
    // The last sample before due is where counting starts, the first after sent where it ends.
    const first = row.at <= lateness.from ? row : known.first
    const isAfterEnd = known.last.at >= lateness.to
    known.rows.push(row)
    found.set(key, { first, last: isAfterEnd ? known.last : row, rows: known.rows })
  }
  return found
}

function threadFacts(question: Question, evidence: Evidence): Fact[] {
  const { sender, lateness } = question
  if (sender === undefined) return []
  const tids = new Set(sender.tids)
  const length = lateness.to - lateness.from
  const facts: Fact[] = []
  const stops = new Map<
    string,
    { readonly tids: number[]; readonly isTraced: boolean; readonly window: Window; readonly samples: number }
  >()
  for (const [tid, { first, last, rows }] of enclosing(evidence.store.threads, question, (row) => row.tid)) {
    if (!tids.has(tid) || last.at <= first.at) continue
    const window: Window = { from: first.at, to: last.at }
    const about = { window, isCoarse: true, isSender: true, pid: sender.pid, comm: sender.comm } as const
    const delay = last.runDelayNs - first.runDelayNs
    if (delay >= Math.max(5 * millisecond, 0.02 * length)) {
      facts.push(
        factOf(question, evidence, {
          ...about,
          kind: 'run-delay',
          share: Math.min(1, delay / length),
          text: `${threadName(sender, tid)} waited ${formatSpan(spanOf(delay))} for a CPU (run delay)`,
        }),
      )
    }
    const faults = last.majorFaults - first.majorFaults
    if (faults > 0)
      facts.push(
        factOf(question, evidence, {
          ...about,
          kind: 'memory',
          share: 0,
          text: `${threadName(sender, tid)} had ${faults} major page faults`,
        }),
      )
    const stopped = rows.filter((row) => row.state === 84 || row.state === 116)
    const begin = stopped[0]
    const end = stopped.at(-1)
    if (begin === undefined || end === undefined) continue
    const key = `${begin.state} ${begin.at} ${end.at}`
    const known = stops.get(key)
    if (known === undefined)
      stops.set(key, {
        tids: [tid],
        isTraced: begin.state === 116,
        window: { from: begin.at, to: end.at },
        samples: stopped.length,
      })
    else known.tids.push(tid)
  }
  for (const { tids: stoppedTids, isTraced, window, samples } of stops.values()) {
    facts.push(
      factOf(question, evidence, {
        kind: 'stopped',
        window,
        isCoarse: true,
        isSender: true,
        pid: sender.pid,
        comm: sender.comm,
        text: `${threadsPhrase(sender, stoppedTids)} in state ${isTraced ? 't (tracing stop)' : 'T (stopped)'} in ${samples} samples`,
      }),
    )
  }
  return facts
}

function cgroupFacts(question: Question, evidence: Evidence): Fact[] {
  const { store } = evidence
  const { lateness } = question
  const length = lateness.to - lateness.from
  return [...enclosing(store.cgroups, question, (row) => row.pathName)].flatMap(([path, { first, last, rows }]) => {
    const facts: Fact[] = []
    const name = store.names.textOf(path)
    const throttled = last.throttledNs - first.throttledNs
    if (throttled >= Math.max(5 * millisecond, 0.02 * length)) {
      facts.push(
        factOf(question, evidence, {
          kind: 'throttled',
          isCoarse: true,
          window: { from: first.at, to: last.at },
          share: Math.min(1, throttled / length),
          text: `cgroup ${name} was throttled for ${formatSpan(spanOf(throttled))} in ${last.throttledPeriods - first.throttledPeriods} periods (CPU quota)`,
        }),
      )
    }
    const frozen = rows.filter((row) => row.frozen === 1)
    const begin = frozen[0]
    const end = frozen.at(-1)
    if (begin !== undefined && end !== undefined) {
      facts.push(
        factOf(question, evidence, {
          kind: 'frozen',
          isCoarse: true,
          window: { from: begin.at, to: end.at },
          text: `cgroup ${name} was frozen in ${frozen.length} samples`,
        }),
      )
    }
    const kills = last.oomKills - first.oomKills
    if (kills > 0)
      facts.push(
        factOf(question, evidence, {
          kind: 'memory',
          isCoarse: true,
          window: { from: first.at, to: last.at },
          share: 0,
          text: `cgroup ${name}: ${kills} processes killed for want of memory`,
        }),
      )
    return facts
  })
}

function pressureFacts(question: Question, evidence: Evidence): Fact[] {
  const { lateness } = question
  const length = lateness.to - lateness.from
  const pair = [...enclosing(evidence.store.pressure, question, () => 0).values()][0]
  if (pair === undefined || pair.last.at <= pair.first.at) return []
  const window = { from: pair.first.at, to: pair.last.at }
  const facts: Fact[] = []
  for (const [what, before, after] of [
    ['CPU', pair.first.cpuSomeUs, pair.last.cpuSomeUs],
    ['disk', pair.first.ioSomeUs, pair.last.ioSomeUs],
    ['memory', pair.first.memorySomeUs, pair.last.memorySomeUs],
  ] as const) {
    const share = ((after - before) * 1e3) / length
    if (share >= 0.2)
      facts.push(
        factOf(question, evidence, {
          kind: 'pressure',
          isCoarse: true,
          window,
          share: Math.min(1, share),
          text: `somebody on this host waited for ${what} (pressure stall, host-wide)`,
        }),
      )
  }
  const swapped = pair.last.swapIns - pair.first.swapIns
  if (swapped > 0)
    facts.push(
      factOf(question, evidence, {
        kind: 'memory',
        isCoarse: true,
        window,
        share: 0,
        text: `${swapped} pages were swapped in on this host`,
      }),
    )
  return facts
}

/** Our own sampler's ticks: when even they stop, the host (or its clock) did. */
function heartbeatFacts(question: Question, evidence: Evidence): Fact[] {
  const { around } = question
  // A flight recording has one sample a second where nothing was late.
  if (!isKept(evidence.kept, around)) return []
  const facts: Fact[] = []
  let last: number | undefined
  for (const { at, from, to } of evidence.store.beats.slices({
    from: (around.from - 1e9) as Instant,
    to: (around.to + 1e9) as Instant,
  })) {
    for (let i = from; i < to; i++) {
      const beat = at[i] ?? 0
      if (last !== undefined && beat - last > 0.35e9) {
        const window = { from: last as Instant, to: beat as Instant }
        facts.push(
          factOf(question, evidence, {
            kind: 'heartbeat',
            window,
            text: `whylate itself did not run for ${formatSpan(spanOf(beat - last))}: the host stood still, or was very busy`,
          }),
        )
      }
      last = beat
    }
  }
  return facts
}

export function sampleFacts(question: Question, evidence: Evidence): Fact[] {
  return [
    ...threadFacts(question, evidence),
    ...cgroupFacts(question, evidence),
    ...pressureFacts(question, evidence),
    ...heartbeatFacts(question, evidence),
  ]
}
