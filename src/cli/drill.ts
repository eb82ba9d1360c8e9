// `whylate drill`: a real keepalived pair, a real fault, and whether it is found. `--watch` shows it on the screen as it
// happens; that is `npm start`. `drill all` plays every scenario and ends with a table.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { formatSpan } from '../time/format.ts'
import { instantAt, spanOf } from '../time/instant.ts'
import { sweepLeftovers } from '../drill/leftovers.ts'
import type { Scenario, Truth } from '../drill/scenario.ts'
import { scenarioOf, scenarios } from '../drill/scenarios.ts'
import { Fault } from '../capture/fault.ts'
import { printable } from '../report/printable.ts'
import type { DrillOptions } from './drill-follow.ts'
import { playScenario, watchDrill, type Played, type Unplayed } from './drill-play.ts'
import type { DrillVerdict } from './drill-verdict.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import { answer, notice } from './say.ts'

/** A busy machine can be late before anything was done. */
const attempts = 3

export function listScenarios(): ExitCode {
  for (const { name, cause, summary } of scenarios)
    answer(`${name.padEnd(16)}${(cause === 'none' ? 'nothing late' : cause).padEnd(17)}${summary}\n`)
  return exitCode.done
}

async function sweep(): Promise<void> {
  for (const removed of await sweepLeftovers())
    notice(`whylate: removed what an earlier drill had left behind: ${removed.mark}`)
}

const lengthOf = (truth: Truth): string => formatSpan(spanOf(instantAt(truth.endAt, truth.startAt)))

/** Runs one scenario. */
export async function runDrill(name: string, options: DrillOptions): Promise<ExitCode> {
  const scenario = scenarioOf(name)
  if (scenario === undefined)
    throw new Fault(`There is no scenario called ${name}.`, 'whylate drill list shows those there are.', 2)
  const refusal = await scenario.refusal?.()
  if (refusal !== undefined)
    throw new Fault(`${name} cannot be played here: ${refusal}.`, 'Take another scenario: whylate drill list')
  await sweep()
  if (options.watch === true && process.stdin.isTTY && process.stdout.isTTY) return watchDrill(scenario, options)
  const played = await playScenario(scenario, options, notice)
  if (typeof played === 'string') return exitCode.late
  const { truth, verdict, text } = played
  const found = verdict.found.length === 0 ? ['nothing late'] : verdict.found
  answer(`${text}\n`)
  answer(`DRILL ${scenario.name}\n  done   ${truth.how}, for ${lengthOf(truth)}\n`)
  for (const one of found) answer(`  found  ${printable(one)}\n`)
  answer(`  ${verdict.mark}${verdict.isCulpritRight ? '' : ', but for the culprit'}\n`)
  return verdict.mark === 'right' ? exitCode.done : exitCode.late
}

interface Row {
  readonly scenario: Scenario
  readonly seconds: number
  readonly verdict: DrillVerdict | undefined
  readonly remark: string
}

function rowText({ scenario, seconds, verdict, remark }: Row): string {
  const truth = scenario.cause === 'none' ? 'nothing late' : scenario.cause
  const told = verdict === undefined ? remark : `${verdict.cause} ${verdict.confidence}`.trim()
  const mark = verdict === undefined ? 'skipped' : verdict.mark
  return `${scenario.name.padEnd(16)}${truth.padEnd(17)}${printable(told).padEnd(26)}${mark.padEnd(8)}${seconds.toFixed(0).padStart(4)} s`
}

/** Every scenario, one after the other. Its answer is a table; what goes on meanwhile is told on stderr. */
export async function runAllDrills(options: DrillOptions): Promise<ExitCode> {
  await sweep()
  if (options.record !== undefined) await mkdir(options.record, { recursive: true })
  const rows: Row[] = []
  let isInterrupted = false
  answer(`${'scenario'.padEnd(16)}${'truth'.padEnd(17)}${'verdict'.padEnd(26)}${'mark'.padEnd(8)}  took\n`)
  for (const scenario of scenarios) {
    const startedMs = performance.now()
    const end = (verdict: DrillVerdict | undefined, remark: string): void => {
      const row = { scenario, seconds: (performance.now() - startedMs) / 1000, verdict, remark }
      rows.push(row)
      answer(`${rowText(row)}\n`)
    }
    const refusal = await scenario.refusal?.()
    if (refusal !== undefined) {
      end(undefined, refusal)
      continue
    }
    notice(`drill ${scenario.name}: ${scenario.summary}`)
    const record = options.record === undefined ? {} : { record: join(options.record, `${scenario.name}.whylate`) }
    const quietly = async (): Promise<Played | Unplayed> =>
      playScenario(scenario, { engine: options.engine, ...record }, () => undefined)
    let played = await quietly()
    for (let tries = 1; played === 'not begun' && tries < attempts; tries++) played = await quietly()
    if (played === 'interrupted') {
      isInterrupted = true
      break
    }
    if (played === 'not begun') {
      end(undefined, 'the machine was late before')
      continue
    }
    for (const one of played.verdict.found) notice(`  ${one}`)
    end(played.verdict, '')
  }
  const judged = rows.flatMap((one) => one.verdict ?? [])
  const count = (mark: DrillVerdict['mark']): number => judged.filter((one) => one.mark === mark).length
  const total = rows.reduce((sum, one) => sum + one.seconds, 0)
  answer(
    `${count('right')} of ${judged.length} right, ${count('open')} open, ${count('WRONG')} wrong, ${rows.length - judged.length} skipped; ${formatSpan(spanOf(total * 1e9))}\n`,
  )
  return !isInterrupted && count('right') === judged.length ? exitCode.done : exitCode.late
}
