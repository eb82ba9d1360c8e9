// What a member of a bundle is written in: whole units of its tool's own format.
//
//   pcap record   scap block   line of text   iostat sample
//
// A tool's pipe is cut anywhere. A recording is cut between units only: so a queue that is full can leave some out, a
// secret is seen in one piece, and the next life of the tool continues a file that was left in order.

export interface UnitStream {
  /** The units that are whole by now, as bytes of their own (never a view on what was pushed); often empty. */
  push(bytes: Uint8Array): Uint8Array
  /** The tool has ended. Returns how many bytes of a half unit are left out. */
  end(): number
  /** What was not of the format and is left out, since the last time that this was asked. */
  takeLost(): number
}

export const nothing = new Uint8Array(0)

export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces
  if (pieces.length === 1 && only !== undefined) return only
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}
