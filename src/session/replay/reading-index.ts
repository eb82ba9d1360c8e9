// What a reading came to, kept beside a bundle that took long to read: the next replay shows it while it reads anew.
//
//   night.whylate          the bundle, a directory or a .tgz
//   night.whylate.index    "whylate-index <key> <sha256 of the rest>\n", then gzip of v8.serialize(ReadingIndex)
//
// It is never needed: without it, or where it is stale, damaged, somebody else's or cannot be written, all is as before. The
// key holds the program, how the bundle is read, and each file of the bundle with its size, its times and its inode. So an
// index that came along with somebody's bundle fits no bundle here: nobody can say beforehand which inode a file will get,
// or when. That is why what is in it needs no other check.

import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { deserialize, serialize } from 'node:v8'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { Bundle } from '../../bundle/bundle.ts'
import { manifestName, marksName } from '../../bundle/member-name.ts'
import type { WindowView } from '../../diagnose/finding.ts'
import type { Snapshot } from '../../engine/snapshot.ts'
import type { ReplaySettings } from './replay-player.ts'

export interface ReadingIndex {
  /** At its end, without a window or a timeline. */
  readonly snapshot: Snapshot
  /** By the numbers of their late adverts: of the newest ones. */
  readonly windows: ReadonlyMap<number, WindowView>
}

/** As many as a snapshot lists; 5 to 9 kB each in recorded incidents, 2 to 3 kB packed. */
export const windowsKept = 500
const mostBytes = 64 * 1024 * 1024
const mostUnpacked = 512 * 1024 * 1024
const mostHeader = 256

const indexPathOf = (bundle: Pick<Bundle, 'path'>): string => `${resolve(bundle.path)}.index`
const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

async function identityOf(path: string, look: typeof lstat = lstat): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await look(path, { bigint: true })
  return [ino, size, mtimeNs, ctimeNs].join(' ')
}

/** Undefined where a file of the bundle cannot be looked at. Notes are read anew each time, and are none of it. */
export async function indexKeyOf(
  bundle: Bundle,
  settings: ReplaySettings,
  program: string,
): Promise<string | undefined> {
  const { path, isDirectory, names } = bundle
  const files = isDirectory
    ? [manifestName, ...names.filter((name) => name !== manifestName && name !== marksName).toSorted()]
    : []
  const { budgetBytes, interval, late, vrid } = settings
  try {
    const members = await Promise.all(files.map(async (name) => [name, await identityOf(join(path, name))]))
    const archive = isDirectory ? '' : await identityOf(path, stat)
    // A built program is newer than the one before it even where its version is the same.
    const own = await identityOf(import.meta.filename)
    return sha256(
      JSON.stringify([program, process.version, own, { budgetBytes, interval, late, vrid }, archive, members]),
    )
  } catch {
    // It was moved or removed meanwhile: that is told by whoever reads it.
    return undefined
  }
}

async function contentOf(file: FileHandle): Promise<Buffer | undefined> {
  const facts = await file.stat()
  const isOurs = process.getuid === undefined || facts.uid === process.getuid()
  return facts.isFile() && isOurs && facts.size <= mostBytes ? file.readFile() : undefined
}

/** Undefined where there is none that fits. */
export async function readIndex(bundle: Bundle, key: string): Promise<ReadingIndex | undefined> {
  let file: FileHandle | undefined
  try {
    file = await open(indexPathOf(bundle), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const content = await contentOf(file)
    const end = content?.subarray(0, mostHeader).indexOf('\n') ?? -1
    if (content === undefined || end === -1) return undefined
    const packed = content.subarray(end + 1)
    if (content.toString('latin1', 0, end) !== `whylate-index ${key} ${sha256(packed)}`) return undefined
    return deserialize(await promisify(gunzip)(packed, { maxOutputLength: mostUnpacked })) as ReadingIndex
  } catch {
    // Not there, not to be read, or no whole one: the bundle says it all.
    return undefined
  } finally {
    await file?.close()
  }
}

/** True when it is there now. A directory that is read-only, or a disk that is full, keeps none. */
export async function writeIndex(bundle: Bundle, key: string, index: ReadingIndex): Promise<boolean> {
  const path = indexPathOf(bundle)
  const half = `${path}.${process.pid}`
  try {
    const packed = await promisify(gzip)(serialize(index), { level: 1 })
    if (packed.length + mostHeader > mostBytes) return false
    const file = await open(half, 'wx', 0o600)
    try {
      await file.writeFile(Buffer.concat([Buffer.from(`whylate-index ${key} ${sha256(packed)}\n`), packed]))
    } finally {
      await file.close()
    }
    await rename(half, path)
    return true
  } catch {
    // What could be written of it goes; nothing else depends on it.
    await rm(half, { force: true }).catch(() => undefined)
    return false
  }
}
