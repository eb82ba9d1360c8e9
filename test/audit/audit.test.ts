// Each setting as the kernel shows it, and beside it the neighbour that is innocent.

import { afterEach, describe, expect, test } from 'vitest'
import { auditOf } from '../../src/audit/audit.ts'
import { formatAudit } from '../../src/audit/audit-text.ts'
import { consistencyOf } from '../../src/audit/consistency.ts'
import type { Finding } from '../../src/audit/finding.ts'
import { guestFiles, layHost, removeHosts, routerFiles, type Files } from './laid-host.ts'

afterEach(removeHosts)

async function findingsOf(files: Files, version?: string): Promise<readonly Finding[]> {
  return (await auditOf(layHost(files), async () => version)).findings
}

async function gradesOf(id: string, files: Files, version?: string): Promise<string[]> {
  return (await findingsOf(files, version)).filter((one) => one.id === id).map((one) => one.grade)
}

const json = JSON.stringify({ type: 'tap', fd: '26', vhost: true, vhostfd: '27', id: 'hostnet0' })

describe('vhost_net, NIC by NIC', () => {
  test.each([
    ['asked for, and held', guestFiles({ vhostFds: [27] }), ['fine']],
    ['asked for as libvirt does, and held', guestFiles({ netdev: json, vhostFds: [27] }), ['fine']],
    ['asked for, but not held', guestFiles(), ['risk']],
    ['not asked for', guestFiles({ netdev: 'tap,ifname=tap0,id=n0,vhost=off' }), ['risk']],
    ['loaded as a module, but not held', { ...guestFiles(), '/sys/module/vhost_net/refcnt': '2\n' }, ['risk']],
    [
      'held for another NIC only',
      guestFiles({ vhostFds: [33], more: ['-netdev', 'tap,fd=32,id=hostnet1,vhost=on,vhostfd=33'] }),
      ['risk', 'fine'],
    ],
    ['opened by qemu itself', guestFiles({ netdev: 'tap,ifname=tap0,id=n0,vhost=on', vhostFds: [11] }), ['fine']],
    [
      'opened by qemu for one of two',
      guestFiles({
        netdev: 'tap,ifname=tap0,id=n0,vhost=on',
        vhostFds: [11],
        more: ['-netdev', 'tap,ifname=tap1,id=n1,vhost=on'],
      }),
      ['unseen', 'unseen'],
    ],
  ])('%s', async (_, files, grades) => {
    expect(await gradesOf('vhost-net', files)).toEqual(grades)
  })

  test('the guest is spoken of by its name, the NIC by its tap', async () => {
    const [first] = await findingsOf(guestFiles())
    expect(first?.subject).toBe('guest instance-000000dd (6875) NIC tap0')
  })
})

describe('guests', () => {
  const online = { '/sys/devices/system/cpu/online': '0-3\n' }
  test.each([
    ['cpu-overcommit', { ...guestFiles(), ...online }, ['fine']],
    ['cpu-overcommit', { ...guestFiles(), '/sys/devices/system/cpu/online': '0\n' }, ['note']],
    ['vcpu-pinning', { ...guestFiles(), ...online }, ['fine']],
    ['vcpu-pinning', { ...guestFiles({ vcpus: ['2', '3'], mainCpus: '0-1' }), ...online }, ['fine']],
    ['vcpu-pinning', { ...guestFiles({ vcpus: ['2', '2'] }), ...online }, ['risk']],
    ['vcpu-pinning', { ...guestFiles({ vcpus: ['2', '3'], mainCpus: '2-3' }), ...online }, ['note']],
    ['vcpu-pinning', { ...guestFiles({ vcpus: [] }), ...online }, ['unseen']],
    ['vm-swap', guestFiles(), ['fine']],
    ['vm-swap', guestFiles({ status: 'VmSwap:\t  204800 kB\n' }), ['risk']],
    ['disk-cache', guestFiles({ more: ['-drive', 'file=/srv/a.img,cache=none,aio=native'] }), ['fine']],
    ['disk-cache', guestFiles({ more: ['-drive', 'file=/srv/a,,b.img,format=raw'] }), ['note']],
    [
      'disk-cache',
      guestFiles({ more: ['-blockdev', '{"driver":"file","filename":"/d","cache":{"direct":true}}'] }),
      ['fine'],
    ],
    [
      'io-threads',
      guestFiles({ more: ['-drive', 'file=/d', '-object', '{"qom-type":"iothread","id":"iothread1"}'] }),
      ['fine'],
    ],
    ['io-threads', guestFiles({ more: ['-drive', 'file=/d', '-object', 'iothread,id=iothread1'] }), ['fine']],
  ] as const)('%s', async (id, files, grades) => {
    expect(await gradesOf(id, files)).toEqual(grades)
  })
})

