// The sender gets no CPU: a quota that a neighbour uses up, a neighbour that outranks it. And one that takes it nothing.

import { availableParallelism } from 'node:os'
import { startBusy } from '../busy.ts'
import { findCgroupMount, openCgroup } from '../cgroup.ts'
import { runCommand } from '../command.ts'
import { holdFor, writeHold } from '../hold.ts'
import type { Pair } from '../pair.ts'
import { waitFor, type FaultOptions, type Scenario, type Truth } from '../scenario.ts'

const loop = ':'

export const quota: Scenario = {
  name: 'quota',
  summary: 'a CPU quota of 1 ms a second over the sender and a busy neighbour in the same cgroup',
  cause: 'sender-throttled',
  defaultSeconds: 8,
  makesLate: true,
  refusal: async () =>
    (await findCgroupMount('cpu')) === undefined ? 'no cgroup hierarchy with the cpu controller is there' : undefined,
  async inject(pair, options) {
    const pid = await pair.sender.readPid()
    const cgroup = await openCgroup(pair.mark, 'cpu')
    const busy = await startBusy(pair.mark, loop, options.seconds)
    try {
      await cgroup.add(pid)
      await cgroup.add(busy.pid)
      const isV1 = cgroup.version === 1
      if (isV1) await cgroup.write('cpu.cfs_period_us', '1000000')
      const file = `${cgroup.directory}/${isV1 ? 'cpu.cfs_quota_us' : 'cpu.max'}`
      const [least, all] = isV1 ? ['1000', '-1'] : ['1000 1000000', 'max 100000']
      const held = await holdFor(writeHold(file, least, all), { ...options, mark: pair.mark })
      return {
        cause: 'sender-throttled',
        startAt: held.startAt,
        endAt: held.endAt,
        culprit: { kind: 'cgroup', pid: undefined, comm: undefined, name: cgroup.name },
        alsoGuilty: [{ kind: 'process', pid: busy.pid, comm: busy.comm, name: busy.comm }],
        how: `1 ms of CPU a second for keepalived ${pid} and a busy loop together (cgroup version ${cgroup.version})`,
      }
    } finally {
      await busy.end()
      await cgroup.close()
    }
  },
}

export const quotaNeighbour: Scenario = {
  name: 'quota-neighbour',
  summary: 'the same quota over a busy neighbour alone: the sender is not in that cgroup',
  cause: 'none',
  defaultSeconds: 8,
  makesLate: false,
  ...(quota.refusal === undefined ? {} : { refusal: quota.refusal }),
  async inject(pair, options) {
    const cgroup = await openCgroup(pair.mark, 'cpu')
    const busy = await startBusy(pair.mark, loop, options.seconds)
    try {
      await cgroup.add(busy.pid)
      const startAt = pair.now()
      if (cgroup.version === 1) await cgroup.write('cpu.cfs_period_us', '1000000')
      if (cgroup.version === 1) await cgroup.write('cpu.cfs_quota_us', '1000')
      else await cgroup.write('cpu.max', '1000 1000000')
      options.onStart?.(startAt)
      await waitFor(options)
      return {
        cause: 'none',
        startAt,
        endAt: pair.now(),
        culprit: { kind: 'cgroup', pid: undefined, comm: undefined, name: cgroup.name },
        looksLike: 'sender-throttled',
        how: 'a busy loop in a cgroup with 1 ms of CPU a second, without the sender',
      }
    } finally {
      await busy.end()
      await cgroup.close()
    }
  },
}

const lastCpu = (): number => availableParallelism() - 1

async function setAffinity(pair: Pair, pid: number, cpus: string): Promise<string> {
  const told = await runCommand(pair.mark, 'taskset', ['-p', '-c', cpus, String(pid)])
  // pid 4711's current affinity list: 0,1
  return /current affinity list: (\S+)/.exec(told)?.[1] ?? cpus
}

/** A busy loop on the one CPU that the sender is confined to meanwhile. */
async function hogBeside(
  pair: Pair,
  options: FaultOptions,
  rank: { readonly command: readonly string[]; readonly prepare: (pid: number) => Promise<void> },
): Promise<Pick<Truth, 'startAt' | 'endAt' | 'culprit'>> {
  const pid = await pair.sender.readPid()
  const cpu = String(lastCpu())
  const before = await setAffinity(pair, pid, cpu)
  try {
    await rank.prepare(pid)
    const startAt = pair.now()
    const busy = await startBusy(pair.mark, loop, options.seconds, ['taskset', '-c', cpu, ...rank.command])
    options.onStart?.(startAt)
    await waitFor(options)
    const endAt = pair.now()
    await busy.end()
    return { startAt, endAt, culprit: { kind: 'process', pid: busy.pid, comm: busy.comm, name: busy.comm } }
  } finally {
    await setAffinity(pair, pid, before).catch(() => undefined)
  }
}

export const cpuHog: Scenario = {
  name: 'cpu-hog',
  summary: "an ordinary busy loop on the sender's CPU: the scheduler is fair, nothing is late",
  cause: 'none',
  defaultSeconds: 6,
  makesLate: false,
  async inject(pair, options) {
    const done = await hogBeside(pair, options, { command: [], prepare: async () => undefined })
    return { ...done, cause: 'none', looksLike: 'sender-starved', how: 'a busy loop of ordinary rank on its only CPU' }
  },
}

/**
 * The fair server of Linux 6.8 gives ordinary tasks their share beside a SCHED_FIFO loop. A sender that is a realtime task
 * itself (vrrp_rt_priority) has no such friend.
 */
export const fifoHog: Scenario = {
  name: 'fifo-hog',
  summary: 'a SCHED_FIFO loop of priority 50 on the CPU of a sender that runs at priority 10 (vrrp_rt_priority)',
  cause: 'sender-starved',
  defaultSeconds: 4.2,
  makesLate: true,
  refusal: () =>
    Promise.resolve(availableParallelism() < 2 ? 'it would take this machine its only CPU for seconds' : undefined),
  async inject(pair, options) {
    const pid = await pair.sender.readPid()
    const done = await hogBeside(pair, options, {
      command: ['chrt', '-f', '50'],
      prepare: async (sender) => void (await runCommand(pair.mark, 'chrt', ['-f', '-p', '10', String(sender)])),
    })
    await runCommand(pair.mark, 'chrt', ['-o', '-p', '0', String(pid)])
    return { ...done, cause: 'sender-starved', how: `a SCHED_FIFO loop above keepalived ${pid} on its only CPU` }
  },
}
