// Which guest a qemu runs, what its threads are for, and which taps it holds.
//
//   -name guest=instance-000000dd,debug-threads=on     libvirt
//   -name lb01,debug-threads=on                        by hand
//   comm: `CPU 0/KVM` `CPU 0/TCG` `IO mon_iothread` `vhost-26438` `worker`, with debug-threads=on
//
//   /proc/<pid>/fd/27 -> /dev/net/tun, /proc/<pid>/fdinfo/27:  iff:<TAB>tap-lb01
//
// Any process that holds a tap counts, whatever it is called: firecracker and others do it the same way.

import { namesIn, readLink, readOnce } from './kernel-file.ts'

const mostDescriptors = 4096

/** `args`: of the command line. A comma inside a value is written twice. undefined without -name. */
export function guestNameOf(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => arg === '-name' || arg === '--name')
  const value = at === -1 ? undefined : args[at + 1]
  if (value === undefined) return undefined
  const parts = value.replaceAll(',,', '\0').split(',')
  const named = parts.find((part) => part.startsWith('guest='))?.slice('guest='.length)
  const name = (named ?? parts[0] ?? '').replaceAll('\0', ',')
  return name === '' || (named === undefined && name.includes('=')) ? undefined : name
}

export function qemuThreadRoleOf(comm: string, isMain: boolean): string {
  if (isMain) return 'main'
  const vcpu = /^CPU (?<number>\d+)\//.exec(comm)?.groups?.['number']
  if (vcpu !== undefined) return `vcpu ${vcpu}`
  if (comm.startsWith('ALL CPUs/')) return 'vcpu all'
  if (comm.startsWith('vhost-')) return 'vhost'
  if (comm.startsWith('IO ')) return `io ${comm.slice(3)}`
  return comm === 'worker' || comm.startsWith('qemu') || comm === 'kvm' ? 'worker' : comm
}

/** Taps that the process holds; one that is opened once for each queue is named once. */
export function readTapsOf(pid: number): readonly string[] {
  const taps = new Set<string>()
  for (const fd of namesIn(`/proc/${pid}/fd`).slice(0, mostDescriptors)) {
    if (readLink(`/proc/${pid}/fd/${fd}`) !== '/dev/net/tun') continue
    const tap = /^iff:\s*(?<name>\S+)/m.exec(readOnce(`/proc/${pid}/fdinfo/${fd}`) ?? '')?.groups?.['name']
    if (tap !== undefined) taps.add(tap)
  }
  return [...taps]
}

export function readGuestName(pid: number): string | undefined {
  return guestNameOf((readOnce(`/proc/${pid}/cmdline`) ?? '').split('\0'))
}
