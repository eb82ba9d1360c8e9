// `export --to csv`: one row for each advert, for a spreadsheet or a script. RFC 4180, UTF-8, a head line.
//
// Cells of text that a spreadsheet would take for a formula (they begin with = + - @ or a control) get a ' in front.

import type { ExportedAdvert } from '../../session/export/exported-bundle.ts'
import { formatIso } from '../../time/format.ts'
import { epochAt, type Epoch } from '../../time/instant.ts'
import { printable } from '../printable.ts'

export type Redact = (text: string) => string

type Cell = string | number | undefined

const columns: readonly (readonly [name: string, of: (one: ExportedAdvert, origin: Epoch) => Cell])[] = [
  ['time', ({ advert }, origin) => formatIso(epochAt(advert.at, origin))],
  // An apostrophe would make it text; 19 digits are more than a spreadsheet keeps of a number.
  ['time_ns', ({ advert }, origin) => String(epochAt(advert.at, origin))],
  ['link', ({ advert }) => advert.link],
  ['vlan', ({ advert }) => advert.vlan],
  ['family', ({ advert }) => advert.family],
  ['version', ({ advert }) => advert.version],
  ['vrid', ({ advert }) => advert.vrid],
  ['source', ({ advert }) => advert.source],
  ['destination', ({ advert }) => advert.destination],
  ['source_mac', ({ advert }) => advert.sourceMac],
  ['priority', ({ advert }) => advert.priority],
  ['interval_ms', ({ advert }) => ms(advert.interval)],
  ['ip_id', ({ advert }) => advert.ipId],
  ['auth', ({ advert }) => advert.auth],
  ['checksum', ({ advert }) => advert.checksum],
  ['gap_ms', ({ gap }) => (gap === undefined ? undefined : ms(gap))],
  ['late', ({ view }) => (view === undefined ? undefined : view.late.number)],
  ['overrun_ms', ({ view }) => (view === undefined ? undefined : ms(view.late.overrun))],
  ['own_overrun_ms', ({ view }) => (view === undefined ? undefined : ms(view.late.ownOverrun))],
  ['wire', ({ view }) => view?.late.wire],
  ['cause', ({ view }) => view?.explanation?.cause],
  ['confidence', ({ view }) => view?.explanation?.confidence],
  ['verdict', ({ view }) => view?.explanation?.summary],
]

/** Nanoseconds as milliseconds, exact to the nanosecond. */
const ms = (ns: number): number => Math.round(ns) / 1e6

/** Words of ours, numbers and stamps are nobody's name. */
const ownWords = new Set(['time', 'time_ns', 'auth', 'checksum', 'wire', 'cause', 'confidence'])

function cellText(cell: Cell, column: string, redact: Redact): string {
  if (cell === undefined) return ''
  if (typeof cell === 'number') return String(cell)
  if (ownWords.has(column)) return cell
  const text = printable(redact(cell))
  const safe = /^[=+\-@\t\r\n|%]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export const csvHead = `${columns.map(([name]) => name).join(',')}\r\n`

export function csvRow(one: ExportedAdvert, origin: Epoch, redact: Redact): string {
  return `${columns.map(([name, of]) => cellText(of(one, origin), name, redact)).join(',')}\r\n`
}
