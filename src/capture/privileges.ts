// Who are we to the kernel: root, or with which capabilities? From CapEff of /proc/self/status, as setcap gave them.

import { readFileSync } from 'node:fs'

/** Bit numbers of linux/capability.h. */
const capabilityBits = {
  CAP_NET_ADMIN: 12,
  CAP_NET_RAW: 13,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_RESOURCE: 24,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
} as const
export type Capability = keyof typeof capabilityBits

export interface Privileges {
  readonly isRoot: boolean
  has(capability: Capability): boolean
}

/** `status`: text of /proc/self/status. */
export function privilegesOf(status: string, uid: number): Privileges {
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
  return { isRoot: uid === 0, has: (name) => ((effective >> BigInt(capabilityBits[name])) & 1n) === 1n }
}

export function readPrivileges(): Privileges {
  return privilegesOf(readFileSync('/proc/self/status', 'latin1'), process.geteuid?.() ?? -1)
}
