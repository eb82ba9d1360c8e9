// Unpacks a member of a bundle, whatever happened to it: gzip member by gzip member, so that damage costs one of them.
//
//   | 1f 8b … data … CRC length | 1f 8b … x … | 1f 8b … data … (cut)
//     whole                       damaged: what came before x, then a hole     the recorder was killed: all up to there
//
// Each gzip member tells its own length at its end, so the bytes behind a hole keep their place, by which the tape calls
// them. What unpacks to absurdly much (a bomb) is read up to there and no further.

import { constants, createGunzip, type Gunzip } from 'node:zlib'

export type Unpacked =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** `count`: how many bytes are missing here, where that is known. */
  | { readonly kind: 'hole'; readonly count: number | undefined; readonly reason: string }
  /** The file ends inside a gzip member. */
  | { readonly kind: 'cut' }

/** What each gzip member of Node, of gzip -n and of ours begins with: deflate, no name, no time. */
const memberStart = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0])
const trailerBytes = 8
const inputBytes = 64 * 1024
/** Real members shrink to a twentieth at most; zeros to a thousandth. */
const believedRatio = 200
const alwaysBelieved = 256 * 1024 * 1024

interface OpenMember {
  readonly gunzip: Gunzip
  out: Uint8Array[]
  outBytes: number
  /** The last bytes that went in. */
  tail: Buffer
  error: Error | undefined
}

function openMember(): OpenMember {
  const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH, chunkSize: 512 * 1024 })
  const open: OpenMember = { gunzip, out: [], outBytes: 0, tail: Buffer.alloc(0), error: undefined }
  gunzip.on('data', (piece: Uint8Array) => {
    open.out.push(piece)
    open.outBytes += piece.length
  })
  gunzip.on('error', (error: Error) => {
    open.error = error
  })
  return open
}

function taken(open: OpenMember): Unpacked[] {
  const pieces = open.out.map((bytes): Unpacked => ({ kind: 'bytes', bytes }))
  open.out = []
  return pieces
}

async function feed(open: OpenMember, input: Buffer): Promise<void> {
  open.tail = Buffer.concat([open.tail, input]).subarray(-trailerBytes)
  if (open.error !== undefined) return
  await new Promise<void>((resolve) => {
    const done = (): void => {
      open.gunzip.off('close', done)
      resolve()
    }
    open.gunzip.once('close', done)
    open.gunzip.write(input, done)
  })
}

/** What is left of a member, and what is wrong with it. `isLast`: the file ends here. */
async function finish(open: OpenMember, isLast: boolean): Promise<Unpacked[]> {
  if (open.error === undefined) {
    await new Promise<void>((resolve) => {
      open.gunzip.once('close', resolve)
      open.gunzip.end()
    })
  }
  open.gunzip.destroy()
  const pieces = taken(open)
  const said = open.tail.length < trailerBytes ? 0 : open.tail.readUInt32LE(4)
  const isWhole = open.error === undefined && said === open.outBytes % 2 ** 32
  if (isWhole) return pieces
  if (isLast && open.error === undefined) return [...pieces, { kind: 'cut' }]
  const missing = said - open.outBytes
  const count = missing >= 0 && missing < alwaysBelieved ? missing : undefined
  const reason = open.error === undefined ? 'a part of it is missing' : 'a part of it is damaged'
  return [...pieces, { kind: 'hole', count, reason }]
}

/** `chunks`: the file from its beginning. */
export async function* unpack(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Unpacked> {
  let member: OpenMember | undefined
  let held = Buffer.alloc(0)
  let inBytes = 0
  let outBytes = 0
  let isStray = false

  async function* write(input: Buffer): AsyncGenerator<Unpacked> {
    for (let at = 0; at < input.length; at += inputBytes) {
      const part = input.subarray(at, at + inputBytes)
      inBytes += part.length
      if (member === undefined) {
        isStray = true
        continue
      }
      await feed(member, part)
      for (const piece of taken(member)) {
        if (piece.kind === 'bytes') outBytes += piece.bytes.length
        yield piece
      }
    }
  }

  try {
    for await (const chunk of chunks) {
      held = Buffer.concat([held, chunk])
      for (;;) {
        // The start of the member at hand is not the start of the next.
        const next = held.indexOf(memberStart, member === undefined ? 0 : 1)
        if (next === -1) break
        yield* write(held.subarray(0, next))
        if (member !== undefined) yield* await finish(member, false)
        if (isStray) yield { kind: 'hole', count: undefined, reason: 'it does not begin as gzip' }
        isStray = false
        member = openMember()
        yield* write(held.subarray(next, next + 1))
        held = held.subarray(next + 1)
      }
      member ??= isForeignGzip(held) ? openMember() : undefined
      // A start may lie across two chunks.
      const safe = Math.max(0, held.length - memberStart.length)
      yield* write(held.subarray(0, safe))
      held = held.subarray(safe)
      if (outBytes > alwaysBelieved && outBytes > inBytes * believedRatio) {
        yield { kind: 'hole', count: undefined, reason: 'it unpacks to absurdly much, and the rest of it is not read' }
        return
      }
    }
    yield* write(held)
    if (isStray) yield { kind: 'hole', count: undefined, reason: 'it does not begin as gzip' }
    if (member !== undefined) yield* await finish(member, true)
  } finally {
    member?.gunzip.destroy()
  }
}

/** Packed by somebody else's gzip, with a name or a time in its head. */
const isForeignGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b && bytes[2] === 8
