// How far a long reading is, on stderr: a bar with rate and time left on a terminal, else a line now and then; nothing of
// what is quick. Ctrl-C stops it.
//
//   reading █████░░░░░░░ 43 %, 118.3 MB/s, 12 s left, Ctrl-C gives up  host.scap.gz

import { statSync } from 'node:fs'
import { cutEnd, hostText, widthOf } from '../report/display-width.ts'
import { barOf } from '../report/glyphs.ts'
import { printable } from '../report/printable.ts'
import type { ImportFiles } from '../session/import/import-sources.ts'
import { notice } from './say.ts'

export interface Progress {
  /** Of one file, so far: as it is read, unpacked; as it lies there, packed. */
  readonly tell: (name: string, unpackedBytes: number, packedBytes: number) => void
  /** The line on the terminal is gone then. */
  end(): void
}

const afterMs = 1000
const drawnEveryMs = 150
const toldEveryMs = 2000
const barColumns = 12

/** 0 for what is not there. */
export const sizeOf = (path: string): number => {
  try {
    return statSync(path).size
  } catch {
    // Whoever reads it says so.
    return 0
  }
}

export function sizeOfFiles({ pcaps, scaps, sysdig, iostat, host, logs }: ImportFiles): number {
  const paths = [...pcaps, ...scaps].map((file) => file.path)
  const single = [iostat, host].filter((path) => path !== undefined)
  return [...paths, ...sysdig, ...single, ...logs].reduce((sum, path) => sum + sizeOf(path), 0)
}

/** `43 %, 118.3 MB/s, 12 s left`. */
export function progressPhrase(doneBytes: number, totalBytes: number, tookMs: number): string {
  const share = totalBytes > 0 ? Math.min(1, doneBytes / totalBytes) : 0
  const perSecond = (doneBytes / Math.max(1, tookMs)) * 1000
  const leftS = Math.ceil((totalBytes - doneBytes) / Math.max(1, perSecond))
  const left = share > 0.01 && leftS >= 0 ? `, ${leftS} s left` : ''
  return `${Math.floor(share * 100)} %, ${(perSecond / 1e6).toFixed(1)} MB/s${left}`
}

/** In a narrow terminal the name goes first. */
export function progressLine(bar: string, phrase: string, name: string, columns: number): string {
  const head = `reading ${bar} ${phrase}, Ctrl-C gives up`
  const room = columns - widthOf(head) - 2
  return room < 4 ? cutEnd(head, columns) : `${head}  ${hostText(name, room)}`
}

export function openProgress(isQuiet: boolean, totalBytes: number): Progress {
  const startedMs = performance.now()
  const isDrawn = process.stderr.isTTY
  const packed = new Map<string, number>()
  let nextMs = startedMs + afterMs
  let hasLine = false
  return {
    tell(name, unpackedBytes, packedBytes) {
      packed.set(name, packedBytes)
      const nowMs = performance.now()
      if (isQuiet || nowMs < nextMs) return
      nextMs = nowMs + (isDrawn ? drawnEveryMs : toldEveryMs)
      const done = [...packed.values()].reduce((sum, bytes) => sum + bytes, 0)
      const phrase = progressPhrase(done, totalBytes, nowMs - startedMs)
      if (!isDrawn) {
        notice(
          `whylate: reading ${printable(name)}, ${(unpackedBytes / 2 ** 20).toFixed(0)} MiB of it unpacked; ${phrase} in all`,
        )
        return
      }
      hasLine = true
      const bar = barOf(totalBytes > 0 ? Math.min(1, done / totalBytes) : 0, barColumns)
      const line = progressLine(bar, phrase, name, Math.max(20, (process.stderr.columns ?? 80) - 1))
      process.stderr.write(`\r${line}\u001B[K`)
    },
    end() {
      if (hasLine) process.stderr.write('\r\u001B[K')
      hasLine = false
    },
  }
}
