// A kernel sink that writes down what it is told, one short line an event, with names as texts.

import { leaveReasons, processChanges, signalSteps, type KernelSink, type NameId } from '../../src/events/kernel.ts'
import type { CpuTimeSink } from '../../src/parse/bpftrace/event-line.ts'
import type { Malformed } from '../../src/events/outcome.ts'

export interface Notes {
  readonly sink: KernelSink & CpuTimeSink
  readonly lines: string[]
  readonly malformed: Malformed[]
  readonly ignored: Map<string, number>
  readonly names: string[]
  lost: number
}

/** Milliseconds, from `origin`. */
const ms = (ns: number): string => (Number.isNaN(ns) ? '?' : (ns / 1e6).toFixed(3))

export function createKernelNotes(origin = 0): Notes {
  const names: string[] = ['']
  const lines: string[] = []
  const malformed: Malformed[] = []
  const ignored = new Map<string, number>()
  const at = (instant: number): string => ms(instant - origin)
  const text = (id: NameId): string => JSON.stringify(names[id] ?? '?').slice(1, -1)
  const note = (line: string): void => {
    lines.push(line)
  }
  const sink: KernelSink & CpuTimeSink = {
    name(word) {
      const known = names.indexOf(word)
      return (known === -1 ? names.push(word) - 1 : known) as NameId
    },
    call: (when, length, cpu, tid, pid, comm, call, result, fd, file) =>
      note(
        `${at(when)} cpu ${cpu} ${tid}/${pid} ${text(comm)}: ${text(call)} took ${ms(length)} = ${result} fd ${fd} ${text(file)}`,
      ),
    switched: (when, cpu, from, to, fromComm, toComm, reason, faults) =>
      note(
        `${at(when)} cpu ${cpu} ${from} ${text(fromComm)} (${leaveReasons[reason]}, ${faults} faults) -> ${to} ${text(toComm)}`,
      ),
    woken: (when, cpu, tid, by, byComm) => note(`${at(when)} cpu ${cpu} ${tid} woken by ${by} ${text(byComm)}`),
    process: (when, change, tid, pid, parent, comm, detail) =>
      note(`${at(when)} ${processChanges[change]} ${tid}/${pid} of ${parent} ${text(comm)} [${text(detail)}]`),
    signal: (when, step, signal, from, fromComm, to, toComm) =>
      note(`${at(when)} signal ${signal} ${signalSteps[step]} ${from} ${text(fromComm)} -> ${to} ${text(toComm)}`),
    blockRequest: (when, length, device, operation, bytes, pid, comm) =>
      note(`${at(when)} ${text(device)} ${text(operation)} ${bytes} bytes took ${ms(length)} for ${pid} ${text(comm)}`),
    cpuTime: (when, span, tid, pid, comm, ns) =>
      note(`${at(when)} ${tid}/${pid} ${text(comm)} used ${ms(ns)} of CPU in ${ms(span)}`),
    lost(when, events) {
      notes.lost += events
      note(`${at(when)} lost ${events}`)
    },
    malformed: (complaint) => {
      malformed.push(complaint)
    },
    ignored: (kind) => {
      ignored.set(kind, (ignored.get(kind) ?? 0) + 1)
    },
  }
  const notes: Notes = { sink, lines, malformed, ignored, names, lost: 0 }
  return notes
}
