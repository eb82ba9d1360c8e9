// One kind of event as columns in time order: append, seek, drop the oldest.
//
//   chunk 0            chunk 1            chunk 2 (being filled)
//   at   [.........]   at   [.........]   at   [....     ]
//   cpu  [.........]   cpu  [.........]   cpu  [....     ]
//   row  0 ... 16383   16384 ... 32767    32768 ... 36000
//
// Row numbers only grow, so a cursor on the screen survives eviction. A question is a window: one binary search over the
// chunks, one inside the first of them. Rows are never objects at rest: a writer gets the columns and an index, a reader
// the columns and a range.

import { instantOf, type Instant, type Window } from '../time/instant.ts'
import type { MarkNames } from './names.ts'

/** How a column is stored; a `name` is the id of a text. Every table has an `at` column (f64) besides those it declares. */
export type ColumnKind = 'f64' | 'f32' | 'i32' | 'u16' | 'u8' | 'name'
export type Columns = Readonly<Record<string, ColumnKind>>
export type Numbers = Float64Array | Float32Array | Int32Array | Uint16Array | Uint8Array
export type Cells<S extends Columns> = { readonly [K in keyof S]: Numbers }
export type Row<S extends Columns> = { readonly [K in keyof S]: number } & { readonly at: Instant }

/** The part of one chunk that lies in a window: rows `from` to `to - 1` of its columns. */
export interface Slice<S extends Columns> {
  readonly at: Float64Array
  readonly cells: Cells<S>
  readonly from: number
  readonly to: number
}

export interface Table<S extends Columns> {
  readonly columns: S
  /** Rows kept now. */
  readonly length: number
  /** Rows ever taken in. */
  readonly end: number
  readonly bytes: number
  /** Rows that came too late to be put in their place: not kept; whoever owns the table tells. */
  readonly refused: number
  readonly firstAt: Instant | undefined
  readonly lastAt: Instant | undefined
  /** Where `place` put its row: the index into the columns that it returned. */
  readonly index: number
  /**
   * Makes room for a row at its place in time and returns the columns to fill in at `index`; every column must be
   * written. undefined when the row comes too late. Row and columns are good until the next call.
   */
  place(at: Instant): Cells<S> | undefined
  /** Takes `count` rows at once, as many `place` would; `cells` has a column for each of the table's. */
  append(at: Float64Array, cells: Cells<S>, count: number): void
  /** The rows of [from, to], oldest first. */
  slices(window: Window): Slice<S>[]
  /** The rows of [from, to] as objects: for a handful, not for a scan. */
  rows(window: Window): Row<S>[]
  /** The last row at or before `at`. */
  lastBefore(at: Instant): Row<S> | undefined
  /** Last instant of the oldest chunk that can be dropped; undefined when there is none but the one being filled. */
  readonly oldestChunkEnd: Instant | undefined
  /** Drops that chunk, except its rows in `pinned`. Returns the stretch that is no longer whole. */
  dropOldest(pinned: readonly Window[]): Window | undefined
  /** Bytes of what was kept of dropped chunks. */
  readonly remnantBytes: number
  /** Of what was kept of dropped chunks, keeps only what is still pinned. */
  prune(pinned: readonly Window[]): void
  /** Marks the names that its rows hold. */
  readonly markNames: MarkNames
}

const makers: Readonly<Record<ColumnKind, (length: number) => Numbers>> = {
  f64: (length) => new Float64Array(length),
  f32: (length) => new Float32Array(length),
  i32: (length) => new Int32Array(length),
  u16: (length) => new Uint16Array(length),
  u8: (length) => new Uint8Array(length),
  name: (length) => new Int32Array(length),
}
const widths: Readonly<Record<ColumnKind, number>> = { f64: 8, f32: 4, i32: 4, u16: 2, u8: 1, name: 4 }

export const defaultRowsPerChunk = 16_384
/** A row that is more than this many rows out of order is refused; the rings of two CPUs merge within far less. */
const reorderRows = 8192

interface Chunk<S extends Columns> {
  length: number
  readonly capacity: number
  readonly at: Float64Array
  readonly cells: Cells<S>
  readonly all: readonly Numbers[]
  /** What eviction left of a chunk: rows of pinned windows only. */
  readonly isRemnant: boolean
}

/** First index in at[0, length) whose instant is >= `instant`. */
function lowerBound(at: Float64Array, length: number, instant: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((at[middle] ?? 0) < instant) low = middle + 1
    else high = middle
  }
  return low
}

/** First index in at[0, length) whose instant is > `instant`. */
function upperBound(at: Float64Array, length: number, instant: number): number {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((at[middle] ?? 0) <= instant) low = middle + 1
    else high = middle
  }
  return low
}

