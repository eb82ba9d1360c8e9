// A bundle to hand to somebody: played as it was recorded, each word changed on its way, and written as a bundle again.
//
//   tape ─▶ packets, lines: names ─▶ pseudonyms ─▶ bundle writer ─▶ OUT.whylate
//           scap, logs, notes, what tools said     left out, and told as such
//
// Of scap nobody can promise that no name is left in it: there are some 400 kinds of event, and more with each version.

import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ProbeBytes, ProbeOutput } from '../../capture/output.ts'
import { Fault } from '../../capture/fault.ts'
import type { BlindSpot, ProbeName } from '../../events/probe.ts'
import { epochOf, instantAt, instantOf, type Instant } from '../../time/instant.ts'
import { openBundle, type Bundle } from '../bundle.ts'
import { openBundleWriter, type BundleSettings } from '../bundle-writer.ts'
import { createPcapRecords, pcapHeaderBytes, pcapReaderOf } from '../pcap-records.ts'
import { readTape } from '../tape.ts'
import type { UnitStream } from '../unit-stream.ts'
import { createWholeLines } from '../whole-lines.ts'
import type { Pseudonyms } from './pseudonyms.ts'
import { redactFrame } from './frame-in-place.ts'
import { bpftraceLines, hostLines, iostatLines, type RedactLine } from './lines.ts'
import { createRedactedWords, type RedactedWords } from './words.ts'

export interface RedactedBundle {
  readonly path: string
  /** What is not in it, in sentences. */
  readonly remarks: readonly string[]
  readonly complaints: readonly string[]
}

const leftOut: ReadonlySet<ProbeName> = new Set(['sysdig', 'log'])
const whyLeftOut = 'left out of the redacted copy: nobody can promise that no name is left in it'
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

const linesOf = (probe: ProbeName, words: RedactedWords): RedactLine => {
  if (probe === 'bpftrace') return bpftraceLines(words)
  return probe === 'host' ? hostLines(words) : iostatLines(words)
}

/** What one life of one probe says, redacted. */
function cleanerOf(probe: ProbeName, words: RedactedWords): (bytes: Uint8Array) => Uint8Array {
  if (probe === 'tcpdump') return cleanPackets(words.names)
  const redact = linesOf(probe, words)
  const lines: UnitStream = createWholeLines()
  return (bytes) => {
    const whole = decoder.decode(lines.push(bytes))
    return encoder.encode(whole.replaceAll(/[^\n]*\n/g, (line) => withEnd(redact(line.slice(0, -1)))))
  }
}

const withEnd = (line: string | undefined): string => (line === undefined ? '' : `${line}\n`)

function cleanPackets(names: Pseudonyms): (bytes: Uint8Array) => Uint8Array {
  const records = createPcapRecords(true)
  let hasHeader = false
  return (bytes) => {
    const whole = Uint8Array.from(records.push(bytes))
    const { header } = records
    const read = header === undefined ? undefined : pcapReaderOf(header)
    if (header === undefined || read === undefined) return new Uint8Array(0)
    const linkType = read(header, 20) & 0x03ffffff
    for (let at = 0; at + 16 <= whole.length;) {
      const end = at + 16 + read(whole, at + 8)
      redactFrame(whole.subarray(at + 16, end), linkType, names)
      at = end
    }
    if (hasHeader) return whole
    hasHeader = true
    return Uint8Array.from([...header.subarray(0, pcapHeaderBytes), ...whole])
  }
}

/** undefined: nobody's business, or of a probe whose words are left out. */
function redactedNotice(notice: Exclude<ProbeOutput, ProbeBytes>, names: Pseudonyms): ProbeOutput | undefined {
  if (leftOut.has(notice.probe)) return undefined
  switch (notice.kind) {
    case 'started': {
      const { argv: _argv, ...rest } = notice
      return { ...rest, detail: '' }
    }
    case 'said':
      return undefined
    case 'ended':
      return { ...notice, reason: names.text(notice.reason) }
    case 'absent':
      return { ...notice, reason: names.text(notice.reason), remedy: names.text(notice.remedy) }
    case 'links': {
      const all = Object.entries(notice.names).map(([index, name]) => [index, names.name(name)] as const)
      return { ...notice, names: Object.fromEntries(all) }
    }
    case 'drops':
    case 'silent':
    case 'starting':
    case 'cost':
      return notice
    default:
      return notice satisfies never
  }
}

