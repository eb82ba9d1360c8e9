// What a pair's sender can be given besides, so that there is something that can hold it up: a check script, a log
// socket, a disk of its own to write statistics to or to run from, a memory cgroup.
//
// All of it lives in the mount namespace that `ip netns exec` gives the sender anyway, and in the run directory: it is gone
// with the sender's last process, the loop device of the disk included (mount(8) sets its autoclear flag).

import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathOf } from '../capture/executable.ts'
import { missingFault, runCommand } from './command.ts'

export interface SenderExtras {
  /** A check script each second: `flapping` says yes and no in turn, `hanging` never ends once the switch is thrown. */
  readonly check?: 'flapping' | 'hanging'
  /** It logs to a /dev/log of its own, too, as it would without a drill. */
  readonly hasLogSocket?: boolean
  /** `statistics`: its dump (SIGUSR2) goes to a disk of its own. `program`: it runs from there, in a memory cgroup. */
  readonly disk?: 'statistics' | 'program'
  /** Its priority follows a file. */
  readonly tracksFile?: boolean
}

/** Paths in the run directory. */
export const partPath = {
  log: 'log',
  disk: 'disk',
  image: 'disk.img',
  files: 'files',
  check: 'check.sh',
  hang: 'hang',
  weight: 'weight',
} as const

/** In front of keepalived. */
export interface Preparation {
  /** Shell, in its namespaces. */
  readonly shell: string
  /** Before it enters them, which hides the cgroups of the host: what it puts itself into. */
  readonly cgroupFile: string | undefined
  readonly keepalived: string
  readonly environment: Readonly<Record<string, string>>
  /** To syslog, too. */
  readonly logsToSyslog: boolean
}

const checks = {
  flapping: 'if [ -e "$0.off" ]; then rm "$0.off"; else : > "$0.off"; exit 1; fi',
  hanging: 'while [ -e "${0%/*}/hang" ]; do sleep 0.2; done',
} as const

// /dev of the host is left alone: a small one of its own is laid over it.
const devices = (socket: string): string =>
  `mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3 && mknod -m 444 /dev/random c 1 8 && mknod -m 444 /dev/urandom c 1 9 && ln -s '${socket}' /dev/log`

async function makeDisk(mark: string, runDirectory: string, program: string | undefined): Promise<void> {
  const files = join(runDirectory, partPath.files)
  await mkdir(files)
  await mkdir(join(runDirectory, partPath.disk))
  if (program !== undefined) {
    await copyFile(program, join(files, 'keepalived'))
    await chmod(join(files, 'keepalived'), 0o755)
  }
  // Without a journal each write waits for itself alone.
  const image = join(runDirectory, partPath.image)
  await runCommand(mark, 'mkfs.ext2', ['-q', '-F', '-d', files, image, '16M'])
}

/** Makes the files; what it gives is run in front of keepalived. `memory`: the cgroup that it is to begin in. */
export async function prepareSender(
  mark: string,
  runDirectory: string,
  extras: SenderExtras,
  memory: string | undefined,
): Promise<Preparation> {
  const at = (part: keyof typeof partPath): string => join(runDirectory, partPath[part])
  const lines: string[] = []
  if (extras.check !== undefined) await writeFile(at('check'), `${checks[extras.check]}\n`, { mode: 0o700 })
  if (extras.tracksFile === true) await writeFile(at('weight'), '0\n', { mode: 0o600 })
  if (extras.hasLogSocket === true) lines.push(devices(at('log')))
  let program: string | undefined
  if (extras.disk === 'program') {
    program = pathOf('keepalived')
    if (program === undefined) throw missingFault('keepalived')
  }
  if (extras.disk !== undefined) {
    await makeDisk(mark, runDirectory, program)
    const options = extras.disk === 'statistics' ? 'loop,sync' : 'loop'
    lines.push(`mount -o ${options} '${at('image')}' '${at('disk')}'`)
  }
  return {
    shell: lines.join(' && '),
    cgroupFile: memory === undefined ? undefined : join(memory, 'cgroup.procs'),
    keepalived: program === undefined ? 'keepalived' : join(at('disk'), 'keepalived'),
    environment: extras.disk === 'statistics' ? { TMPDIR: at('disk') } : {},
    logsToSyslog: extras.hasLogSocket === true,
  }
}
