// Writes the tape's own track: lines for the same member within 10 ms become one, as long as nothing else comes between.

import type { ProbeNotice } from '../events/probe.ts'
import { formatNotice, formatTapeBytes, type TapeBytes } from './tape-line.ts'

export interface TapeTrack {
  /** By then the member has so many bytes. */
  reached(bytes: Omit<TapeBytes, 'kind'>): void
  notice(notice: ProbeNotice): void
  /** The line that is held back goes out. */
  flush(): void
}

const joinedNs = 10e6
const encoder = new TextEncoder()

export function createTapeTrack(write: (line: Uint8Array) => void): TapeTrack {
  let held: TapeBytes | undefined

  function flush(): void {
    if (held !== undefined) write(encoder.encode(formatTapeBytes(held)))
    held = undefined
  }

  return {
    reached({ at, probe, life, part, member, to }) {
      const isMore =
        held?.member === member && held.life === life && held.part === part && Math.abs(at - held.at) < joinedNs
      if (isMore && held !== undefined) {
        held = { ...held, to }
        return
      }
      flush()
      held = { kind: 'bytes', at, probe, life, part, member, to }
    },
    notice(notice) {
      flush()
      write(encoder.encode(formatNotice(notice)))
    },
    flush,
  }
}
