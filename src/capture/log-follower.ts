// A log that keepalived writes, followed as `tail -F` follows it: what is added from now on, across rotation.
//
//   path ──▶ inode 17   read to 4,100 ─┐ renamed: inode 17 is read to its end, then the new one from its beginning
//   path ──▶ inode 23   read from 0  ◀─┘
//   path ──▶ inode 23   shorter than what was read of it: cut (copytruncate); it is read from its beginning
//
// It is only read, and looked at a few times a second: nothing is left on the host, no watch is taken from anybody.

import { constants } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from './fault.ts'
import { journalName } from './journal.ts'
import type { OutputListener } from './output.ts'
import type { OwnClock } from './own-clock.ts'

export interface LogFollower {
  /** Reads what was still written. Idempotent. */
  stop(): Promise<void>
}

const followEveryMs = 200
const pieceBytes = 64 * 1024
/** Of one look; the rest waits for the next. */
const mostAtOnce = 1024 * 1024
const newline = Uint8Array.of(0x0a)

interface Opened {
  readonly handle: FileHandle
  readonly inode: string
  offset: number
  /** Does what was read end with a whole line? */
  isWhole: boolean
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? ''

function refuse(path: string, error: unknown): Fault {
  const code = codeOf(error)
  if (code === 'ENOENT')
    return new Fault(`There is no log ${path}.`, 'Name the file that keepalived’s lines go to, or --log journal.', 2)
  if (code === 'EACCES' || code === 'EPERM')
    return new Fault(`The log ${path} may not be read (${code}).`, 'Run as root, or as a user who may read it.')
  return new Fault(`The log ${path} cannot be read (${code}).`, 'Name a file that can be read.')
}

async function openFile(path: string): Promise<Opened> {
  // A pipe without a writer must not hold us.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const facts = await handle.stat()
  if (facts.isFile()) return { handle, inode: `${facts.dev}:${facts.ino}`, offset: 0, isWhole: true }
  await handle.close()
  throw new Fault(`The log ${path} is no plain file.`, 'Name the file that keepalived’s lines go to.', 2)
}

/** What was written before is another recording's. */
async function skipToEnd(opened: Opened): Promise<void> {
  const { size } = await opened.handle.stat()
  opened.offset = size
  if (size === 0) return
  const { buffer } = await opened.handle.read(Buffer.alloc(1), 0, 1, size - 1)
  opened.isWhole = buffer[0] === newline[0]
}

/** Throws a Fault where there is no such log now. `part`: what it is called. */
async function followLog(path: string, part: string, clock: OwnClock, listener: OutputListener): Promise<LogFollower> {
  let file: Opened | undefined
  try {
    file = await openFile(path)
    await skipToEnd(file)
  } catch (error) {
    throw error instanceof Fault ? error : refuse(path, error)
  }
  /** The rest of a line whose beginning was not seen. */
  let isTail = !file.isWhole
  let stopping: Promise<void> | undefined
  const over = new AbortController()

  const tellStarted = (): void =>
    listener({
      kind: 'started',
      probe: 'log',
      at: clock.now(),
      pid: undefined,
      tool: 'log',
      version: '',
      detail: basename(path),
    })
  const tell = (bytes: Uint8Array): void =>
    listener({ kind: 'bytes', probe: 'log', part, life: 0, at: clock.now(), bytes })
  const say = (text: string): void => listener({ kind: 'said', probe: 'log', at: clock.now(), text })

  function take(bytes: Buffer): void {
    let whole = bytes
    if (isTail) {
      const end = bytes.indexOf(0x0a) + 1
      if (end === 0) return
      isTail = false
      whole = bytes.subarray(end)
    }
    if (whole.length > 0) tell(new Uint8Array(whole))
  }

  async function readOn(opened: Opened): Promise<void> {
    for (let taken = 0; taken < mostAtOnce;) {
      const { bytesRead, buffer } = await opened.handle.read(Buffer.alloc(pieceBytes), 0, pieceBytes, opened.offset)
      if (bytesRead === 0) return
      opened.offset += bytesRead
      taken += bytesRead
      opened.isWhole = buffer[bytesRead - 1] === newline[0]
      take(buffer.subarray(0, bytesRead))
    }
  }

  /** The last line of a file that goes on nowhere. */
  function endLine(opened: Opened): void {
    if (!opened.isWhole && !isTail) tell(newline)
    isTail = false
  }

  async function lookAt(opened: Opened): Promise<void> {
    const { size } = await opened.handle.stat()
    if (size >= opened.offset) return
    endLine(opened)
    opened.offset = 0
    opened.isWhole = true
    say(`${basename(path)} was cut: lines that were written just before may be missing`)
  }

  /** Another file bears its name now, or none. */
  async function follow(): Promise<void> {
    let inode: string | undefined
    try {
      const facts = await stat(path)
      inode = `${facts.dev}:${facts.ino}`
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
    if (inode === undefined || inode === file?.inode) return
    const next = await openFile(path)
    if (file !== undefined) {
      await readOn(file)
      endLine(file)
      await file.handle.close()
    }
    file = next
    await readOn(next)
  }

  async function look(): Promise<void> {
    if (file !== undefined) {
      await lookAt(file)
      await readOn(file)
    }
    await follow()
  }

  async function run(): Promise<void> {
    let hasFailed = false
    while (!over.signal.aborted) {
      await sleep(followEveryMs, undefined, { signal: over.signal }).catch(() => undefined)
      try {
        await look()
        if (hasFailed) tellStarted()
        hasFailed = false
      } catch (error) {
        // It may come back: a file system that was away, a file that was made with other permissions.
        const reason = error instanceof Fault ? error.message : `it cannot be read (${codeOf(error) || String(error)})`
        if (!hasFailed) listener({ kind: 'ended', probe: 'log', at: clock.now(), reason, willRestart: true })
        hasFailed = true
      }
    }
    await file?.handle.close()
  }

  tellStarted()
  const running = run()
  return {
    stop() {
      over.abort()
      return (stopping ??= running)
    },
  }
}

/** All of these files, each by a name of its own (`taken`: by others); none is left open when one of them is refused. */
export async function followAll(
  logs: readonly string[],
  clock: OwnClock,
  listener: OutputListener,
  taken: readonly string[] = [],
): Promise<readonly LogFollower[]> {
  const paths = [...new Set(logs)].filter((one) => one !== journalName)
  const names = new Set([journalName, ...taken])
  const followers: LogFollower[] = []
  try {
    for (const path of paths) {
      let name = basename(path)
      for (let n = 2; names.has(name); n++) name = `${basename(path)}-${n}`
      names.add(name)
      followers.push(await followLog(path, name, clock, listener))
    }
    return followers
  } catch (error) {
    await Promise.all(followers.map((follower) => follower.stop()))
    throw error
  }
}
