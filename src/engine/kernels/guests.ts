// The guests of this host that can send: which qemu each is, what its threads are for, where its disks are.

import type { GuestDisk, Sender, Vhost } from '../../events/host.ts'

export interface Guest {
  /** What a person calls it. */
  readonly name: string
  readonly pid: number
  readonly comm: string
  readonly links: readonly string[]
  /** Thread ids of its vCPUs, in the order of their numbers. */
  readonly vcpus: readonly number[]
  readonly io: readonly { readonly tid: number; readonly name: string }[]
  readonly vhost: Vhost | undefined
  readonly vhostTids: readonly number[]
  /** All that it was seen in. */
  readonly cgroups: readonly string[]
  readonly disks: readonly GuestDisk[]
}

const numberOf = (role: string): number => Number(/\d+$/.exec(role)?.[0] ?? 0)

export function guestOf(sender: Sender, cgroups: readonly string[]): Guest {
  const of = (prefix: string): Sender['threads'] => sender.threads.filter(({ role }) => role.startsWith(prefix))
  return {
    name: sender.name,
    pid: sender.pid,
    comm: sender.comm,
    links: sender.links,
    vcpus: of('vcpu')
      .toSorted((a, b) => numberOf(a.role) - numberOf(b.role))
      .map(({ tid }) => tid),
    io: of('io ').map(({ tid, role }) => ({ tid, name: role.slice('io '.length) })),
    vhost: sender.vhost,
    vhostTids: of('vhost').map(({ tid }) => tid),
    cgroups,
    disks: sender.disks ?? [],
  }
}
