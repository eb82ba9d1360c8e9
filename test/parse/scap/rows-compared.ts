// Two readers of the same capture, row by row: how many rows agree in each column, and why the others may differ.

import { epochOf, epochAt } from '../../../src/time/instant.ts'
import { createScapParser } from '../../../src/parse/scap/scap-parser.ts'
import type { ScapRow } from '../../../src/parse/scap/scap-row.ts'
import { processChanges, type KernelSink } from '../../../src/events/kernel.ts'
import { openKernelLog } from './kernel-log.ts'

const columns = ['ts', 'cpu', 'tid', 'dir', 'type', 'pid', 'comm', 'res', 'fd', 'name', 'latency'] as const
type Column = (typeof columns)[number]
/** One row as text, '-' for what it does not have. */
export type TextRow = Readonly<Record<Column, string>>

export const readOrigin = epochOf(1_795_000_000_000_000_000n)

const dash = (value: number | string | undefined): string => (value === undefined ? '-' : String(value))

export interface ReadRows {
  readonly rows: ScapRow[]
  /** Rows of threads that have renamed themselves by prctl, by index. */
  readonly renamed: ReadonlySet<number>
}

/** Rows of our parser. */
export function readRows(bytes: Uint8Array, pieceBytes = 8192): ReadRows {
  const rows: ScapRow[] = []
  const renamed = new Set<number>()
  const renamedThreads = new Set<number>()
  const rename = processChanges.indexOf('rename')
  const exit = processChanges.indexOf('exit')
  const sink: KernelSink = {
    ...openKernelLog().sink,
    process: (_at, change, tid) => {
      if (change === rename) renamedThreads.add(tid)
      else if (change !== exit) renamedThreads.delete(tid)
    },
  }
  const parser = createScapParser({
    origin: readOrigin,
    sink,
    rows: {
      row(row) {
        if (renamedThreads.has(row.tid)) renamed.add(rows.length)
        rows.push(row)
      },
    },
  })
  for (let i = 0; i < bytes.length; i += pieceBytes) parser.push(bytes.subarray(i, i + pieceBytes))
  parser.end()
  return { rows, renamed }
}

function textRowOf(row: ScapRow): TextRow {
  return {
    ts: String(epochAt(row.at, readOrigin)),
    cpu: String(row.cpu),
    tid: String(row.tid),
    dir: row.direction,
    type: row.type,
    pid: dash(row.pid),
    comm: dash(row.comm),
    res: dash(row.result),
    fd: dash(row.fd),
    name: dash(row.fdName),
    latency: dash(row.latencyNs),
  }
}

export interface Comparison {
  readonly rows: number
  readonly equal: Readonly<Record<Column, number>>
  /** Differences by the reason that explains them. */
  readonly explained: ReadonlyMap<string, number>
  /** Differences that nothing explains: must be none. */
  readonly unexplained: readonly string[]
}

/** A class of differences in which the other reader is wrong or silent. */
export interface Excuse {
  readonly reason: string
  readonly columns: readonly Column[]
  accepts(ours: ScapRow, theirs: TextRow, index: number): boolean
}

export function compareRows(
  ours: readonly ScapRow[],
  theirs: readonly TextRow[],
  excuses: readonly Excuse[],
): Comparison {
  const equal = Object.fromEntries(columns.map((column) => [column, 0])) as Record<Column, number>
  const explained = new Map<string, number>()
  const unexplained: string[] = []
  ours.forEach((row, index) => {
    const their = theirs[index]
    if (their === undefined) return
    const our = textRowOf(row)
    for (const column of columns) {
      if (our[column] === their[column]) {
        equal[column]++
        continue
      }
      const excuse = excuses.find((one) => one.columns.includes(column) && one.accepts(row, their, index))
      const what = `${column}: ${excuse?.reason ?? ''}`
      if (excuse !== undefined) explained.set(what, (explained.get(what) ?? 0) + 1)
      else
        unexplained.push(`row ${index} ${our.ts} ${our.dir}${our.type} ${column}: ${our[column]}, not ${their[column]}`)
    }
  })
  return { rows: ours.length, equal, explained, unexplained }
}

/** The table that a person wants to see. */
export function formatComparison(title: string, { rows, equal, explained }: Comparison): string {
  const share = (count: number): string => `${((100 * count) / rows).toFixed(3)} %`
  return [
    `${title}: ${rows} rows, equal in`,
    ...columns.map((column) => `  ${column.padEnd(8)} ${share(equal[column]).padStart(9)}`),
    ...[...explained].map(([reason, count]) => `  ${String(count).padStart(7)} differ in ${reason}`),
    '',
  ].join('\n')
}
