// One captured file into the engine, piece by piece, and which stretches of it could not be read.
//
// Pieces are small, so that a damaged place is a short blind spot and not the whole file.

import { basename } from 'node:path'
import type { ProbeName } from '../events/probe.ts'
import { instantOf, type Instant } from '../time/instant.ts'
import type { Engine } from './engine.ts'
import { readCaptured } from './file-source.ts'

export interface Play {
  readonly probe: ProbeName
  readonly part: string
  readonly path: string
  /** First event of the file, where its beginning shows it. */
  readonly beginsAt: Instant | undefined
  /** Reads on; false once the file is at its end. */
  next(): Promise<boolean>
}

export interface PlaySettings {
  readonly probe: ProbeName
  readonly part: string
  readonly path: string
  readonly beginsAt: Instant | undefined
  /** When the capture begins: the time of what has no time yet. */
  readonly at: Instant
  readonly onProgress: (path: string, unpackedBytes: number) => void
}

/** About a dozen packets, or a thousand events. */
const pieceBytes: Readonly<Record<ProbeName, number>> = {
  tcpdump: 1024,
  sysdig: 64 * 1024,
  bpftrace: 64 * 1024,
  iostat: 4 * 1024,
  host: 16 * 1024,
}

export function playFile(engine: Engine, settings: PlaySettings): Play {
  const { probe, part, path, at, beginsAt, onProgress } = settings
  const chunks = readCaptured(path)
  const name = basename(path)
  let unpackedBytes = 0
  let damagedFrom: Instant | undefined
  let isOver = false

  const heard = (): Instant => engine.heardOf(probe, part) ?? at

  function damaged(reason: string): void {
    if (damagedFrom === undefined) return
    const to = instantOf(Math.max(damagedFrom, heard()))
    engine.blind({ source: probe, from: damagedFrom, to, reason, remedy: undefined })
    damagedFrom = undefined
  }

  function take(bytes: Uint8Array): void {
    const before = heard()
    const complaints = engine.malformedOf(probe)
    engine.take({ kind: 'bytes', probe, at: before, life: 0, part, bytes })
    if (engine.malformedOf(probe) > complaints) damagedFrom ??= before
    if (damagedFrom !== undefined && heard() > damagedFrom) damaged(`${name} is damaged here`)
  }

  async function nextChunk(): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await chunks.next()
      return done === true ? undefined : value
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      engine.take({ kind: 'said', probe, at: heard(), text: `${name} could not be read to its end: ${why}` })
      return undefined
    }
  }

  return {
    probe,
    part,
    path,
    beginsAt,
    async next() {
      if (isOver) return false
      const chunk = await nextChunk()
      if (chunk === undefined) {
        damaged(`${name} is damaged here`)
        isOver = true
        return false
      }
      for (let from = 0; from < chunk.length; from += pieceBytes[probe])
        take(chunk.subarray(from, from + pieceBytes[probe]))
      unpackedBytes += chunk.length
      onProgress(path, unpackedBytes)
      return true
    },
  }
}
