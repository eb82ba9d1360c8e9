// The folder that a packed bundle is unpacked into: gone when its reader ends, however it ends.
//
//   $TMPDIR/whylate-bundle-4026531836-4711-889120-x3Fk2q
//                          |          |    began at this tick: field 22 of /proc/PID/stat
//                          |          process
//                          its namespace of processes: others are not seen from here, dead or alive
//
// Who is killed cannot clean up behind itself, so the next one does: what bears the name of a process that is no more, and
// belongs to the same user, goes.

import { readFileSync, readlinkSync } from 'node:fs'
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTicksOf } from './process-start.ts'

const named = /^whylate-bundle-(?<space>\d{1,20})-(?<pid>[1-9]\d{0,9})-(?<ticks>\d{1,20})-\w{6}$/
/** Nothing tells: not on Linux. */
const untold = '0'

/** undefined: there is none of this number, or it does not tell. */
function ticksNow(pid: number | 'self'): string | undefined {
  try {
    return startTicksOf(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return undefined
  }
}

function ownSpace(): string {
  try {
    return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? untold
  } catch {
    return untold
  }
}

function isAlive(pid: number, ticks: string): boolean {
  if (ticks !== untold) return ticksNow(pid) === ticks
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

async function sweepOne(path: string): Promise<void> {
  try {
    const facts = await lstat(path)
    if (facts.isDirectory() && facts.uid === process.getuid?.()) await rm(path, { recursive: true, force: true })
  } catch {
    // Somebody else sweeps, too; what cannot be removed is looked at again next time.
  }
}

async function sweep(folder: string, ownSpaceId: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const { space, pid, ticks } = named.exec(name)?.groups ?? {}
    if (space !== ownSpaceId || pid === undefined || ticks === undefined) continue
    if (!isAlive(Number(pid), ticks)) await sweepOne(join(folder, name))
  }
}

export async function makeUnpackedFolder(): Promise<string> {
  const folder = tmpdir()
  const space = ownSpace()
  await sweep(folder, space)
  return mkdtemp(join(folder, `whylate-bundle-${space}-${process.pid}-${ticksNow('self') ?? untold}-`))
}