function redactedManifest({ manifest }: Bundle, words: RedactedWords): BundleSettings['manifest'] {
  const { names } = words
  const { settings, madeBy, host, devices } = manifest
  const { closed: _c, members: _m, probes: _p, secrets: _s, flight: _f, writer: _w, imported: _i, ...rest } = manifest
  const { netns, link, filter: _filter, guests: _guests, ...plain } = settings
  const devicesOf = Object.entries(devices ?? {}).map(([number, name]) => [number, words.word(name)] as const)
  return {
    ...rest,
    madeBy: { program: madeBy.program, version: madeBy.version },
    host: { ...host, name: names.name(host.name) },
    settings: {
      ...plain,
      interfaces: settings.interfaces.map((one) => names.name(one)),
      parts: settings.parts.map((one) => names.name(one)),
      ...(netns === undefined ? {} : { netns: names.name(netns) }),
      ...(link === undefined ? {} : { link: names.name(link) }),
      // That every packet counts has to be known; which ones were asked for names addresses.
      ...(settings.filter === undefined ? {} : { filter: 'left out' }),
    },
    ...(devices === undefined ? {} : { devices: Object.fromEntries(devicesOf) }),
  }
}

/** Throws a Fault for what is no bundle, cannot be redacted, or cannot be written. `names` have learnt what the report tells. */
export async function writeRedactedBundle(path: string, out: string, names: Pseudonyms): Promise<RedactedBundle> {
  const bundle = await openBundle(path)
  try {
    return await redacted(bundle, out, names)
  } finally {
    await bundle.close()
  }
}

async function redacted(bundle: Bundle, out: string, names: Pseudonyms): Promise<RedactedBundle> {
  const { manifest } = bundle
  if (manifest.imported !== undefined)
    throw new Fault(
      `${bundle.path} was made of files of others, and only what whylate recorded itself can be redacted as a bundle.`,
      'Give a report or its adverts: export --to json, csv or pcapng --redact.',
      2,
    )
  const words = createRedactedWords(names)
  const origin = epochOf(BigInt(manifest.originNs))
  const startedAt = instantAt(epochOf(BigInt(manifest.startedNs)), origin)
  let now: Instant = startedAt
  const writer = await openBundleWriter({
    path: out.endsWith('.whylate') ? resolve(out) : `${resolve(out)}.whylate`,
    manifest: redactedManifest(bundle, words),
    keepsSecrets: false,
    isCopy: true,
    now: () => now,
    ...(manifest.flight === undefined ? {} : { recorded: manifest.flight }),
    queueBytes: Infinity,
  })
  let refusal: string | undefined
  void writer.refused.then((because) => (refusal = because))
  const cleaners = new Map<string, { readonly life: number; readonly clean: (bytes: Uint8Array) => Uint8Array }>()
  const missing = new Set<ProbeName>()
  const spot = ({ reason, part, ...rest }: BlindSpot): BlindSpot => ({
    ...rest,
    ...(part === undefined ? {} : { part: names.name(part) }),
    reason: names.text(reason),
  })

  function cleaned({ probe, part, life, bytes }: ProbeBytes): Uint8Array {
    const key = `${probe} ${part}`
    let cleaner = cleaners.get(key)
    if (cleaner === undefined || cleaner.life !== life) cleaner = { life, clean: cleanerOf(probe, words) }
    cleaners.set(key, cleaner)
    return cleaner.clean(bytes)
  }

  try {
    for await (const step of readTape(bundle)) {
      now = instantOf(Math.max(now, step.at))
      if (step.kind === 'kept') for (const window of step.windows) writer.keep({ ...window, because: 'late' })
      else if (step.kind === 'blind') writer.blind(spot(step.spot))
      else if (leftOut.has(step.output.probe)) missing.add(step.output.probe)
      else if (step.output.kind === 'bytes') writer.take({ ...step.output, bytes: cleaned(step.output) })
      else {
        const notice = redactedNotice(step.output, names)
        if (notice !== undefined) writer.take(notice)
      }
      await writer.roomFor()
    }
    const { closed } = manifest
    const closedAt = closed === undefined ? now : instantAt(epochOf(BigInt(closed.atNs)), origin)
    for (const source of missing)
      if (source !== 'log')
        writer.blind({ source, from: startedAt, to: closedAt, reason: whyLeftOut, remedy: undefined })
    await writer.close(closedAt, names.text(closed?.because ?? 'it was redacted'))
    if (refusal !== undefined)
      throw new Fault(`${writer.path} is not whole: ${refusal}.`, 'Make room, or give another -o.')
  } catch (error) {
    await writer.close(now, 'it was not finished')
    await rm(writer.path, { recursive: true, force: true })
    throw error
  }
  const complaints = [...bundle.complaints]
  return {
    path: writer.path,
    remarks: [...missing].map(
      (probe) => `what ${probe} said is not in it: nobody can promise that no name is left in that`,
    ),
    complaints,
  }
}
