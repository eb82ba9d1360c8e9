// Files that others captured, as the output of probes: what `import` and `report --pcap …` read, and the tests.
//
// A compressed file is told by its first two bytes. One that was cut off (a killed recorder) gives all that came before
// the cut; what is wrong with it is a notice of its probe, not an exception.

import { open } from 'node:fs/promises'
import { constants, createGunzip } from 'node:zlib'
import { ahead } from '../../bundle/ahead.ts'
import type { OutputListener } from '../../capture/output.ts'
import type { ProbeName } from '../../events/probe.ts'
import type { Instant } from '../../time/instant.ts'

export interface CapturedFile {
  readonly probe: ProbeName
  readonly path: string
  /** The vantage point, for a capture; '' for the only one. */
  readonly part: string
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b

/** Real captures shrink to a twentieth at most; zeros to a thousandth. */
const believedRatio = 200
const alwaysBelieved = 256 * 1024 * 1024

const pieceBytes = 256 * 1024

/** `canReuse`: asked before each piece, whether it may take the place of the last but one. */
async function* readPlain(path: string, canReuse: () => boolean): AsyncGenerator<Uint8Array> {
  const file = await open(path)
  try {
    let lastButOne: Uint8Array | undefined
    let last: Uint8Array | undefined
    for (;;) {
      const room = lastButOne !== undefined && canReuse() ? lastButOne : new Uint8Array(pieceBytes)
      const { bytesRead } = await file.read(room, 0, pieceBytes)
      if (bytesRead === 0) return
      lastButOne = last
      last = room
      yield room.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

async function* counted(
  chunks: AsyncGenerator<Uint8Array>,
  onRead: ((packedBytes: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  let read = 0
  for await (const chunk of chunks) {
    onRead?.((read += chunk.length))
    yield chunk
  }
}

async function* inflated(chunks: AsyncGenerator<Uint8Array>, first: Uint8Array): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH, chunkSize: 256 * 1024 })
  // Who reads no further destroys it, and nothing drains any more.
  const closed = new Promise((resolve) => gunzip.once('close', resolve))
  let inBytes = first.length
  let outBytes = 0
  const feed = async (): Promise<void> => {
    gunzip.write(first)
    for await (const chunk of chunks) {
      inBytes += chunk.length
      if (!gunzip.write(chunk)) await Promise.race([new Promise((resolve) => gunzip.once('drain', resolve)), closed])
      if (gunzip.destroyed) return
    }
    gunzip.end()
  }
  // A damaged stream ends the reading below with its error; feeding it further is over then.
  const feeding = feed().catch((error: unknown) =>
    gunzip.destroy(error instanceof Error ? error : new Error(String(error))),
  )
  for await (const chunk of gunzip) {
    outBytes += (chunk as Uint8Array).length
    if (outBytes > alwaysBelieved && outBytes > inBytes * believedRatio)
      throw new Error('it unpacks to something absurdly large')
    yield chunk as Uint8Array
  }
  await feeding
}

/**
 * The bytes of a file, inflated where it is compressed. `onRead`: told how much of it, as it lies there, has been read.
 * `isPassing`: nobody needs a piece once the next is asked for; then they share two places in memory, which is quicker
 * than so much memory seen for the first time.
 */
export async function* readCaptured(
  path: string,
  onRead?: (packedBytes: number) => void,
  isPassing = false,
): AsyncGenerator<Uint8Array> {
  let isPlain = false
  const chunks = counted(
    // One is worked on while the next is read.
    ahead(
      readPlain(path, () => isPassing && isPlain),
      1,
    ),
    onRead,
  )
  try {
    const first = await chunks.next()
    if (first.done === true) return
    if (isGzip(first.value)) {
      yield* inflated(chunks, first.value)
      return
    }
    isPlain = true
    yield first.value
    yield* chunks
  } finally {
    // Who looks only into its beginning closes the file, too.
    await chunks.return(undefined)
  }
}

/** Hands over a whole file; a file that cannot be read to its end is told as a probe that ended. */
export async function feedFile(file: CapturedFile, at: Instant, listener: OutputListener): Promise<void> {
  const { probe, part } = file
  listener({ kind: 'started', probe, at, pid: undefined, tool: 'file', version: '', detail: file.path })
  try {
    for await (const bytes of readCaptured(file.path)) listener({ kind: 'bytes', probe, at, life: 0, part, bytes })
  } catch (error) {
    listener({
      kind: 'said',
      probe,
      at,
      text: `${file.path} could not be read to its end: ${error instanceof Error ? error.message : String(error)}`,
    })
  }
}
