// The bytes of an open file, with the next piece on its way while the one before is worked on.
//
//   read 1 │ read 2 │   …   │ read 3
//          │ work on 1      │ work on 2

import type { FileHandle } from 'node:fs/promises'

/** `canReuse`: asked before each piece, whether it may take the place of one that was given before the last. */
export async function* readAhead(
  file: FileHandle,
  pieceBytes: number,
  canReuse: () => boolean = () => false,
): AsyncGenerator<Uint8Array> {
  const read = async (room: Uint8Array): Promise<Uint8Array> => {
    const { bytesRead } = await file.read(room, 0, pieceBytes)
    return room.subarray(0, bytesRead)
  }
  let spare: Uint8Array | undefined
  let next = read(new Uint8Array(pieceBytes))
  try {
    for (;;) {
      const piece = await next
      if (piece.length === 0) return
      next = read(spare !== undefined && canReuse() ? spare : new Uint8Array(pieceBytes))
      // It fails for whoever asks for it.
      next.catch(() => undefined)
      yield piece
      spare = new Uint8Array(piece.buffer)
    }
  } finally {
    // The file may be closed now, and its room is nobody's.
    await next.catch(() => undefined)
  }
}
