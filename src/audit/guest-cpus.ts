// Do the threads of a guest get a CPU when they want one? Pinning, overcommit, and what else runs where its vCPUs run.

import { counted } from '../report/words.ts'
import { host, type Finding } from './finding.ts'
import type { HostTree } from './host-tree.ts'
import type { Guest, Thread } from './parties.ts'

/** `0-3,8` as numbers. */
export function cpusOf(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [from, to = from] = part.split('-')
    if (from === undefined || !/^\d+$/.test(from) || to === undefined || !/^\d+$/.test(to)) return []
    return Array.from(
      { length: Math.max(0, Math.min(Number(to), 8191) - Number(from) + 1) },
      (_, i) => Number(from) + i,
    )
  })
}

const vcpusOf = (guest: Guest): Thread[] => guest.threads.filter((one) => one.role.startsWith('vcpu'))

export function overcommitFinding(tree: HostTree, guests: readonly Guest[]): Finding[] {
  const online = cpusOf(tree.text('/sys/devices/system/cpu/online') ?? '').length
  const vcpus = guests.reduce((sum, guest) => sum + vcpusOf(guest).length, 0)
  if (guests.length === 0 || online === 0) return []
  const read = [
    { where: '/sys/devices/system/cpu/online', value: `${online} CPUs` },
    { where: 'vCPU threads of all guests', value: String(vcpus) },
  ]
  const base = { id: 'cpu-overcommit', subject: host, read, causes: ['sender-starved', 'vcpu-stuck'] as const }
  if (vcpus <= online)
    return [{ ...base, grade: 'fine', says: `${counted(vcpus, 'vCPU')} on ${counted(online, 'CPU')}.` }]
  return [
    {
      ...base,
      grade: 'note',
      says: `${vcpus} vCPUs share ${online} CPUs: ${(vcpus / online).toFixed(1)} each.`,
      why: 'a vCPU that waits for a CPU (steal, to the guest) cannot run keepalived in it; it takes load, not the number alone',
      source: 'docs.openstack.org/nova: cpu_allocation_ratio',
      change: 'lower cpu_allocation_ratio, or pin the guests of the pair (hw:cpu_policy=dedicated)',
    },
  ]
}

export function pinningFinding(tree: HostTree, guest: Guest): Finding[] {
  const vcpus = vcpusOf(guest)
  const online = cpusOf(tree.text('/sys/devices/system/cpu/online') ?? '').length
  if (vcpus.length === 0) {
    return [
      {
        id: 'vcpu-pinning',
        subject: guest.subject,
        grade: 'unseen',
        says: 'Which of its threads are vCPUs cannot be told.',
        read: [{ where: `/proc/${guest.pid}/task`, value: `${guest.threads.length} threads` }],
        change: 'start it with -name …,debug-threads=on, as libvirt does',
        causes: [],
      },
    ]
  }
  const read = vcpus.slice(0, 8).map((one) => ({ where: `${one.role} (${one.tid})`, value: `CPUs ${one.cpus ?? '?'}` }))
  const base = { id: 'vcpu-pinning', subject: guest.subject, read, causes: ['vcpu-stuck', 'sender-starved'] as const }
  const crowded = vcpus.filter((one) => cpusOf(one.cpus ?? '').length === 1)
  const shared = crowded.filter((one) => vcpus.some((other) => other !== one && other.cpus === one.cpus))
  if (shared.length > 0) {
    return [
      {
        ...base,
        grade: 'risk',
        says: `${shared.length} of its vCPUs are pinned to a CPU that another vCPU of it is pinned to as well.`,
        why: 'one of the two always waits, and keepalived’s timer may sit on it',
        source: 'access.redhat.com/solutions/133803',
        change: `virsh vcpupin, one CPU for each vCPU`,
      },
    ]
  }
  const main = guest.threads.find((one) => one.role === 'main')
  if (
    crowded.length > 0 &&
    crowded.length === vcpus.length &&
    main?.cpus !== undefined &&
    cpusOf(main.cpus).length > 0
  ) {
    const own = new Set(crowded.flatMap((one) => cpusOf(one.cpus ?? '')))
    if (cpusOf(main.cpus).every((cpu) => own.has(cpu)))
      return [
        {
          ...base,
          read: [...read, { where: `main (${main.tid})`, value: `CPUs ${main.cpus}` }],
          grade: 'note',
          says: 'Its emulator threads may run on the CPUs of its vCPUs only.',
          why: 'main loop and vCPUs take the CPU from each other',
          source: 'docs.openstack.org/nova: hw:emulator_threads_policy',
          change: 'virsh emulatorpin, or hw:emulator_threads_policy=isolate',
        },
      ]
  }
  const isPinned = vcpus.every((one) => cpusOf(one.cpus ?? '').length < online)
  return [{ ...base, grade: 'fine', says: isPinned ? 'Its vCPUs are pinned.' : 'Its vCPUs may run on every CPU.' }]
}
