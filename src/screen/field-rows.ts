// A list with one of its entries chosen, and all fields of that one below it.
//
//    ▶ stopped    ◆ qemu-system-x86(6875): stopped by SIGSTOP of kill(30211)
//      call         postgres(8120): fdatasync of …
//   ─ FACT 3 of 12 ─────────────────────────────────────────────────────────
//    from       12:03:22.373 UTC, -0.390 s from due

import { hostText, padEnd, widthOf, wrap } from '../report/display-width.ts'
import { longestText } from '../report/words.ts'
import { cell, fitted, ruled, type Row } from './cells.ts'

export type Field = readonly [name: string, value: string]

const longestName = 20

/** Values are the host's: escaped here. */
export function fieldRows(given: readonly Field[], width: number): Row[] {
  const fields = given.map(([name, value]) => [hostText(name, longestName), value] as const)
  const lead = Math.max(9, ...fields.map(([name]) => widthOf(name))) + 2
  return fields.flatMap(([name, value]) =>
    wrap(hostText(value, longestText), Math.max(8, width - lead - 1)).map((line, index) => [
      cell(` ${padEnd(index === 0 ? name : '', lead - 1)}`, 'muted'),
      cell(line),
    ]),
  )
}

export interface Choice {
  /** What the entries are: `FACT`. */
  readonly name: string
  readonly count: number
  readonly chosen: number
  readonly rowOf: (index: number, isChosen: boolean) => Row
  readonly below: readonly Row[]
}

/** The list gives way to the fields. */
export function choiceRows({ name, count, chosen, rowOf, below }: Choice, width: number, height: number): Row[] {
  const room = Math.max(1, Math.min(count, height - 1 - below.length, Math.max(3, Math.floor(height / 2))))
  const first = Math.max(0, Math.min(chosen - Math.floor(room / 2), count - room))
  const list = Array.from({ length: Math.min(room, count) }, (_, index) =>
    rowOf(first + index, first + index === chosen),
  )
  const title = ruled([cell(`${name} ${chosen + 1} of ${count}`, 'title')], width)
  return [...list, title, ...below].slice(0, height).map((row) => fitted(row, width))
}