describe('limits of the cgroups above', () => {
  const v2 = {
    '/proc/self/mountinfo': '41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n',
    '/proc/6875/cgroup': '0::/machine.slice/machine-qemu.scope/emulator\n',
  }
  const scope = '/sys/fs/cgroup/machine.slice/machine-qemu.scope'
  const v1 = {
    '/proc/self/mountinfo': '33 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n',
    '/proc/6875/cgroup': '1:cpu:/machine-lb01\n',
  }
  test.each([
    ['cpu-quota', { ...v2, [`${scope}/cpu.max`]: 'max 100000\n' }, ['fine']],
    [
      'cpu-quota',
      { ...v2, [`${scope}/cpu.max`]: '50000 100000\n', [`${scope}/cpu.stat`]: 'usage_usec 1\nnr_throttled 0\n' },
      ['note'],
    ],
    [
      'cpu-quota',
      { ...v2, [`${scope}/cpu.max`]: '50000 100000\n', [`${scope}/cpu.stat`]: 'usage_usec 1\nnr_throttled 17\n' },
      ['risk'],
    ],
    [
      'cpu-quota',
      {
        ...v1,
        '/sys/fs/cgroup/cpu/machine-lb01/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu/machine-lb01/cpu.cfs_period_us': '100000\n',
      },
      ['fine'],
    ],
    [
      'cpu-quota',
      {
        ...v1,
        '/sys/fs/cgroup/cpu/machine-lb01/cpu.cfs_quota_us': '5000\n',
        '/sys/fs/cgroup/cpu/machine-lb01/cpu.cfs_period_us': '100000\n',
      },
      ['note'],
    ],
    ['memory-limit', { ...v2, [`${scope}/memory.max`]: 'max\n' }, ['fine']],
    [
      'memory-limit',
      { ...v2, [`${scope}/memory.max`]: '2147483648\n', [`${scope}/memory.events`]: 'low 0\nhigh 0\nmax 0\n' },
      ['note'],
    ],
    [
      'memory-limit',
      { ...v2, [`${scope}/memory.max`]: '2147483648\n', [`${scope}/memory.events`]: 'low 0\nhigh 0\nmax 12\n' },
      ['risk'],
    ],
  ])('%s', async (id, files, grades) => {
    expect(await gradesOf(id, { ...guestFiles(), ...files })).toEqual(grades)
  })
})

describe('the host', () => {
  test.each([
    ['ksm', { '/sys/kernel/mm/ksm/run': '0\n' }, ['fine']],
    ['ksm', { '/sys/kernel/mm/ksm/run': '1\n' }, ['note']],
    ['thp-defrag', { '/sys/kernel/mm/transparent_hugepage/defrag': 'always defer [never]\n' }, ['fine']],
    [
      'thp-defrag',
      {
        '/sys/kernel/mm/transparent_hugepage/defrag': '[always] defer never\n',
        '/sys/kernel/mm/transparent_hugepage/enabled': '[always] madvise never\n',
      },
      ['risk'],
    ],
    ['numa-balancing', { '/proc/sys/kernel/numa_balancing': '1\n', '/sys/devices/system/node/node0/x': '' }, ['fine']],
    [
      'numa-balancing',
      {
        '/proc/sys/kernel/numa_balancing': '1\n',
        '/sys/devices/system/node/node0/x': '',
        '/sys/devices/system/node/node1/x': '',
      },
      ['note'],
    ],
    ['swap', { '/proc/swaps': 'Filename\tType\n' }, ['fine']],
    ['swap', { '/proc/swaps': 'Filename\tType\n/dev/vdb partition 1 0 -2\n' }, ['note']],
    ['clocksource', { '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc\n' }, ['fine']],
    ['clocksource', { '/sys/devices/system/clocksource/clocksource0/current_clocksource': 'hpet\n' }, ['risk']],
    ['rt-throttling', { '/proc/sys/kernel/sched_rt_runtime_us': '950000\n' }, ['fine']],
    ['rt-throttling', { '/proc/sys/kernel/sched_rt_runtime_us': '-1\n' }, ['risk']],
    ['steal', { '/proc/stat': 'cpu  100 0 100 1000 0 0 0 0 0 0\n' }, ['fine']],
    ['steal', { '/proc/stat': 'cpu  100 0 100 1000 0 0 0 50 0 0\n' }, ['risk']],
    ['governor', { '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor': 'performance\n' }, ['fine']],
    ['governor', { '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor': 'powersave\n' }, ['note']],
    [
      'c-states',
      {
        '/sys/devices/system/cpu/cpu0/cpuidle/state3/latency': '400\n',
        '/sys/devices/system/cpu/cpu0/cpuidle/state3/disable': '1\n',
      },
      [],
    ],
    ['c-states', { '/sys/devices/system/cpu/cpu0/cpuidle/state3/latency': '400\n' }, ['note']],
    ['irq-balance', { '/proc/irq/default_smp_affinity': 'f\n', '/proc/77/comm': 'irqbalance\n' }, ['fine']],
    ['irq-balance', { '/proc/irq/default_smp_affinity': 'f\n' }, ['note']],
    [
      'conntrack',
      { '/proc/sys/net/netfilter/nf_conntrack_count': '100\n', '/proc/sys/net/netfilter/nf_conntrack_max': '65536\n' },
      ['fine'],
    ],
    [
      'conntrack',
      {
        '/proc/sys/net/netfilter/nf_conntrack_count': '65000\n',
        '/proc/sys/net/netfilter/nf_conntrack_max': '65536\n',
      },
      ['risk'],
    ],
  ])('%s', async (id, files, grades) => {
    expect(await gradesOf(id, files)).toEqual(grades)
  })

  test('what this kernel does not have is not spoken of', async () => {
    expect(await findingsOf({ '/proc/uptime': '1 1\n' })).toEqual([])
  })
})

