// A probe whose output comes in more than one form: the first bytes say which parser it needs.

import type { StreamParser } from '../events/outcome.ts'
import { fileKindOf, type FileKind } from './file-kind.ts'

/** `open` gets the kind of the first piece; what is too short to tell is `unknown`. */
export function createSniffingParser(open: (kind: FileKind) => StreamParser): StreamParser {
  let parser: StreamParser | undefined
  return {
    push(bytes) {
      if (bytes.length === 0) return
      parser ??= open(fileKindOf(bytes.subarray(0, 64 * 1024)))
      parser.push(bytes)
    },
    end() {
      parser?.end()
    },
    markNames: (used) => parser?.markNames?.(used),
  }
}
