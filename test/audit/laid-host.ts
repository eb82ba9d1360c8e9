// A host as files below a folder of its own: the real readers are pointed at it.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { openHostTree, type HostTree } from '../../src/audit/host-tree.ts'

/** `-> target` makes a link. */
export type Files = Readonly<Record<string, string>>

const folders: string[] = []

export function layHost(files: Files): HostTree {
  const root = mkdtempSync(join(tmpdir(), 'whylate-audit-'))
  folders.push(root)
  for (const [path, text] of Object.entries(files)) {
    const place = join(root, path)
    mkdirSync(dirname(place), { recursive: true })
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), place)
    else writeFileSync(place, text)
  }
  return openHostTree(root)
}

export function removeHosts(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
}

const nul = (args: readonly string[]): string => args.map((arg) => `${arg}\0`).join('')

export interface GuestOptions {
  readonly netdev?: string
  readonly vhostFds?: readonly number[]
  readonly vcpus?: readonly string[]
  readonly mainCpus?: string
  readonly more?: readonly string[]
  readonly status?: string
}

/** A qemu with pid 6875 that holds tap0 as descriptor 26. */
export function guestFiles(options: GuestOptions = {}): Files {
  const { netdev = 'tap,fd=26,id=hostnet0,vhost=on,vhostfd=27', vhostFds = [], more = [] } = options
  const { vcpus = ['0-3', '0-3'], mainCpus = '0-3', status = 'VmSwap:\t       0 kB\n' } = options
  const p = '/proc/6875'
  const files: Record<string, string> = {
    [`${p}/comm`]: 'qemu-system-x86\n',
    [`${p}/cmdline`]: nul([
      'qemu-system-x86_64',
      '-name',
      'guest=instance-000000dd,debug-threads=on',
      '-netdev',
      netdev,
      ...more,
    ]),
    [`${p}/status`]: `Name:\tqemu-system-x86\n${status}`,
    [`${p}/fd/26`]: '-> /dev/net/tun',
    [`${p}/fdinfo/26`]: 'pos:\t0\niff:\ttap0\n',
    [`${p}/task/6875/comm`]: 'qemu-system-x86\n',
    [`${p}/task/6875/status`]: `Cpus_allowed_list:\t${mainCpus}\n`,
  }
  for (const fd of vhostFds) files[`${p}/fd/${fd}`] = '-> /dev/vhost-net'
  vcpus.forEach((cpus, i) => {
    files[`${p}/task/${6880 + i}/comm`] = `CPU ${i}/KVM\n`
    files[`${p}/task/${6880 + i}/status`] = `Cpus_allowed_list:\t${cpus}\n`
  })
  return files
}

export interface RouterOptions {
  readonly args?: readonly string[]
  readonly conf?: string
  /** Fields 19 (nice) and 41 (policy). */
  readonly nice?: number
  readonly policy?: number
  readonly status?: string
  readonly tmp?: string
}

/** The VRRP child of a keepalived, pid 812: it holds the raw socket of protocol 112. */
export function routerFiles(options: RouterOptions = {}): Files {
  const {
    args = [],
    conf,
    nice = 0,
    policy = 0,
    status = 'VmLck:\t       0 kB\nVmSwap:\t       0 kB\n',
    tmp = 'tmpfs',
  } = options
  const p = '/proc/812'
  const fields = ['S', ...Array.from({ length: 50 }, () => '0')]
  fields[16] = String(nice)
  fields[38] = String(policy)
  return {
    [`${p}/comm`]: 'keepalived\n',
    [`${p}/cmdline`]: nul(['keepalived', '-n', ...args]),
    [`${p}/stat`]: `812 (keepalived) ${fields.join(' ')}`,
    [`${p}/status`]: `Name:\tkeepalived\n${status}`,
    [`${p}/net/raw`]:
      '  sl  local_address\n   89: 00000000:0070 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 17912 2 0 0\n',
    [`${p}/fd/14`]: '-> socket:[17912]',
    [`${p}/mountinfo`]: `21 1 8:1 / / rw - ext4 /dev/vda1 rw\n31 21 0:30 / /tmp rw - ${tmp} x rw\n`,
    ...(conf === undefined ? {} : { [`${p}/root/etc/keepalived/keepalived.conf`]: conf }),
  }
}
