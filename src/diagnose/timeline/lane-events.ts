// The single events of one lane in a short stretch, each with every field that its table has. Few, and only when somebody
// asks: nowhere else is a row made an object.

import { leaveReasons, processChanges, signalSteps } from '../../events/kernel.ts'
import { noResult } from '../../store/store.ts'
import type { Columns, Slice, Table } from '../../store/table.ts'
import { formatSpan } from '../../time/format.ts'
import { instantOf, spanOf, type Window } from '../../time/instant.ts'
import { waiting } from '../call-facts.ts'
import { signalName } from '../life-facts.ts'
import type { Evidence } from '../evidence.ts'
import { laneKinds, type LaneEvent, type LaneEvents, type LaneKind, type TimelineRequest } from './lane.ts'
import type { LaneQuestion } from './question.ts'
import { ownCgroups } from './sender-lanes.ts'

const listedMost = 40
/** Rows that are looked at; a lane of a busy host over an hour is not listed to its end. */
const lookedMost = 500_000
const longest = 60e9

type Cells = Readonly<Record<string, number>>

interface Source {
  readonly table: Table<Columns>
  /** The column that holds how long it took up to its stamp. */
  readonly length?: string
  readonly isOf?: (row: Cells) => boolean
  titleOf(row: Cells, text: (column: string) => string): string
}

/** Columns that hold ids of texts without saying so in their names. */
const texts = new Set(['link', 'source', 'destination', 'sourceMac', 'auth', 'checksum'])

const words: Readonly<Record<string, (value: number) => string>> = {
  change: (value) => processChanges[value] ?? String(value),
  step: (value) => signalSteps[value] ?? String(value),
  signal: signalName,
  reason: (value) => leaveReasons[value] ?? String(value),
  state: (value) => String.fromCharCode(value),
  isOutgoing: (value) => (value === 255 ? '' : value === 1 ? 'yes' : 'no'),
}

const threads = new Set(['from', 'to', 'by'])

/** `latencyNs` is the latency, `fileName` the file, `readAwaitMs` the read await in ms. */
function fieldOf(column: string, value: number, textOf: (id: number) => string): readonly [string, string] | undefined {
  if (Number.isNaN(value) || value === -1 || (column === 'resultCode' && value === noResult)) return undefined
  const plain = column.replace(/(?:Name|Ns|Ms|Us|Code)$/, '')
  // Beside the thread's name stands its id.
  const name = threads.has(column)
    ? `${column} tid`
    : plain.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  if (texts.has(column) || column.endsWith('Name')) return textOf(value) === '' ? undefined : [name, textOf(value)]
  const word = words[column]?.(value)
  if (word !== undefined) return word === '' ? undefined : [name, word]
  if (column.endsWith('Ns')) return [name, formatSpan(spanOf(value))]
  if (column.endsWith('Ms')) return [name, `${Number(value.toPrecision(4))} ms`]
  if (column.endsWith('Us')) return [name, formatSpan(spanOf(value * 1000))]
  return [name, String(Number.isInteger(value) ? value : Number(value.toPrecision(6)))]
}

const who = (text: (column: string) => string, row: Cells): string => `${text('commName') || 'process'} (${row['pid']})`

