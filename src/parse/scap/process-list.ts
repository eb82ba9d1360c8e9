// The process list at the start of a capture: one record per thread.
//
// The layout has grown nine times; `version` comes from the block type. From V9 a record begins with its own length, so
// that the fields a newer writer has appended can be jumped over. Command line and environment are stepped over unread.

import type { Bytes } from './block-reader.ts'
import { Cursor } from './cursor.ts'

export interface ListedThread {
  readonly tid: number
  readonly pid: number
  readonly parent: number
  readonly comm: string
  readonly cwd: string
  /** PPM_CL_* bits. */
  readonly flags: number
}

function readThread(cursor: Cursor, version: number): ListedThread {
  const tid = cursor.id()
  const pid = cursor.id()
  const parent = cursor.id()
  if (version >= 6) cursor.skip(8) // session
  if (version >= 8) cursor.skip(8) // process group, as seen in its pid namespace
  const comm = cursor.text()
  cursor.skipText() // argv[0]
  if (version >= 7) cursor.skipText() // path of the executable
  cursor.skipText() // arguments
  const cwd = cursor.text()
  cursor.skip(8) // limit of open files
  const flags = cursor.u32()
  cursor.skip(8) // uid, gid
  if (version >= 2) cursor.skip(3 * 4 + 2 * 8) // memory, faults
  if (version >= 3) cursor.skipText() // environment
  if (version >= 4) {
    cursor.skip(16) // tid and pid in the pid namespace
    cursor.skipText() // cgroups
  }
  if (version >= 5) cursor.skipText() // root directory
  return { tid, pid, parent, comm, cwd, flags }
}

/** Hands over each thread of the list; returns what is wrong with the block, if anything. */
export function readProcessList(
  memory: Bytes,
  from: number,
  to: number,
  version: number,
  take: (thread: ListedThread) => void,
): string | undefined {
  const cursor = new Cursor(memory, from, to)
  while (cursor.left >= 4) {
    const start = cursor.at
    const length = version >= 9 ? cursor.u32() : 0
    const thread = readThread(cursor, version)
    if (cursor.isShort) return 'a process record that runs past its block'
    take(thread)
    if (version < 9) continue
    if (length < cursor.at - start || length > to - start) return `a process record of ${length} bytes`
    cursor.at = start + length
  }
  return undefined
}
