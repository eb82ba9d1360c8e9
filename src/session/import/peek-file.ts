// The beginning of a file that somebody else captured: what it is, when it begins, and which machine it is from.
//
// A file is read twice, here and when it is played, so it has to be a file: a pipe is refused with a sentence.

import { constants as fileFlags } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { constants, gunzipSync } from 'node:zlib'
import { Fault } from '../../capture/fault.ts'
import { fileKindOf, type FileKind } from '../../parse/file-kind.ts'
import { createCaptureParser } from '../../parse/pcap/capture-parser.ts'
import { createScapParser } from '../../parse/scap/scap-parser.ts'
import { createSysdigTextParser } from '../../parse/sysdig-text.ts'
import { noName, type KernelSink } from '../../events/kernel.ts'
import { epochAt, epochOf, instantOf, type Epoch, type Instant } from '../../time/instant.ts'

export interface Peek {
  readonly path: string
  readonly kind: FileKind
  readonly sizeBytes: number
  /** Of its first event, good to a microsecond; undefined when it does not show in the beginning of the file. */
  readonly beginsAt: Epoch | undefined
  /** Name of the machine, where the file tells. */
  readonly host: string | undefined
  /** A capture whose packets say by which link they came. */
  readonly namesLinks: boolean
}

const beginningBytes = 256 * 1024
/** A scap file begins with the process table of the machine, compressed perhaps: it can be long. */
const longBeginningBytes = 4 * 1024 * 1024
const mostUnpackedBytes = 64 * 1024 * 1024

const faults: Readonly<Record<string, readonly [message: string, remedy: string]>> = {
  ENOENT: ['does not exist', 'Check the path.'],
  ENOTDIR: ['does not exist', 'Check the path.'],
  EACCES: ['cannot be read: permission denied', 'Run as its owner, or make it readable: chmod a+r FILE.'],
  EPERM: ['cannot be read: permission denied', 'Run as its owner, or make it readable: chmod a+r FILE.'],
}

export function refuseFile(path: string, message: string, remedy: string): Fault {
  return new Fault(`${path} ${message}.`, remedy, 2)
}

async function openRegular(path: string): Promise<FileHandle> {
  let handle: FileHandle
  try {
    // A fifo would otherwise wait for its writer.
    handle = await open(path, fileFlags.O_RDONLY | fileFlags.O_NONBLOCK)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    const [message, remedy] = faults[code] ?? [`cannot be opened (${code})`, 'Check the path.']
    throw refuseFile(path, message, remedy)
  }
  const facts = await handle.stat()
  if (facts.isFile()) return handle
  await handle.close()
  throw facts.isDirectory()
    ? refuseFile(path, 'is a directory', 'Give the file itself.')
    : refuseFile(path, 'is not a regular file', 'Write it to a file first: it is read twice.')
}

async function readBeginning(handle: FileHandle, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length)
  let filled = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, filled)
    filled += bytesRead
    if (bytesRead === 0 || filled === length) return buffer.subarray(0, filled)
  }
}

function unpacked(path: string, bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  try {
    return gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: mostUnpackedBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw refuseFile(path, 'unpacks to something absurdly large', 'Check where it comes from.')
    return new Uint8Array(0)
  }
}

/** What the packet decoder calls a link that neither the file nor the packet names. */
const unnamed = 'unnamed'
const nowhere = epochOf(0n)
const quiet = { malformed: (): void => undefined, ignored: (): void => undefined }

/** A kernel sink that only remembers the earliest stamp. */
function stampSink(seen: (at: Instant) => void): KernelSink {
  return {
    ...quiet,
    name: () => noName,
    call: seen,
    switched: seen,
    woken: seen,
    process: seen,
    signal: seen,
    blockRequest: seen,
    lost: () => undefined,
  }
}

/** iostat's head: `"nodename": "node01"`, or `Linux 6.18.44 (node01)`. */
const hostInIostat = /"nodename"\s*:\s*"(?<name>[^"\\]{1,64})"|^Linux \S+ \((?<node>[^)\n]{1,64})\)/m

function look(kind: FileKind, head: Uint8Array, near: Epoch): Pick<Peek, 'beginsAt' | 'host' | 'namesLinks'> {
  // scap's reader refuses what lies more than 104 days from its origin.
  const origin = kind === 'scap' ? near : nowhere
  let first = Infinity
  let host: string | undefined
  let link = unnamed
  const seen = (at: Instant): void => {
    if (at < first) first = at
  }
  const passed = (packet: { readonly at: Instant; readonly link: string }): void => {
    link = packet.link
    seen(packet.at)
  }
  switch (kind) {
    case 'pcap':
    case 'pcapng':
      createCaptureParser({
        origin: nowhere,
        link: undefined,
        linkName: () => undefined,
        sink: { ...quiet, advert: passed, traffic: passed },
      }).push(head)
      break
    case 'scap': {
      const parser = createScapParser({ origin, sink: stampSink(seen) })
      parser.push(head)
      host = parser.machine?.hostName
      break
    }
    case 'sysdig-text':
      createSysdigTextParser({ origin: nowhere, sink: stampSink(seen), sent: () => undefined }).push(head)
      break
    case 'iostat-json':
    case 'iostat-text': {
      const found = hostInIostat.exec(new TextDecoder().decode(head.subarray(0, 4096)))?.groups
      host = found?.['name'] ?? found?.['node']
      break
    }
    case 'host':
    case 'log':
    case 'tcpdump-text':
    case 'compressed':
    case 'empty':
    case 'unknown':
  }
  return {
    beginsAt: Number.isFinite(first) ? epochAt(instantOf(first), origin) : undefined,
    host: host === '' ? undefined : host,
    namesLinks: link !== unnamed,
  }
}

/** Throws a Fault with a sentence where there is no file to read. `near`: about when it should begin. */
export async function peekFile(path: string, near: Epoch): Promise<Peek> {
  const handle = await openRegular(path)
  try {
    const { size } = await handle.stat()
    const bytes = await readBeginning(handle, Math.min(size, beginningBytes))
    const head = unpacked(path, bytes)
    if (head.length === 0 && bytes.length > 0)
      throw refuseFile(path, 'looks like gzip and cannot be unpacked', 'Check that it was copied whole.')
    const kind = fileKindOf(head.subarray(0, 64 * 1024))
    let found = look(kind, head, near)
    if (kind === 'scap' && found.beginsAt === undefined && size > beginningBytes)
      found = look(kind, unpacked(path, await readBeginning(handle, Math.min(size, longBeginningBytes))), near)
    return { path, kind, sizeBytes: size, ...found }
  } finally {
    await handle.close()
  }
}