describe('the tap and its bridge', () => {
  const net = '/sys/class/net'
  const tap = { [`${net}/tap0/tx_queue_len`]: '1000\n', [`${net}/tap0/statistics/tx_dropped`]: '0\n' }
  test.each([
    ['tap-queue', tap, ['fine']],
    ['tap-queue', { ...tap, [`${net}/tap0/statistics/tx_dropped`]: '7\n' }, ['risk']],
    ['tap-queue', {}, ['unseen']],
    // qemu in a network namespace of its own, with a sysfs of its own
    [
      'tap-queue',
      Object.fromEntries(Object.entries(tap).map(([path, text]) => [`/proc/6875/root${path}`, text])),
      ['fine'],
    ],
    [
      'multicast-snooping',
      {
        ...tap,
        [`${net}/tap0/brport/bridge`]: '-> ../../br0',
        [`${net}/br0/bridge/multicast_snooping`]: '1\n',
        [`${net}/br0/bridge/multicast_querier`]: '0\n',
      },
      ['note'],
    ],
    [
      'multicast-snooping',
      { ...tap, [`${net}/tap0/brport/bridge`]: '-> ../../br0', [`${net}/br0/bridge/multicast_snooping`]: '0\n' },
      ['fine'],
    ],
  ])('%s', async (id, files, grades) => {
    expect(await gradesOf(id, { ...guestFiles(), ...files })).toEqual(grades)
  })
})

const instance = (name: string, body: string): string =>
  `vrrp_instance ${name} {\n  interface eth0\n  virtual_router_id 51\n${body}\n}\n`

describe('keepalived', () => {
  test.each([
    ['keepalived-priority', routerFiles(), ['note']],
    ['keepalived-priority', routerFiles({ policy: 2 }), ['fine']],
    ['keepalived-priority', routerFiles({ nice: 10 }), ['risk']],
    ['keepalived-mlock', routerFiles(), ['fine']],
    ['keepalived-mlock', { ...routerFiles(), '/proc/swaps': 'Filename\n/dev/vdb\n' }, ['note']],
    [
      'keepalived-mlock',
      { ...routerFiles({ status: 'VmLck:\t    5120 kB\n' }), '/proc/swaps': 'Filename\n/dev/vdb\n' },
      ['fine'],
    ],
    ['dump-files', routerFiles(), ['fine']],
    ['dump-files', routerFiles({ tmp: 'xfs' }), ['note']],
    ['keepalived-conf', routerFiles(), ['unseen']],
    ['keepalived-conf', routerFiles({ conf: 'include /etc/keepalived/conf.d/*.conf\n' }), ['unseen']],
    ['keepalived-conf', routerFiles({ conf: 'global_defs {\n}\n' }), []],
    ['advert-int', routerFiles({ conf: instance('A', '  advert_int 1') }), ['fine']],
    ['advert-int', routerFiles({ conf: instance('A', '  advert_int 0.4') }), ['risk']],
    ['advert-int', routerFiles({ conf: instance('A', '  version 3\n  advert_int 0.2') }), ['note']],
    [
      'advert-int',
      routerFiles({ conf: `global_defs {\n vrrp_version 3\n}\n${instance('A', 'advert_int 0.5')}` }),
      ['fine'],
    ],
    ['shared-vrid', routerFiles({ conf: instance('A', '') + instance('B', '') }), ['risk']],
    ['shared-vrid', routerFiles({ conf: instance('A', '') + instance('B', '').replace('51', '52') }), []],
    ['shared-vrid', routerFiles({ conf: instance('A', '') + instance('B', 'native_ipv6') }), []],
    [
      'check-scripts',
      routerFiles({ conf: 'vrrp_script chk { script "/bin/a { b" interval 2 timeout 5 }\n' }),
      ['note'],
    ],
    ['check-scripts', routerFiles({ conf: 'vrrp_script chk {\n script "/bin/a { b"\n timeout 5\n}\n' }), ['fine']],
    ['snmp', routerFiles({ args: ['-x'], conf: '' }), ['note']],
    ['snmp', routerFiles({ conf: 'global_defs {\n # enable_snmp_vrrp\n}\n' }), []],
    ['mail', routerFiles({ conf: 'global_defs {\n smtp_server 127.0.0.1\n}\n' }), ['note']],
    ['log-detail', routerFiles({ args: ['-lD'], conf: '' }), ['note']],
    ['log-detail', routerFiles({ args: ['--dont-fork'], conf: '' }), []],
  ])('%s', async (id, files, grades) => {
    expect(await gradesOf(id, files)).toEqual(grades)
  })

  test.each([
    ['Keepalived v1.2.19 (09/30,2015)', ['note', 'note', 'note']],
    ['Keepalived v2.2.7 (01/16,2022)', ['note']],
    ['Keepalived v2.3.2 (11/03,2024)', ['fine']],
    [undefined, ['unseen']],
  ])('%s', async (version, grades) => {
    expect(await gradesOf('keepalived-version', routerFiles(), version)).toEqual(grades)
  })

  test('passwords of the configuration are not shown', async () => {
    const conf = instance('A', '  authentication {\n    auth_type PASS\n    auth_pass hunter42\n  }')
    expect(JSON.stringify(await findingsOf(routerFiles({ conf })))).not.toContain('hunter42')
  })
})

