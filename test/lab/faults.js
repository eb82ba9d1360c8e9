// What is done to the lab's pair, and what is the truth of it. Each waits until it is undone again.
//
//   host    to qemu, or to one of its threads: the host's probes can see it, the guest's only that it stood still
//   guest   to keepalived in there: the host sees a qemu that runs as ever
//
// `hostMaySay`: what a verdict without the guest may honestly come to, besides the truth. Under TCG a guest of one CPU
// stands still with its main loop, and with its vCPU.

import { openCgroup } from '../../dist/drill/cgroup.js'
import { holdFor, signalHold, writeHold } from '../../dist/drill/hold.js'
import { setTimeout as sleep } from 'node:timers/promises'

const hold = (pair, what, seconds) => holdFor(what, { mark: pair.mark, seconds })

async function quota(pair, seconds) {
  const cgroup = await openCgroup(pair.mark, 'cpu')
  try {
    await cgroup.add(pair.pid)
    const isV1 = cgroup.version === 1
    if (isV1) await cgroup.write('cpu.cfs_period_us', '1000000')
    const file = `${cgroup.directory}/${isV1 ? 'cpu.cfs_quota_us' : 'cpu.max'}`
    const [least, all] = isV1 ? ['1000', '-1'] : ['1000 1000000', 'max 100000']
    await hold(pair, writeHold(file, least, all), seconds)
  } finally {
    await cgroup.close()
  }
}

const senderIs = '$(cat /run/vrrp.pid)'

export const faults = {
  sigstop: {
    what: 'SIGSTOP for the qemu',
    where: 'host',
    cause: 'sender-stopped',
    hostMaySay: [],
    make: (pair, seconds) => hold(pair, signalHold(pair.pid), seconds),
  },
  'qmp-stop': {
    what: 'stop and cont by QMP: the guest is paused, and its clock with it',
    where: 'host',
    cause: 'vm-stopped',
    hostMaySay: ['inside-guest'],
    async make(pair, seconds) {
      await pair.qmp('stop')
      await sleep(seconds * 1000)
      await pair.qmp('cont')
    },
  },
  quota: {
    what: '1 ms of CPU a second for the qemu',
    where: 'host',
    cause: 'sender-throttled',
    hostMaySay: [],
    make: (pair, seconds) => quota(pair, 2 * seconds),
  },
  'vcpu-stopped': {
    what: 'a tracer holds one vCPU',
    where: 'host',
    cause: 'vcpu-stuck',
    hostMaySay: ['sender-stopped'],
    make: (pair, seconds) => hold(pair, { kind: 'trace', pid: pair.threads()['CPU 0/TCG'] }, seconds),
  },
  'main-loop-stopped': {
    what: 'a tracer holds the main loop of the qemu',
    where: 'host',
    cause: 'qemu-stalled',
    hostMaySay: [],
    make: (pair, seconds) => hold(pair, { kind: 'trace', pid: pair.pid }, seconds),
  },
  'guest-stopped': {
    what: 'SIGSTOP for the keepalived in the guest',
    where: 'guest',
    cause: 'inside-guest',
    hostMaySay: [],
    make: (pair, seconds) => pair.inGuest(`kill -STOP ${senderIs}; sleep ${seconds}; kill -CONT ${senderIs}`, 60_000),
  },
  'guest-hog': {
    what: 'a SCHED_FIFO loop on the only CPU of the guest, without the RT limit',
    where: 'guest',
    cause: 'inside-guest',
    hostMaySay: [],
    make: (pair, seconds) =>
      pair.inGuest(
        `echo -1 >/proc/sys/kernel/sched_rt_runtime_us; chrt -f 50 sh -c '
          read now rest </proc/uptime; end=$((\${now%.*} + ${Math.ceil(seconds)}))
          while read now rest </proc/uptime && [ \${now%.*} -lt $end ]; do :; done'
        echo 950000 >/proc/sys/kernel/sched_rt_runtime_us`,
        60_000,
      ),
  },
  'cpu-decoy': {
    what: 'nothing but a busy loop in the guest: nothing is late for long, and nobody is to be accused of more than it did',
    where: 'guest',
    cause: 'none',
    hostMaySay: [],
    make: (pair, seconds) => pair.inGuest(`timeout ${Math.ceil(seconds)} sh -c 'while :; do :; done' || true`, 60_000),
  },
}
