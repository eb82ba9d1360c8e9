// Where the sender's threads were: on a CPU, off it and why, and who had the CPUs meanwhile.
//
// A switch row says who leaves and who takes a CPU. A thread is off its CPU from the row with from = tid to the next row
// with to = tid. bpftrace tells why it left (stopped, traced, sleeping, preempted); sysdig does not, and then only the
// sampler's run delay can tell waiting from sleeping.

import { leaveReasons } from '../events/kernel.ts'
import { formatSpan } from '../time/format.ts'
import { between, millisecond, overlapOf, instantOf, spanOf, type Window } from '../time/instant.ts'
import { factOf, type Evidence, type Question } from './evidence.ts'
import type { Fact } from './finding.ts'
import { threadsPhrase } from './thread-name.ts'

interface OffCpu {
  readonly tid: number
  readonly window: Window
  readonly reason: (typeof leaveReasons)[number]
  readonly cpu: number
}

/** How far back the switch that began a long absence is looked for. */
const lookBack = 60e9

const words: Readonly<Record<(typeof leaveReasons)[number], string>> = {
  unknown: 'off the CPU',
  preempted: 'ready to run and had no CPU',
  sleeping: 'asleep, waiting for an event',
  uninterruptible: 'asleep in the kernel, not to be interrupted (disk or lock)',
  stopped: 'stopped by a signal',
  traced: 'stopped by a tracer',
  dead: 'gone',
}

/** When the sender's threads were seen at work: the ends of their calls, by thread, in order of time. */
function activityOf(question: Question, evidence: Evidence): Map<number, number[]> {
  const activity = new Map<number, number[]>((question.sender?.tids ?? []).map((tid) => [tid, []]))
  const window = { from: instantOf(question.around.from - lookBack), to: question.around.to }
  for (const { at, cells, from, to } of evidence.store.calls.slices(window)) {
    for (let i = from; i < to; i++) activity.get(cells.tid[i] ?? 0)?.push(at[i] ?? 0)
  }
  return activity
}

/** The first of ascending `moments` that is later than `at`. */
function firstAfter(moments: readonly number[], at: number): number | undefined {
  let low = 0
  let high = moments.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((moments[middle] ?? 0) <= at) low = middle + 1
    else high = middle
  }
  return moments[low]
}

function offCpuOf(question: Question, evidence: Evidence): OffCpu[] {
  const tids = new Set(question.sender?.tids ?? [])
  const open = new Map<number, { at: number; reason: number; cpu: number }>()
  const found: OffCpu[] = []
  const { around, lateness } = question
  const activity = activityOf(question, evidence)

  function close(tid: number, until: number): void {
    const gone = open.get(tid)
    if (gone === undefined) return
    open.delete(tid)
    // In a filtered recording the switch that brings a thread back may be missing; a call that ends shows it at work.
    const seen = firstAfter(activity.get(tid) ?? [], gone.at) ?? until
    const window = { from: instantOf(gone.at), to: instantOf(Math.min(until, seen)) }
    if (overlapOf(window, lateness) > 0)
      found.push({ tid, window, reason: leaveReasons[gone.reason] ?? 'unknown', cpu: gone.cpu })
  }

  for (const { at, cells, from, to } of evidence.store.switches.slices({
    from: instantOf(around.from - lookBack),
    to: around.to,
  })) {
    for (let i = from; i < to; i++) {
      const leaving = cells.from[i] ?? 0
      const coming = cells.to[i] ?? 0
      const moment = at[i] ?? 0
      if (tids.has(coming)) close(coming, moment)
      if (!tids.has(leaving)) continue
      close(leaving, moment)
      open.set(leaving, { at: moment, reason: cells.reason[i] ?? 0, cpu: cells.cpu[i] ?? 0 })
    }
  }
  for (const tid of Array.from(open.keys())) close(tid, lateness.to)
  return found
}

/** Threads that were away for the same reason and the same stretch are one line. */
function groupsOf(all: readonly OffCpu[]): (OffCpu & { readonly tids: readonly number[] })[] {
  const groups: (OffCpu & { readonly tids: number[] })[] = []
  for (const one of all) {
    const same = groups.find(
      (group) =>
        group.reason === one.reason &&
        Math.abs(group.window.from - one.window.from) < 5 * millisecond &&
        Math.abs(group.window.to - one.window.to) < 5 * millisecond,
    )
    if (same === undefined) groups.push({ ...one, tids: [one.tid] })
    else same.tids.push(one.tid)
  }
  return groups
}

