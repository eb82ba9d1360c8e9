import { expect, test } from 'vitest'
import { cgroupFoldersOf, cgroupMountsOf } from '../../../src/capture/host/cgroup-mounts.ts'
import { cpuTicksOf } from '../../../src/capture/host/host-counters.ts'
import { keepalivedRoleOf, vrrpSocketsOf } from '../../../src/capture/host/keepalived.ts'
import { localIpv4Of, localIpv6Of } from '../../../src/capture/host/local-addresses.ts'
import { kindOf } from '../../../src/capture/host/process-scan.ts'
import { guestNameOf, qemuThreadRoleOf } from '../../../src/capture/host/qemu.ts'

test.each([
  [['-name', 'guest=instance-000000dd,debug-threads=on'], 'instance-000000dd'],
  [['-S', '-name', 'debug-threads=on,guest=web'], 'web'],
  [['-name', 'lb01,debug-threads=on'], 'lb01'],
  [['-name', 'lb01,process=qemu:lb01'], 'lb01'],
  [['-name', 'guest=a,,b,debug-threads=on'], 'a,b'],
  [['-name', 'debug-threads=on'], undefined],
  [['-name'], undefined],
  [['-m', '1024'], undefined],
])('the guest of %j is %s', (args, name) => {
  expect(guestNameOf(['qemu-system-x86_64', ...args])).toBe(name)
})

test.each([
  ['CPU 0/KVM', 'vcpu 0'],
  ['CPU 12/TCG', 'vcpu 12'],
  ['ALL CPUs/TCG', 'vcpu all'],
  ['vhost-26438', 'vhost'],
  ['IO mon_iothread', 'io mon_iothread'],
  ['worker', 'worker'],
  ['qemu-system-x86', 'worker'],
  ['SPICE Worker', 'SPICE Worker'],
])('the thread %s is for %s', (comm, role) => {
  expect(qemuThreadRoleOf(comm, false)).toBe(role)
  expect(qemuThreadRoleOf(comm, true)).toBe('main')
})

test.each([
  ['keepalived', 'keepalived'],
  ['keepalived_vrrp', 'keepalived'],
  ['qemu-system-x86', 'qemu'],
  ['qemu-kvm', 'qemu'],
  ['CPU 0/KVM', 'qemu'],
  ['vhost-26438', 'vhost'],
  ['vhost-user', undefined],
  ['bash', undefined],
])('%s is a candidate as %s', (comm, kind) => {
  expect(kindOf(comm)).toBe(kind)
})

const raw = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
   1: 00000000:0001 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 17000 2 00000000fec1bb86 0
  89: 00000000:0070 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 17912 2 00000000fec1bb86 0
  89: 120000E0:0070 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 17911 2 00000000cea76fad 0
`

test('the raw sockets of VRRP are told from those of ping', () => {
  expect([...vrrpSocketsOf(raw)]).toEqual(['17912', '17911'])
})

test('a keepalived is known by who forked it and what it holds', () => {
  const family = { comm: 'keepalived', parent: undefined, grandparent: undefined }
  expect(keepalivedRoleOf(family, false)).toBe('parent')
  expect(keepalivedRoleOf({ ...family, parent: 1 }, true)).toBe('vrrp')
  expect(keepalivedRoleOf({ ...family, parent: 1, comm: 'keepalived_vrrp' }, false)).toBe('vrrp')
  expect(keepalivedRoleOf({ ...family, parent: 1 }, false)).toBe('checkers')
  expect(keepalivedRoleOf({ ...family, parent: 1, grandparent: 2 }, false)).toBe('script')
})

const trie = `Main:
  +-- 0.0.0.0/1 2 0 2
     +-- 10.91.0.0/24 2 0 2
           +-- 10.91.0.0/31 1 0 0
              |-- 10.91.0.0
                 /24 link UNICAST
              |-- 10.91.0.1
                 /32 host LOCAL
           |-- 10.91.0.9
              /32 host LOCAL
        |-- 10.91.0.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
           |-- 127.0.0.1
              /32 host LOCAL
Local:
           |-- 10.91.0.9
              /32 host LOCAL
`

test('the addresses of a namespace are its own: no networks, no broadcasts, no loopback, none twice', () => {
  expect(localIpv4Of(trie)).toEqual(['10.91.0.1', '10.91.0.9'])
})

test.each([
  ['fe8000000000000054779ffffec64dda', 'fe80::5477:9fff:fec6:4dda'],
  ['20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
  ['20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
  ['fd000000000000000000000000000000', 'fd00::'],
])('%s is %s', (hex, address) => {
  expect(localIpv6Of(`00000000000000000000000000000001 01 80 10 80 lo\n${hex} 03 40 20 80 wh0\n`)).toEqual([address])
})

const hybrid = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
37 31 0:34 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`

test('the cgroups of a process under version 1 and 2 at once, and those above them, but not the roots', () => {
  const text = '7:freezer:/\n2:cpu,cpuacct:/machine/qemu-1.scope/vcpu0\n1:name=systemd:/user\n0::/system-n\n'
  const folders = cgroupFoldersOf(text, cgroupMountsOf(hybrid))
  expect(folders.map(({ folder, above }) => `${folder} ${above}`)).toEqual([
    '/sys/fs/cgroup/cpu,cpuacct/machine/qemu-1.scope/vcpu0 0',
    '/sys/fs/cgroup/cpu,cpuacct/machine/qemu-1.scope 1',
    '/sys/fs/cgroup/cpu,cpuacct/machine 2',
    '/sys/fs/cgroup/systemd/user 0',
    '/sys/fs/cgroup/unified/system-n 0',
  ])
})

test('version 2 alone, seen through process 1', () => {
  const mounts = cgroupMountsOf(
    '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n',
    '/proc/1/root',
  )
  const [folder] = cgroupFoldersOf('0::/machine.slice/a\\x2db.scope\n', mounts)
  expect(folder?.folder).toBe(String.raw`/proc/1/root/sys/fs/cgroup/machine.slice/a\x2db.scope`)
})

test('a mount that shows only a part, and a process outside of what we may see', () => {
  const mounts = cgroupMountsOf('30 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n')
  expect(cgroupFoldersOf('0::/docker/abc/inner\n', mounts).map(({ folder }) => folder)).toEqual([
    '/sys/fs/cgroup/inner',
  ])
  expect(cgroupFoldersOf('0::/docker/other\n0::/../../elsewhere\n', mounts)).toEqual([])
})

test('a mount point with a blank in it', () => {
  expect(cgroupMountsOf(String.raw`30 23 0:26 / /mnt/my\040cgroups rw - cgroup2 cgroup2 rw`)[0]?.folder).toBe(
    '/mnt/my cgroups',
  )
})

test('time that was stolen is neither busy nor idle', () => {
  expect(cpuTicksOf('cpu  100 10 50 1000 200 5 7 43 0 0\ncpu0 1 2 3\n')).toEqual({ busy: 172, all: 1415, steal: 43 })
  expect(cpuTicksOf('')).toBeUndefined()
})
