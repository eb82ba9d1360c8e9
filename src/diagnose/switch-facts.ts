// Where the sender's threads were: on a CPU, off it and why, and who had the CPUs meanwhile.
//
// A switch row says who leaves and who takes a CPU. A thread is off its CPU from the row with from = tid to the next row
// with to = tid. bpftrace tells why it left (stopped, traced, sleeping, preempted); sysdig does not, and then only the
// sampler's run delay can tell waiting from sleeping.

import { leaveReasons } from '../events/kernel.ts'
import { formatSpan } from '../time/format.ts'
import { between, millisecond, overlapOf, spanOf, type Instant, type Window } from '../time/instant.ts'
import { factOf, type Evidence, type Question } from './evidence.ts'
import type { Fact } from './finding.ts'

interface OffCpu {
  readonly tid: number
  readonly window: Window
  readonly reason: (typeof leaveReasons)[number]
  readonly cpu: number
}

/** How far back the switch that began a long absence is looked for. */
const lookBack = 60e9

const words: Readonly<Record<(typeof leaveReasons)[number], string>> = {
  unknown: 'off its CPU',
  preempted: 'ready to run and had no CPU',
  sleeping: 'asleep, waiting for an event',
  uninterruptible: 'asleep in the kernel, not to be interrupted (disk or lock)',
  stopped: 'stopped by a signal',
  traced: 'stopped by a tracer',
  dead: 'gone',
}

function offCpuOf(question: Question, evidence: Evidence): OffCpu[] {
  const tids = new Set(question.sender?.tids ?? [])
  const open = new Map<number, { at: number; reason: number; cpu: number }>()
  const found: OffCpu[] = []
  const { around, lateness } = question
  for (const { at, cells, from, to } of evidence.store.switches.slices({
    from: (around.from - lookBack) as Instant,
    to: around.to,
  })) {
    for (let i = from; i < to; i++) {
      const leaving = cells.from[i] ?? 0
      const coming = cells.to[i] ?? 0
      const moment = at[i] ?? 0
      const gone = tids.has(coming) ? open.get(coming) : undefined
      if (gone !== undefined) {
        open.delete(coming)
        const window = { from: gone.at as Instant, to: moment as Instant }
        if (overlapOf(window, lateness) > 0)
          found.push({ tid: coming, window, reason: leaveReasons[gone.reason] ?? 'unknown', cpu: gone.cpu })
      }
      if (tids.has(leaving)) open.set(leaving, { at: moment, reason: cells.reason[i] ?? 0, cpu: cells.cpu[i] ?? 0 })
    }
  }
  for (const [tid, gone] of open) {
    const window = { from: gone.at as Instant, to: lateness.to }
    if (overlapOf(window, lateness) > 0)
      found.push({ tid, window, reason: leaveReasons[gone.reason] ?? 'unknown', cpu: gone.cpu })
  }
  return found
}

function senderFacts(question: Question, evidence: Evidence): Fact[] {
  const { sender, lateness } = question
  const least = Math.max(millisecond, 0.01 * (lateness.to - lateness.from))
  return offCpuOf(question, evidence)
    .filter((one) => overlapOf(one.window, lateness) >= least)
    .sort((a, b) => overlapOf(b.window, lateness) - overlapOf(a.window, lateness))
    .slice(0, 8)
    .map((one) =>
      factOf(question, evidence, {
        kind: one.reason === 'stopped' || one.reason === 'traced' ? 'stopped' : 'off-cpu',
        window: one.window,
        isSender: true,
        pid: sender?.pid,
        comm: sender?.comm,
        text: `thread ${one.tid} was ${words[one.reason]} for ${formatSpan(between(one.window.from, one.window.to))}`,
      }),
    )
}

/** Who ran while the advert was overdue: time on any CPU, by thread, from the switches. */
function ownerFacts(question: Question, evidence: Evidence): Fact[] {
  const { lateness, sender } = question
  const { store } = evidence
  const busy = new Map<number, { ns: number; name: number; from: number; to: number }>()
  const lastOn = new Map<number, { at: number; tid: number; name: number }>()
  const senderTids = new Set(sender?.tids ?? [])
  for (const { at, cells, from, to } of store.switches.slices(lateness)) {
    for (let i = from; i < to; i++) {
      const moment = at[i] ?? 0
      const cpu = cells.cpu[i] ?? 0
      const leaving = cells.from[i] ?? 0
      const before = lastOn.get(cpu)
      // Filtered streams leave switches out: only a stretch whose both ends were seen counts.
      if (before !== undefined && before.tid === leaving && leaving !== 0 && !senderTids.has(leaving)) {
        const known = busy.get(leaving) ?? { ns: 0, name: cells.fromName[i] ?? 0, from: before.at, to: moment }
        known.ns += moment - before.at
        known.to = moment
        busy.set(leaving, known)
      }
      lastOn.set(cpu, { at: moment, tid: cells.to[i] ?? 0, name: cells.toName[i] ?? 0 })
    }
  }
  const length = lateness.to - lateness.from
  return [...busy]
    .filter(([, one]) => one.ns >= 0.05 * length)
    .sort((a, b) => b[1].ns - a[1].ns)
    .slice(0, 6)
    .map(([tid, one]) =>
      factOf(question, evidence, {
        kind: 'cpu',
        window: { from: one.from as Instant, to: one.to as Instant },
        share: Math.min(1, one.ns / length),
        pid: tid,
        comm: store.names.textOf(one.name),
        text: `ran for ${formatSpan(spanOf(one.ns))}`,
      }),
    )
}

export function switchFacts(question: Question, evidence: Evidence): Fact[] {
  return [...senderFacts(question, evidence), ...ownerFacts(question, evidence)]
}
