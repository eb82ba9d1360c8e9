// What makes a thing ours: every namespace, cgroup and directory of a drill carries its owner in its name, and every
// process of it carries the same name in its environment.
//
//   whylate-drill-4026531836-10905-163822-0-lb01
//                 │          │     │      │ └ which part of the pair (namespaces only)
//                 │          │     │      └ number of the drill within its owner
//                 │          │     └ start of the owner, clock ticks since boot (/proc/PID/stat, field 22)
//                 │          └ its pid
//                 └ its pid namespace: from another one nobody can tell whether the owner lives
//
// So a later start can tell a leftover from a drill that is running, without a file that a crash could lose.

import { readdir, readFile, readlink } from 'node:fs/promises'

/** Environment variable that every child of a drill has, with the drill's mark as its value. */
export const markVariable = 'WHYLATE_DRILL'

const pattern = /^whylate-drill-(?<pidNamespace>\d+)-(?<pid>\d+)-(?<startTicks>\d+)-(?<number>\d+)(?:-[a-z]+\d*)?$/

export interface Owner {
  readonly pidNamespace: string
  readonly pid: number
  readonly startTicks: string
}

export interface Marked {
  /** The mark itself, without the part's name. */
  readonly mark: string
  readonly owner: Owner
}

export function parseMark(name: string): Marked | undefined {
  const groups = pattern.exec(name)?.groups
  if (groups === undefined) return undefined
  const { pidNamespace = '', pid = '', startTicks = '', number = '' } = groups
  return {
    mark: `whylate-drill-${pidNamespace}-${pid}-${startTicks}-${number}`,
    owner: { pidNamespace, pid: Number(pid), startTicks },
  }
}

export function markOf(owner: Owner, number: number): string {
  return `whylate-drill-${owner.pidNamespace}-${owner.pid}-${owner.startTicks}-${number}`
}

/** State letter and start of a process; undefined when there is none. */
async function readLife(pid: number): Promise<{ readonly state: string; readonly startTicks: string } | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // comm may hold blanks and brackets: only what follows its last bracket can be split.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', startTicks: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

const readPidNamespace = async (): Promise<string> =>
  /\d+/.exec(await readlink('/proc/self/ns/pid').catch(() => ''))?.[0] ?? '0'

export async function readOwner(): Promise<Owner> {
  const life = await readLife(process.pid)
  return { pidNamespace: await readPidNamespace(), pid: process.pid, startTicks: life?.startTicks ?? '0' }
}

/** True only when it is certain: same pid namespace, and no such process, another one by that pid, or a zombie. */
export async function isDead(owner: Owner): Promise<boolean> {
  if (owner.pidNamespace !== (await readPidNamespace())) return false
  const life = await readLife(owner.pid)
  return life === undefined || life.startTicks !== owner.startTicks || 'ZX'.includes(life.state)
}

/** Whether the process carries this mark in its environment. What it is called does not matter. */
export async function isMarked(pid: number, mark: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
  return environment.split('\0').includes(`${markVariable}=${mark}`)
}

/** Kills all of them that are still the marked ones; another process that got such a pid since is left alone. */
export async function killMarked(pids: readonly number[], mark: string): Promise<void> {
  const ours = await Promise.all(pids.map(async (pid) => ((await isMarked(pid, mark)) ? pid : undefined)))
  // Children have the higher pid. They go first, at one blow: keepalived's child would say farewell (an advert of
  // priority 0) when it saw its parent die, and its parent would start another when it saw the child die.
  for (const pid of ours.filter((each) => each !== undefined).sort((a, b) => b - a)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}

export async function readMarkedPids(mark: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found: number[] = []
  for (const pid of pids) if (await isMarked(pid, mark)) found.push(pid)
  return found
}
