// What a parser tells about the kernel, as lines that a person can read. Instants in ns from the origin.

import { processChanges, signalSteps, type KernelSink, type NameId } from '../../../src/events/kernel.ts'
import type { Malformed } from '../../../src/events/outcome.ts'

export interface KernelLog {
  readonly sink: KernelSink
  readonly lines: string[]
  readonly complaints: Malformed[]
  readonly ignored: Map<string, number>
  readonly losses: { readonly at: number; readonly events: number }[]
  textOf(id: number): string
}

export function openKernelLog(): KernelLog {
  const texts = ['']
  const ids = new Map<string, number>([['', 0]])
  const lines: string[] = []
  const complaints: Malformed[] = []
  const ignored = new Map<string, number>()
  const losses: { at: number; events: number }[] = []
  const textOf = (id: number): string => texts[id] ?? '?'
  const sink: KernelSink = {
    name(text) {
      const known = ids.get(text) ?? texts.push(text) - 1
      ids.set(text, known)
      return known as NameId
    },
    call(at, latency, cpu, tid, pid, comm, call, result, fd, file) {
      const who = `${tid}/${pid} ${textOf(comm)}`
      lines.push(`${at} cpu ${cpu} ${who}: ${textOf(call)} = ${result} fd ${fd} "${textOf(file)}" after ${latency}`)
    },
    switched(at, cpu, from, to, fromComm, toComm, reason, majorFaults) {
      const change = `${from} ${textOf(fromComm)} -> ${to} ${textOf(toComm)}`
      lines.push(`${at} cpu ${cpu} ${change} reason ${reason} major faults ${majorFaults}`)
    },
    woken() {
      lines.push('woken')
    },
    process(at, change, tid, pid, parent, comm, detail) {
      lines.push(`${at} ${processChanges[change]} ${tid}/${pid} of ${parent} ${textOf(comm)} "${textOf(detail)}"`)
    },
    signal(at, step, signal, from, fromComm, to, toComm) {
      lines.push(`${at} signal ${signal} ${signalSteps[step]}: ${from} ${textOf(fromComm)} -> ${to} ${textOf(toComm)}`)
    },
    blockRequest() {
      lines.push('block request')
    },
    lost: (at, events) => losses.push({ at, events }),
    malformed: (complaint) => complaints.push(complaint),
    ignored: (kind) => ignored.set(kind, (ignored.get(kind) ?? 0) + 1),
  }
  return { sink, lines, complaints, ignored, losses, textOf }
}

/** A sink that keeps losses only, for long captures. */
export function openLossLog(): Pick<KernelLog, 'sink' | 'losses'> {
  const losses: { at: number; events: number }[] = []
  const nothing = (): undefined => undefined
  const sink: KernelSink = {
    name: () => 1 as NameId,
    call: nothing,
    switched: nothing,
    woken: nothing,
    process: nothing,
    signal: nothing,
    blockRequest: nothing,
    lost: (at, events) => losses.push({ at, events }),
    malformed: nothing,
    ignored: nothing,
  }
  return { sink, losses }
}
