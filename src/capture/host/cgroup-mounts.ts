// Where the cgroups of a process are to be found: version 1, version 2, or both at once, wherever they are mounted.
//
//   /proc/self/mountinfo   33 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
//                          41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
//   /proc/<pid>/cgroup     1:cpu:/machine-lb01-v
//                          0::/system-n
//
// Source: proc(5), cgroups(7). When /sys/fs/cgroup is hidden from us by a mount namespace (a container, a hardened
// service), the mounts of process 1 are used, below /proc/1/root.

import { readOnce } from './kernel-file.ts'

export interface CgroupMount {
  readonly version: 1 | 2
  /** Of version 1: `cpu`, `cpuacct`, `name=systemd`. */
  readonly controllers: readonly string[]
  readonly folder: string
  /** The cgroup that is visible as `folder`: `/` unless only a part is mounted. */
  readonly root: string
}

export interface CgroupFolder {
  readonly version: 1 | 2
  readonly controllers: readonly string[]
  readonly folder: string
  /** Levels above the cgroup that the process itself is in. */
  readonly above: number
}

/** The mount's root and place, its type and its own options. */
const mountLine = /^\d+ \d+ \S+ (?<root>\S+) (?<folder>\S+) \S+ .*?- (?<type>cgroup2?) \S+ (?<options>\S+)/gm

export function cgroupMountsOf(mountinfo: string, below = ''): readonly CgroupMount[] {
  return [...mountinfo.matchAll(mountLine)].map(({ groups }) => ({
    version: groups?.['type'] === 'cgroup2' ? 2 : 1,
    controllers: groups?.['type'] === 'cgroup2' ? [] : (groups?.['options'] ?? '').split(',').slice(1),
    folder: below + unescaped(groups?.['folder'] ?? ''),
    root: unescaped(groups?.['root'] ?? '/'),
  }))
}

export function readCgroupMounts(): readonly CgroupMount[] {
  const mounts = cgroupMountsOf(readOnce('/proc/self/mountinfo', 1 << 20) ?? '')
  return mounts.length > 0 ? mounts : cgroupMountsOf(readOnce('/proc/1/mountinfo', 1 << 20) ?? '', '/proc/1/root')
}

/** The cgroups of a process and all above them, without the roots, which have no limits. `text`: /proc/<pid>/cgroup. */
export function cgroupFoldersOf(text: string, mounts: readonly CgroupMount[]): readonly CgroupFolder[] {
  const folders: CgroupFolder[] = []
  for (const line of text.split('\n')) {
    const [, names = '', path = ''] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    const mount = mountFor(names, mounts)
    if (mount === undefined || path.startsWith('/..')) continue
    const inside = mount.root === '/' ? path : path.startsWith(mount.root) ? path.slice(mount.root.length) : ''
    const parts = inside.split('/').filter((part) => part !== '')
    for (let length = parts.length; length > 0; length--) {
      const folder = [mount.folder, ...parts.slice(0, length)].join('/')
      folders.push({ version: mount.version, controllers: mount.controllers, folder, above: parts.length - length })
    }
  }
  return folders
}

function mountFor(names: string, mounts: readonly CgroupMount[]): CgroupMount | undefined {
  if (names === '') return mounts.find((mount) => mount.version === 2)
  const wanted = names.split(',')
  return mounts.find((mount) => mount.version === 1 && wanted.some((name) => mount.controllers.includes(name)))
}

/** mountinfo writes a blank as `\040`. */
const unescaped = (path: string): string =>
  path.replace(/\\(?<octal>[0-7]{3})/g, (_, octal: string) => String.fromCodePoint(parseInt(octal, 8)))
