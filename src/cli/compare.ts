// `whylate compare`: two bundles in, was it better after the fix out. Only the answer goes to stdout.

import { Fault } from '../capture/fault.ts'
import { formatComparison } from '../report/compare-text.ts'
import { comparisonOf } from '../report/comparison.ts'
import { formatDocument } from '../report/json.ts'
import { reportOf } from '../report/report.ts'
import type { Report } from '../report/report-shape.ts'
import { everything } from '../report/selection.ts'
import { replayAll } from '../session/replay/replay.ts'
import type { CompareOptions } from './compare-options.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { answer, notice } from './say.ts'

interface Read {
  readonly report: Report
  readonly isDamaged: boolean
}

async function readReport(path: string, options: CompareOptions): Promise<Read> {
  const { interval, late, vrid, budget: budgetBytes } = options
  const { session, complaints, remarks } = await replayAll(path, { budgetBytes, interval, late, vrid })
  if (options.quiet !== true)
    for (const sentence of [...remarks, ...complaints]) notice(`whylate: ${path}: ${sentence}`)
  return { report: reportOf(session, everything), isDamaged: complaints.length > 0 }
}

export interface Told {
  readonly text: string
  readonly code: ExitCode
}

/** The comparison and its exit code; nothing is printed but notices. */
export async function makeComparison(first: string, second: string, options: CompareOptions): Promise<Told> {
  // One after the other: both at once would take the memory of two.
  const before = await readReport(first, options)
  const after = await readReport(second, options)
  const comparison = comparisonOf(before.report, after.report)
  if (comparison === undefined) {
    const routers = before.report.flows.map((one) => `vrid ${one.vrid} from ${one.source}`).join(', ')
    throw new Fault(
      `${first} and ${second} have no router in common.`,
      routers === ''
        ? `${first} holds no advert at all.`
        : `In ${first} speak: ${routers}. Record the same link again.`,
      2,
    )
  }
  const isLate = comparison.after.episodes > 0
  return {
    text: options.json === true ? formatDocument(comparison) : formatComparison(comparison),
    code: before.isDamaged || after.isDamaged ? exitCode.bundle : isLate ? exitCode.late : exitCode.done,
  }
}

export async function runCompare(first: string, second: string, options: CompareOptions): Promise<ExitCode> {
  const { text, code } = await makeComparison(first, second, options)
  answer(text)
  return code
}
