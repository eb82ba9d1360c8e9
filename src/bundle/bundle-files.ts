// The files of a bundle on a disk, read as what they are: hostile. Plain files only, no links, no pipes, no devices, none
// but those that a bundle has; and each is read through one descriptor, so that what was checked is what is read.

import { constants } from 'node:fs'
import { lstat, open, readdir, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../capture/fault.ts'
import { longestManifest } from './manifest.ts'
import { isMemberName, manifestName } from './member-name.ts'

export interface BundleFiles {
  /** Of its members, sorted. */
  readonly names: readonly string[]
  /** As the person gave it; false for a copy that was unpacked. */
  readonly isDirectory: boolean
  /** What was found besides, and is not read: sentences. */
  readonly complaints: readonly string[]
  /** Of all members. */
  readonly sizeBytes: number
  readManifest(): Promise<string>
  /** Throws a Fault when it is no plain file or cannot be opened. */
  read(name: string): AsyncGenerator<Uint8Array>
  close(): Promise<void>
}

const chunkBytes = 256 * 1024
/** A fifo would otherwise wait for its writer. */
const careful = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

const sentences: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EACCES: 'cannot be read: permission denied',
  EPERM: 'cannot be read: permission denied',
  ELOOP: 'is a symbolic link, and links are not followed',
  ENXIO: 'is not a plain file',
  EIO: 'cannot be read: the disk reports an error',
}

export function refuseBundle(what: string, error: unknown): Fault {
  const code = (error as NodeJS.ErrnoException).code ?? String(error)
  const sentence = sentences[code] ?? `cannot be read (${code})`
  return new Fault(
    `${what} ${sentence}.`,
    'A bundle is a directory NAME.whylate, or that packed as NAME.whylate.tgz.',
    4,
  )
}

async function openPlain(folder: string, name: string): Promise<FileHandle> {
  let handle: FileHandle
  try {
    handle = await open(join(folder, name), careful)
  } catch (error) {
    throw refuseBundle(name, error)
  }
  const facts = await handle.stat()
  if (facts.isFile()) return handle
  await handle.close()
  throw refuseBundle(name, { code: 'ENXIO' })
}

async function* readChunks(folder: string, name: string): AsyncGenerator<Uint8Array> {
  const handle = await openPlain(folder, name)
  try {
    for (;;) {
      // A new one each time: whoever gets it may keep it.
      const buffer = new Uint8Array(chunkBytes)
      const { bytesRead } = await handle.read(buffer, 0, chunkBytes)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } catch (error) {
    throw error instanceof Fault ? error : refuseBundle(name, error)
  } finally {
    await handle.close()
  }
}

async function readManifestOf(folder: string): Promise<string> {
  const handle = await openPlain(folder, manifestName)
  try {
    const { size } = await handle.stat()
    if (size > longestManifest) throw new Fault(`${manifestName} has ${size} bytes, which no manifest has.`, '', 4)
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

/** A size that cannot be told is found out when the member is read. */
async function sizeOf(folder: string, names: readonly string[]): Promise<number> {
  const sizes = await Promise.all(
    names.map((name) =>
      lstat(join(folder, name)).then(
        (facts) => (facts.isFile() ? facts.size : 0),
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, one) => sum + one, 0)
}

/** Throws a Fault where there is no directory. */
export async function openBundleFiles(folder: string): Promise<BundleFiles> {
  let found: string[]
  try {
    if (!(await stat(folder)).isDirectory()) throw refuseBundle(folder, { code: 'ENXIO' })
    found = (await readdir(folder)).toSorted()
  } catch (error) {
    throw error instanceof Fault ? error : refuseBundle(folder, error)
  }
  // A draft of the manifest and the writer's reserve are of a recorder that was killed, or is at work.
  const isOurs = (name: string): boolean =>
    name === manifestName || name === `${manifestName}.new` || name === 'reserve.tmp'
  const strange = found.filter((name) => !isMemberName(name) && !isOurs(name))
  const names = found.filter(isMemberName)
  return {
    names,
    isDirectory: true,
    sizeBytes: await sizeOf(folder, names),
    complaints:
      strange.length === 0
        ? []
        : [`${strange.length} files are not of a bundle and are not read: ${strange.slice(0, 5).join(', ')}`],
    readManifest: () => readManifestOf(folder),
    read: (name) => readChunks(folder, name),
    close: () => Promise.resolve(),
  }
}
