// The files of a bundle: what each is called, whose words it holds, and how. The names are the contract (docs/bundle-format.md).

import type { ProbeName } from '../events/probe.ts'

export const manifestName = 'manifest.json'
export const tapeName = 'probes.ndjson.gz'
export const blindName = 'blind.ndjson'
export const marksName = 'marks.ndjson'
/** Of a flight recording: what was kept whole, and the track of what was written later. */
export const keptName = 'kept.ndjson'
export const flightName = 'flight.ndjson.gz'

/** The whole of it has to be a name: no path, nothing hidden. */
const memberPattern = /^[a-z0-9][a-zA-Z0-9_-]{0,63}(?:\.(?:pcap|pcapng|scap\.gz|tsv\.gz|txt\.gz|ndjson|ndjson\.gz))$/

export const isMemberName = (name: string): boolean => memberPattern.test(name)
export const isPacked = (name: string): boolean => name.endsWith('.gz')

const fileOf: Readonly<Record<ProbeName, readonly [stem: string, ending: string]>> = {
  tcpdump: ['tcpdump', '.pcap'],
  sysdig: ['sysdig', '.scap.gz'],
  bpftrace: ['bpftrace', '.tsv.gz'],
  iostat: ['iostat', '.ndjson.gz'],
  host: ['host', '.ndjson.gz'],
  log: ['log', '.ndjson.gz'],
}

/**
 * `number`: 1 for the first, 2 for the file after a change of the link type. `foreign`: the ending of a file in a form that
 * no probe of ours speaks.
 */
export function memberNameOf(probe: ProbeName, part: string, number = 1, foreign?: string): string {
  const [stem, own] = fileOf[probe]
  const ending = foreign ?? own
  const name = part.replaceAll(/[^a-zA-Z0-9_]+/g, '_').slice(0, 40)
  return `${stem}${name === '' ? '' : `-${name}`}${number === 1 ? '' : `-${number}`}${ending}`
}

/** Whose words a file holds, by its name; undefined for those that hold nobody's. */
export function probeOfMember(name: string): ProbeName | undefined {
  for (const [probe, [stem, ending]] of Object.entries(fileOf) as [ProbeName, readonly [string, string]][]) {
    if (!name.endsWith(ending)) continue
    const rest = name.slice(0, -ending.length)
    if (rest === stem || rest.startsWith(`${stem}-`)) return probe
  }
  return undefined
}
