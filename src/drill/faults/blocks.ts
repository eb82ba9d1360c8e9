// The sender is held up inside a call, or something that people take for it happens and holds it up not at all.
//
// keepalived touches no disk to send an advert. What ties it to one is a file that it writes in its loop (statistics), or a
// log daemon that waits for one.

import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startBusy } from '../busy.ts'
import { findCgroupMount, openCgroup } from '../cgroup.ts'
import { readDiskDevice, throttleOf } from '../disk-device.ts'
import { holdFor, signalHold } from '../hold.ts'
import { waitFor, type Scenario } from '../scenario.ts'
import { partPath } from '../sender-extras.ts'
import { handOf } from './stops.ts'

export const blockedLog: Scenario = {
  name: 'blocked-log',
  summary: 'the log daemon stops reading /dev/log, its queue fills up, and the sender waits in its next log message',
  cause: 'sender-blocked',
  defaultSeconds: 7,
  makesLate: true,
  pair: { extras: { check: 'flapping', hasLogSocket: true } },
  async inject(pair, options) {
    const { logger } = pair
    if (logger === undefined) throw new Error('the pair has no logger')
    const pid = await pair.sender.readPid()
    const held = await holdFor(signalHold(logger.pid), { ...options, mark: pair.mark })
    return {
      cause: 'sender-blocked',
      startAt: held.startAt,
      endAt: held.endAt,
      culprit: { kind: 'process', pid: logger.pid, comm: logger.comm, name: '/dev/log' },
      // The victim and where it waits is all that shows when nobody saw the reader read.
      alsoGuilty: [handOf(held), { kind: 'process', pid, comm: 'keepalived', name: '/dev/log' }],
      how: `${logger.comm} ${logger.pid} stopped reading (SIGSTOP by ${held.comm} ${held.pid}): its queue filled up`,
    }
  },
}

const refuseWithoutIo = async (): Promise<string | undefined> =>
  (await findCgroupMount('io')) === undefined ? 'no cgroup hierarchy that can throttle disks is there' : undefined

/** Writes of its cgroup to its disk are held back: one or two a second. */
export const slowDisk: Scenario = {
  name: 'slow-disk',
  summary: 'the sender is asked for its statistics (SIGUSR2) while the disk that it writes them to is slow',
  cause: 'sender-blocked',
  defaultSeconds: 5,
  makesLate: true,
  pair: { extras: { disk: 'statistics' } },
  refusal: refuseWithoutIo,
  async inject(pair, options) {
    const pid = await pair.sender.readPid()
    const cgroup = await openCgroup(pair.mark, 'io')
    try {
      await cgroup.add(pid)
      const { file, slow, free } = throttleOf(cgroup, await readDiskDevice(pair), 'write', 1)
      const held = await holdFor(
        {
          kind: 'shell',
          begin: 'printf %s "$2" > "$1"; kill -USR2 "$4"',
          end: 'printf %s "$3" > "$1"',
          args: [join(cgroup.directory, file), slow, free, String(pid)],
        },
        { ...options, mark: pair.mark },
      )
      const statistics = join(pair.runDirectory, partPath.disk, 'keepalived.stats')
      return {
        cause: 'sender-blocked',
        startAt: held.startAt,
        endAt: held.endAt,
        culprit: { kind: 'process', pid, comm: 'keepalived', name: statistics },
        alsoGuilty: [handOf(held)],
        how: `SIGUSR2 to keepalived ${pid}: it writes ${statistics} to a disk of a write or two a second`,
      }
    } finally {
      await cgroup.close()
    }
  },
}

export const diskStorm: Scenario = {
  name: 'disk-storm',
  summary: 'the same slow disk and a storm of fsync on it, and a sender that writes nothing to it',
  cause: 'none',
  defaultSeconds: 6,
  makesLate: false,
  pair: { extras: { disk: 'statistics' } },
  refusal: refuseWithoutIo,
  async inject(pair, options) {
    const cgroup = await openCgroup(pair.mark, 'io')
    const pid = await pair.sender.readPid()
    // Through /proc: the disk is mounted in the sender's namespace alone.
    const file = `/proc/${pid}/root${join(pair.runDirectory, partPath.disk, 'storm')}`
    const busy = await startBusy(
      pair.mark,
      `dd if=/dev/zero of=${file} bs=4k count=8 conv=fsync 2>/dev/null`,
      options.seconds,
    )
    try {
      await cgroup.add(busy.pid)
      const throttle = throttleOf(cgroup, await readDiskDevice(pair), 'write', 4)
      const startAt = pair.now()
      await cgroup.write(throttle.file, throttle.slow)
      options.onStart?.(startAt)
      await waitFor(options)
      const endAt = pair.now()
      await cgroup.write(throttle.file, throttle.free)
      return {
        cause: 'none',
        startAt,
        endAt,
        culprit: { kind: 'process', pid: busy.pid, comm: 'dd', name: 'dd' },
        looksLike: 'sender-blocked',
        how: 'dd with fsync, over and over, on a disk of four writes a second that the sender does not write to',
      }
    } finally {
      await busy.end()
      await cgroup.close()
    }
  },
}

export const slowScript: Scenario = {
  name: 'slow-script',
  summary: 'a check script that does not end: keepalived starts it as a process and waits for nothing',
  cause: 'none',
  defaultSeconds: 7,
  makesLate: false,
  pair: { extras: { check: 'hanging' } },
  async inject(pair, options) {
    const hang = join(pair.runDirectory, partPath.hang)
    const startAt = pair.now()
    await writeFile(hang, '')
    options.onStart?.(startAt)
    await waitFor(options)
    const endAt = pair.now()
    await rm(hang, { force: true })
    return {
      cause: 'none',
      startAt,
      endAt,
      culprit: { kind: 'process', pid: undefined, comm: 'sh', name: 'sh' },
      looksLike: 'sender-blocked',
      how: `a check script of keepalived ${pair.sender.pid} that hangs`,
    }
  },
}
