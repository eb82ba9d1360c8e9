// Processes that started, ended or were signalled around the lateness.
//
// A start or an end is a moment: it covers nothing, it only stands in time order beside what does. Signals are told when
// they reach the sender, and whoever they reach when they stop, continue or kill.

import { processChanges, signalSteps } from '../events/kernel.ts'
import { factOf, type Evidence, type Question } from './evidence.ts'
import type { Fact } from './finding.ts'

const signalNames: Readonly<Record<number, string>> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  10: 'SIGUSR1',
  11: 'SIGSEGV',
  12: 'SIGUSR2',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  17: 'SIGCHLD',
  18: 'SIGCONT',
  19: 'SIGSTOP',
  20: 'SIGTSTP',
  21: 'SIGTTIN',
  22: 'SIGTTOU',
  24: 'SIGXCPU',
}
export const signalName = (signal: number): string => signalNames[signal] ?? `signal ${signal}`

/** These take a process off its work whoever it is. */
const decisive = new Set([9, 15, 18, 19, 20])
const shown = 12

function signalFacts(question: Question, evidence: Evidence): Fact[] {
  const { store } = evidence
  const tids = new Set([...(question.sender?.tids ?? []), question.sender?.pid ?? -1])
  return store.signals
    .rows(question.around)
    .filter((row) => tids.has(row.to) || decisive.has(row.signal))
    .slice(-shown)
    .map((row) => {
      const isToSender = tids.has(row.to)
      const target = `${store.names.textOf(row.toName) || 'process'} (${row.to})`
      const source = row.from > 0 ? ` by ${store.names.textOf(row.fromName) || 'process'} (${row.from})` : ''
      const step = signalSteps[row.step] === 'sent' ? 'sent' : 'delivered'
      return factOf(question, evidence, {
        kind: 'signal',
        window: { from: row.at, to: row.at },
        isSender: isToSender,
        pid: row.from > 0 ? row.from : row.to,
        comm: store.names.textOf(row.from > 0 ? row.fromName : row.toName),
        text: `${signalName(row.signal)} ${step} to ${target}${source}`,
      })
    })
}

function processFacts(question: Question, evidence: Evidence): Fact[] {
  const { store } = evidence
  const pids = new Set([question.sender?.pid ?? -1, ...(question.sender?.tids ?? [])])
  const rows = store.processes.rows(question.around).filter((row) => {
    const change = processChanges[row.change]
    return change === 'exec' || pids.has(row.pid) || (change === 'exit' && row.pid === row.tid)
  })
  return rows.slice(0, shown).map((row) => {
    const change = processChanges[row.change] ?? 'exec'
    const detail = store.names.textOf(row.detailName)
    const words = {
      fork: 'was forked',
      thread: 'began as a thread',
      exec: 'was started',
      exit: 'ended',
      rename: 'was renamed',
    }[change]
    return factOf(question, evidence, {
      kind: 'process',
      window: { from: row.at, to: row.at },
      isSender: pids.has(row.pid),
      pid: row.pid,
      comm: store.names.textOf(row.commName),
      text: `${words}${detail === '' ? '' : ` (${detail})`}${row.parent > 0 ? `, parent ${row.parent}` : ''}`,
    })
  })
}

export function lifeFacts(question: Question, evidence: Evidence): Fact[] {
  return [...signalFacts(question, evidence), ...processFacts(question, evidence)]
}
