// Lets go what a cgroup of a drill holds back: frozen, out of quota, or waiting for a disk of a write or two a second.
//
// A process that is killed there has to end its write first, at the pace it is given: its cgroup cannot be removed for as long.

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freezeFileOf, type CgroupMount, type Controller } from './cgroup-mount.ts'

interface Limit {
  readonly file: string
  /** What to write, by what is in the file now: one text a write, as these files take one device at a time. */
  readonly free: (text: string) => readonly string[]
}

/** `7:3 1` or `7:3 rbps=max wbps=max riops=max wiops=1`, a line a device. */
const perDevice =
  (free: string) =>
  (text: string): readonly string[] =>
    text
      .split('\n')
      .flatMap((line) => /^\d+:\d+/.exec(line)?.[0] ?? [])
      .map((device) => `${device} ${free}`)

const limits: Readonly<Record<1 | 2, Readonly<Record<Exclude<Controller, 'freezer' | 'memory'>, readonly Limit[]>>>> = {
  1: {
    cpu: [{ file: 'cpu.cfs_quota_us', free: () => ['-1'] }],
    io: ['read', 'write'].map((kind) => ({ file: `blkio.throttle.${kind}_iops_device`, free: perDevice('0') })),
  },
  2: {
    cpu: [{ file: 'cpu.max', free: () => ['max'] }],
    io: [{ file: 'io.max', free: perDevice('riops=max wiops=max') }],
  },
}

/** Of a cgroup of ours alone. What cannot be written is gone already, or was never limited. */
export async function liftHolds(mount: CgroupMount, cgroup: string): Promise<void> {
  const write = async (path: string, text: string): Promise<void> => writeFile(path, text).catch(() => undefined)
  if (mount.controllers.includes('freezer')) {
    const { path, thaw } = freezeFileOf(mount, cgroup)
    await write(path, thaw)
  }
  for (const controller of ['cpu', 'io'] as const) {
    if (!mount.controllers.includes(controller)) continue
    for (const { file, free } of limits[mount.version][controller]) {
      const path = join(cgroup, file)
      for (const text of free(await readFile(path, 'utf8').catch(() => ''))) await write(path, text)
    }
  }
}
