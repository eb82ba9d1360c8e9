// Moments: processes that began or ended, and signals.

import { kernelEngines } from '../../events/probe.ts'
import { processChanges, signalSteps } from '../../events/kernel.ts'
import { signalName } from '../life-facts.ts'
import { laneWithTooMuch, openBins, type LaneHead } from './bins.ts'
import type { Lane } from './lane.ts'
import { mostRows, processActor, rowsIn, type LaneQuestion } from './question.ts'

const told: Readonly<Partial<Record<(typeof processChanges)[number], string>>> = {
  fork: 'forked',
  exec: 'started',
  exit: 'ended',
}

function lifeLane(question: LaneQuestion): Lane[] {
  const { scale, evidence } = question
  const { processes, names } = evidence.store
  const head: LaneHead = { key: 'life', kind: 'life', name: '', sources: kernelEngines, isMoments: true }
  const slices = processes.slices(scale)
  if (rowsIn(slices) > mostRows) return [laneWithTooMuch(head, scale)]
  const bins = openBins(head, scale)
  for (const { at, cells, from, to } of slices)
    for (let i = from; i < to; i++) {
      const change = processChanges[cells.change[i] ?? 0] ?? 'exec'
      const verb = told[change]
      const pid = cells.pid[i] ?? 0
      // A thread of a process is none of its own.
      if (verb === undefined || cells.tid[i] !== pid) continue
      const actor = bins.actor(`${pid} ${verb}`, () => {
        const who = processActor(question, names.textOf(cells.commName[i] ?? 0), pid)
        return { ...who, name: `${who.name} ${verb}` }
      })
      bins.moment(at[i] ?? 0, actor)
    }
  return bins.isEmpty ? [] : [bins.lane()]
}

function signalLane({ scale, evidence, tids, sender }: LaneQuestion): Lane[] {
  const { signals, names } = evidence.store
  const bins = openBins({ key: 'signal', kind: 'signal', name: '', sources: kernelEngines, isMoments: true }, scale)
  for (const { at, cells, from, to } of signals.slices(scale))
    for (let i = from; i < to; i++) {
      const [by, target] = [cells.from[i] ?? -1, cells.to[i] ?? -1]
      const isSender = tids.has(target) || target === sender?.pid
      const step = signalSteps[cells.step[i] ?? 0] ?? 'sent'
      const actor = bins.actor(`${cells.signal[i]} ${step} ${by} ${target}`, () => {
        const source = by > 0 ? ` by ${names.textOf(cells.fromName[i] ?? 0) || 'process'} (${by})` : ''
        const name = `${signalName(cells.signal[i] ?? 0)} ${step} to ${names.textOf(cells.toName[i] ?? 0) || 'process'} (${target})${source}`
        return { name, isSender, isOurs: evidence.isOurs(by) }
      })
      bins.moment(at[i] ?? 0, actor)
    }
  return bins.isEmpty ? [] : [bins.lane()]
}

export const lifeLanes = (question: LaneQuestion): Lane[] => [...signalLane(question), ...lifeLane(question)]
