// gzip that is readable at any moment: flushed whenever it is asked, and a new gzip member begun every half minute.
//
//   | member, 30 s            | member, 30 s            | member …
//   |  flush  flush  flush  # |  flush  flush           |              # = CRC and length
//
// A killed recorder leaves everything up to its last flush. A flipped bit costs what is left of its member, not of the
// night: the next one begins with bytes that can be looked for. `zcat` reads the lot as one.

import { constants, createGzip, type Gzip } from 'node:zlib'
import { joined } from './unit-stream.ts'

export interface GzipStream {
  /** Everything that was given so far, as bytes that can be unpacked without what follows. */
  pack(pieces: readonly Uint8Array[], at: number): Promise<Uint8Array>
  /** Ends the member that is open. */
  end(): Promise<Uint8Array>
}

const memberNs = 30e9
const memberBytes = 64 * 1024 * 1024

interface Open {
  readonly gzip: Gzip
  readonly failed: Promise<never>
  readonly since: number
  out: Uint8Array[]
  bytes: number
}

function openMember(level: number, since: number): Open {
  const gzip = createGzip({ level })
  const failed = new Promise<never>((_, reject) => gzip.once('error', reject))
  failed.catch(() => undefined)
  const open: Open = { gzip, failed, since, out: [], bytes: 0 }
  gzip.on('data', (piece: Uint8Array) => open.out.push(piece))
  return open
}

function takeOut(open: Open): Uint8Array {
  const out = joined(open.out)
  open.out = []
  return out
}

async function finish(open: Open): Promise<Uint8Array> {
  const ended = new Promise<void>((resolve) => open.gzip.once('end', resolve))
  open.gzip.end()
  await Promise.race([ended, open.failed])
  return takeOut(open)
}

/** `at`, in nanoseconds, only says when half a minute is over. */
export function createGzipStream(level: number): GzipStream {
  let member: Open | undefined
  return {
    async pack(pieces, at) {
      const ended: Uint8Array[] = []
      if (member !== undefined && (at - member.since >= memberNs || member.bytes >= memberBytes || at < member.since)) {
        ended.push(await finish(member))
        member = undefined
      }
      const open = (member ??= openMember(level, at))
      for (const piece of pieces) {
        open.bytes += piece.length
        open.gzip.write(piece)
      }
      const flushed = new Promise<void>((resolve) => open.gzip.flush(constants.Z_SYNC_FLUSH, resolve))
      await Promise.race([flushed, open.failed])
      return joined([...ended, takeOut(open)])
    },
    async end() {
      const open = member
      member = undefined
      return open === undefined ? new Uint8Array(0) : finish(open)
    },
  }
}
