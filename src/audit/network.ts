// What lies behind the tap: its queue, the bridge it is a port of, snooping, connection tracking.

import { host, type Finding } from './finding.ts'
import type { HostTree } from './host-tree.ts'
import type { Guest } from './parties.ts'

const shortQueue = 500

/** sysfs shows the links of the namespace that it was mounted in: a qemu in another one has its own. */
function folderOf(tree: HostTree, guest: Guest, link: string): string {
  const here = `/sys/class/net/${link}`
  return tree.names(here).length > 0 ? here : `/proc/${guest.pid}/root${here}`
}

function tapFindings(tree: HostTree, guest: Guest, tap: string): Finding[] {
  const folder = folderOf(tree, guest, tap)
  const length = tree.number(`${folder}/tx_queue_len`)
  const dropped = tree.number(`${folder}/statistics/tx_dropped`)
  if (length === undefined || dropped === undefined) {
    return [
      {
        id: 'tap-queue',
        subject: `${guest.subject} NIC ${tap}`,
        grade: 'unseen',
        says: 'Its tap is in no network namespace that could be looked into.',
        read: [{ where: folder, value: 'not there' }],
        change: 'ip netns exec NAMESPACE whylate audit, as root',
        causes: ['path'],
      },
    ]
  }
  const read = [
    { where: `${folder}/tx_queue_len`, value: String(length) },
    { where: `${folder}/statistics/tx_dropped`, value: String(dropped) },
  ]
  const base = { id: 'tap-queue', subject: `${guest.subject} NIC ${tap}`, read, causes: ['path'] as const }
  if (dropped === 0 && length >= shortQueue)
    return [{ ...base, grade: 'fine', says: 'Nothing was dropped on its way into the guest.' }]
  return [
    {
      ...base,
      grade: dropped > 0 ? 'risk' : 'note',
      says:
        dropped > 0
          ? `${dropped} packets were dropped on their way into the guest.`
          : `Its queue into the guest holds ${length} packets.`,
      why: 'the backup does not hear what is dropped here, and takes over though the master was punctual',
      source: 'ip-link(8), txqueuelen',
      change: `ip link set dev ${tap} txqueuelen 1000; more queues for the guest`,
    },
  ]
}

function bridgeFindings(tree: HostTree, guest: Guest, tap: string): Finding[] {
  const bridge = tree
    .link(`${folderOf(tree, guest, tap)}/brport/bridge`)
    ?.split('/')
    .at(-1)
  if (bridge === undefined) return []
  const folder = `${folderOf(tree, guest, bridge)}/bridge`
  const [snooping, querier] = [tree.number(`${folder}/multicast_snooping`), tree.number(`${folder}/multicast_querier`)]
  if (snooping === undefined) return []
  const base = {
    id: 'multicast-snooping',
    subject: `bridge ${bridge}`,
    read: [
      { where: `${folder}/multicast_snooping`, value: String(snooping) },
      { where: `${folder}/multicast_querier`, value: String(querier ?? '?') },
    ],
    causes: ['path'] as const,
  }
  if (snooping === 0 || querier === 1)
    return [{ ...base, grade: 'fine', says: 'Multicast is flooded, or there is a querier.' }]
  return [
    {
      ...base,
      grade: 'note',
      says: 'It snoops on multicast and is no querier itself.',
      why: '224.0.0.18 is flooded all the same, ff02::12 (VRRPv3 over IPv6) is not once the memberships run out',
      source: 'kernel, net/bridge/br_multicast.c (br_multicast_ipv6_rcv)',
      change: `echo 1 > ${folder}/multicast_querier, or snooping off`,
    },
  ]
}

function conntrackFinding(tree: HostTree): Finding[] {
  const folder = '/proc/sys/net/netfilter'
  const [count, most] = [tree.number(`${folder}/nf_conntrack_count`), tree.number(`${folder}/nf_conntrack_max`)]
  if (count === undefined || most === undefined || most === 0) return []
  const share = count / most
  const base = {
    id: 'conntrack',
    subject: host,
    read: [{ where: `${folder}/nf_conntrack_count`, value: `${count} of ${most}` }],
    causes: ['path', 'rejected-locally'] as const,
  }
  if (share < 0.8)
    return [{ ...base, grade: 'fine', says: `Connection tracking is filled to ${(share * 100).toFixed(0)} %.` }]
  return [
    {
      ...base,
      grade: 'risk',
      says: `Connection tracking is filled to ${(share * 100).toFixed(0)} %.`,
      why: 'when the table is full, what is not tracked yet is dropped: a random share of adverts',
      source: 'kernel, Documentation/networking/nf_conntrack-sysctl.rst',
      change: 'sysctl net.netfilter.nf_conntrack_max=…; NOTRACK for protocol 112',
    },
  ]
}

export function networkFindings(tree: HostTree, guests: readonly Guest[]): Finding[] {
  const taps = guests.flatMap((guest) => [...new Set(guest.taps.values())].map((tap) => ({ guest, tap })))
  const bridges = taps.flatMap(({ guest, tap }) => bridgeFindings(tree, guest, tap))
  const seen = new Set<string>()
  return [
    ...taps.flatMap(({ guest, tap }) => tapFindings(tree, guest, tap)),
    ...bridges.filter(({ subject }) => !seen.has(subject) && seen.add(subject)),
    ...conntrackFinding(tree),
  ]
}
