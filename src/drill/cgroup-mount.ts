// Where this machine keeps its cgroups: version 1 with a hierarchy per controller, version 2 with one, or both at once.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export type CgroupVersion = 1 | 2
/** By the names of version 2; version 1 calls `io` blkio. */
export type Controller = 'freezer' | 'cpu' | 'io' | 'memory'

export interface CgroupMount {
  readonly version: CgroupVersion
  readonly directory: string
  /** Of version 2: those that its top hands down. It always freezes (Linux 5.2). */
  readonly controllers: readonly Controller[]
}

const firstNames: Readonly<Record<string, Controller>> = {
  freezer: 'freezer',
  cpu: 'cpu',
  blkio: 'io',
  memory: 'memory',
}

const known = (names: readonly string[]): Controller[] =>
  names.flatMap((name) => firstNames[name] ?? (name === 'io' ? ['io' as const] : []))

/**
 * The hierarchies that a drill can use.
 *
 *     cgroup /sys/fs/cgroup/freezer cgroup rw,relatime,freezer 0 0
 *     cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
 *
 * `handedDown`: the text of a version 2 hierarchy's `cgroup.subtree_control`, such as `cpuset cpu io memory pids`.
 */
export function parseCgroupMounts(mounts: string, handedDown: (directory: string) => string): readonly CgroupMount[] {
  const found: CgroupMount[] = []
  for (const line of mounts.split('\n')) {
    const [, directory = '', type = '', options = ''] = line.split(' ')
    if (type === 'cgroup') {
      const controllers = known(options.split(','))
      if (controllers.length > 0) found.push({ version: 1, directory, controllers })
    }
    if (type === 'cgroup2')
      found.push({ version: 2, directory, controllers: ['freezer', ...known(handedDown(directory).split(/\s+/))] })
  }
  return found
}

export async function readCgroupMounts(): Promise<readonly CgroupMount[]> {
  const mounts = await readFile('/proc/mounts', 'utf8').catch(() => '')
  const texts = new Map<string, string>()
  for (const { version, directory } of parseCgroupMounts(mounts, () => ''))
    if (version === 2)
      texts.set(directory, await readFile(join(directory, 'cgroup.subtree_control'), 'utf8').catch(() => ''))
  return parseCgroupMounts(mounts, (directory) => texts.get(directory) ?? '')
}

/** The file that freezes a cgroup, and what to write to it. */
export function freezeFileOf(
  mount: Pick<CgroupMount, 'version'>,
  cgroup: string,
): { readonly path: string; readonly freeze: string; readonly thaw: string } {
  return mount.version === 1
    ? { path: join(cgroup, 'freezer.state'), freeze: 'FROZEN', thaw: 'THAWED' }
    : { path: join(cgroup, 'cgroup.freeze'), freeze: '1', thaw: '0' }
}

/**
 * Where a process is in this hierarchy, as a directory. `/proc/PID/cgroup`:
 *
 *     6:freezer:/system.slice
 *     0::/init.scope
 */
export function parseCgroupOf(text: string, mount: CgroupMount): string {
  for (const line of text.split('\n')) {
    const [, names = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    const isIt =
      mount.version === 2
        ? names === '' && line.startsWith('0:')
        : known(names.split(',')).some((name) => mount.controllers.includes(name))
    // From inside a cgroup namespace, what lies outside it shows as `/../…`: the top of the mount is the nearest.
    if (isIt && !path.includes('/..')) return join(mount.directory, path)
  }
  return mount.directory
}
