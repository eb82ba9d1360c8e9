// Where a machine keeps its cgroups, by lines of its own /proc.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freezeFileOf, parseCgroupMounts, parseCgroupOf, type CgroupMount } from '../../src/drill/cgroup-mount.ts'
import { throttleOf } from '../../src/drill/disk-device.ts'
import { liftHolds } from '../../src/drill/lift-holds.ts'

const hybrid = `tmpfs /sys/fs/cgroup tmpfs rw,relatime,mode=755 0 0
cgroup /sys/fs/cgroup/cpu cgroup rw,relatime,cpu 0 0
cgroup /sys/fs/cgroup/freezer cgroup rw,relatime,freezer 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
`
const mountsOf = (text: string, handedDown = ''): readonly CgroupMount[] => parseCgroupMounts(text, () => handedDown)
const v1: CgroupMount = { version: 1, directory: '/sys/fs/cgroup/freezer', controllers: ['freezer'] }
const v2: CgroupMount = { version: 2, directory: '/sys/fs/cgroup/unified', controllers: ['freezer'] }

test('a machine with both versions has both, a machine with one has one, and some have none', () => {
  expect(mountsOf(hybrid)).toEqual([{ version: 1, directory: '/sys/fs/cgroup/cpu', controllers: ['cpu'] }, v1, v2])
  expect(mountsOf('cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate 0 0\n')).toEqual([
    { version: 2, directory: '/sys/fs/cgroup', controllers: ['freezer'] },
  ])
  expect(mountsOf('proc /proc proc rw 0 0\n')).toEqual([])
})

test('version 2 has what its top hands down, version 1 what its line names', () => {
  const unified = 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n'
  expect(mountsOf(unified, 'cpuset cpu io memory pids\n')[0]?.controllers).toEqual(['freezer', 'cpu', 'io', 'memory'])
  const joined =
    'cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\ncgroup /sys/fs/cgroup/blkio cgroup rw,blkio 0 0\n'
  expect(mountsOf(joined).map((each) => each.controllers)).toEqual([['cpu'], ['io']])
})

test('a disk is throttled in the words of each version; version 2 takes no limit of one a second', () => {
  expect(throttleOf({ version: 1 }, '7:0', 'write', 1)).toEqual({
    file: 'blkio.throttle.write_iops_device',
    slow: '7:0 1',
    free: '7:0 0',
  })
  expect(throttleOf({ version: 2 }, '7:0', 'read', 1)).toEqual({
    file: 'io.max',
    slow: '7:0 riops=2',
    free: '7:0 riops=max',
  })
  expect(throttleOf({ version: 2 }, '7:0', 'write', 4).slow).toBe('7:0 wiops=4')
})

test('the file and the words that freeze differ between the versions', () => {
  expect(freezeFileOf(v1, '/c/x')).toEqual({ path: '/c/x/freezer.state', freeze: 'FROZEN', thaw: 'THAWED' })
  expect(freezeFileOf(v2, '/c/x')).toEqual({ path: '/c/x/cgroup.freeze', freeze: '1', thaw: '0' })
})

test('a process is found in each hierarchy, and at its top when it is out of sight', () => {
  const text = '9:name=systemd:/\n6:freezer:/kubepods/a\n4:memory:/api/b\n0::/init.scope\n'
  expect(parseCgroupOf(text, v1)).toBe('/sys/fs/cgroup/freezer/kubepods/a')
  expect(parseCgroupOf(text, v2)).toBe('/sys/fs/cgroup/unified/init.scope')
  expect(parseCgroupOf('0::/../../other\n', v2)).toBe('/sys/fs/cgroup/unified')
  expect(parseCgroupOf('', v1)).toBe('/sys/fs/cgroup/freezer')
})

test.each([
  [1, 'blkio.throttle.write_iops_device', '7:3 1\n', '7:3 0'],
  [2, 'io.max', '7:3 rbps=max wbps=max riops=max wiops=1\n', '7:3 riops=max wiops=max'],
  [1, 'cpu.cfs_quota_us', '1000\n', '-1'],
  [2, 'cpu.max', '1000 1000000\n', 'max'],
  [1, 'freezer.state', 'FROZEN\n', 'THAWED'],
  [2, 'cgroup.freeze', '1\n', '0'],
] as const)('what a cgroup of version %i holds back by %s is let go', async (version, file, held, free) => {
  const cgroup = await mkdtemp(join(tmpdir(), 'whylate-cgroup-'))
  await writeFile(join(cgroup, file), held)
  await liftHolds({ version, directory: tmpdir(), controllers: ['freezer', 'cpu', 'io', 'memory'] }, cgroup)
  expect(await readFile(join(cgroup, file), 'utf8')).toBe(free)
  await rm(cgroup, { recursive: true })
})
