// What a parser may say besides an event: that it left something out on purpose, or that it could not read it.
//
// Bad input is data. A parser never throws for what it is fed: it says what it could not read and goes on with the next
// good byte. `where` is a byte offset in the stream, so that a person can find the place in the recording.

export interface Malformed {
  readonly reason: string
  readonly where: number
}

export interface Outcomes {
  malformed(complaint: Malformed): void
  /** Read, understood and of no use here: counted by kind (`IPv4 protocol 6`), never kept. */
  ignored(kind: string): void
}

/** A tool's bytes in, in pieces of any size. What it finds goes to the sink that it was made with. */
export interface StreamParser {
  push(bytes: Uint8Array): void
  /** The tool has ended: whatever is half read is malformed now. */
  end(): void
  /** Sets 1 at the id of each name that it will use again without asking for it again. Absent: it holds none. */
  markNames?(used: Uint8Array): void
}
