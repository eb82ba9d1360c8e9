// Takes a drill away again: the one that ends now, and those whose owner was killed before it could.
//
// Order matters. A process that is frozen (cgroup v1) or waits for a throttled disk cannot die, a namespace without a name
// lives on as long as a process is in it, and the run directory goes last: as long as anything is left, something with the
// mark in its name is left too.

import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from './command.ts'
import { removeCgroup } from './cgroup.ts'
import { readCgroupMounts } from './cgroup-mount.ts'
import { liftHolds } from './lift-holds.ts'
import { isDead, killMarked, parseMark, readMarkedPids, type Owner } from './mark.ts'

export const runRoot = '/run'
const namespaceRoot = '/run/netns'

export interface Removal {
  readonly mark: string
  /** What was taken away: `namespace whylate-drill-…`, `process 4711`. */
  readonly removed: readonly string[]
  /** What would not go, with the reason. */
  readonly left: readonly string[]
}

const killTimeoutMs = 5000
const isAbsent = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'
const listIn = async (directory: string): Promise<readonly string[]> => readdir(directory).catch(() => [])

async function namesWith(mark: string, directory: string): Promise<readonly string[]> {
  return (await listIn(directory)).filter((name) => parseMark(name)?.mark === mark)
}

async function killAll(mark: string, removed: string[], left: string[]): Promise<void> {
  // From the first blow on: on a slow machine it takes seconds to find them.
  let deadline = Infinity
  const seen = new Set<number>()
  for (;;) {
    const pids = await readMarkedPids(mark)
    if (pids.length === 0) break
    if (performance.now() > deadline) {
      left.push(...pids.map((pid) => `process ${pid}: it does not die`))
      break
    }
    for (const pid of pids) seen.add(pid)
    await killMarked(pids, mark)
    deadline = Math.min(deadline, performance.now() + killTimeoutMs)
    await sleep(5)
  }
  removed.push(...[...seen].map((pid) => `process ${pid}`))
}

async function attempt(what: string, action: () => Promise<unknown>, lists: { removed: string[]; left: string[] }) {
  try {
    await action()
    lists.removed.push(what)
  } catch (error) {
    // Another whylate that started at the same time may have been faster.
    if (!isAbsent(error)) lists.left.push(`${what}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function deleteNamespace(mark: string, name: string): Promise<void> {
  try {
    await runCommand(mark, 'ip', ['netns', 'del', name])
  } catch (error) {
    if ((await namesWith(mark, namespaceRoot)).includes(name)) throw error
  }
}

/** Removes everything that carries this mark, and nothing else. */
export async function removeMarked(mark: string): Promise<Removal> {
  const removed: string[] = []
  const left: string[] = []
  const cgroups: string[] = []
  for (const mount of await readCgroupMounts()) {
    for (const name of await namesWith(mark, mount.directory)) {
      const cgroup = join(mount.directory, name)
      await liftHolds(mount, cgroup)
      cgroups.push(cgroup)
    }
  }
  await killAll(mark, removed, left)
  for (const path of cgroups) await attempt(`cgroup ${path}`, async () => removeCgroup(path), { removed, left })
  for (const name of await namesWith(mark, namespaceRoot)) {
    await attempt(`namespace ${name}`, async () => deleteNamespace(mark, name), { removed, left })
  }
  if (left.length === 0) {
    for (const name of await namesWith(mark, runRoot)) {
      const path = join(runRoot, name)
      await attempt(`directory ${path}`, async () => rm(path, { recursive: true }), { removed, left })
    }
  }
  return { mark, removed, left }
}

/** Removes what drills left behind whose owner is dead. What has a living owner, or one that nobody can judge, stays. */
export async function sweepLeftovers(): Promise<readonly Removal[]> {
  const directories = [runRoot, namespaceRoot, ...(await readCgroupMounts()).map((mount) => mount.directory)]
  const owners = new Map<string, Owner>()
  for (const directory of directories) {
    for (const name of await listIn(directory)) {
      const marked = parseMark(name)
      if (marked !== undefined) owners.set(marked.mark, marked.owner)
    }
  }
  const removals: Removal[] = []
  for (const [mark, owner] of owners) if (await isDead(owner)) removals.push(await removeMarked(mark))
  return removals
}
