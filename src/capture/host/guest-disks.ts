// The disks of a guest: what its qemu holds open to read or write, as a file or a block device, and what backs each.
//
//   /proc/6875/fd/14 -> /var/lib/nova/instances/…/disk     stat: 8:17 -> /sys/dev/block/8:17 -> …/sdb/sdb1
//   /proc/6875/fdinfo/14:  flags:<TAB>02140002              O_RDWR, O_DIRECT: past the host's page cache
//
// Measured, not claimed: a command line says what was asked for, and is not written down.

import { statSync } from 'node:fs'
import { basename } from 'node:path'
import type { GuestDisk } from '../../events/host.ts'
import { readLink, readOnce } from './kernel-file.ts'

/** Smaller ones are pid files, sockets' neighbours, firmware settings. */
const leastBytes = 1024 * 1024
const mostDisks = 64
/** open(2) on x86: the low two bits are the way, O_DIRECT is octal 040000 (on ARM 0200000). */
const wayMask = 0o3
const writeOnly = 0o1
const direct = process.arch === 'arm64' ? 0o200000 : 0o40000

/** `8:17` -> `sdb1`; undefined for what no block device backs (tmpfs, overlay, NFS). */
function deviceOf(device: number): string | undefined {
  // gnu_dev_major and gnu_dev_minor, as far as a double is exact.
  const major = Math.floor(device / 256) & 0xfff
  const minor = (device & 0xff) | (Math.floor(device / 4096) & 0xfff00)
  const target = readLink(`/sys/dev/block/${major}:${minor}`)
  return target === undefined ? undefined : basename(target)
}

function diskOf(pid: number, fd: string, file: string): GuestDisk | undefined {
  // Images that were deleted while they are in use keep their name, with ` (deleted)` behind it.
  if (!file.startsWith('/') || file.startsWith('/dev/net/') || file.startsWith('/memfd:')) return undefined
  try {
    const facts = statSync(`/proc/${pid}/fd/${fd}`)
    const isFile = facts.isFile() && facts.size >= leastBytes
    if (!isFile && !facts.isBlockDevice()) return undefined
    const flags = Number.parseInt(
      /^flags:\s*(?<flags>\d+)/m.exec(readOnce(`/proc/${pid}/fdinfo/${fd}`) ?? '')?.groups?.['flags'] ?? '1',
      8,
    )
    if ((flags & wayMask) === writeOnly) return undefined
    const device = deviceOf(isFile ? facts.dev : facts.rdev)
    return { file, isDirect: (flags & direct) !== 0, ...(device === undefined ? {} : { device }) }
  } catch {
    // Closed, or gone, since it was listed.
    return undefined
  }
}

/** `files`: its open files by descriptor. One that is open twice is told once. */
export function readDisksOf(pid: number, files: Readonly<Record<string, string>>): readonly GuestDisk[] {
  const disks = new Map<string, GuestDisk>()
  for (const [fd, file] of Object.entries(files)) {
    if (disks.has(file) || disks.size >= mostDisks) continue
    const disk = diskOf(pid, fd, file)
    if (disk !== undefined) disks.set(file, disk)
  }
  return [...disks.values()]
}
