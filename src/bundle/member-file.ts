// One file of a bundle that is being written: what waits for the disk, and what is on it.

import { createHash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { Member } from './manifest.ts'
import { createGzipStream, type GzipStream } from './gzip-stream.ts'
import { isPacked } from './member-name.ts'

export interface MemberFile {
  readonly name: string
  /** Bytes that were given to it, unpacked. */
  readonly length: number
  readonly waitingBytes: number
  /** Of the file on the disk. */
  readonly sizeBytes: number
  /** Takes the bytes as they are; they must not change any more. Never waits. */
  add(bytes: Uint8Array): void
  /** Writes all that waits. Rejects when the disk refuses; what was written until then is counted. */
  flush(at: number): Promise<void>
  /** Ends and closes the file. A file that was refused something before is only closed. */
  close(): Promise<Member>
}

/** Text packs well and is little; scap is much, and fast matters more. */
const levelOf = (name: string): number => (name.endsWith('.scap.gz') ? 3 : 6)

/** The file itself is made with the first flush: whoever adds does not wait for the disk. */
export function openMemberFile(name: string, create: () => Promise<FileHandle>): MemberFile {
  const hash = createHash('sha256')
  const gzip: GzipStream | undefined = isPacked(name) ? createGzipStream(levelOf(name)) : undefined
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let length = 0
  let sizeBytes = 0
  let isRefused = false
  let opened: FileHandle | undefined

  async function handleOf(): Promise<FileHandle> {
    opened ??= await create()
    return opened
  }

  async function write(bytes: Uint8Array): Promise<void> {
    let at = 0
    try {
      const handle = await handleOf()
      while (at < bytes.length) {
        const { bytesWritten } = await handle.write(bytes, at)
        hash.update(bytes.subarray(at, at + bytesWritten))
        at += bytesWritten
        sizeBytes += bytesWritten
      }
    } catch (error) {
      isRefused = true
      throw error
    }
  }

  return {
    name,
    get length() {
      return length
    },
    get waitingBytes() {
      return waitingBytes
    },
    get sizeBytes() {
      return sizeBytes
    },
    add(bytes) {
      waiting.push(bytes)
      waitingBytes += bytes.length
      length += bytes.length
    },
    async flush(at) {
      if (waiting.length === 0 || isRefused) return
      const pieces = waiting
      waiting = []
      const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
      try {
        if (gzip === undefined) for (const piece of pieces) await write(piece)
        else await write(await gzip.pack(pieces, at))
      } finally {
        waitingBytes -= bytes
      }
    },
    async close() {
      const handle = await handleOf()
      try {
        if (gzip !== undefined && !isRefused) await write(await gzip.end())
        await handle.sync()
      } finally {
        await handle.close()
      }
      return { name, sizeBytes, sha256: hash.digest('hex') }
    },
  }
}
