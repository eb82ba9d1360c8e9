// A short question to a program: its version, the links of a namespace. Bounded in time and in bytes, and under the
// guard like every other child. Never throws: a program that is missing, hangs or crashes is an answer too.

import { startChild, type ChildCommand } from './child.ts'
import type { Ending } from './tool-spec.ts'

const mostBytes = 1 << 20

export interface Answer {
  readonly stdout: string
  readonly stderr: string
  readonly ending: Ending
  readonly isTimeout: boolean
}

export async function ask(argv: ChildCommand['argv'], timeoutMs: number): Promise<Answer> {
  const chunks: Uint8Array[] = []
  const lines: string[] = []
  let size = 0
  let isTimeout = false
  const keep = (bytes: number): boolean => (size += bytes) <= mostBytes
  const child = startChild(
    { argv, env: { LC_ALL: 'C', TZ: 'UTC' }, killAfterMs: 300 },
    {
      bytes: (chunk) => (keep(chunk.length) ? void chunks.push(chunk) : child.stop()),
      line: (text) => (keep(text.length + 64) ? void lines.push(text) : child.stop()),
    },
  )
  const timer = setTimeout(() => {
    isTimeout = true
    child.stop()
  }, timeoutMs)
  const ending = await child.ended
  clearTimeout(timer)
  return { stdout: Buffer.concat(chunks).toString('utf8'), stderr: lines.join('\n'), ending, isTimeout }
}
