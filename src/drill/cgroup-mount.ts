// Where this machine keeps its cgroups: version 1 with a hierarchy per controller, version 2 with one, or both at once.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export type CgroupVersion = 1 | 2

export interface CgroupMount {
  readonly version: CgroupVersion
  readonly directory: string
}

/**
 * The hierarchies that can freeze: v1 where the freezer controller is mounted, and v2, which always can (Linux 5.2).
 *
 *     cgroup /sys/fs/cgroup/freezer cgroup rw,relatime,freezer 0 0
 *     cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
 */
export function parseFreezerMounts(mounts: string): readonly CgroupMount[] {
  const found: CgroupMount[] = []
  for (const line of mounts.split('\n')) {
    const [, directory = '', type = '', options = ''] = line.split(' ')
    if (type === 'cgroup' && options.split(',').includes('freezer')) found.push({ version: 1, directory })
    if (type === 'cgroup2') found.push({ version: 2, directory })
  }
  return found
}

export async function readFreezerMounts(): Promise<readonly CgroupMount[]> {
  return parseFreezerMounts(await readFile('/proc/mounts', 'utf8').catch(() => ''))
}

/** The file that freezes a cgroup, and what to write to it. */
export function freezeFileOf(mount: CgroupMount, cgroup: string): { path: string; freeze: string; thaw: string } {
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
    const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    const isIt = mount.version === 2 ? controllers === '' && line.startsWith('0:') : controllers.includes('freezer')
    // From inside a cgroup namespace, what lies outside it shows as `/../…`: the top of the mount is the nearest.
    if (isIt && !path.includes('/..')) return join(mount.directory, path)
  }
  return mount.directory
}
