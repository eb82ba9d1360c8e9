// The loop device under the sender's own disk, and how slow it is made for one cgroup.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cgroup } from './cgroup.ts'
import { partPath } from './sender-extras.ts'
import type { Pair } from './pair.ts'

/** `7:3`, by the mount table of the sender: the mount is in no other namespace. */
export async function readDiskDevice(pair: Pair): Promise<string> {
  const mounts = await readFile(`/proc/${await pair.sender.readPid()}/mountinfo`, 'utf8')
  const at = join(pair.runDirectory, partPath.disk)
  // 497 480 7:0 / /run/whylate-drill-…/disk rw,relatime - ext2 /dev/loop0 rw
  for (const line of mounts.split('\n')) {
    const [, , device, , place] = line.split(' ')
    if (place === at && device !== undefined) return device
  }
  throw new Error(`the disk of ${pair.mark} is not mounted`)
}

export interface Throttle {
  readonly file: string
  readonly slow: string
  readonly free: string
}

/** Version 2 takes no limit below this: to its parser 1 is an invalid argument (Linux, block/blk-throttle.c, tg_set_limit). */
const leastOfVersion2 = 2

/** So many requests a second, of one kind. */
export function throttleOf(
  cgroup: Pick<Cgroup, 'version'>,
  device: string,
  kind: 'read' | 'write',
  perSecond: number,
): Throttle {
  if (cgroup.version === 2) {
    const key = kind === 'read' ? 'riops' : 'wiops'
    return {
      file: 'io.max',
      slow: `${device} ${key}=${Math.max(leastOfVersion2, perSecond)}`,
      free: `${device} ${key}=max`,
    }
  }
  return { file: `blkio.throttle.${kind}_iops_device`, slow: `${device} ${perSecond}`, free: `${device} 0` }
}
