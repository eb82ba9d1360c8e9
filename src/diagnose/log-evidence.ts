// What keepalived itself logged about a late advert: facts for its window, and a sentence beside the verdict.
//
// A line confirms what others have proven and never convicts by itself: it says that keepalived's loop ran late, not who
// kept it. That such a line is missing says something only where one has to be expected: more than a second late (below,
// keepalived is silent), in a log that goes on before and behind, and that is this sender's.

import type { LogLine } from '../events/log.ts'
import { instantOf, second, type Window } from '../time/instant.ts'
import { factOf, type Evidence, type LogEvidence, type Question } from './evidence.ts'
import type { Fact, LateAdvert } from './finding.ts'
import { aroundSent, clockOfLog, isAccountOf, momentOf, type LogClock } from './log-clock.ts'

interface ReadLog {
  readonly file: string
  readonly clock: LogClock
  readonly lines: readonly LogLine[]
  /** On our clock. */
  readonly span: Window
}

/** Reading is the same for each late advert of a session: it is made anew only when something was added. */
const cache = new WeakMap<LogEvidence, { readonly key: string; readonly logs: readonly ReadLog[] }>()

function logsOf({ log, late = [] }: Evidence): readonly ReadLog[] {
  if (log === undefined || log.lines.length === 0) return []
  const clocks = [...log.spans.keys()].map((file) => log.clockOf?.(file)?.stretches.map(({ seen }) => seen.to))
  const key = `${log.lines.length} ${log.lines.at(-1)?.at} ${late.length} ${late.at(-1)?.overrun} ${JSON.stringify(clocks)}`
  const known = cache.get(log)
  if (known?.key === key) return known.logs
  const logs = [...log.spans].map(([file, span]): ReadLog => {
    const clock = clockOfLog(file, log, late)
    const lines = log.lines.filter((line) => line.file === file)
    return {
      file,
      clock,
      lines,
      span: { from: clock.here(span.from), to: clock.here(span.to) },
    }
  })
  cache.set(log, { key, logs })
  return logs
}

const windowOf = ({ at, width }: LogLine, clock: LogClock): Window => ({
  from: clock.here(at),
  to: instantOf(clock.here(at) + width),
})

const shown = 6
const coarseFrom = 0.1 * second

export function logFacts(question: Question, evidence: Evidence): Fact[] {
  const { from, to } = question.around
  const facts: Fact[] = []
  for (const { file, clock, lines } of logsOf(evidence)) {
    const seen = new Set<string>()
    for (const line of lines) {
      const window = windowOf(line, clock)
      if (window.to < from || window.from > to + 0.5 * second || seen.has(line.text)) continue
      seen.add(line.text)
      const whose = clock.isProven ? '' : ', by its own clock'
      facts.push(
        factOf(question, evidence, {
          kind: 'log',
          window,
          // Words take no time: the width is the stamp's.
          share: 0,
          isCoarse: line.width >= coarseFrom,
          text: `${line.text} (${file}${whose})`,
        }),
      )
    }
  }
  return facts.slice(0, shown)
}

/** keepalived tells of a late timer from a second on (2.1.0); a stamp and a scheduler lie between. */
const toldFrom = 1.3 * second
const afterwards = 1.5 * second
const issuedLate = new Set(['W1', 'W1+', 'W1-', 'W2'])

/** Is this the log of the router whose advert was late? By what it says of the rival that spoke meanwhile, and of others. */
function isOfSender({ lines, clock }: ReadLog, one: LateAdvert, late: readonly LateAdvert[]): boolean {
  const accounts = late.some(
    (other) => other.flow === one.flow && lines.some((line) => isAccountOf(line, other, clock)),
  )
  const isAnswer = (line: LogLine): boolean =>
    line.rival?.ours === one.advert.priority &&
    line.rival.source !== one.advert.source &&
    Math.abs(momentOf(line, clock) - one.at) <= afterwards
  return accounts || (one.takeover && lines.some(isAnswer))
}

function silence(log: ReadLog, one: LateAdvert, late: readonly LateAdvert[]): string | undefined {
  if (one.overrun < toldFrom || !issuedLate.has(one.wire) || !isOfSender(log, one, late)) return undefined
  if (log.span.from > one.dueAt || log.span.to < one.at + afterwards) return undefined
  const told = log.lines.filter((line) => line.kind === 'timer-expired')
  // From 2.3.4 on, with max_auto_priority, the first such line is the last.
  if (told.filter((line) => log.clock.here(line.at) < one.dueAt).length === 1) return undefined
  const since = told.length > 0 ? 'as it does elsewhere' : 'as it would from 2.1.0 on'
  return `${log.file} goes on through this gap and tells of no thread timer that expired late, ${since}: keepalived’s loop ran on time, or its clock stood still with it (a stopped VM)`
}

/** Another timer of the same loop, or a part of a lateness that it was held up in more than once. */
function otherAccount({ lines, clock }: ReadLog, one: LateAdvert): LogLine | undefined {
  return lines.find((line) => {
    const { from, to } = windowOf(line, clock)
    return line.kind === 'timer-expired' && to >= one.dueAt - aroundSent && from <= one.at + aroundSent
  })
}

/** At most one sentence a log; empty where no log has anything to say. */
export function logSentences(one: LateAdvert, evidence: Evidence): string[] {
  const late = evidence.late ?? [one]
  return logsOf(evidence)
    .flatMap((log) => {
      const account = log.lines.find((line) => isAccountOf(line, one, log.clock))
      if (account !== undefined)
        return [`keepalived’s own log agrees: “${account.text}” (${log.file}): its loop ran late by as much`]
      const other = otherAccount(log, one)
      if (other !== undefined)
        return issuedLate.has(one.wire)
          ? [`in this gap keepalived logged “${other.text}” (${log.file}): its loop ran late, too`]
          : []
      const missing = silence(log, one, late)
      return missing === undefined ? [] : [missing]
    })
    .slice(0, 2)
}