/** The lane's key says which rows are its own: `cpu 3`, `disk sda`, `advert <flow>`. */
function sourceOf(kind: LaneKind, key: string, name: string, { evidence, sender, tids, flows }: LaneQuestion): Source {
  const { store } = evidence
  const { names } = store
  const id = names.find(name)
  const of = <S extends Columns>(table: Table<S>): Table<Columns> => table
  const sleeps = new Set([...waiting, 'ioctl'].map((one) => names.find(one)))
  const isWait = (row: Cells): boolean => sleeps.has(row['callName'] as never)
  switch (kind) {
    case 'advert': {
      const flow = flows.find((one) => one.id === name)
      const [link, source] = [names.find(flow?.link ?? ''), names.find(flow?.source ?? '')]
      return {
        table: of(store.adverts),
        isOf: (row) => row['vrid'] === flow?.vrid && row['source'] === source && row['link'] === link,
        titleOf: (row, text) => `advert of ${text('source')}, vrid ${row['vrid']}`,
      }
    }
    case 'state':
      return {
        table: of(store.switches),
        isOf: (row) => row['from'] === sender?.pid || row['to'] === sender?.pid,
        titleOf: (row, text) =>
          `${text('fromName') || 'idle'} (${row['from']}) gives way to ${text('toName') || 'idle'} (${row['to']})`,
      }
    case 'cpu':
      return {
        table: of(store.switches),
        isOf: (row) => name === '' || String(row['cpu']) === name,
        titleOf: (row, text) =>
          `${text('fromName') || 'idle'} (${row['from']}) gives way to ${text('toName') || 'idle'} (${row['to']})`,
      }
    case 'call':
    case 'slow':
      return {
        table: of(store.calls),
        length: 'latencyNs',
        isOf: (row) =>
          !isWait(row) &&
          (kind === 'call' ? tids.has(row['tid'] ?? 0) : (row['latencyNs'] ?? 0) >= 10e6 && !tids.has(row['tid'] ?? 0)),
        titleOf: (row, text) =>
          `${who(text, row)}: ${text('callName')}${text('fileName') === '' ? '' : ` of ${text('fileName')}`}`,
      }
    case 'sample':
      if (key === 'frozen' || key === 'throttled') {
        const isOwn = ownCgroups(sender, evidence)
        return {
          table: of(store.cgroups),
          isOf: (row) => isOwn(row['pathName'] ?? 0),
          titleOf: (_, text) => `sample of cgroup ${text('pathName')}`,
        }
      }
      return {
        table: of(store.threads),
        isOf: (row) => row['tid'] === sender?.pid,
        titleOf: (row, text) => `sample of ${who(text, row)}`,
      }
    case 'signal':
      return {
        table: of(store.signals),
        titleOf: (row, text) =>
          `${signalName(row['signal'] ?? 0)} to ${text('toName') || 'process'} (${row['to']}), by ${text('fromName') || 'somebody'}`,
      }
    case 'life':
      return {
        table: of(store.processes),
        titleOf: (row, text) => `${who(text, row)}: ${processChanges[row['change'] ?? 0] ?? ''}`,
      }
    case 'work':
      return {
        table: of(store.cpuTimes),
        length: 'spanNs',
        isOf: (row) => row['commName'] === id,
        titleOf: (row, text) => `${who(text, row)}: CPU time of a thread`,
      }
    case 'disk':
      return {
        table: of(store.disks),
        length: 'spanNs',
        isOf: (row) => row['deviceName'] === id,
        titleOf: (_, text) => `${text('deviceName')}: one row of iostat`,
      }
    case 'block':
      return {
        table: of(store.blockRequests),
        length: 'latencyNs',
        isOf: (row) => row['deviceName'] === id,
        titleOf: (row, text) => `${who(text, row)}: ${text('operationName')} on ${text('deviceName')}`,
      }
    case 'pressure':
      return { table: of(store.pressure), titleOf: () => 'pressure and memory counters of one sample' }
  }
}

const rowOf = (slice: Slice<Columns>, i: number): Cells => {
  const row: Record<string, number> = {}
  for (const [column, cells] of Object.entries(slice.cells)) row[column] = cells[i] ?? 0
  return row
}

/** Those that lie in the stretch, or reach into it; the longest first where there are too many to list, in order of time. */
function listed(source: Source, { from, to }: Window, store: Evidence['store']): { events: LaneEvent[]; more: number } {
  const { table, length } = source
  const textOf = (id: number): string => store.names.textOf(id)
  const found: { readonly window: Window; readonly row: Cells }[] = []
  let looked = 0
  for (const slice of table.slices({ from, to: instantOf(length === undefined ? to : to + longest) })) {
    for (let i = slice.from; i < slice.to && looked < lookedMost; i++) {
      looked++
      const end = slice.at[i] ?? 0
      const took = length === undefined ? 0 : (slice.cells[length]?.[i] ?? 0)
      const begin = end - (Number.isNaN(took) ? 0 : took)
      if (begin > to) continue
      const row = rowOf(slice, i)
      if (source.isOf?.(row) ?? true) found.push({ window: { from: instantOf(begin), to: instantOf(end) }, row })
    }
  }
  const span = (one: { readonly window: Window }): number => one.window.to - one.window.from
  const kept = found.length <= listedMost ? found : found.toSorted((a, b) => span(b) - span(a)).slice(0, listedMost)
  const events = kept
    .toSorted((a, b) => a.window.from - b.window.from)
    .map(({ window, row }): LaneEvent => ({
      window,
      title: source.titleOf(row, (column) => textOf(row[column] ?? 0)),
      fields: Object.entries(row).flatMap(([column, value]) => {
        const field = fieldOf(column, value, textOf)
        return field === undefined ? [] : [field]
      }),
    }))
  return { events, more: found.length - kept.length }
}

const kindsByKey: Readonly<Record<string, LaneKind>> = {
  sampled: 'sample',
  'run-delay': 'sample',
  frozen: 'sample',
  throttled: 'sample',
}

export function eventsOf(
  asked: NonNullable<TimelineRequest['events']>,
  question: LaneQuestion,
): LaneEvents | undefined {
  const [head = '', ...name] = asked.lane.split(' ')
  const kind = kindsByKey[head] ?? laneKinds.find((one) => one === head)
  if (kind === undefined) return undefined
  const source = sourceOf(kind, head, name.join(' '), question)
  const { events, more } = listed(source, asked, question.evidence.store)
  return { lane: asked.lane, from: asked.from, to: asked.to, listed: events, more }
}
