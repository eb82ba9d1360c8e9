// marks.ndjson: the operator's notes, while it was recorded and, in a bundle that is a directory, later.
//
//   {"atNs":"1795350012000000000","text":"disk switched off here"}
//
// A later note is appended, so this member alone may be longer than the manifest says.

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { longestMark, type Mark } from '../events/mark.ts'
import { epochAt, type Epoch, type Instant } from '../time/instant.ts'
import type { Bundle } from './bundle.ts'
import { epochText, instantOfText } from './epoch-text.ts'
import { recordsOf } from './member-lines.ts'
import { marksName } from './member-name.ts'

const markLine = v.object({
  atNs: epochText,
  text: v.pipe(v.string(), v.maxLength(4096)),
})

const mostMarks = 10_000

export function formatMarkLine(at: Instant, text: string, origin: Epoch): string {
  return `${JSON.stringify({ atNs: String(epochAt(at, origin)), text })}\n`
}

/** In order of time. */
export async function readMarks(bundle: Bundle, origin: Epoch): Promise<Mark[]> {
  const marks: Mark[] = []
  for await (const { atNs, text } of recordsOf(bundle, marksName, markLine, mostMarks))
    marks.push({ at: instantOfText(atNs, origin), text: text.slice(0, longestMark) })
  return marks.toSorted((a, b) => a.at - b.at)
}

const refusals: Readonly<Record<string, string>> = {
  EACCES: 'you may not write to it',
  EPERM: 'you may not write to it',
  EROFS: 'its file system is read-only',
  ENOSPC: 'no space is left on its disk',
  EDQUOT: 'the disk quota is used up',
  ELOOP: `its ${marksName} is a symbolic link`,
  ENXIO: `its ${marksName} is no plain file`,
  ENOENT: 'it is not there any more',
}

/** Appends to the bundle directory; why it could not, as the rest of a sentence behind "because". */
export async function appendMark(folder: string, line: string): Promise<string | undefined> {
  const flags =
    constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK
  try {
    const file = await open(join(folder, marksName), flags, 0o600)
    try {
      if (!(await file.stat()).isFile()) return refusals['ENXIO']
      await file.appendFile(line)
      await file.sync()
    } finally {
      await file.close()
    }
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return refusals[code] ?? `of an error (${code})`
  }
}
