// The drill's network: a bridge in a namespace of its own, and one namespace for each router.
//
//   …-lb01          …-node                       …-lb02
//   ┌──────┐   ┌──────────────────────────┐   ┌──────┐
//   │ eth0 ├───┤ va ── br-drill ──── vb   ├───┤ eth0 │
//   └──────┘   └──────────────────────────┘   └──────┘
//
// Both ends of every link are created where they belong, so that nothing ever shows up in the root namespace but the
// names of the namespaces.

import { runCommand } from './command.ts'
import type { Family } from '../events/packet.ts'

export const bridge = 'br-drill'

export interface Network {
  readonly mark: string
  readonly family: Family
  /** Namespace of the bridge. */
  readonly node: string
}

export interface Port {
  /** `lb01` … */
  readonly part: string
  /** Name of the bridge's end: `va` … */
  readonly link: string
  /** With their prefix lengths. */
  readonly addresses: readonly string[]
}

// The bridge does without IPv6, so that no neighbour discovery of ours is on the wire. A router of an IPv6 pair needs its
// addresses at once, without waiting a second for duplicate address detection. `default` counts for links made later.
const withoutIpv6 = 'cd /proc/sys/net/ipv6/conf 2>/dev/null || exit 0; echo 1 > all/disable_ipv6'
const withoutDad = 'cd /proc/sys/net/ipv6/conf || exit 1; echo 0 > default/accept_dad; echo 0 > all/accept_dad'

async function addNamespace(mark: string, name: string, sysctl: string): Promise<void> {
  await runCommand(mark, 'ip', ['netns', 'add', name])
  await runCommand(mark, 'ip', ['netns', 'exec', name, 'sh', '-c', sysctl])
}

async function configure(mark: string, namespace: string, lines: readonly string[]): Promise<void> {
  await runCommand(mark, 'ip', ['-n', namespace, '-batch', '-'], `${lines.join('\n')}\n`)
}

export async function addNetwork(mark: string, family: Family): Promise<Network> {
  const node = `${mark}-node`
  await addNamespace(mark, node, withoutIpv6)
  await configure(mark, node, [
    `link add ${bridge} type bridge mcast_snooping 0 forward_delay 0`,
    `link set ${bridge} up`,
  ])
  return { mark, family, node }
}

/** Gives the name of the router's namespace. */
export async function addPort(network: Network, port: Port): Promise<string> {
  const { mark, node, family } = network
  const namespace = `${mark}-${port.part}`
  await addNamespace(mark, namespace, family === 6 ? withoutDad : withoutIpv6)
  await configure(mark, node, [
    `link add ${port.link} type veth peer name eth0 netns ${namespace}`,
    `link set ${port.link} master ${bridge} up`,
  ])
  await configure(mark, namespace, [
    'link set lo up',
    'link set eth0 addrgenmode none',
    ...port.addresses.map((address) => `addr add ${address} dev eth0${family === 6 ? ' nodad' : ''}`),
    'link set eth0 up',
  ])
  return namespace
}

/** Deleting the namespace takes its link with it, at both ends. */
export async function removePort(network: Network, namespace: string): Promise<void> {
  await runCommand(network.mark, 'ip', ['netns', 'del', namespace])
}
