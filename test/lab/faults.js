// What is done to the lab's pair, and what is the truth of it. Each waits until it is undone again.
//
//   host    to qemu, to one of its threads, or beside it: the host's probes can see it, the guest's only that it stood still
//   way     past the guest: on the tap, or on the bridge
//   guest   to keepalived in there: the host sees a qemu that runs as ever
//
// `hostMaySay`: what a verdict without the guest may honestly come to, besides the truth. Under TCG a guest of one CPU
// stands still with its main loop, and with its vCPU. `who`: whom a firm verdict may name: the hand, or the victim; anybody
// else is innocent. Of a look-alike, which makes nothing late: `looksLike` it must not be taken for, and who did it is the
// `innocent`; a crowded machine may make an advert late all the same, and may be told so.
//
// Whatever is done ends with its owner: a hold, a loop and a cgroup carry the mark of the pair.

import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startBusy } from '../../dist/drill/busy.js'
import { freezeFileOf } from '../../dist/drill/cgroup-mount.js'
import { openCgroup } from '../../dist/drill/cgroup.js'
import { runCommand } from '../../dist/drill/command.js'
import { holdFor, signalHold, writeHold } from '../../dist/drill/hold.js'
import { bridge } from '../../dist/drill/network.js'
import { cache } from './image.js'

const hold = (pair, what, seconds) => holdFor(what, { mark: pair.mark, seconds })

async function inCgroup(pair, controller, use) {
  const cgroup = await openCgroup(pair.mark, controller)
  try {
    await cgroup.add(pair.pid)
    await use(cgroup)
  } finally {
    await cgroup.close()
  }
}

/** So many µs of CPU a second. */
const quota = (pair, us, seconds) =>
  inCgroup(pair, 'cpu', async (cgroup) => {
    const isV1 = cgroup.version === 1
    if (isV1) await cgroup.write('cpu.cfs_period_us', '1000000')
    const file = `${cgroup.directory}/${isV1 ? 'cpu.cfs_quota_us' : 'cpu.max'}`
    const [least, all] = isV1 ? [String(us), '-1'] : [`${us} 1000000`, 'max 100000']
    await hold(pair, writeHold(file, least, all), seconds)
  })

const freeze = (pair, seconds) =>
  inCgroup(pair, 'freezer', (cgroup) => {
    const { path, freeze: begin, thaw } = freezeFileOf(cgroup, cgroup.directory)
    return hold(pair, writeHold(path, begin, thaw), seconds)
  })

/** All of qemu on the last CPU, and a loop beside it that outranks it. */
async function hogBeside(pair, seconds) {
  const cpu = String(availableParallelism() - 1)
  const confine = (cpus) => runCommand(pair.mark, 'taskset', ['-a', '-p', '-c', cpus, String(pair.pid)])
  await confine(cpu)
  try {
    const busy = await startBusy(pair.mark, ':', seconds, ['taskset', '-c', cpu, 'chrt', '-f', '50'])
    await sleep(seconds * 1000)
    await busy.end()
  } finally {
    await confine(`0-${cpu}`)
  }
}

/** The guest has no disk; these go to the one that its image lies on, into files that have no name any more. */
async function storm(pair, seconds) {
  const writers = await Promise.all(
    [0, 1].map((number) => {
      const path = join(cache, `storm-${pair.mark}-${number}`)
      const unnamed = ['bash', '-c', 'exec 3<>"$0"; rm "$0"; exec "$@"', path]
      return startBusy(
        pair.mark,
        'dd if=/dev/zero of=/proc/self/fd/3 bs=1M count=64 conv=fsync 2>/dev/null',
        seconds,
        unnamed,
      )
    }),
  )
  await sleep(seconds * 1000)
  await Promise.all(writers.map((one) => one.end()))
}

const flooder = `
use Socket; socket my $s, PF_INET, SOCK_DGRAM, 17 or die "socket: $!"; my $to = sockaddr_in(9, inet_aton($ARGV[0]));
my $end = time + $ARGV[1]; while (time < $end) { send $s, 'flood', 0, $to for 1 .. 500 }
`

const flood = (pair, seconds) =>
  runCommand(pair.mark, 'ip', [
    'netns',
    'exec',
    pair.backup.namespace,
    'perl',
    '-e',
    flooder,
    '10.205.0.11',
    String(Math.ceil(seconds)),
  ])

/** Nothing but a loop: it makes no system call while it runs. Who ends it outranks it. */
const hogInGuest = (seconds) =>
  `chrt -f 60 timeout -s KILL ${Math.ceil(seconds)} chrt -f 50 sh -c 'while :; do :; done' || true`

/** `hands`: the programs that do it here. */
const victimOr = (...hands) =>
  new RegExp(`^(?:instance-000000dd|qemu-system-x86.*|whylate-drill-.*|${hands.join('|')})$`)

const quotaOf = (us) => ({
  what: `${us / 1000} ms of CPU a second for the qemu`,
  where: 'host',
  cause: 'sender-throttled',
  who: victimOr('bash'),
  hostMaySay: [],
  make: (pair, seconds) => quota(pair, us, 2 * seconds),
})

const senderIs = '$(cat /run/vrrp.pid)'

