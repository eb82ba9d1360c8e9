// One captured file into the engine, piece by piece, and which stretches of it could not be read.
//
// Pieces are small, so that a damaged place is a short blind spot and not the whole file.

import type { BlindSpot, ProbeName } from '../../events/probe.ts'
import { instantAt, instantOf, type Epoch, type Instant } from '../../time/instant.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Source, SourcePiece } from './import-sources.ts'

export interface Play {
  readonly source: Source
  /** First event of the file, where its beginning shows it. */
  readonly beginsAt: Instant | undefined
  /** One piece further; false once the file is at its end. */
  next(): Promise<boolean>
  close(): Promise<void>
}

export type OnProgress = (name: string, unpackedBytes: number, packedBytes: number) => void

export interface PlaySettings {
  /** So many files of the same vantage point came before. */
  readonly life?: number
  readonly origin: Epoch
  /** When the capture begins: the time of what has no time yet. */
  readonly at: Instant
  /** Told now and then which file is being read, and how much of it has been: unpacked, and as it lies there. */
  readonly onProgress: OnProgress
  /** Told of each stretch that is damaged, besides the engine. */
  readonly onDamage: (spot: BlindSpot) => void
  /** It is at its end. */
  readonly onRead: () => void
}

/** About a dozen packets, or a thousand events. */
const pieceBytes: Readonly<Record<ProbeName, number>> = {
  tcpdump: 1024,
  sysdig: 64 * 1024,
  bpftrace: 64 * 1024,
  iostat: 4 * 1024,
  host: 16 * 1024,
  log: 16 * 1024,
}

/** Of a kernel the times are by its own clock. */
const partOf = (probe: ProbeName, part: string): string | undefined => (probe === 'sysdig' ? part : undefined)

export function playFile(engine: Engine, source: Source, settings: PlaySettings): Play {
  const { probe, part, name } = source
  const { at, origin, life = 0, onProgress, onDamage, onRead } = settings
  let packedBytes = 0
  // The reader of scap copies what it keeps.
  const pieces = source.read((bytes) => (packedBytes = bytes), source.kind === 'scap')
  let rest: Uint8Array = new Uint8Array(0)
  let unpackedBytes = 0
  let damagedFrom: Instant | undefined
  let isOver = false

  const heard = (): Instant => engine.heardOf(probe, part) ?? at

  function blind(spot: BlindSpot): void {
    engine.blind(spot, partOf(probe, part))
    onDamage(spot)
  }

  function damaged(reason: string): void {
    if (damagedFrom === undefined) return
    const to = instantOf(Math.max(damagedFrom, heard()))
    blind({ source: probe, from: damagedFrom, to, reason, remedy: undefined })
    damagedFrom = undefined
  }

  function take(bytes: Uint8Array): void {
    const before = heard()
    const complaints = engine.malformedOf(probe, part)
    engine.take({ kind: 'bytes', probe, at: before, life, part, bytes })
    if (engine.malformedOf(probe, part) > complaints) damagedFrom ??= before
    if (damagedFrom !== undefined && heard() > damagedFrom) damaged(`${name} is damaged here`)
  }

  async function nextPiece(): Promise<SourcePiece | undefined> {
    try {
      const { done, value } = await pieces.next()
      return done === true ? undefined : value
    } catch (error) {
      // The user's world, in words of the operating system or of zlib; what is ours (a Fault) goes on up.
      if (!(error instanceof Error) || error.name === 'Fault') throw error
      const reason = `${name} could not be read to its end: ${error.message}`
      engine.take({ kind: 'said', probe, part: partOf(probe, part) ?? '', at: heard(), text: reason })
      onDamage({ source: probe, from: heard(), to: heard(), reason, remedy: undefined })
      return undefined
    }
  }

  return {
    source,
    beginsAt: source.beginsAt === undefined ? undefined : instantAt(source.beginsAt, origin),
    async next() {
      if (isOver) return false
      if (rest.length > 0) {
        take(rest.subarray(0, pieceBytes[probe]))
        rest = rest.subarray(pieceBytes[probe])
        return true
      }
      const piece = await nextPiece()
      if (piece === undefined) {
        damaged(`${name} is damaged here`)
        isOver = true
        onRead()
        return false
      }
      if ('torn' in piece) {
        blind({ source: probe, from: heard(), to: heard(), reason: piece.torn, remedy: undefined })
        return true
      }
      rest = piece.bytes
      unpackedBytes += rest.length
      onProgress(name, unpackedBytes, packedBytes)
      return true
    },
    async close() {
      await pieces.return(undefined)
    },
  }
}
