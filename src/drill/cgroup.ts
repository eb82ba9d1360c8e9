// A cgroup of our own that processes of the pair are moved into: to be frozen as `docker pause` does it, to be throttled,
// to wait for a slow disk.

import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../capture/fault.ts'
import {
  parseCgroupOf,
  readCgroupMounts,
  type CgroupMount,
  type CgroupVersion,
  type Controller,
} from './cgroup-mount.ts'

export interface Cgroup {
  /** Its name below the hierarchy. */
  readonly name: string
  readonly version: CgroupVersion
  readonly directory: string
  add(pid: number): Promise<void>
  write(file: string, text: string): Promise<void>
  /** The processes go back where they were, and the cgroup away. */
  close(): Promise<void>
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Undefined where this machine has none for it: nothing of the host is changed to get one. */
export async function findCgroupMount(
  controller: Controller,
  version?: CgroupVersion,
): Promise<CgroupMount | undefined> {
  const mounts = await readCgroupMounts()
  return mounts.find(
    (each) => each.controllers.includes(controller) && (version === undefined || each.version === version),
  )
}

/** `version`: undefined for the one that container engines use here, v1 where it has the controller. */
export async function openCgroup(mark: string, controller: Controller, version?: CgroupVersion): Promise<Cgroup> {
  const mount = await findCgroupMount(controller, version)
  if (mount === undefined) {
    throw new Fault(
      `No cgroup hierarchy${version === undefined ? '' : ` of version ${version}`} has the controller ${controller} here.`,
      'Take another scenario: whylate drill sigstop',
    )
  }
  // Version 2 has one hierarchy for all: a pair's second cgroup lies beside its first.
  const name = `${mark}-${controller}`
  const directory = join(mount.directory, name)
  try {
    await mkdir(directory)
  } catch (error) {
    throw new Fault(
      `A cgroup of our own cannot be made: ${reasonOf(error)}`,
      'In a container /sys/fs/cgroup must be writable; or take another scenario: whylate drill sigstop',
    )
  }
  const homes = new Map<number, string>()
  return {
    name,
    version: mount.version,
    directory,
    async add(pid) {
      homes.set(pid, parseCgroupOf(await readFile(`/proc/${pid}/cgroup`, 'utf8'), mount))
      await writeFile(join(directory, 'cgroup.procs'), String(pid)).catch((error: unknown) => {
        throw new Fault(
          `Process ${pid} cannot be moved into a cgroup of its own: ${reasonOf(error)}`,
          'In a container /sys/fs/cgroup must be writable; or take another scenario: whylate drill sigstop',
        )
      })
    },
    write: async (file, text) => writeFile(join(directory, file), text),
    async close() {
      // Gone meanwhile: then there is nobody to move.
      for (const [pid, home] of homes) await writeFile(join(home, 'cgroup.procs'), String(pid)).catch(() => undefined)
      await removeCgroup(directory).catch(() => undefined)
    },
  }
}

/** The kernel lets a cgroup go only some time after its last process has died. */
export async function removeCgroup(path: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await rmdir(path)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY' || tries === 100) throw error
      await sleep(10)
    }
  }
}
