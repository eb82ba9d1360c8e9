// A table whose rows were stamped by another clock, read by ours: nothing is copied but the stamps of what is asked for.

import { instantOf, type Instant } from '../time/instant.ts'
import type { OtherClock } from '../time/other-clock.ts'
import type { Cells, Columns, Numbers, Row, Slice, Table } from './table.ts'

/** What is asked for lies within this of where the other clock says: lines meet at an angle. */
const margin = 1e6

function firstFrom(at: Float64Array, instant: number): number {
  const found = at.findIndex((one) => one >= instant)
  return found === -1 ? at.length : found
}

/** Read only. `span`: a column that holds how long it took up to the row's stamp, by that clock. */
export function alignedTable<S extends Columns>(
  table: Table<S>,
  clock: OtherClock,
  span: (keyof S & string) | undefined,
): Table<S> {
  const names = Object.keys(table.columns) as (keyof S & string)[]
  const here = (at: Instant | undefined): Instant | undefined => (at === undefined ? undefined : clock.here(at))

  function spansOf(slice: Slice<S>, at: Float64Array, lengths: Numbers): Float64Array {
    const spans = new Float64Array(at.length)
    for (let i = 0; i < spans.length; i++) {
      const length = lengths[slice.from + i] ?? 0
      // Nearly always the same to a millionth; not where that clock stood still meanwhile.
      const begin = clock.here(instantOf((slice.at[slice.from + i] ?? 0) - length))
      spans[i] = Number.isNaN(length) ? length : Math.max(0, (at[i] ?? 0) - begin)
    }
    return spans
  }

  function alignedSlice(slice: Slice<S>): Slice<S> {
    const at = new Float64Array(slice.to - slice.from)
    for (let i = 0; i < at.length; i++) at[i] = clock.here(instantOf(slice.at[slice.from + i] ?? 0))
    const cells: Record<string, Numbers> = {}
    for (const name of names) {
      const column = slice.cells[name]
      cells[name] = name === span ? spansOf(slice, at, column) : column.subarray(slice.from, slice.to)
    }
    return { at, cells: cells as Cells<S>, from: 0, to: at.length }
  }

  function slices(window: { readonly from: Instant; readonly to: Instant }): Slice<S>[] {
    return table
      .slices({
        from: instantOf(clock.there(window.from) - margin),
        to: instantOf(clock.there(window.to) + margin),
      })
      .map(alignedSlice)
      .map((slice) => {
        const from = firstFrom(slice.at, window.from)
        const end = slice.at.findLastIndex((one) => one <= window.to) + 1
        return { ...slice, from, to: Math.max(from, end) }
      })
      .filter((slice) => slice.to > slice.from)
  }

  const rowOf = ({ at, cells }: Slice<S>, i: number): Row<S> => {
    const row: Record<string, number> = { at: at[i] ?? 0 }
    for (const name of names) row[name] = cells[name][i] ?? 0
    return row as Row<S>
  }

  return {
    columns: table.columns,
    bytes: 0,
    refused: 0,
    index: 0,
    oldestChunkEnd: undefined,
    remnantBytes: 0,
    get length() {
      return table.length
    },
    get end() {
      return table.end
    },
    get firstAt() {
      return here(table.firstAt)
    },
    get lastAt() {
      return here(table.lastAt)
    },
    slices,
    rows: (window) =>
      slices(window).flatMap((slice) =>
        Array.from({ length: slice.to - slice.from }, (_, i) => rowOf(slice, slice.from + i)),
      ),
    lastBefore(at) {
      const row = table.lastBefore(clock.there(at))
      return row === undefined ? undefined : { ...row, at: clock.here(row.at) }
    },
    place: () => undefined,
    append: () => undefined,
    dropOldest: () => undefined,
    prune: () => undefined,
    // The table that it reads marks them.
    markNames: () => undefined,
  }
}
