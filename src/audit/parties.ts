// Who on this host has a part in adverts: guests (a qemu that holds a tap), and keepalived itself.

import { vrrpSocketsOf } from '../capture/host/keepalived.ts'
import { kindOf } from '../capture/host/process-scan.ts'
import { guestNameOf, qemuThreadRoleOf } from '../capture/host/qemu.ts'
import type { HostTree } from './host-tree.ts'
import { qemuArgumentsOf, type QemuArguments } from '../parse/qemu-arguments.ts'

export interface Thread {
  readonly tid: number
  readonly comm: string
  /** `main`, `vcpu 0`, `io …`, `vhost`, … */
  readonly role: string
  /** `0-3`; undefined when it could not be read. */
  readonly cpus: string | undefined
}

export interface Guest {
  readonly pid: number
  readonly subject: string
  readonly args: QemuArguments
  readonly threads: readonly Thread[]
  /** Tap by descriptor. */
  readonly taps: ReadonlyMap<number, string>
  /** Descriptors that are /dev/vhost-net. */
  readonly vhostFds: readonly number[]
  /** False: its descriptors could not be listed, which needs root. */
  readonly isOpenToUs: boolean
}

export interface Router {
  readonly pid: number
  readonly subject: string
  readonly args: readonly string[]
  /** Holds a raw socket of protocol 112: it is the one that sends. */
  readonly isSender: boolean
}

export interface Parties {
  readonly guests: readonly Guest[]
  readonly routers: readonly Router[]
}

const argsOf = (tree: HostTree, pid: number): string[] =>
  (tree.text(`/proc/${pid}/cmdline`) ?? '').split('\0').filter((one, i, all) => one !== '' || i < all.length - 1)

function threadsOf(tree: HostTree, pid: number): Thread[] {
  return tree
    .names(`/proc/${pid}/task`)
    .map(Number)
    .toSorted((a, b) => a - b)
    .map((tid) => {
      const comm = tree.text(`/proc/${pid}/task/${tid}/comm`) ?? ''
      const status = tree.text(`/proc/${pid}/task/${tid}/status`) ?? ''
      const cpus = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1]
      return { tid, comm, role: qemuThreadRoleOf(comm, tid === pid), cpus }
    })
}

function descriptorsOf(tree: HostTree, pid: number): Pick<Guest, 'taps' | 'vhostFds' | 'isOpenToUs'> {
  const taps = new Map<number, string>()
  const vhostFds: number[] = []
  const fds = tree.names(`/proc/${pid}/fd`).map(Number)
  for (const fd of fds) {
    const target = tree.link(`/proc/${pid}/fd/${fd}`)
    if (target === '/dev/vhost-net') vhostFds.push(fd)
    if (target !== '/dev/net/tun') continue
    const tap = /^iff:\s*(\S+)/m.exec(tree.text(`/proc/${pid}/fdinfo/${fd}`) ?? '')?.[1]
    if (tap !== undefined) taps.set(fd, tap)
  }
  return { taps, vhostFds, isOpenToUs: fds.length > 0 }
}

function guestOf(tree: HostTree, pid: number, comm: string): Guest {
  const args = argsOf(tree, pid)
  return {
    pid,
    subject: `guest ${guestNameOf(args) ?? comm} (${pid})`,
    args: qemuArgumentsOf(args),
    threads: threadsOf(tree, pid),
    ...descriptorsOf(tree, pid),
  }
}

function routerOf(tree: HostTree, pid: number): Router {
  const raw = `${tree.text(`/proc/${pid}/net/raw`) ?? ''}\n${tree.text(`/proc/${pid}/net/raw6`) ?? ''}`
  const inodes = vrrpSocketsOf(raw)
  const isSender = tree.names(`/proc/${pid}/fd`).some((fd) => {
    const inode = /^socket:\[(\d+)\]$/.exec(tree.link(`/proc/${pid}/fd/${fd}`) ?? '')?.[1]
    return inode !== undefined && inodes.has(inode)
  })
  return { pid, subject: `keepalived (${pid})`, args: argsOf(tree, pid), isSender }
}

export function partiesOf(tree: HostTree): Parties {
  const pids = tree
    .names('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .toSorted((a, b) => a - b)
  const found = pids.map((pid) => ({ pid, comm: tree.text(`/proc/${pid}/comm`) ?? '' }))
  const ofKind = (kind: ReturnType<typeof kindOf>): typeof found => found.filter((one) => kindOf(one.comm) === kind)
  return {
    guests: ofKind('qemu').map(({ pid, comm }) => guestOf(tree, pid, comm)),
    routers: ofKind('keepalived').map(({ pid }) => routerOf(tree, pid)),
  }
}
