// sysdig's text on its way into a bundle: whole rows of the 13 fields, and of their arguments only what says who, which
// descriptor, which signal. Command lines, environments and what was read or written stay behind.
//
//   … execve … res=0 exe=/usr/bin/mysql args=-phunter42 tid=7(mysql) pid=7(mysql) ptid=1 env=TOKEN=x …
//   … execve … res=0 tid=7 pid=7 ptid=1 exe=/usr/bin/mysql

import { createLineSplitter } from '../parse/bpftrace/line-splitter.ts'
import { parseSysdigRow, rowBegin, type SysdigRow } from '../parse/sysdig/row.ts'
import { nothing, type UnitStream } from './unit-stream.ts'

const longestLine = 256 * 1024
const mostLines = 256
/** What the parser asks a row's arguments for. */
const numbers = ['res', 'fd', 'size', 'tid', 'pid', 'ptid', 'sig', 'spid', 'dpid', 'ret'] as const
const patterns = numbers.map((key) => [key, new RegExp(`(?:^|\\s)${key}=(-?\\d+)`)] as const)

/** These hold thread names and numbers only. */
const harmless = new Set(['switch', 'drop', 'procexit', 'signaldeliver'])

export function cleanArguments({ type, args }: Pick<SysdigRow, 'type' | 'args'>): string {
  if (harmless.has(type)) return args
  const kept: string[] = []
  for (const [key, pattern] of patterns) {
    const value = pattern.exec(args)?.[1]
    if (value !== undefined) kept.push(`${key}=${value}`)
  }
  const exe = /(?:^|\s)exe=(\S*)/.exec(args)?.[1]
  if (exe !== undefined) kept.push(`exe=${exe}`)
  const path = /\strusted_exepath=(\S+)/.exec(args)?.[1]
  if (path !== undefined) kept.push(...(kept.length === 0 ? ['res=<NA>'] : []), `trusted_exepath=${path}`)
  if (args.includes('CLONE_THREAD')) kept.push('flags=CLONE_THREAD')
  return kept.join(' ')
}

export function createSysdigRows(): UnitStream {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let row: string[] = []
  let out: string[] = []
  let lost = 0

  function endRow(): void {
    if (row.length === 0) return
    const text = row.join('\n')
    row = []
    const parsed = parseSysdigRow(text)
    // What cannot be understood cannot be cleaned.
    if (typeof parsed === 'string') lost += text.length
    else out.push(`${text.slice(0, text.length - parsed.args.length)}${cleanArguments(parsed)}\n`)
  }

  const splitter = createLineSplitter({
    longestLine,
    line(bytes) {
      const line = decoder.decode(bytes)
      if (rowBegin.test(line)) {
        endRow()
        row = [line]
      } else if (row.length > 0 && row.length < mostLines) row.push(line)
      else if (line.trim() !== '') lost += line.length
    },
    tooLong() {
      lost += longestLine
    },
  })

  function taken(): Uint8Array {
    if (out.length === 0) return nothing
    const bytes = encoder.encode(out.join(''))
    out = []
    return bytes
  }

  return {
    push(bytes) {
      splitter.push(bytes)
      return taken()
    },
    end() {
      const half = splitter.end()
      endRow()
      return half === undefined ? 0 : 1
    },
    takeLost() {
      const count = lost
      lost = 0
      return count
    },
  }
}
