// Names as a host's probes say them, one by one, without anybody's in it. What the kernel, keepalived and qemu call things
// themselves stays: it is on every host, and the diagnosis reads it.
//
//   keepalived                             keepalived
//   CPU 0/KVM, kworker/3:1, vhost-4711     the same
//   nightly-report.sh                      name-5d2ac4f0aa
//   /var/log/shop/orders.log               /var/log/name-0b1c…/name-77f2…
//   [timerfd], socket:[92250]              the same

import type { Pseudonyms } from './pseudonyms.ts'

export interface RedactedWords {
  readonly names: Pseudonyms
  /** The name of a process, a thread, a file, a cgroup, a device or a link. */
  readonly word: (text: string) => string
  readonly address: (text: string) => string
}

const kernels =
  /^(?:kworker\/\S*|swapper\/\d+|ksoftirqd\/\d+|migration\/\d+|rcu[\w/:-]*|kswapd\d+|kcompactd\d+|khugepaged|watchdog\w*|kthreadd|cpuhp\/\d+|idle_inject\/\d+|jbd2\/(?:sd|vd|dm-|nvme)\S*|irq\/\d+-\w*|CPU \d+\/(?:KVM|TCG)|(?:IO )?mon_iothread|vhost-\d+|kvm-\w+\/\d+|worker|call_rcu|sh|bash|dash|perl|python3?|node|sudo|ssh|sshd|systemd|systemd-\w+|cron|journalctl)$/
const devices = /^(?:[svh]d[a-z]{1,3}|xvd[a-z]|nvme\d+n\d+|dm-|md|loop|zram|sr|nbd|ram|fd|mmcblk)p?\d*(?:p\d+)?$/
/** Of no file system: `[timerfd]`, `anon_inode:[eventfd]`, `socket:[92250]`. */
const nameless = /^(?:\w+:)?\[[\w.-]*\]$/
const rolesOfThreads = /^(?:main|worker|parent|vrrp|child|vhost|vcpu \d+)$/
const isMonitor = /qmp|monitor/
/** Directories and files that every host has. */
const common = new Set(
  (
    'bin sbin usr lib lib64 libexec local etc var log run lock opt srv home root tmp dev shm proc self sys fs cgroup block class net ' +
    'null zero full tty random urandom tun ptmx pts kmsg memfd: pid fd task status stat sched schedstat ' +
    'memory cpu cpuacct cpu,cpuacct cpuset pids blkio freezer devices hugetlb perf_event net_cls,net_prio systemd unified misc rdma init.scope ' +
    'system.slice user.slice machine.slice cgroup.freeze cgroup.procs cgroup.events cgroup.threads cgroup.subtree_control cpu.max cpu.weight ' +
    'cpu.cfs_quota_us cpu.cfs_period_us cpu.shares cpu.stat freezer.state tasks memory.max memory.high memory.limit_in_bytes keepalived ' +
    'keepalived.conf keepalived.pid vrrp.pid journal syslog messages deleted'
  ).split(' '),
)

export function createRedactedWords(names: Pseudonyms): RedactedWords {
  function part(text: string): string {
    if (common.has(text) || /^\d*$/.test(text) || text === '.' || text === '..') return text
    // Who speaks to qemu's monitor is seen by the name of its socket.
    return isMonitor.test(text) ? `${names.name(text)}.qmp` : names.name(text)
  }

  function word(text: string): string {
    if (text === '' || kernels.test(text) || devices.test(text) || nameless.test(text) || rolesOfThreads.test(text))
      return text
    if (text.includes('/')) return text.split('/').map(part).join('/')
    return part(text)
  }

  return {
    names,
    word,
    address: (text) => (text.includes(':') ? names.ipv6(text) : names.ipv4(text)),
  }
}
