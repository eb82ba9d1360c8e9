// Is each NIC of each guest served by vhost_net, or by qemu's main loop?
//
// The list of modules says nothing about a NIC: the module can be loaded and unused, or be loaded by itself when
// /dev/vhost-net is opened. What counts is the descriptor that this qemu holds for this NIC.

import type { Finding, Reading } from './finding.ts'
import type { Guest } from './parties.ts'
import type { Netdev } from '../parse/qemu-arguments.ts'

const why =
  'without vhost_net each packet of the guest waits for qemu’s main loop: what blocks that loop (a monitor command, a disk) holds adverts that were issued in time'
const source = 'Red Hat, Virtualization Host Configuration and Guest Installation Guide, “Disabling vhost-net”'
const change =
  'modprobe vhost_net; in the domain: <interface>…<driver name="vhost"/>; then stop and start the guest (one guest first: a restart alone changes much)'
const causes = ['userspace-virtio', 'tx-held', 'qemu-stalled'] as const

interface Nic {
  readonly tap: string
  readonly netdev: Netdev | undefined
}

/** By the command line; taps that it does not explain (hot-plugged NICs) stand alone. */
function nicsOf(guest: Guest): Nic[] {
  const taken = new Set<string>()
  const told = guest.args.netdevs.map((netdev) => {
    const tap = netdev.tap ?? netdev.tapFds.map((fd) => guest.taps.get(fd)).find((one) => one !== undefined)
    if (tap !== undefined) taken.add(tap)
    return { tap: tap ?? netdev.id, netdev }
  })
  const others = [...new Set(guest.taps.values())].filter((tap) => !taken.has(tap))
  return [...told, ...others.map((tap) => ({ tap, netdev: undefined }))]
}

function readingsOf(guest: Guest, { netdev }: Nic): Reading[] {
  const held = guest.vhostFds.length === 0 ? 'none is /dev/vhost-net' : `/dev/vhost-net: ${guest.vhostFds.join(', ')}`
  const threads = guest.threads.filter((one) => one.role === 'vhost').length
  return [
    { where: `/proc/${guest.pid}/fd`, value: held },
    { where: 'vhost threads among its own', value: String(threads) },
    ...(netdev === undefined
      ? []
      : [{ where: `-netdev ${netdev.id}`, value: netdev.isVhostAsked ? 'vhost asked for' : 'vhost not asked for' }]),
  ]
}

/** undefined: it cannot be told for this NIC alone. */
function hasVhost(guest: Guest, nics: readonly Nic[], { netdev }: Nic): boolean | undefined {
  if (guest.vhostFds.length === 0) return false
  if (netdev !== undefined && netdev.vhostFds.length > 0)
    return netdev.vhostFds.some((fd) => guest.vhostFds.includes(fd))
  if (netdev !== undefined && !netdev.isVhostAsked) return false
  // qemu opened the device itself: one descriptor for each queue of each NIC that asked for it.
  return nics.every((one) => one.netdev?.isVhostAsked === true) && guest.vhostFds.length >= nics.length
    ? true
    : undefined
}

export function vhostFindings(guest: Guest): Finding[] {
  const nics = nicsOf(guest)
  return nics.map((nic): Finding => {
    const read = readingsOf(guest, nic)
    const base = { id: 'vhost-net', subject: `${guest.subject} NIC ${nic.tap}`, read, causes }
    if (!guest.isOpenToUs)
      return {
        ...base,
        grade: 'unseen',
        says: 'Its descriptors could not be listed.',
        change: 'run whylate audit as root',
      }
    switch (hasVhost(guest, nics, nic)) {
      case true:
        return { ...base, grade: 'fine', says: 'It is served by vhost_net.' }
      case false:
        return {
          ...base,
          grade: 'risk',
          says: 'It is served by qemu’s main loop, not by vhost_net.',
          why,
          source,
          change,
        }
      case undefined:
        return {
          ...base,
          grade: 'unseen',
          says: 'Which of its NICs the vhost descriptors serve cannot be told.',
          why,
          source,
        }
    }
  })
}