function senderFacts(question: Question, evidence: Evidence): Fact[] {
  const { sender, lateness } = question
  const least = Math.max(millisecond, 0.01 * (lateness.to - lateness.from))
  return groupsOf(offCpuOf(question, evidence).filter((one) => overlapOf(one.window, lateness) >= least))
    .sort((a, b) => overlapOf(b.window, lateness) - overlapOf(a.window, lateness))
    .slice(0, 5)
    .map((one) =>
      factOf(question, evidence, {
        kind: one.reason === 'stopped' || one.reason === 'traced' ? 'stopped' : 'off-cpu',
        window: one.window,
        isSender: true,
        pid: sender?.pid,
        comm: sender?.comm,
        text: `${threadsPhrase(sender, one.tids)} ${words[one.reason]} for ${formatSpan(between(one.window.from, one.window.to))}`,
      }),
    )
}

interface Busy {
  ns: number
  readonly name: number
  readonly from: number
  to: number
}

/**
 * Time on any CPU, by thread, from coming to leaving. Not by CPU: captures of sysdig's modern BPF driver say CPU 0 for
 * all of them.
 */
function busyBySwitches(question: Question, evidence: Evidence): Map<number, Busy> {
  const busy = new Map<number, Busy>()
  const cameAt = new Map<number, number>()
  for (const { at, cells, from, to } of evidence.store.switches.slices(question.lateness)) {
    for (let i = from; i < to; i++) {
      const moment = at[i] ?? 0
      const leaving = cells.from[i] ?? 0
      const came = cameAt.get(leaving)
      // Filtered streams leave switches out: only a stretch whose both ends were seen counts.
      if (came !== undefined && leaving !== 0) {
        const known = busy.get(leaving) ?? { ns: 0, name: cells.fromName[i] ?? 0, from: came, to: moment }
        known.ns += moment - came
        known.to = moment
        busy.set(leaving, known)
      }
      cameAt.delete(leaving)
      cameAt.set(cells.to[i] ?? 0, moment)
    }
  }
  return busy
}

/** bpftrace tells each tenth of a second of CPU that a thread has used, with the stretch in which it did. */
function busyByCpuTime(question: Question, evidence: Evidence): Map<number, Busy> {
  const { lateness } = question
  const busy = new Map<number, Busy>()
  const reach = { from: lateness.from, to: instantOf(lateness.to + 5e9) }
  for (const row of evidence.store.cpuTimes.rows(reach)) {
    const window = { from: instantOf(row.at - row.spanNs), to: row.at }
    const overlap = overlapOf(window, lateness)
    if (overlap <= 0 || row.spanNs <= 0) continue
    const known = busy.get(row.tid) ?? { ns: 0, name: row.commName, from: window.from, to: row.at }
    known.ns += (row.onCpuNs * overlap) / row.spanNs
    known.to = row.at
    busy.set(row.tid, known)
  }
  return busy
}

/** Who ran while the advert was overdue. */
function ownerFacts(question: Question, evidence: Evidence): Fact[] {
  const { lateness, sender } = question
  const told = busyByCpuTime(question, evidence)
  const busy = told.size > 0 ? told : busyBySwitches(question, evidence)
  const senderTids = new Set(sender?.tids ?? [])
  const length = lateness.to - lateness.from
  return [...busy]
    .filter(([tid, one]) => one.ns >= 0.05 * length && !senderTids.has(tid))
    .sort((a, b) => b[1].ns - a[1].ns)
    .slice(0, 6)
    .map(([tid, one]) =>
      factOf(question, evidence, {
        kind: 'cpu',
        window: { from: instantOf(one.from), to: instantOf(one.to) },
        isCoarse: told.size > 0,
        share: Math.min(1, one.ns / length),
        pid: tid,
        comm: evidence.store.names.textOf(one.name),
        text: `ran for ${formatSpan(spanOf(one.ns))}`,
      }),
    )
}

export function switchFacts(question: Question, evidence: Evidence): Fact[] {
  return [...senderFacts(question, evidence), ...ownerFacts(question, evidence)]
}
