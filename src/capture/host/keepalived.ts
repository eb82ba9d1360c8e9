// Which keepalived process is which. Only one of them sends adverts: the VRRP child.
//
// keepalived forks: parent -> vrrp, checkers, bfd; and vrrp forks again for each script. comm is `keepalived` for all of
// them unless `process_names` is set (2.0.16), so they are told by what they hold: the VRRP child has a raw socket of
// protocol 112, which is 0x70, where a port would be:
//
//   /proc/<pid>/net/raw   89: 00000000:0070 00000000:0000 07 ... 0 17912 2 ...      (17912: the inode)
//   /proc/<pid>/fd/14 -> socket:[17912]

import { readOnce } from './kernel-file.ts'

export type KeepalivedRole = 'parent' | 'vrrp' | 'checkers' | 'bfd' | 'script'

export interface KeepalivedFamily {
  readonly comm: string
  /** The keepalived that forked it, and the one that forked that one, if they are keepalived at all. */
  readonly parent: number | undefined
  readonly grandparent: number | undefined
}

/** Inodes of the raw sockets of protocol 112 among the lines of /proc/<pid>/net/raw and raw6. */
export function vrrpSocketsOf(raw: string): ReadonlySet<string> {
  const inodes = new Set<string>()
  for (const line of raw.split('\n')) {
    const [, local = '', , , , , , , , inode = ''] = line.trim().split(/\s+/)
    if (local.endsWith(':0070')) inodes.add(inode)
  }
  return inodes
}

export function keepalivedRoleOf(family: KeepalivedFamily, holdsVrrpSocket: boolean): KeepalivedRole {
  if (family.parent === undefined) return 'parent'
  if (family.grandparent !== undefined) return 'script'
  if (holdsVrrpSocket || family.comm.startsWith('keepalived_vrrp')) return 'vrrp'
  return family.comm.startsWith('keepalived_bfd') ? 'bfd' : 'checkers'
}

export function readHoldsVrrpSocket(pid: number, files: Readonly<Record<string, string>>): boolean {
  const inodes = vrrpSocketsOf(`${readOnce(`/proc/${pid}/net/raw`) ?? ''}\n${readOnce(`/proc/${pid}/net/raw6`) ?? ''}`)
  return Object.values(files).some((file) =>
    inodes.has(/^socket:\[(?<inode>\d+)\]$/.exec(file)?.groups?.['inode'] ?? ''),
  )
}
