// Memory that comes late: swap, same-page merging, huge pages made on demand, NUMA balancing.

import { host, type Finding } from './finding.ts'
import { chosenOf, kibibytesOf, type HostTree } from './host-tree.ts'
import type { Guest, Router } from './parties.ts'

function ksmFinding(tree: HostTree): Finding[] {
  const file = '/sys/kernel/mm/ksm/run'
  const run = tree.number(file)
  if (run === undefined) return []
  const base = {
    id: 'ksm',
    subject: host,
    read: [{ where: file, value: String(run) }],
    causes: ['kernel-reclaim'] as const,
  }
  if (run !== 1) return [{ ...base, grade: 'fine', says: 'Same-page merging is off.' }]
  return [
    {
      ...base,
      grade: 'note',
      says: 'Same-page merging (KSM) is on.',
      why: 'a guest that writes to a merged page waits for its copy, and ksmd takes a CPU',
      source: 'kernel, Documentation/admin-guide/mm/ksm.rst',
      change: `echo 0 > ${file}`,
    },
  ]
}

function hugePageFinding(tree: HostTree): Finding[] {
  const file = '/sys/kernel/mm/transparent_hugepage/defrag'
  const defrag = chosenOf(tree, file)
  const enabled = chosenOf(tree, '/sys/kernel/mm/transparent_hugepage/enabled')
  if (defrag === undefined) return []
  const read = [
    { where: '/sys/kernel/mm/transparent_hugepage/enabled', value: enabled ?? '?' },
    { where: file, value: defrag },
  ]
  const base = { id: 'thp-defrag', subject: host, read, causes: ['kernel-reclaim'] as const }
  const isEager = enabled !== 'never' && (defrag === 'always' || (defrag === 'madvise' && enabled !== undefined))
  if (!isEager) return [{ ...base, grade: 'fine', says: 'Huge pages are not compacted in the thread that needs them.' }]
  return [
    {
      ...base,
      grade: defrag === 'always' ? 'risk' : 'note',
      says: `Huge pages are compacted in the thread that needs them (${defrag}); qemu asks for them with madvise.`,
      why: 'the vCPU that touches new memory compacts it first: tens to hundreds of milliseconds',
      source: 'kernel, Documentation/admin-guide/mm/transhuge.rst',
      change: `echo defer > ${file}`,
    },
  ]
}

function numaFinding(tree: HostTree): Finding[] {
  const file = '/proc/sys/kernel/numa_balancing'
  const mode = tree.number(file)
  if (mode === undefined) return []
  const nodes = tree.names('/sys/devices/system/node').filter((name) => /^node\d+$/.test(name)).length
  const read = [
    { where: file, value: String(mode) },
    { where: '/sys/devices/system/node', value: `${nodes} nodes` },
  ]
  const base = { id: 'numa-balancing', subject: host, read, causes: ['kernel-reclaim'] as const }
  if (mode === 0 || nodes < 2) return [{ ...base, grade: 'fine', says: 'NUMA balancing has nothing to do.' }]
  return [
    {
      ...base,
      grade: 'note',
      says: `NUMA balancing is on, with ${nodes} nodes.`,
      why: 'it unmaps guest memory to see who uses it; with KVM’s own page tables that has held vCPUs for seconds',
      source: 'lists.proxmox.com/pipermail/pve-devel/2024-January/061399.html',
      change: `echo 0 > ${file}`,
    },
  ]
}

/** Lines below the title of /proc/swaps. */
export const hasSwap = (tree: HostTree): boolean => (tree.text('/proc/swaps') ?? '').split('\n').length > 1

function swapFinding(tree: HostTree): Finding[] {
  if (tree.text('/proc/swaps') === undefined) return []
  const swappiness = tree.number('/proc/sys/vm/swappiness')
  const read = [
    { where: '/proc/swaps', value: hasSwap(tree) ? 'in use' : 'none' },
    { where: '/proc/sys/vm/swappiness', value: String(swappiness ?? '?') },
  ]
  const base = { id: 'swap', subject: host, read, causes: ['sender-paging'] as const }
  if (!hasSwap(tree)) return [{ ...base, grade: 'fine', says: 'This host has no swap.' }]
  return [
    {
      ...base,
      grade: 'note',
      says: `This host has swap, with swappiness ${swappiness ?? '?'}.`,
      why: 'an idle guest or keepalived is swapped out first, and its next advert waits for the disk',
      source: 'kernel, Documentation/admin-guide/sysctl/vm.rst',
      change: 'sysctl vm.swappiness=1, or memory that stays: hugepages, <memoryBacking><locked/>',
    },
  ]
}

/** Of one sender: what of it lies in swap now. */
export function swappedFinding(tree: HostTree, { pid, subject }: Guest | Router): Finding[] {
  const kib = kibibytesOf(tree, pid, 'VmSwap')
  if (kib === undefined) return []
  const base = {
    id: 'vm-swap',
    subject,
    read: [{ where: `/proc/${pid}/status VmSwap`, value: `${kib} kB` }],
    causes: ['sender-paging'] as const,
  }
  if (kib === 0) return [{ ...base, grade: 'fine', says: 'Nothing of it is in swap.' }]
  return [
    {
      ...base,
      grade: 'risk',
      says: `${(kib / 1024).toFixed(0)} MiB of it are in swap.`,
      why: 'what it needs of that is read from the disk first',
      source: 'proc(5), VmSwap',
      change:
        'swapoff -a && swapon -a when memory is free; for a guest, hugepages or <locked/>; for keepalived, vrrp_no_swap',
    },
  ]
}

export function memoryFindings(tree: HostTree): Finding[] {
  return [...ksmFinding(tree), ...hugePageFinding(tree), ...numaFinding(tree), ...swapFinding(tree)]
}
