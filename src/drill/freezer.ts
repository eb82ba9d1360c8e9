// A cgroup of our own that the pair's sender is moved into, to be frozen as `docker pause` does it.

import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../capture/fault.ts'
import { freezeFileOf, parseCgroupOf, readFreezerMounts, type CgroupVersion } from './cgroup-mount.ts'
import type { Hold } from './hold.ts'

export interface Freezer {
  /** Its name below the hierarchy. */
  readonly name: string
  readonly version: CgroupVersion
  readonly hold: Hold
  /** The process goes back where it was, and the cgroup away. */
  close(): Promise<void>
}

/** `version`: undefined for the one that container engines use here, v1 where it has a freezer. */
export async function openFreezer(mark: string, pid: number, version: CgroupVersion | undefined): Promise<Freezer> {
  const mounts = await readFreezerMounts()
  const mount = mounts.find((each) => version === undefined || each.version === version)
  if (mount === undefined) {
    throw new Fault(
      `No cgroup hierarchy${version === undefined ? '' : ` of version ${version}`} can freeze here.`,
      'Take another scenario: whylate drill sigstop',
    )
  }
  const cgroup = join(mount.directory, mark)
  const home = parseCgroupOf(await readFile(`/proc/${pid}/cgroup`, 'utf8'), mount)
  const file = freezeFileOf(mount, cgroup)
  try {
    await mkdir(cgroup)
    await writeFile(join(cgroup, 'cgroup.procs'), String(pid))
  } catch (error) {
    await rmdir(cgroup).catch(() => undefined)
    throw new Fault(
      `The sender cannot be moved into a cgroup of its own: ${error instanceof Error ? error.message : String(error)}`,
      'In a container /sys/fs/cgroup must be writable; or take another scenario: whylate drill sigstop',
    )
  }
  return {
    name: mark,
    version: mount.version,
    hold: { kind: 'write', path: file.path, begin: file.freeze, end: file.thaw },
    async close() {
      await writeFile(join(home, 'cgroup.procs'), String(pid)).catch(() => undefined)
      // A process that died in it is counted a little longer.
      for (let tries = 0; tries < 100; tries++) {
        if (
          await rmdir(cgroup).then(
            () => true,
            () => false,
          )
        )
          return
        await sleep(10)
      }
    },
  }
}