export function openTable<const S extends Columns>(columns: S, rowsPerChunk = defaultRowsPerChunk): Table<S> {
  const names = Object.keys(columns) as (keyof S & string)[]
  const rowBytes = 8 + names.reduce((sum, name) => sum + widths[columns[name] ?? 'f64'], 0)
  const chunks: Chunk<S>[] = []
  let tail: Chunk<S> | undefined
  let length = 0
  let end = 0
  let refused = 0
  let index = 0
  let capacity = 0
  /** The memory of a chunk that was dropped, for the next one: what is asked for and given back all night ends in crumbs. */
  let spare: Chunk<S> | undefined

  function openChunk(rows: number, isRemnant: boolean): Chunk<S> {
    if (!isRemnant && spare !== undefined) {
      const again = { ...spare, length: 0 }
      spare = undefined
      capacity += rows
      return again
    }
    const cells = {} as { [K in keyof S]: Numbers }
    const at = new Float64Array(rows)
    const all: Numbers[] = [at]
    for (const name of names) {
      const column = makers[columns[name] ?? 'f64'](rows)
      cells[name] = column
      all.push(column)
    }
    capacity += rows
    return { length: 0, capacity: rows, at, cells, all, isRemnant }
  }

  function makeRoom(chunk: Chunk<S>, position: number): void {
    for (const column of chunk.all) column.copyWithin(position + 1, position, chunk.length)
    chunk.length++
  }

  function moveRow(from: Chunk<S>, i: number, to: Chunk<S>, j: number): void {
    for (let c = 0; c < from.all.length; c++) {
      const source = from.all[c]
      const target = to.all[c]
      if (source !== undefined && target !== undefined) target[j] = source[i] ?? 0
    }
  }

  /**
   * A row that belongs before the last one: into its place, a few rows back. When that is in an earlier chunk, which is
   * full, the last row of each chunk from there on moves over to the front of the next.
   */
  function insert(at: Instant): Cells<S> | undefined {
    let c = chunks.length - 1
    let behind = 0
    while (c > 0 && (chunks[c]?.length === 0 || (chunks[c]?.at[0] ?? 0) > at)) {
      const before = chunks[c - 1]
      if (before === undefined || before.isRemnant || (before.at[before.length - 1] ?? 0) <= at) break
      behind += chunks[c]?.length ?? 0
      c--
    }
    const target = chunks[c]
    if (target === undefined) return refuse()
    const position = upperBound(target.at, target.length, at)
    if (behind + target.length - position > reorderRows) return refuse()
    for (let next = chunks.length - 1; next > c; next--) {
      const later = chunks[next]
      const earlier = chunks[next - 1]
      if (later === undefined || earlier === undefined) continue
      makeRoom(later, 0)
      moveRow(earlier, earlier.length - 1, later, 0)
      earlier.length--
    }
    makeRoom(target, position)
    target.at[position] = at
    index = position
    return target.cells
  }

  /** The instant that a row must not be before, to be put behind all others. */
  function lastInstant(): number | undefined {
    if (tail !== undefined && tail.length > 0) return tail.at[tail.length - 1]
    const before = chunks.at(-2)
    return before?.at[before.length - 1]
  }

  /** The chunk that is being filled, with room for a row. */
  function tailWithRoom(): Chunk<S> {
    if (tail !== undefined && tail.length < tail.capacity) return tail
    tail = openChunk(rowsPerChunk, false)
    chunks.push(tail)
    return tail
  }

  function place(at: Instant): Cells<S> | undefined {
    const chunk = tailWithRoom()
    length++
    end++
    const last = lastInstant()
    if (last !== undefined && last > at) return insert(at)
    index = chunk.length++
    chunk.at[index] = at
    return chunk.cells
  }

  function placeRow(at: Instant, cells: Cells<S>, i: number): void {
    const target = place(at)
    if (target === undefined) return
    for (const name of names) target[name][index] = cells[name][i] ?? 0
  }

  function append(at: Float64Array, cells: Cells<S>, count: number): void {
    for (let from = 0; from < count;) {
      const chunk = tailWithRoom()
      const most = Math.min(count, from + chunk.capacity - chunk.length)
      let last = lastInstant() ?? Number.NEGATIVE_INFINITY
      let to = from
      while (to < most && (at[to] ?? 0) >= last) last = at[to++] ?? 0
      if (to === from) {
        placeRow(instantOf(at[from] ?? 0), cells, from)
        from++
        continue
      }
      chunk.at.set(at.subarray(from, to), chunk.length)
      for (const name of names) chunk.cells[name].set(cells[name].subarray(from, to), chunk.length)
      chunk.length += to - from
      length += to - from
      end += to - from
      from = to
    }
  }

  function refuse(): undefined {
    refused++
    end--
    length--
    return undefined
  }

  function firstChunkAt(instant: number): number {
    let low = 0
    let high = chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const chunk = chunks[middle]
      if (chunk === undefined || chunk.length === 0 || (chunk.at[chunk.length - 1] ?? 0) >= instant) high = middle
      else low = middle + 1
    }
    return low
  }

  function rowAt(slice: Slice<S>, i: number): Row<S> {
    const row: Record<string, number> = { at: slice.at[i] ?? 0 }
    for (const name of names) row[name] = slice.cells[name][i] ?? 0
    return row as Row<S>
  }

  function slices(window: Window): Slice<S>[] {
    const found: Slice<S>[] = []
    for (let c = firstChunkAt(window.from); c < chunks.length; c++) {
      const chunk = chunks[c]
      if (chunk === undefined || chunk.length === 0) continue
      if ((chunk.at[0] ?? 0) > window.to) break
      const from = lowerBound(chunk.at, chunk.length, window.from)
      const to = upperBound(chunk.at, chunk.length, window.to)
      if (from < to) found.push({ at: chunk.at, cells: chunk.cells, from, to })
    }
    return found
  }

  /** Leaves of a chunk only its rows in `pinned`. */
  function reduce(c: number, pinned: readonly Window[]): void {
    const chunk = chunks[c]
    if (chunk === undefined) return
    const kept: number[] = []
    for (const window of pinned) {
      const from = lowerBound(chunk.at, chunk.length, window.from)
      const to = upperBound(chunk.at, chunk.length, window.to)
      for (let i = Math.max(from, (kept.at(-1) ?? -1) + 1); i < to; i++) kept.push(i)
    }
    if (chunk.isRemnant && kept.length === chunk.length) return
    capacity -= chunk.capacity
    length -= chunk.length - kept.length
    if (!chunk.isRemnant) spare = chunk
    if (kept.length === 0) {
      chunks.splice(c, 1)
      return
    }
    const remnant = openChunk(kept.length, true)
    kept.forEach((i, j) => moveRow(chunk, i, remnant, j))
    remnant.length = kept.length
    chunks[c] = remnant
  }

  return {
    columns,
    get length() {
      return length
    },
    get end() {
      return end
    },
    get bytes() {
      return capacity * rowBytes
    },
    get refused() {
      return refused
    },
    get index() {
      return index
    },
    get firstAt() {
      const chunk = chunks[0]
      return chunk === undefined || chunk.length === 0 ? undefined : instantOf(chunk.at[0] ?? 0)
    },
    get lastAt() {
      return tail === undefined || tail.length === 0 ? undefined : instantOf(tail.at[tail.length - 1] ?? 0)
    },
    get oldestChunkEnd() {
      const chunk = chunks.find((one) => !one.isRemnant)
      return chunk === undefined || chunk === tail ? undefined : instantOf(chunk.at[chunk.length - 1] ?? 0)
    },
    place,
    append,
    slices,
    rows(window) {
      return slices(window).flatMap((slice) =>
        Array.from({ length: slice.to - slice.from }, (_, i) => rowAt(slice, slice.from + i)),
      )
    },
    lastBefore(at) {
      for (let c = Math.min(firstChunkAt(at), chunks.length - 1); c >= 0; c--) {
        const chunk = chunks[c]
        if (chunk === undefined) continue
        const position = upperBound(chunk.at, chunk.length, at)
        if (position > 0) return rowAt({ at: chunk.at, cells: chunk.cells, from: 0, to: 0 }, position - 1)
      }
      return undefined
    },
    get remnantBytes() {
      return chunks.reduce((sum, chunk) => sum + (chunk.isRemnant ? chunk.capacity * rowBytes : 0), 0)
    },
    dropOldest(pinned) {
      const c = chunks.findIndex((one) => !one.isRemnant)
      const chunk = chunks[c]
      if (chunk === undefined || chunk === tail) return undefined
      const gone = { from: instantOf(chunk.at[0] ?? 0), to: instantOf(chunk.at[chunk.length - 1] ?? 0) }
      reduce(c, pinned)
      return gone
    },
    prune(pinned) {
      for (let c = chunks.length - 1; c >= 0; c--) if (chunks[c]?.isRemnant === true) reduce(c, pinned)
    },
    markNames(used) {
      for (const name of names) {
        if (columns[name] !== 'name') continue
        for (const { cells, length: rows } of chunks) {
          const column = cells[name]
          for (let i = 0; i < rows; i++) used[column[i] ?? 0] = 1
        }
      }
    },
  }
}
