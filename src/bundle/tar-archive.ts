// A bundle that was packed as one file, `tar czf night.whylate.tgz night.whylate`, unpacked into a directory of our own.
//
//   header 512: name 100 | mode … | size 12 octal | … | checksum 8 | type 1 | link 100 | "ustar" …    then the file, padded to 512
//
// Only what a bundle consists of is taken, by its last name, into a new directory: no path of the archive is ever used,
// so none can lead out of it. Links, devices, `..`, absolute names, a name twice, and more bytes than such a file can
// honestly hold: refused as a whole, with a sentence.

import { createReadStream } from 'node:fs'
import { open, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { Fault } from '../capture/fault.ts'
import { openBundleFiles, refuseBundle, type BundleFiles } from './bundle-files.ts'
import { isMemberName, manifestName } from './member-name.ts'
import { makeUnpackedFolder } from './unpacked-folder.ts'

const blockBytes = 512
const mostEntries = 1000
/** The members are packed already: only the pcap shrinks, and not by more than this. */
const believedRatio = 30
const alwaysBelieved = 64 * 1024 * 1024
/** Records of a pax header are texts of a few bytes. */
const longestPax = 64 * 1024

interface Entry {
  readonly name: string
  readonly size: number
  readonly type: string
}

function refuse(path: string, why: string): Fault {
  return new Fault(`${path} is not unpacked: ${why}.`, 'Pack a bundle with: tar czf NAME.whylate.tgz NAME.whylate', 4)
}

const textOf = (header: Buffer, from: number, to: number): string =>
  header.subarray(from, to).toString('latin1').replace(/\0.*$/s, '')

function readHeader(header: Buffer): Entry | string {
  const said = Number.parseInt(textOf(header, 148, 156).trim(), 8)
  let sum = 8 * 0x20
  for (let i = 0; i < blockBytes; i++) if (i < 148 || i >= 156) sum += header[i] ?? 0
  if (sum !== said) return 'it is no tar archive, or a damaged one'
  const size = Number.parseInt(textOf(header, 124, 136).trim() || '0', 8)
  if (!Number.isSafeInteger(size) || size < 0 || ((header[124] ?? 0) & 0x80) !== 0) return 'an entry has no sane size'
  const prefix = textOf(header, 257, 262) === 'ustar' && header[262] === 0 ? textOf(header, 345, 500) : ''
  const name = textOf(header, 0, 100)
  return { name: prefix === '' ? name : `${prefix}/${name}`, size, type: String.fromCharCode(header[156] ?? 0) }
}

/** What to do with an entry: unpack it under this name, step over it, or refuse the archive (a sentence). */
function judge({ name, type, size }: Entry): { readonly as: string } | 'skip' | { readonly why: string } {
  if (name.startsWith('/') || name.split('/').includes('..'))
    return { why: `the name ${JSON.stringify(name)} leads out of it` }
  const last = name.replace(/\/+$/, '').split('/').at(-1) ?? ''
  switch (type) {
    case '5':
      return 'skip'
    case 'x':
    case 'g':
      return size <= longestPax ? 'skip' : { why: 'a header in it is absurdly long' }
    case '0':
    case '\0':
      // What macOS packs along, and what a recorder at work leaves.
      if (last.startsWith('._') || last === `${manifestName}.new` || last === 'reserve.tmp') return 'skip'
      if (last === manifestName || isMemberName(last)) return { as: last }
      return { why: `it holds ${JSON.stringify(last)}, which is no part of a bundle` }
    default:
      return { why: `${JSON.stringify(name)} is a link, a device or something else that no bundle holds` }
  }
}

export interface UnpackSettings {
  /** How much of the archive, 0 to 1. */
  readonly onUnpacked?: (share: number) => void
  /** Gives up; nothing is left of it then. */
  readonly signal?: AbortSignal
}

interface Archive extends UnpackSettings {
  readonly path: string
  readonly size: number
  readonly mostBytes: number
}

async function* unpacked({ path, size, mostBytes, onUnpacked, signal }: Archive): AsyncGenerator<Buffer> {
  const input = createReadStream(path, { highWaterMark: 64 * 1024 })
  const gunzip = input.pipe(createGunzip({ chunkSize: 256 * 1024 }))
  input.once('error', (error) => gunzip.destroy(error))
  let total = 0
  try {
    for await (const chunk of gunzip) {
      total += (chunk as Buffer).length
      if (total > mostBytes) throw refuse(path, 'it unpacks to absurdly much')
      if (signal?.aborted === true) throw new Fault(`${path} is not unpacked: it was given up.`, '', 2)
      onUnpacked?.(Math.min(1, input.bytesRead / Math.max(1, size)))
      yield chunk as Buffer
    }
  } catch (error) {
    if (error instanceof Fault) throw error
    const code = (error as NodeJS.ErrnoException).code ?? ''
    throw code.startsWith('Z_') ? refuse(path, 'its gzip is damaged or cut off') : refuseBundle(path, error)
  } finally {
    input.destroy()
    gunzip.destroy()
  }
}

async function extract(archive: Archive, folder: string): Promise<void> {
  const { path } = archive
  let held = Buffer.alloc(0)
  let left = 0
  let padding = 0
  let target: FileHandle | undefined
  const seen = new Set<string>()
  let entries = 0

  async function begin(entry: Entry): Promise<void> {
    const verdict = judge(entry)
    if (typeof verdict === 'object' && 'why' in verdict) throw refuse(path, verdict.why)
    if (++entries > mostEntries) throw refuse(path, 'it holds too many files')
    left = entry.size
    padding = (blockBytes - (entry.size % blockBytes)) % blockBytes
    if (verdict === 'skip') return
    if (seen.has(verdict.as)) throw refuse(path, `it holds ${verdict.as} twice`)
    seen.add(verdict.as)
    target = await open(join(folder, verdict.as), 'wx', 0o600)
    if (left === 0) await finish()
  }

  async function finish(): Promise<void> {
    const done = target
    target = undefined
    await done?.close()
  }

  try {
    for await (const chunk of unpacked(archive)) {
      held = Buffer.concat([held, chunk])
      while (held.length > 0) {
        if (left > 0) {
          const part = held.subarray(0, left)
          if (target !== undefined) await target.writeFile(part)
          left -= part.length
          held = held.subarray(part.length)
          if (left === 0) await finish()
        } else if (padding > 0) {
          const step = Math.min(padding, held.length)
          padding -= step
          held = held.subarray(step)
        } else {
          if (held.length < blockBytes) break
          const header = held.subarray(0, blockBytes)
          held = held.subarray(blockBytes)
          if (header.every((byte) => byte === 0)) continue
          const entry = readHeader(header)
          if (typeof entry === 'string') throw refuse(path, entry)
          await begin(entry)
        }
      }
    }
    if (left > 0) throw refuse(path, 'it ends in the middle of a file')
    if (!seen.has(manifestName)) throw refuse(path, `there is no ${manifestName} in it`)
  } finally {
    await finish()
  }
}

/** Throws a Fault where it is refused; nothing of it is left then. */
export async function openTarArchive(path: string, settings: UnpackSettings = {}): Promise<BundleFiles> {
  let size: number
  try {
    const facts = await stat(path)
    if (!facts.isFile()) throw refuseBundle(path, { code: 'ENXIO' })
    size = facts.size
  } catch (error) {
    throw error instanceof Fault ? error : refuseBundle(path, error)
  }
  const folder = await makeUnpackedFolder()
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    await extract({ path, size, mostBytes: alwaysBelieved + size * believedRatio, ...settings }, folder)
    const files = await openBundleFiles(folder)
    return { ...files, isDirectory: false, close: remove }
  } catch (error) {
    await remove()
    throw error
  }
}