describe('held against a bundle', () => {
  const noVhost = async (): Promise<Finding> => {
    const found = (await findingsOf(guestFiles())).find((one) => one.id === 'vhost-net')
    if (found === undefined) throw new Error('no finding')
    return found
  }
  test('a SIGSTOP is no work of a missing vhost_net', async () => {
    const measured = [{ cause: 'sender-stopped', confidence: 'certain' }] as const
    expect(consistencyOf(await noVhost(), measured)).toEqual({ kind: 'not-consistent', of: 1 })
  })
  test('held adverts are', async () => {
    const measured = [
      { cause: 'tx-held', confidence: 'likely' },
      { cause: 'sender-stopped', confidence: 'certain' },
    ] as const
    expect(consistencyOf(await noVhost(), measured)).toEqual({ kind: 'consistent', late: 1, of: 2 })
  })
  test('what was only possible decides nothing', async () => {
    const measured = [{ cause: 'tx-held', confidence: 'possible' }] as const
    expect(consistencyOf(await noVhost(), measured)).toEqual({ kind: 'open', undecided: 1, of: 1 })
  })
  test('what is fine is not asked', async () => {
    const [fine] = await findingsOf({ '/proc/swaps': 'Filename\n' })
    expect(
      fine === undefined ? undefined : consistencyOf(fine, [{ cause: 'sender-paging', confidence: 'likely' }]),
    ).toBeUndefined()
  })
})

test('what is so of several alike is said once, of all of them, with what was read of each', () => {
  const one = (pid: number, says: string, grade: 'note' | 'fine'): Finding => ({
    id: 'priority',
    subject: `keepalived (${pid})`,
    grade,
    says,
    read: [{ where: `/proc/${pid}/stat`, value: 'nice 0' }],
    why: 'its turn comes late',
    causes: [],
  })
  const findings = [one(81, 'It waits.', 'note'), one(82, 'It waits.', 'note'), one(83, 'It runs.', 'fine')]
  const text = formatAudit('node01', { guests: 0, routers: 3, findings }, undefined)
  expect(text).toContain(
    '  keepalived (81), (82): It waits.\n    read      /proc/81/stat: nice 0\n    read      /proc/82/stat',
  )
  expect(text.match(/its turn comes late/g)).toHaveLength(1)
  expect(text.trimEnd().split('\n').at(-1)).toBe('0 risks, 1 note, 1 fine.')
})

test('names of guests, taps and files reach no terminal raw', async () => {
  const files = {
    ...guestFiles({ more: ['-drive', 'file=/srv/\u001b]0;x\u0007\u202e.img'] }),
    '/proc/6875/cmdline': `qemu\0-name\0guest=\u001b[31mred\0-drive\0file=/srv/\u001b]0;x\u0007\u202e.img\0`,
  }
  const audit = await auditOf(layHost(files), async () => undefined)
  const text = formatAudit('\u001bhost', audit, undefined)
  expect(text).toContain('red')
  // oxlint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
  expect(text.split('\n').every((line) => line.length <= 100)).toBe(true)
})
