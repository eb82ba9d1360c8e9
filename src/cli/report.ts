// `whylate report`: a finished capture in, one answer out. Only the answer goes to stdout.

import { Fault } from '../capture/fault.ts'
import { formatHtml } from '../report/html.ts'
import { formatJson } from '../report/json.ts'
import { formatMarkdown } from '../report/markdown.ts'
import { reportOf } from '../report/report.ts'
import { isOfFlow, parseTime, type Selection } from '../report/selection.ts'
import { formatText } from '../report/text.ts'
import type { FinishedSession } from '../engine/finished.ts'
import { importFiles } from '../session/import/import-files.ts'
import { replayAll } from '../session/replay/replay.ts'
import type { Instant } from '../time/instant.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { openProgress, sizeOfFiles } from './progress.ts'
import { filesOf, type FileOptions, type ReportFormat, type ReportOptions } from './report-options.ts'
import { answer, notice } from './say.ts'

const hasFiles = (files: FileOptions): boolean =>
  files.pcap.length + files.scap.length + files.sysdig.length + files.log.length > 0 ||
  files.iostat !== undefined ||
  files.host !== undefined

interface Read {
  readonly session: FinishedSession
  /** What is wrong with a bundle, in sentences. */
  readonly complaints: readonly string[]
}

async function readBundle(path: string, options: ReportOptions, tell: (text: string) => void): Promise<Read> {
  const { interval, late, vrid, budget: budgetBytes } = options
  const { session, complaints, remarks } = await replayAll(path, { budgetBytes, interval, late, vrid })
  for (const sentence of [...remarks, ...complaints]) tell(sentence)
  return { session, complaints }
}

async function readSession(bundle: string | undefined, options: ReportOptions): Promise<Read> {
  if (bundle !== undefined && hasFiles(options))
    throw new Fault('Give a bundle or the files of a capture, not both.', 'whylate report --help shows both ways.', 2)
  const tell = options.quiet === true ? (): void => undefined : (text: string): void => notice(`whylate: ${text}`)
  if (bundle !== undefined) return readBundle(bundle, options, tell)
  const files = filesOf(options)
  const progress = openProgress(options.quiet === true, sizeOfFiles(files))
  const session = await importFiles({
    files,
    interval: options.interval,
    late: options.late,
    vrid: options.vrid,
    budgetBytes: options.budget,
    onProgress: progress.tell,
  }).finally(() => progress.end())
  return { session, complaints: [] }
}

function timeOf(name: string, text: string | undefined, session: FinishedSession): Instant | undefined {
  if (text === undefined) return undefined
  const at = parseTime(text, session)
  if (at !== undefined) return at
  throw new Fault(
    `${name} ${text} is no time.`,
    'Give 2026-11-22T12:03:20Z, 12:03:20, or +90s from the first packet.',
    2,
  )
}

function selectionOf(options: ReportOptions, session: FinishedSession): Selection {
  const { flow } = options
  if (flow !== undefined && !session.flows.some((one) => isOfFlow(one, flow))) {
    const known = session.flows.map((one) => `${one.link} vrid ${one.vrid} from ${one.source}`).join('; ')
    throw new Fault(
      `No flow fits --flow ${flow}.`,
      known === '' ? 'The capture holds none.' : `There are: ${known}.`,
      2,
    )
  }
  return {
    flow,
    since: timeOf('--since', options.since, session),
    until: timeOf('--until', options.until, session),
  }
}

/** The whole answer, as it goes to stdout. Deterministic: the same session gives the same bytes. */
export function formatReport(session: FinishedSession, selection: Selection, format: ReportFormat): string {
  switch (format) {
    case 'json':
      return formatJson(reportOf(session, selection))
    case 'md':
      return formatMarkdown(session, selection)
    case 'html':
      return formatHtml(session, selection)
    case 'text':
      return formatText(session, selection)
  }
}

export interface Told {
  readonly text: string
  readonly code: ExitCode
}

/** The report and its exit code; nothing is printed but progress. */
export async function makeReport(bundle: string | undefined, options: ReportOptions): Promise<Told> {
  const { session, complaints } = await readSession(bundle, options)
  if (session.flows.length === 0 && options.quiet !== true)
    notice('whylate: no VRRP advert is in the capture, so nothing can be called late')
  const selection = selectionOf(options, session)
  const { late, flows } = reportOf(session, selection)
  // One that never came before the capture ended is the latest of all.
  const isLate = late.length > 0 || (options.until === undefined && flows.some((one) => one.overdueMs !== null))
  return {
    text: formatReport(session, selection, options.format),
    code: complaints.length > 0 ? exitCode.bundle : isLate ? exitCode.late : exitCode.done,
  }
}

export async function runReport(bundle: string | undefined, options: ReportOptions): Promise<ExitCode> {
  const { text, code } = await makeReport(bundle, options)
  answer(text)
  return code
}
