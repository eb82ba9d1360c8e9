// What must be right before anything starts: does the namespace, the interface, the user's filter exist? A mistake of
// the person who typed the command is a Fault at once; what is missing on the host is never one (see probes.ts).

import { ask } from './ask.ts'
import { Fault } from './fault.ts'
import { enterCommandOf, netnsPathOf, readLinks } from './links.ts'
import { tcpdumpSpec } from './tcpdump.ts'
import type { Executable } from './executable.ts'
import type { ToolSpec } from './tool-spec.ts'

export interface Vantage {
  /** -i, repeatable; empty: all. */
  readonly interfaces: readonly string[]
  /** --netns: a name of `ip netns`. */
  readonly netns: string | undefined
  /** --filter: instead of VRRP. */
  readonly filter: string | undefined
}

/** One interface by its name (VLAN tags stay on); several or none: all of them, told apart by number. */
export const linkOf = ({ interfaces }: Vantage): string => (interfaces.length === 1 ? (interfaces[0] ?? 'any') : 'any')

/** Throws a Fault for what the command line names and the host does not have. */
export async function checkVantage(vantage: Vantage): Promise<ReadonlyMap<number, string>> {
  const links = await readLinks(vantage.netns)
  const names = [...links.values()]
  const wrong = vantage.interfaces.filter((name) => name !== 'any' && !names.includes(name))
  if (wrong.length === 0 || names.length === 0) return links
  const where = vantage.netns === undefined ? 'here' : `in the namespace ${vantage.netns}`
  throw new Fault(
    `There is no interface named ${wrong.join(' or ')} ${where}.`,
    `Interfaces ${where}: ${names.join(', ')}.${vantage.netns === undefined ? ' In a network namespace: --netns NAME.' : ''}`,
  )
}

/** tcpdump compiles a filter without any privilege when it is told the link type. */
export async function checkFilter(tcpdump: Executable, vantage: Vantage): Promise<void> {
  if (vantage.filter === undefined) return
  const linkType = linkOf(vantage) === 'any' ? 'LINUX_SLL2' : 'EN10MB'
  const answer = await ask([tcpdump.path, '-y', linkType, '-d', `(${vantage.filter}) or arp`], 3000)
  if (answer.ending.kind === 'exited' && answer.ending.code === 0) return
  const said = answer.stderr.replace(/^tcpdump: /, '').split('\n')[0] ?? ''
  throw new Fault(
    `tcpdump does not accept the filter '${vantage.filter}': ${said}`,
    `\`man pcap-filter\` has the language; \`tcpdump -y ${linkType} -d FILTER\` tests one.`,
    2,
  )
}

export function tcpdumpFor(tcpdump: Executable, vantage: Vantage): ToolSpec {
  const netnsPath = vantage.netns === undefined ? undefined : netnsPathOf(vantage.netns)
  return tcpdumpSpec({
    path: tcpdump.path,
    version: tcpdump.version,
    link: linkOf(vantage),
    filter: vantage.filter,
    netnsPath,
    enter: netnsPath === undefined ? undefined : enterCommandOf(netnsPath),
  })
}
