// Processes that started, ended or were signalled around the lateness.
//
// A start or an end is a moment: it covers nothing, it only stands in time order beside what does. Signals are told when
// they reach the sender, and whoever they reach when they stop, continue or kill.

import { processChanges, signalSteps, type ProcessChange } from '../events/kernel.ts'
import { formatSpan } from '../time/format.ts'
import { between } from '../time/instant.ts'
import { factOf, shareOf, type Evidence, type Question } from './evidence.ts'
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
/** A process that ended so long before due cannot have kept the advert. */
const over = 50e6

function signalFacts(question: Question, evidence: Evidence): Fact[] {
  const { store } = evidence
  const tids = new Set([...(question.sender?.tids ?? []), question.sender?.pid ?? -1])
  return store.signals
    .rows(question.around)
    .filter((row) => tids.has(row.to) || decisive.has(row.signal))
    .slice(-shown)
    .map((row) => {
      const isToSender = tids.has(row.to)
      const name = evidence.vmOf?.(row.to) ?? `${store.names.textOf(row.toName) || 'process'} (${row.to})`
      const target = isToSender ? `the sender, ${name}` : name
      const source = row.from > 0 ? ` by ${store.names.textOf(row.fromName) || 'process'} (${row.from})` : ''
      const step = signalSteps[row.step] === 'sent' ? 'sent' : 'delivered'
      return factOf(question, evidence, {
        kind: 'signal',
        window: { from: row.at, to: row.at },
        isSender: false,
        pid: row.from > 0 ? row.from : row.to,
        comm: store.names.textOf(row.from > 0 ? row.fromName : row.toName),
        text: `${signalName(row.signal)} ${step} to ${target}${source}`,
      })
    })
}

const words: Readonly<Record<ProcessChange, string>> = {
  fork: 'was forked',
  thread: 'began as a thread',
  exec: 'was started',
  exit: 'ended',
  rename: 'was renamed',
}

function processFacts(question: Question, evidence: Evidence): Fact[] {
  const { store } = evidence
  const pids = new Set([question.sender?.pid ?? -1, ...(question.sender?.tids ?? [])])
  const facts: Fact[] = []
  /** Started in this window, by pid: when it ends here, too, start and end are one line. */
  const started = new Map<number, number>()
  for (const row of store.processes.rows(question.around)) {
    const change = processChanges[row.change] ?? 'exec'
    const isSender = pids.has(row.pid)
    const detail = store.names.textOf(row.detailName)
    const index = started.get(row.pid)
    const begun = index === undefined ? undefined : facts[index]
    if (change === 'exit' && row.pid === row.tid && index !== undefined && begun !== undefined) {
      const window = { from: begun.window.from, to: row.at }
      facts[index] = factOf(question, evidence, {
        ...begun,
        window,
        share: shareOf(window, question.lateness),
        text: `${begun.text} and ended after ${formatSpan(between(window.from, row.at))}`,
      })
      continue
    }
    if (change !== 'exec' && !isSender && (change !== 'exit' || row.pid !== row.tid)) continue
    if (change === 'exec') started.set(row.pid, facts.length)
    facts.push(
      factOf(question, evidence, {
        kind: 'process',
        window: { from: row.at, to: row.at },
        isSender,
        pid: row.pid,
        comm: store.names.textOf(row.commName),
        text: `${words[change]}${detail === '' ? '' : ` (${detail})`}${row.parent > 0 && !isSender ? `, parent ${row.parent}` : ''}`,
      }),
    )
  }
  // What was over before the advert was due kept nobody; what ran through most of it says more than what came and went.
  const isOver = (fact: Fact): boolean =>
    !fact.isSender && fact.window.to < question.lateness.from - over && fact.window.to !== fact.window.from
  return facts
    .filter((fact) => !isOver(fact))
    .toSorted((a, b) => b.share - a.share)
    .slice(0, shown)
}

export function lifeFacts(question: Question, evidence: Evidence): Fact[] {
  return [...signalFacts(question, evidence), ...processFacts(question, evidence)]
}