export const faults = {
  sigstop: {
    what: 'SIGSTOP for the qemu',
    where: 'host',
    cause: 'sender-stopped',
    who: victimOr('bash'),
    hostMaySay: [],
    make: (pair, seconds) => hold(pair, signalHold(pair.pid), seconds),
  },
  'qmp-stop': {
    what: 'stop and cont by QMP: the guest is paused, and its clock with it',
    where: 'host',
    cause: 'vm-stopped',
    who: victimOr('node'),
    hostMaySay: ['inside-guest'],
    async make(pair, seconds) {
      await pair.qmp('stop')
      await sleep(seconds * 1000)
      await pair.qmp('cont')
    },
  },
  freezer: {
    what: 'the cgroup freezer over the qemu',
    where: 'host',
    cause: 'sender-stopped',
    who: victimOr('bash'),
    hostMaySay: [],
    make: freeze,
  },
  'quota-5pct': quotaOf(50_000),
  'quota-1pct': quotaOf(10_000),
  'quota-0.1pct': quotaOf(1000),
  'vcpu-stopped': {
    what: 'a tracer holds one vCPU',
    where: 'host',
    cause: 'vcpu-stuck',
    who: victimOr('perl'),
    hostMaySay: ['sender-stopped'],
    make: (pair, seconds) => hold(pair, { kind: 'trace', pid: pair.threads()['CPU 0/TCG'] }, seconds),
  },
  'main-loop-stopped': {
    what: 'a tracer holds the main loop of the qemu',
    where: 'host',
    cause: 'qemu-stalled',
    who: victimOr('perl'),
    hostMaySay: [],
    make: (pair, seconds) => hold(pair, { kind: 'trace', pid: pair.pid }, seconds),
  },
  'guest-stopped': {
    what: 'SIGSTOP for the keepalived in the guest',
    where: 'guest',
    cause: 'inside-guest',
    who: victimOr('keepalived', 'sh'),
    hostMaySay: [],
    make: (pair, seconds) => pair.inGuest(`kill -STOP ${senderIs}; sleep ${seconds}; kill -CONT ${senderIs}`, 60_000),
  },
  'fifo-hog': {
    what: 'a SCHED_FIFO loop on the only CPU that the qemu may use',
    where: 'host',
    cause: 'sender-starved',
    who: victimOr('bash'),
    hostMaySay: [],
    make: (pair, seconds) => hogBeside(pair, 2 * seconds),
  },
  'tap-held': {
    what: 'what the guest sends waits in a buffer of its qemu (filter-buffer)',
    where: 'way',
    cause: 'tx-held',
    who: victimOr('node'),
    hostMaySay: ['inside-guest'],
    async make(pair, seconds) {
      const interval = Math.round(seconds * 1e6)
      const filter = { 'qom-type': 'filter-buffer', id: 'held', netdev: 'n0', queue: 'rx', interval }
      await pair.qmp('object-add', filter)
      await sleep(seconds * 1000 + 50)
      await pair.qmp('object-del', { id: 'held' })
    },
  },
  'port-out': {
    what: 'the BACKUP’s port is out of the bridge',
    where: 'way',
    cause: 'path',
    who: victimOr('vb'),
    isSeenAtPeer: true,
    hostMaySay: [],
    make: (pair, seconds) =>
      hold(
        pair,
        {
          kind: 'shell',
          begin: 'ip -n "$1" link set "$2" nomaster',
          end: 'ip -n "$1" link set "$2" master "$3"',
          args: [pair.namespace, pair.peerLink, bridge],
        },
        seconds,
      ),
  },
  'guest-fifo-hog': {
    what: 'a SCHED_FIFO loop on the only CPU of the guest',
    where: 'guest',
    cause: 'inside-guest',
    who: victimOr('keepalived', 'sh'),
    hostMaySay: [],
    make: (pair, seconds) => pair.inGuest(hogInGuest(2 * seconds), 60_000),
  },
  'guest-fifo-hog-nolimit': {
    what: 'the same, without the RT limit',
    where: 'guest',
    cause: 'inside-guest',
    who: victimOr('keepalived', 'sh'),
    hostMaySay: [],
    make: (pair, seconds) =>
      pair.inGuest(
        `echo -1 >/proc/sys/kernel/sched_rt_runtime_us; ${hogInGuest(seconds)}
        echo 950000 >/proc/sys/kernel/sched_rt_runtime_us`,
        60_000,
      ),
  },
  disk: {
    what: 'two writers with fsync on the disk of the host',
    where: 'host',
    cause: 'none',
    looksLike: ['sender-blocked', 'sender-paging', 'qemu-stalled', 'inside-guest'],
    innocent: /^(?:dd|bash)$/,
    hostMaySay: [],
    make: (pair, seconds) => storm(pair, 2 * seconds),
  },
  'udp-flood': {
    what: 'small packets to the MASTER, as many as one sender can',
    where: 'way',
    cause: 'none',
    looksLike: ['sender-blocked', 'tx-held', 'foreign-vrid', 'capture-loss'],
    innocent: /^perl$/,
    hostMaySay: [],
    make: (pair, seconds) => flood(pair, 2 * seconds),
  },
  'cpu-decoy': {
    what: 'nothing but a busy loop in the guest: nothing is late for long, and nobody is to be accused of more than it did',
    where: 'guest',
    cause: 'none',
    looksLike: ['inside-guest'],
    innocent: /^(?:sh|timeout)$/,
    hostMaySay: [],
    make: (pair, seconds) => pair.inGuest(`timeout ${Math.ceil(seconds)} sh -c 'while :; do :; done' || true`, 60_000),
  },
  'guest-clock-step': {
    what: 'the clock of the guest is put forward by 5 s',
    where: 'guest',
    cause: 'none',
    looksLike: ['clock-step', 'vm-stopped', 'inside-guest', 'host-frozen'],
    innocent: /^(?:date|sh)$/,
    hostMaySay: [],
    make: async (pair, seconds) => {
      await pair.inGuest('date -s @$(($(date +%s) + 5))')
      await sleep(seconds * 1000)
    },
  },
}
