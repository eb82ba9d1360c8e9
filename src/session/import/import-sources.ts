// Which of the given files is what: each is looked into, and one that is something else is refused with a sentence.

import { basename } from 'node:path'
import { Fault } from '../../capture/fault.ts'
import type { ProbeName } from '../../events/probe.ts'
import { fileKindNames, type FileKind } from '../../parse/file-kind.ts'
import { epochOf, type Epoch } from '../../time/instant.ts'
import { readCaptured } from './file-source.ts'
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

/** One captured file: as somebody brought it, or as it lies in a bundle. */
export interface Source {
  readonly probe: ProbeName
  readonly part: string
  /** What the only capture's link is called, where its packets do not say. */
  readonly link: string | undefined
  /** The file's own name, also when it lies in a bundle under another one. */
  readonly name: string
  readonly kind: FileKind
  /** Of its first event; undefined when its beginning does not show it. */
  readonly beginsAt: Epoch | undefined
  /** Name of the machine, where the file tells. */
  readonly host: string | undefined
  /**
   * Its bytes, unpacked. Throws an Error with a reason where it cannot be read on. `onRead`: how much of the file itself.
   * `isPassing`: a piece need be good only until the next is asked for.
   */
  read(onRead?: (packedBytes: number) => void, isPassing?: boolean): AsyncGenerator<SourcePiece>
}

/** `torn`: a part of the file is missing here. */
export type SourcePiece = { readonly bytes: Uint8Array } | { readonly torn: string }

type Option = '--pcap' | '--scap' | '--sysdig' | '--iostat' | '--host' | '--log'
const kindsOf: Readonly<Record<Option, readonly FileKind[]>> = {
  '--pcap': ['pcap', 'pcapng'],
  '--scap': ['scap'],
  '--sysdig': ['sysdig-text'],
  '--iostat': ['iostat-json', 'iostat-text'],
  '--host': ['host'],
  // Who had nothing to say leaves an empty log.
  '--log': ['log', 'empty'],
}
const wantedNames: Readonly<Record<Option, string>> = {
  '--pcap': 'a packet capture (pcap or pcapng, plain or gzip)',
  '--scap': 'a sysdig capture (scap, plain or gzip)',
  '--sysdig': "sysdig's text by the 13 fields that --help shows",
  '--iostat': "iostat's JSON, or its tables with a stamp over each",
  '--host': "the host sampler's lines (host.ndjson)",
  '--log': "keepalived's log, or what tcpdump said at its end",
}

async function peekAs(option: Option, path: string, near = epochOf(0n)): Promise<Peek> {
  const peek = await peekFile(path, near)
  if (kindsOf[option].includes(peek.kind)) return peek
  const other =
    peek.kind === 'empty'
      ? undefined
      : (Object.keys(kindsOf) as Option[]).find((one) => kindsOf[one].includes(peek.kind))
  const remedy =
    other === undefined ? `${option} takes ${wantedNames[option]}.` : `Give it as ${other} ${basename(path)}.`
  throw refuseFile(path, `is ${fileKindNames[peek.kind]}`, remedy)
}

async function* readFilePieces(...how: Parameters<typeof readCaptured>): AsyncGenerator<SourcePiece> {
  for await (const bytes of readCaptured(...how)) yield { bytes }
}

function sourceOf(probe: ProbeName, part: string, link: string | undefined, peek: Peek): Source {
  const { path, kind, beginsAt, host } = peek
  return {
    probe,
    part,
    link,
    name: basename(path),
    kind,
    beginsAt,
    host,
    read: (onRead, isPassing) => readFilePieces(path, onRead, isPassing),
  }
}

/** `tap.pcap.gz` is a capture of `tap`. */
const linkOfPath = (path: string): string =>
  basename(path).replace(/(?:\.(?:pcapng|pcap|cap|dmp))?(?:\.gz)?$/, '') || 'pcap'

function partsOf(wishes: readonly string[]): string[] {
  const taken = new Set<string>()
  return wishes.map((wish) => {
    let part = wish
    for (let n = 2; taken.has(part); n++) part = `${wish}-${n}`
    taken.add(part)
    return part
  })
}

async function peekCaptures(files: readonly NamedFile[]): Promise<Source[]> {
  const peeks: Peek[] = []
  for (const { path } of files) peeks.push(await peekAs('--pcap', path))
  const names = partsOf(files.map(({ name, path }) => name ?? linkOfPath(path)))
  return peeks.map((peek, i) => {
    const name = names[i] ?? peek.path
    const isOnly = files.length === 1
    const link = isOnly && (files[0]?.name !== undefined || !peek.namesLinks) ? name : undefined
    return sourceOf('tcpdump', isOnly ? '' : name, link, peek)
  })
}

/** The captures first: when they begin, everything else should. */
export async function peekAll(files: ImportFiles): Promise<Source[]> {
  if (files.pcaps.length === 0)
    throw new Fault('Without a packet capture nobody can say what was late.', 'Give one with --pcap FILE.', 2)
  const sources = await peekCaptures(files.pcaps)
  const near = firstOf(sources)
  const add = async (probe: ProbeName, option: Option, path: string, part: string): Promise<void> => {
    sources.push(sourceOf(probe, part, undefined, await peekAs(option, path, near)))
  }
  if (files.host !== undefined) await add('host', '--host', files.host, '')
  if (files.iostat !== undefined) await add('iostat', '--iostat', files.iostat, '')
  const kernel = [
    ...files.scaps.map(({ name, path }) => ({ option: '--scap' as const, name, path })),
    ...files.sysdig.map((path) => ({ option: '--sysdig' as const, name: undefined, path })),
  ]
  const parts = partsOf(kernel.map(({ name }, i) => name ?? (i === 0 ? '' : String(i))))
  for (const [i, { option, path }] of kernel.entries()) await add('sysdig', option, path, parts[i] ?? String(i))
  const logs = partsOf(files.logs.map((path) => basename(path)))
  for (const [i, path] of files.logs.entries()) await add('log', '--log', path, logs[i] ?? String(i))
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
function firstOf(sources: readonly Source[]): Epoch {
  const firsts = sources.flatMap(({ probe, beginsAt }) =>
    probe === 'tcpdump' && beginsAt !== undefined ? [beginsAt] : [],
  )
  const [first] = firsts.toSorted((a, b) => Number(a - b))
  if (first !== undefined) return first
  throw new Fault(
    'The captures hold no packet that can be read.',
    'Record one with: tcpdump -i IFACE -w FILE --time-stamp-precision=nano vrrp',
    2,
  )
}

/** Whole seconds, well before the first packet: what is slightly older still has a positive time. */
export function originOf(sources: readonly Source[]): { readonly origin: Epoch; readonly begins: Epoch } {
  const begins = firstOf(sources)
  return { origin: epochOf((begins / 1_000_000_000n) * 1_000_000_000n - 10_000_000_000n), begins }
}
