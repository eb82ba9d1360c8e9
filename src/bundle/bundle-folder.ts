// The directory that a bundle is written to: made by us, new, nobody else's, and held by a descriptor, so that whoever
// moves it or puts a link in its place meanwhile changes nothing: every file is opened through the descriptor.
//
//   mkdir NAME.whylate 0700 (fails if anything is there, a link too)   →   /proc/self/fd/N/manifest.json, O_EXCL, 0600

import { hostname } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { mkdir, open, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { constants } from 'node:fs'
import { Fault } from '../capture/fault.ts'

export interface BundleFolder {
  /** As a person can give it to `whylate replay`. */
  readonly path: string
  /** A new file to append to. */
  create(name: string): Promise<FileHandle>
  /** A file of this name with this text, or the one before: never half of it. */
  replace(name: string, text: string): Promise<void>
  remove(name: string): Promise<void>
  /** Rejects with ENOENT when somebody has removed it: what is written then is written to nowhere. */
  check(): Promise<void>
  close(): Promise<void>
}

const ending = '.whylate'
const append = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}

/** `-o PATH`: a name for the bundle, or a directory that it goes into under a name of its own. */
export async function bundlePathOf(given: string, startedIso: string): Promise<string> {
  const path = resolve(given)
  if (path.endsWith(ending)) return path
  if (!(await isFolder(path))) return `${path}${ending}`
  const stamp = startedIso.slice(0, 19).replaceAll(/[-:]/g, '')
  const host = hostname().replaceAll(/[^a-zA-Z0-9.-]/g, '_')
  return join(path, `whylate-${host}-${stamp}Z${ending}`)
}

const refusals: Readonly<Record<string, readonly [message: string, remedy: string]>> = {
  EEXIST: ['exists already, and nothing that is there is written over', 'Give another name with -o, or remove it.'],
  ENOENT: ['cannot be made: the directory above it does not exist', 'Make that first: mkdir -p, or give another -o.'],
  ENOTDIR: ['cannot be made: what is above it is not a directory', 'Give another -o.'],
  EACCES: ['cannot be made: permission denied', 'Give a directory that you may write to with -o.'],
  EPERM: ['cannot be made: permission denied', 'Give a directory that you may write to with -o.'],
  EROFS: ['cannot be made: the file system is read-only', 'Give a directory on another file system with -o.'],
  ENOSPC: ['cannot be made: no space is left', 'Free some, or give a directory on another file system with -o.'],
  EDQUOT: [
    'cannot be made: the disk quota is used up',
    'Free some, or give a directory on another file system with -o.',
  ],
}

export function refuseToWrite(path: string, error: unknown): Fault {
  const code = (error as NodeJS.ErrnoException).code ?? String(error)
  const [message, remedy] = refusals[code] ?? [`cannot be made (${code})`, 'Give another -o.']
  return new Fault(`${path} ${message}.`, remedy, code === 'EEXIST' ? 2 : 3)
}

/** Throws a Fault where it cannot be made. */
export async function openBundleFolder(path: string): Promise<BundleFolder> {
  let handle: FileHandle
  try {
    await mkdir(path, { mode: 0o700 })
    handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  } catch (error) {
    throw refuseToWrite(path, error)
  }
  const facts = await handle.stat()
  if (facts.uid !== process.geteuid?.() || (facts.mode & 0o077) !== 0) {
    await handle.close()
    throw new Fault(`Somebody else changed ${path} while it was being made.`, 'Give a directory of your own with -o.')
  }
  const held = `/proc/self/fd/${handle.fd}`
  const inside = (name: string): string => (process.platform === 'linux' ? join(held, name) : join(path, name))
  const create = (name: string): Promise<FileHandle> => open(inside(name), append, 0o600)
  return {
    path: join(dirname(path), basename(path)),
    create,
    async replace(name, text) {
      const draft = `${name}.new`
      await unlink(inside(draft)).catch(() => undefined)
      const file = await create(draft)
      try {
        await file.writeFile(text)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(inside(draft), inside(name))
    },
    async remove(name) {
      await unlink(inside(name)).catch(() => undefined)
    },
    async check() {
      if ((await handle.stat()).nlink === 0) throw Object.assign(new Error('removed'), { code: 'ENOENT' })
    },
    close: () => handle.close(),
  }
}

const diskSentences: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota is used up',
  EIO: 'the disk reports an error (EIO)',
  EFBIG: 'the file has become too large for its file system',
  EROFS: 'the file system has become read-only',
  ENOENT: 'its directory was removed',
}

/** Why a recording that had begun cannot go on; the rest of a sentence behind "because". */
export const formatDiskRefusal = (code: string): string =>
  diskSentences[code] ?? `the disk refused to be written to (${code})`
