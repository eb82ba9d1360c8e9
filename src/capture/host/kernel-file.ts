// A file of /proc or /sys that is read over and over: opened once, then read again from its beginning in place.
//
// The kernel makes such a file anew for each read at offset 0, so one pread(2) a tick is all it takes: 1.4 µs for
// schedstat, 5 µs for stat (kernel 6.18, Node 20). What is gone, forbidden or not of this kernel is left out, never an error:
// threads die between two ticks, and every kernel lacks some file.

import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs'

/** All files share one buffer: its content is good until the next read. */
export const scratch = Buffer.allocUnsafe(64 * 1024)

export interface KernelFile {
  /** Fills `scratch` from its start; the number of bytes, or undefined when the file is no longer there. */
  read(): number | undefined
  close(): void
}

export function openKernelFile(path: string): KernelFile | undefined {
  const fd = attempt(() => openSync(path, 'r'))
  if (fd === undefined) return undefined
  return {
    read: () => attempt(() => readSync(fd, scratch, 0, scratch.length, 0)),
    close: () => closeSync(fd),
  }
}

export function readKernelText(file: KernelFile | undefined): string | undefined {
  const length = file?.read()
  return length === undefined ? undefined : scratch.toString('utf8', 0, length)
}

/** Opens, reads and closes. What is longer than `mostBytes` is cut. */
export function readOnce(path: string, mostBytes = scratch.length): string | undefined {
  const fd = attempt(() => openSync(path, 'r'))
  if (fd === undefined) return undefined
  try {
    let text = ''
    for (let at = 0; at < mostBytes;) {
      const length = attempt(() => readSync(fd, scratch, 0, Math.min(scratch.length, mostBytes - at), at))
      if (length === undefined) return undefined
      if (length === 0) break
      text += scratch.toString('utf8', 0, length)
      at += length
    }
    return text
  } finally {
    closeSync(fd)
  }
}

/** Names in a folder; none when it cannot be read. */
export function namesIn(folder: string): readonly string[] {
  return attempt(() => readdirSync(folder)) ?? []
}

export function readLink(path: string): string | undefined {
  return attempt(() => readlinkSync(path))
}

/** undefined when the system refuses (ENOENT, ESRCH, EACCES ...); anything else is our bug and goes on. */
function attempt<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined
    throw error
  }
}
