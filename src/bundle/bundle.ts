// A bundle that is read: its manifest, its members, and what is wrong with it. Whatever can be read is read.

import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { Fault } from '../capture/fault.ts'
import { ahead } from './ahead.ts'
import { openBundleFiles, refuseBundle, type BundleFiles } from './bundle-files.ts'
import { parseManifest, type Manifest } from './manifest.ts'
import { isPacked, marksName } from './member-name.ts'
import { unpack, type Unpacked } from './packed-reader.ts'
import { startTicksOf } from './process-start.ts'
import { openTarArchive, type UnpackSettings } from './tar-archive.ts'

/** One is unpacked in another thread while the one before is worked on. */
const piecesAhead = 2

export interface Bundle {
  readonly path: string
  readonly manifest: Manifest
  readonly names: readonly string[]
  /** False for one that was packed. */
  readonly isDirectory: boolean
  /** What a reader should know and that is no damage: it is still being written, it was never closed. */
  readonly remarks: readonly string[]
  /** Damage, in sentences; grows while members are read. */
  readonly complaints: readonly string[]
  /** Of all members on the disk, and how many of them have been read. */
  readonly sizeBytes: number
  readonly readBytes: number
  /** A member, unpacked, as much of it as there is. Never throws for what is in it. */
  read(name: string): AsyncGenerator<Unpacked>
  /** Something that a reader of a member found. */
  complain(sentence: string): void
  close(): Promise<void>
}

async function openFiles(path: string, settings: UnpackSettings): Promise<BundleFiles> {
  let isDirectory: boolean
  try {
    isDirectory = (await stat(path)).isDirectory()
  } catch (error) {
    throw refuseBundle(path, error)
  }
  return isDirectory ? openBundleFiles(path) : openTarArchive(path, settings)
}

/** Is the process that writes it alive? By its start time, because pids come again. */
async function isAtWork(writer: Manifest['writer']): Promise<boolean> {
  if (writer?.startTicks === undefined) return false
  try {
    const [statText, boot] = await Promise.all([
      readFile(`/proc/${writer.pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ])
    // Killed and not yet asked for by its parent: dead all the same.
    const isDead = /^[ZX]/.test(statText.slice(statText.lastIndexOf(')') + 2))
    return !isDead && startTicksOf(statText) === writer.startTicks && boot.trim() === writer.boot
  } catch {
    return false
  }
}

async function remarksOf(path: string, manifest: Manifest): Promise<string[]> {
  if (manifest.closed !== undefined) return []
  return (await isAtWork(manifest.writer))
    ? [`${path} is still being written, by process ${manifest.writer?.pid}: this is what it holds by now.`]
    : [`${path} was not closed: its recorder was killed. It is read up to where it ends.`]
}

/** Throws a Fault (exit code 4) for what is no bundle, or one of a version that is not known. */
export async function openBundle(path: string, settings: UnpackSettings = {}): Promise<Bundle> {
  const files = await openFiles(path, settings)
  let manifest: Manifest
  try {
    manifest = parseManifest(await files.readManifest(), path)
  } catch (error) {
    await files.close()
    throw error
  }
  const complaints: string[] = [...files.complaints]
  const complain = (sentence: string): void => {
    if (complaints.length < 100 && !complaints.includes(sentence)) complaints.push(sentence)
  }
  let readBytes = 0
  const isClosed = manifest.closed !== undefined
  for (const { name } of manifest.members) if (isClosed && !files.names.includes(name)) complain(`${name} is missing.`)

  /** The file's bytes, held against what the manifest says of them once all have passed. `wrong`: told what is. */
  async function* checked(name: string, wrong: (sentence: string) => void): AsyncGenerator<Uint8Array> {
    const said = manifest.members.find((one) => one.name === name)
    const hash = createHash('sha256')
    // Notes are added after a bundle is closed: what it held then is what the manifest speaks of.
    const judged = name === marksName ? (said?.sizeBytes ?? 0) : Infinity
    let size = 0
    try {
      for await (const chunk of files.read(name)) {
        const part = chunk.subarray(0, judged - size)
        hash.update(part)
        size += part.length
        readBytes += chunk.length
        yield chunk
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      wrong(error.message)
      return
    }
    if (said?.sizeBytes !== undefined && said.sizeBytes !== size)
      wrong(`${name} has ${size} bytes, and ${said.sizeBytes} when it was closed.`)
    else if (said?.sha256 !== undefined && said.sha256 !== hash.digest('hex'))
      wrong(`${name} is not what it was when it was closed: its checksum is wrong.`)
  }

  async function* read(name: string): AsyncGenerator<Unpacked> {
    if (!isPacked(name)) {
      for await (const bytes of checked(name, complain)) yield { kind: 'bytes', bytes }
      return
    }
    // The end of the file is reached before its last pieces are taken: told in its turn, so that the order is always the same.
    const wrong: string[] = []
    for await (const one of ahead(unpack(checked(name, (sentence) => wrong.push(sentence))), piecesAhead)) {
      if (one.kind === 'hole') complain(`${name}: ${one.reason}.`)
      yield one
    }
    for (const sentence of wrong) complain(sentence)
  }

  return {
    path,
    manifest,
    names: files.names,
    isDirectory: files.isDirectory,
    remarks: await remarksOf(path, manifest),
    complaints,
    sizeBytes: files.sizeBytes,
    get readBytes() {
      return readBytes
    },
    read,
    complain,
    close: () => files.close(),
  }
}
