// keepalived on this kernel as a process: can it be pushed aside, paged out, and which defects does its version have?

import type { Finding } from './finding.ts'
import { hasSwap } from './memory.ts'
import { kibibytesOf, type HostTree } from './host-tree.ts'
import type { Router } from './parties.ts'

/** Field 41 of /proc/<pid>/stat; sched(7). */
const policies: Readonly<Record<number, string>> = {
  0: 'SCHED_OTHER',
  1: 'SCHED_FIFO',
  2: 'SCHED_RR',
  3: 'SCHED_BATCH',
  5: 'SCHED_IDLE',
}

function priorityFinding(tree: HostTree, { pid, subject }: Router): Finding[] {
  const stat = tree.text(`/proc/${pid}/stat`)
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  const [nice, policy] = [Number(fields[16]), Number(fields[38])]
  if (fields.length < 39) return []
  const name = policies[policy] ?? `policy ${policy}`
  const base = {
    id: 'keepalived-priority',
    subject,
    read: [{ where: `/proc/${pid}/stat`, value: `${name}, nice ${nice}` }],
    causes: ['sender-starved'] as const,
  }
  if (policy === 1 || policy === 2 || nice < 0)
    return [{ ...base, grade: 'fine', says: `It runs before ordinary processes (${name}, nice ${nice}).` }]
  return [
    {
      ...base,
      grade: policy === 3 || policy === 5 || nice > 0 ? 'risk' : 'note',
      says: `It waits for its CPU like every other process (${name}, nice ${nice}).`,
      why: 'on a full host its turn comes late; ordinary hogs cost milliseconds, real-time ones more',
      source: 'keepalived.conf(5), vrrp_rt_priority; github.com/acassen/keepalived/issues/2066',
      change: 'vrrp_rt_priority 50 in global_defs, or CPUWeight= of its unit',
    },
  ]
}

function lockedFinding(tree: HostTree, { pid, subject }: Router): Finding[] {
  const locked = kibibytesOf(tree, pid, 'VmLck')
  if (locked === undefined) return []
  const base = {
    id: 'keepalived-mlock',
    subject,
    read: [{ where: `/proc/${pid}/status VmLck`, value: `${locked} kB` }],
    causes: ['sender-paging'] as const,
  }
  if (locked > 0) return [{ ...base, grade: 'fine', says: 'Its memory is locked.' }]
  return [
    {
      ...base,
      grade: hasSwap(tree) ? 'note' : 'fine',
      says: hasSwap(tree)
        ? 'Its memory is not locked, and this host has swap.'
        : 'Its memory is not locked; without swap only its program file can be paged out.',
      why: 'an idle process is paged out first, and its next advert waits for the disk',
      source: 'keepalived.conf(5), vrrp_no_swap; github.com/acassen/keepalived/issues/486',
      change: 'vrrp_no_swap in global_defs',
    },
  ]
}

interface Defect {
  readonly before: readonly [number, number, number]
  readonly says: string
  readonly source: string
}

const defects: readonly Defect[] = [
  {
    before: [1, 2, 20],
    says: 'it looks up its own name in DNS inside the loop that sends adverts, each time it mails: up to 5 s a server',
    source: 'keepalived, commit 9d028acd',
  },
  {
    before: [2, 0, 13],
    says: 'its raw sockets block: a full send queue holds the loop',
    source: 'keepalived, vrrp_sock (non-blocking since 2.0.13)',
  },
  {
    before: [2, 3, 2],
    says: 'closing a connection can take 5 s (SO_LINGER) in the loop that sends adverts, after a mail or a check',
    source: 'github.com/acassen/keepalived/pull/2475',
  },
]

/** `Keepalived v2.2.7 (01/16,2022)`. */
export function keepalivedVersionOf(said: string): readonly [number, number, number] | undefined {
  const [major, minor, patch] = /Keepalived v(\d+)\.(\d+)\.(\d+)/.exec(said)?.slice(1).map(Number) ?? []
  return major === undefined || minor === undefined || patch === undefined ? undefined : [major, minor, patch]
}

const isBefore = (a: readonly number[], b: readonly number[]): boolean => {
  const at = a.findIndex((one, i) => one !== b[i])
  return at !== -1 && (a[at] ?? 0) < (b[at] ?? 0)
}

export function versionFinding(subject: string, said: string | undefined): Finding[] {
  const version = said === undefined ? undefined : keepalivedVersionOf(said)
  const causes = ['sender-blocked'] as const
  if (version === undefined)
    return [
      {
        id: 'keepalived-version',
        subject,
        grade: 'unseen',
        says: 'Its version could not be asked for.',
        read: [],
        causes,
        change: 'keepalived --version',
      },
    ]
  const known = defects.filter(({ before }) => isBefore(version, before))
  const read = [{ where: 'keepalived --version', value: version.join('.') }]
  if (known.length === 0)
    return [
      {
        id: 'keepalived-version',
        subject,
        grade: 'fine',
        says: `Version ${version.join('.')} has no known defect that delays adverts.`,
        read,
        causes,
      },
    ]
  return known.map(({ before, says, source }) => ({
    id: 'keepalived-version',
    subject,
    grade: 'note' as const,
    says: `Before ${before.join('.')}, ${says}.`,
    read,
    why: 'the loop that sends adverts is one thread: what holds it holds them',
    source,
    change: `update to ${before.join('.')} or later`,
    causes,
  }))
}

export function routerProcessFindings(tree: HostTree, router: Router): Finding[] {
  return [...priorityFinding(tree, router), ...lockedFinding(tree, router)]
}
