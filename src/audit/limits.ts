// CPU and memory limits of the cgroups that a sender is in, those above it included, and whether they ever bit.

import { cgroupFoldersOf, cgroupMountsOf, type CgroupFolder } from '../capture/host/cgroup-mounts.ts'
import type { Finding, Reading } from './finding.ts'
import type { HostTree } from './host-tree.ts'

function foldersOf(tree: HostTree, pid: number): readonly CgroupFolder[] {
  const mounts = cgroupMountsOf(tree.text('/proc/self/mountinfo') ?? tree.text('/proc/1/mountinfo') ?? '')
  return cgroupFoldersOf(tree.text(`/proc/${pid}/cgroup`) ?? '', mounts)
}

/** `50000 100000` of version 2, cpu.cfs_quota_us of version 1, as the share of one CPU; undefined: no limit. */
function quotaOf(tree: HostTree, folder: string): { readonly cores: number; readonly reading: Reading } | undefined {
  const max = tree.text(`${folder}/cpu.max`)
  const [quota, period] =
    /^(\d+) (\d+)$/
      .exec(max ?? '')
      ?.slice(1)
      .map(Number) ?? []
  if (max !== undefined && quota !== undefined && period !== undefined && period > 0)
    return { cores: quota / period, reading: { where: `${folder}/cpu.max`, value: max } }
  const quotaUs = tree.number(`${folder}/cpu.cfs_quota_us`)
  const periodUs = tree.number(`${folder}/cpu.cfs_period_us`)
  if (quotaUs === undefined || quotaUs <= 0 || periodUs === undefined || periodUs <= 0) return undefined
  return {
    cores: quotaUs / periodUs,
    reading: { where: `${folder}/cpu.cfs_quota_us`, value: `${quotaUs} of ${periodUs}` },
  }
}

function statOf(tree: HostTree, folder: string, field: string): number | undefined {
  const found = new RegExp(`^${field} (\\d+)$`, 'm').exec(tree.text(`${folder}/cpu.stat`) ?? '')?.[1]
  return found === undefined ? undefined : Number(found)
}

function cpuFindings(tree: HostTree, subject: string, folders: readonly CgroupFolder[]): Finding[] {
  const limited = folders.flatMap(({ folder }) => {
    const quota = quotaOf(tree, folder)
    return quota === undefined ? [] : [{ folder, ...quota }]
  })
  const causes = ['sender-throttled'] as const
  if (limited.length === 0)
    return [{ id: 'cpu-quota', subject, grade: 'fine', says: 'No CPU quota is on it.', read: [], causes }]
  return limited.map(({ folder, cores, reading }): Finding => {
    const throttled = statOf(tree, folder, 'nr_throttled')
    const read = [reading, { where: `${folder}/cpu.stat`, value: `nr_throttled ${throttled ?? '?'}` }]
    const often = (throttled ?? 0) > 0
    return {
      id: 'cpu-quota',
      subject,
      grade: often ? 'risk' : 'note',
      says: `It may use ${cores.toFixed(2)} of a CPU${often ? `, and has been throttled in ${throttled} periods` : ', and was never throttled so far'}.`,
      read,
      why: 'whoever has used up the quota stands still until the next period; the vCPU, the main loop and vhost share it',
      source: 'docs.openstack.org/nova: quota:cpu_quota; kernel, Documentation/scheduler/sched-bwc.rst',
      change: `raise or lift the quota: ${reading.where}`,
      causes,
    }
  })
}

const unlimited = 1e15

function memoryFindings(tree: HostTree, subject: string, folders: readonly CgroupFolder[]): Finding[] {
  const causes = ['sender-paging', 'kernel-reclaim'] as const
  const found = folders.flatMap(({ folder }): Finding[] => {
    const [file, limit] = ['memory.max', 'memory.high', 'memory.limit_in_bytes']
      .map((name) => [name, tree.number(`${folder}/${name}`)] as const)
      .find(([, bytes]) => bytes !== undefined && bytes < unlimited) ?? ['', undefined]
    if (limit === undefined) return []
    const events = /^(?:max|high) ([1-9]\d*)$/m.exec(tree.text(`${folder}/memory.events`) ?? '')?.[0]
    const failures = tree.number(`${folder}/memory.failcnt`)
    const hit = events ?? ((failures ?? 0) > 0 ? `failcnt ${failures}` : undefined)
    return [
      {
        id: 'memory-limit',
        subject,
        grade: hit === undefined ? 'note' : 'risk',
        says: `Its memory is limited to ${(limit / 2 ** 20).toFixed(0)} MiB${hit === undefined ? ', which it never reached so far' : `, and it ran into that (${hit})`}.`,
        read: [{ where: `${folder}/${file}`, value: String(limit) }],
        why: 'at the limit the kernel reclaims in the very thread that wants memory, and pages out what keepalived or the guest needs next',
        source: 'kernel, Documentation/admin-guide/cgroup-v2.rst',
        change: `raise it: ${folder}/${file}`,
        causes,
      },
    ]
  })
  if (found.length > 0) return found
  return [{ id: 'memory-limit', subject, grade: 'fine', says: 'No memory limit is on it.', read: [], causes }]
}

export function limitFindings(tree: HostTree, pid: number, subject: string): Finding[] {
  const folders = foldersOf(tree, pid)
  if (tree.text(`/proc/${pid}/cgroup`) === undefined) return []
  return [...cpuFindings(tree, subject, folders), ...memoryFindings(tree, subject, folders)]
}
