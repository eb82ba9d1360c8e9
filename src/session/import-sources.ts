// Which of the given files is what: each is looked into, and one that is something else is refused with a sentence.

import { basename } from 'node:path'
import { Fault } from '../capture/fault.ts'
import type { ProbeName } from '../events/probe.ts'
import { fileKindNames, type FileKind } from '../parse/file-kind.ts'
import { epochOf, type Epoch } from '../time/instant.ts'
import { peekFile, refuseFile, type Peek } from './peek-file.ts'

/** `name` undefined: the file's own name is good enough. */
export interface NamedFile {
  readonly name: string | undefined
  readonly path: string
}

export interface ImportFiles {
  readonly pcaps: readonly NamedFile[]
  readonly scaps: readonly NamedFile[]
  readonly sysdig: readonly string[]
  readonly iostat: string | undefined
  readonly host: string | undefined
  readonly logs: readonly string[]
}

export interface Source {
  readonly probe: ProbeName
  readonly part: string
  /** What the only capture's link is called, where its packets do not say. */
  readonly link: string | undefined
  readonly peek: Peek
}

type Option = '--pcap' | '--scap' | '--sysdig' | '--iostat' | '--host' | '--log'
const kindsOf: Readonly<Record<Option, readonly FileKind[]>> = {
  '--pcap': ['pcap', 'pcapng'],
  '--scap': ['scap'],
  '--sysdig': ['sysdig-text'],
  '--iostat': ['iostat-json', 'iostat-text'],
  '--host': ['host'],
  '--log': ['log'],
}
const wantedNames: Readonly<Record<Option, string>> = {
  '--pcap': 'a packet capture (pcap or pcapng, plain or gzip)',
  '--scap': 'a sysdig capture (scap, plain or gzip)',
  '--sysdig': "sysdig's text by the 13 fields that --help shows",
  '--iostat': "iostat's JSON, or its tables with a stamp over each",
  '--host': "the host sampler's lines (host.ndjson)",
  '--log': "keepalived's log, or what tcpdump said at its end",
}

export async function peekAs(option: Option, path: string, near = epochOf(0n)): Promise<Peek> {
  const peek = await peekFile(path, near)
  if (kindsOf[option].includes(peek.kind)) return peek
  const other = (Object.keys(kindsOf) as Option[]).find((one) => kindsOf[one].includes(peek.kind))
  const remedy =
    other === undefined ? `${option} takes ${wantedNames[option]}.` : `Give it as ${other} ${basename(path)}.`
  throw refuseFile(path, `is ${fileKindNames[peek.kind]}`, remedy)
}

/** `tap.pcap.gz` is a capture of `tap`. */
const linkOfPath = (path: string): string =>
  basename(path).replace(/(?:\.(?:pcapng|pcap|cap|dmp))?(?:\.gz)?$/, '') || 'pcap'

function partsOf(files: readonly NamedFile[]): string[] {
  const taken = new Set<string>()
  return files.map(({ name, path }) => {
    const wish = name ?? linkOfPath(path)
    let part = wish
    for (let n = 2; taken.has(part); n++) part = `${wish}-${n}`
    taken.add(part)
    return part
  })
}

async function peekCaptures(files: readonly NamedFile[]): Promise<Source[]> {
  const peeks: Peek[] = []
  for (const { path } of files) peeks.push(await peekAs('--pcap', path))
  const names = partsOf(files)
  return peeks.map((peek, i) => {
    const name = names[i] ?? peek.path
    const isOnly = files.length === 1
    const link = isOnly && (files[0]?.name !== undefined || !peek.namesLinks) ? name : undefined
    return { probe: 'tcpdump', part: isOnly ? '' : name, link, peek }
  })
}

/** The captures first: when they begin, everything else should. */
export async function peekAll(files: ImportFiles): Promise<Source[]> {
  const sources = await peekCaptures(files.pcaps)
  const near = firstOf(sources)
  const add = async (probe: ProbeName, option: Option, path: string, part: string): Promise<void> => {
    sources.push({ probe, part, link: undefined, peek: await peekAs(option, path, near) })
  }
  if (files.host !== undefined) await add('host', '--host', files.host, '')
  if (files.iostat !== undefined) await add('iostat', '--iostat', files.iostat, '')
  const kernel = [
    ...files.scaps.map(({ path }) => ['--scap', path] as const),
    ...files.sysdig.map((path) => ['--sysdig', path] as const),
  ]
  for (const [i, [option, path]] of kernel.entries()) await add('sysdig', option, path, i === 0 ? '' : String(i))
  return sources
}

/** pcapng and `-i any` name the link of each packet; an Ethernet pcap does not, so the file's name stands for it. */
export function partNames(sources: readonly Source[]): {
  readonly parts: readonly string[]
  readonly link: string | undefined
} {
  const captures = sources.filter((one) => one.probe === 'tcpdump')
  return { parts: captures.map((one) => one.part), link: captures[0]?.link }
}

/** When the first packet of all captures was stamped. */
export function firstOf(sources: readonly Source[]): Epoch {
  const firsts = sources.flatMap(({ probe, peek }) =>
    probe === 'tcpdump' && peek.beginsAt !== undefined ? [peek.beginsAt] : [],
  )
  const [first] = firsts.toSorted((a, b) => Number(a - b))
  if (first !== undefined) return first
  throw new Fault(
    'The captures hold no packet that can be read.',
    'Record one with: tcpdump -i IFACE -w FILE --time-stamp-precision=nano vrrp',
    2,
  )
}
