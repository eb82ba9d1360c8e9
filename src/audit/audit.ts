// All that is looked at, in the order in which it is told: guests, keepalived, the host. Nothing is written anywhere.

import { cpuFindings } from './cpus.ts'
import { diskFindings } from './disks.ts'
import type { Finding } from './finding.ts'
import { overcommitFinding, pinningFinding } from './guest-cpus.ts'
import type { HostTree } from './host-tree.ts'
import { routerProcessFindings, versionFinding } from './keepalived-process.ts'
import { settingFindings } from './keepalived-settings.ts'
import { limitFindings } from './limits.ts'
import { memoryFindings, swappedFinding } from './memory.ts'
import { networkFindings } from './network.ts'
import { partiesOf, type Guest, type Router } from './parties.ts'
import { vhostFindings } from './vhost.ts'

export interface Audit {
  readonly guests: number
  readonly routers: number
  readonly findings: readonly Finding[]
}

function guestFindings(tree: HostTree, guest: Guest): Finding[] {
  return [
    ...vhostFindings(guest),
    ...pinningFinding(tree, guest),
    ...limitFindings(tree, guest.pid, guest.subject),
    ...swappedFinding(tree, guest),
    ...diskFindings(guest),
  ]
}

function routerFindings(tree: HostTree, router: Router, version: string | undefined): Finding[] {
  return [
    ...versionFinding(router.subject, version),
    ...routerProcessFindings(tree, router),
    ...limitFindings(tree, router.pid, router.subject),
    ...swappedFinding(tree, router),
    ...settingFindings(tree, router),
  ]
}

/** `askVersion`: what this keepalived says to --version; undefined when it cannot be asked. */
export async function auditOf(
  tree: HostTree,
  askVersion: (pid: number) => Promise<string | undefined>,
): Promise<Audit> {
  const { guests, routers } = partiesOf(tree)
  // The child sends; parent and checkers are told nothing of, for nothing of theirs delays an advert.
  const senders = routers.filter((one) => one.isSender)
  const comms = new Set(
    tree
      .names('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => tree.text(`/proc/${pid}/comm`) ?? ''),
  )
  const told: Finding[] = []
  for (const router of senders) told.push(...routerFindings(tree, router, await askVersion(router.pid)))
  return {
    guests: guests.length,
    routers: senders.length,
    findings: [
      ...guests.flatMap((guest) => guestFindings(tree, guest)),
      ...told,
      ...networkFindings(tree, guests),
      ...overcommitFinding(tree, guests),
      ...memoryFindings(tree),
      ...cpuFindings(tree, comms),
    ],
  }
}
