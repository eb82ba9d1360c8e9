// The sender has to read its own program back from a slow disk, because its memory cgroup was emptied.

import { join } from 'node:path'
import { findCgroupMount, openCgroup } from '../cgroup.ts'
import { readDiskDevice, throttleOf } from '../disk-device.ts'
import { holdFor } from '../hold.ts'
import type { Scenario } from '../scenario.ts'
import { handOf } from './stops.ts'

export const paging: Scenario = {
  name: 'paging',
  summary: "the sender's memory cgroup is squeezed, and its program has to be read back from a slow disk",
  cause: 'sender-paging',
  defaultSeconds: 5,
  makesLate: true,
  pair: { extras: { disk: 'program' } },
  async refusal() {
    const [io, memory] = [await findCgroupMount('io'), await findCgroupMount('memory')]
    if (io !== undefined && memory !== undefined) return undefined
    return 'no cgroup hierarchies that can throttle disks and limit memory are there'
  },
  async inject(pair, options) {
    const { memory } = pair
    if (memory === undefined) throw new Error('the sender did not begin in a memory cgroup')
    const pid = await pair.sender.readPid()
    const cgroup = await openCgroup(pair.mark, 'io')
    try {
      await cgroup.add(pid)
      const { file, slow, free } = throttleOf(cgroup, await readDiskDevice(pair), 'read', 1)
      const [squeeze, how] = memory.version === 1 ? ['memory.force_empty', '0'] : ['memory.reclaim', '64M']
      const held = await holdFor(
        {
          kind: 'shell',
          // What cannot be reclaimed makes it fail at the end, when all else is out.
          begin: 'printf %s "$2" > "$1"; printf %s "$5" > "$4" 2>/dev/null || :',
          end: 'printf %s "$3" > "$1"',
          args: [join(cgroup.directory, file), slow, free, join(memory.directory, squeeze), how],
        },
        { ...options, mark: pair.mark },
      )
      return {
        cause: 'sender-paging',
        startAt: held.startAt,
        endAt: held.endAt,
        culprit: { kind: 'process', pid, comm: 'keepalived', name: 'keepalived' },
        alsoGuilty: [handOf(held)],
        how: `the memory cgroup of keepalived ${pid} was emptied; its program lies on a disk of a read or two a second`,
      }
    } finally {
      await cgroup.close()
    }
  },
}
