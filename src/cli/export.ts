// `whylate export`: a bundle as pcapng, csv, json or a perfetto trace, to a file or to stdout; with --redact nobody's names.

import { open, unlink, type FileHandle } from 'node:fs/promises'
import { Fault } from '../capture/fault.ts'
import { csvHead, csvRow } from '../report/export/adverts-csv.ts'
import { jsonAdvert, jsonEnd, jsonHead } from '../report/export/adverts-json.ts'
import { namesTold } from '../report/export/names-told.ts'
import { createPerfettoWriter } from '../report/export/perfetto.ts'
import { reportOf } from '../report/report.ts'
import { createPcapngWriter } from '../session/export/adverts-pcapng.ts'
import { refuseToWrite } from '../bundle/bundle-folder.ts'
import { openExportedBundle, type ExportedBundle } from '../session/export/exported-bundle.ts'
import { writeRedactedBundle } from '../bundle/redact/redacted-bundle.ts'
import { createPseudonyms, type Pseudonyms } from '../bundle/redact/pseudonyms.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import type { ExportForm } from './export-forms.ts'
import { notice } from './say.ts'
import { readVersion } from './version.ts'

export interface ExportOptions {
  readonly to: ExportForm
  readonly output?: string
  readonly redact?: boolean
  readonly redactKey?: string
  readonly budget: number
  readonly quiet?: boolean
}

const encoder = new TextEncoder()
const whole = { flow: undefined, since: undefined, until: undefined }

async function* pcapngOf(bundle: ExportedBundle, names: Pseudonyms | undefined): AsyncGenerator<Uint8Array> {
  const writer = createPcapngWriter(bundle.session.origin, readVersion(), names)
  yield writer.head()
  for await (const one of bundle.adverts()) yield* writer.advert(one)
}

async function* textOf(
  form: Exclude<ExportForm, 'pcapng' | 'bundle'>,
  bundle: ExportedBundle,
  names: Pseudonyms | undefined,
): AsyncGenerator<string> {
  const { session, evidence } = bundle
  const redact = (text: string): string => names?.text(text) ?? text
  switch (form) {
    case 'csv':
      yield csvHead
      for await (const one of bundle.adverts()) yield csvRow(one, session.origin, redact)
      return
    case 'json': {
      yield jsonHead(reportOf(session, whole), redact)
      let between = '\n'
      for await (const one of bundle.adverts()) {
        yield `${between}${jsonAdvert(one, session.origin, redact)}`
        between = ',\n'
      }
      yield jsonEnd
      return
    }
    case 'perfetto': {
      const writer = createPerfettoWriter(session, evidence, redact)
      yield* writer.head()
      for await (const one of bundle.adverts()) yield writer.advert(one)
      yield writer.end()
    }
  }
}

/** Small pieces together: a write each would take most of the time. */
const joinedBytes = 64 * 1024

async function* joinedOf(pieces: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = []
  let bytes = 0
  for await (const piece of pieces) {
    const one = typeof piece === 'string' ? encoder.encode(piece) : piece
    held.push(one)
    bytes += one.length
    if (bytes < joinedBytes) continue
    yield Buffer.concat(held)
    held = []
    bytes = 0
  }
  yield Buffer.concat(held)
}

async function writeFile(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  let handle: FileHandle
  try {
    handle = await open(path, 'wx', 0o600)
  } catch (error) {
    throw refuseToWrite(path, error)
  }
  try {
    for await (const piece of pieces) await handle.writeFile(piece)
    await handle.close()
  } catch (error) {
    await handle.close().catch(() => undefined)
    await unlink(path).catch(() => undefined)
    throw error instanceof Fault || (error as NodeJS.ErrnoException).syscall === undefined
      ? error
      : refuseToWrite(path, error)
  }
}

/** Who closes the other end of the pipe (head, less) has seen enough. */
async function writeOut(pieces: AsyncIterable<Uint8Array>): Promise<void> {
  let isClosed = false
  process.stdout.on('error', () => {
    isClosed = true
  })
  for await (const piece of pieces) {
    if (isClosed) return
    if (!process.stdout.write(piece))
      await new Promise<void>((resolve) => {
        process.stdout.once('drain', resolve)
        process.stdout.once('error', () => resolve())
      })
  }
}

async function exportBundle(
  path: string,
  { remarks }: ExportedBundle,
  { output = '', quiet }: ExportOptions,
  names: Pseudonyms,
): Promise<ExitCode> {
  const written = await writeRedactedBundle(path, output, names)
  if (quiet !== true)
    for (const one of [...remarks, ...written.complaints, ...written.remarks]) notice(`whylate: ${one}`)
  notice(`whylate: written to ${written.path}; look through it before you give it away`)
  return written.complaints.length > 0 ? exitCode.bundle : exitCode.done
}

export async function runExport(path: string, options: ExportOptions): Promise<ExitCode> {
  const { to, output, budget } = options
  if (to === 'pcapng' && output === undefined && process.stdout.isTTY)
    throw new Fault('A packet capture is nothing for a terminal.', 'Give -o FILE.pcapng, or a pipe.', 2)
  if (to === 'bundle' && (options.output === undefined || (options.redact !== true && options.redactKey === undefined)))
    throw new Fault(
      'As a bundle a bundle is exported only to be redacted, into another one.',
      'Give --redact and -o NAME.whylate; as it is, it is packed by: tar czf NAME.whylate.tgz NAME.whylate.',
      2,
    )
  const bundle = await openExportedBundle(path, {
    budgetBytes: budget,
    interval: undefined,
    late: undefined,
    vrid: undefined,
  })
  try {
    let names: Pseudonyms | undefined
    if (options.redact === true || options.redactKey !== undefined) {
      names = createPseudonyms(options.redactKey)
      names.learn(namesTold(bundle.session, bundle.evidence))
    }
    if (to === 'bundle') return await exportBundle(path, bundle, options, names ?? createPseudonyms())
    const pieces = joinedOf(to === 'pcapng' ? pcapngOf(bundle, names) : textOf(to, bundle, names))
    if (output === undefined) await writeOut(pieces)
    else await writeFile(output, pieces)
    if (options.quiet !== true) for (const one of [...bundle.remarks, ...bundle.complaints]) notice(`whylate: ${one}`)
    return bundle.complaints.length > 0 ? exitCode.bundle : exitCode.done
  } finally {
    await bundle.close()
  }
}
