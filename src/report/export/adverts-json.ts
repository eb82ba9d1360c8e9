// `export --to json`: the report as `report --format json` gives it, and every advert behind it, in one document.
//
//   { "schema": "whylate.export/1", "report": { … }, "adverts": [
//   {"at":"2026-…Z","atNs":"1795350510899305984","link":"tap","vrid":205,…,"late":1},
//   …
//   ] }

import type { ExportedAdvert } from '../../session/export/exported-bundle.ts'
import { formatIso } from '../../time/format.ts'
import { epochAt, type Epoch } from '../../time/instant.ts'
import type { Report } from '../report-shape.ts'
import type { Redact } from './adverts-csv.ts'

export const exportSchema = 'whylate.export/1'

/** ASCII only, as the report is: see ../json.ts. */
const ascii = (json: string): string =>
  json.replace(/[^\x20-\x7e\n]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Keys whose values are words of the contract, stamps or versions. */
const ownKeys: ReadonlySet<string> = new Set(
  'schema from to at atNs dueNs fromNs toNs vantage tool version state wire liveness cause confidence kind'.split(' '),
)
/** In a probe's and in a blind spot's entry these are probes; in a flow they name somebody. */
const probeWords = new Set(['tcpdump', 'sysdig', 'bpftrace', 'iostat', 'host', 'log', 'clock', 'store'])

function redacted(value: unknown, redact: Redact, key = ''): unknown {
  if (typeof value === 'string')
    return ownKeys.has(key) || ((key === 'name' || key === 'source') && probeWords.has(value)) ? value : redact(value)
  if (Array.isArray(value)) return value.map((one) => redacted(one, redact, key))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, redacted(one, redact, name)]))
}

export function jsonHead(report: Report, redact: Redact): string {
  const told = ascii(JSON.stringify(redacted(report, redact)))
  return `{"schema":"${exportSchema}","report":${told},"adverts":[`
}

export function jsonAdvert({ advert, gap, view }: ExportedAdvert, origin: Epoch, redact: Redact): string {
  const { at, link, vlan, family, version, vrid, priority, source, destination, sourceMac, interval } = advert
  return ascii(
    JSON.stringify({
      at: formatIso(epochAt(at, origin)),
      atNs: String(epochAt(at, origin)),
      link: redact(link),
      vlan: vlan ?? null,
      family,
      version,
      vrid,
      priority,
      source: redact(source),
      destination: redact(destination),
      sourceMac: sourceMac === undefined ? null : redact(sourceMac),
      addresses: advert.addresses.map(redact),
      intervalMs: interval / 1e6,
      ipId: advert.ipId ?? null,
      auth: advert.auth,
      checksum: advert.checksum,
      gapMs: gap === undefined ? null : Math.round(gap) / 1e6,
      late: view?.late.number ?? null,
    }),
  )
}

export const jsonEnd = '\n]}\n'
