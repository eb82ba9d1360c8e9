// What a killed whylate leaves behind, and that the next one takes it away: all of it, and nothing else.

import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { removeMarked, sweepLeftovers } from '../../src/drill/leftovers.ts'
import { markOf, parseMark, readOwner } from '../../src/drill/mark.ts'
import { scenarios } from '../../src/drill/scenarios.ts'
import { buildOwner, readFamily, readTraces, stillAlive, type OwnerProgram } from './owner.ts'

const isRoot = process.getuid?.() === 0
const timeout = 60_000
let program: OwnerProgram

beforeAll(async () => {
  if (isRoot) program = await buildOwner({ version: 3, advertInterval: 0.1 })
}, timeout)
afterAll(() => {
  if (isRoot) program.remove()
})

const markSaidIn = (lines: readonly string[]): string =>
  lines.find((line) => line.startsWith('up '))?.split(' ')[1] ?? ''

/** Each scenario that this machine can play; those that change nothing of the pair stand for one another. */
const playable: string[] = []
for (const { name, refusal } of scenarios) if ((await refusal?.()) === undefined) playable.push(name)

test.skipIf(!isRoot).each(['no fault', ...playable])(
  'kill -9 of an owner in the middle of %s: the sweep leaves nothing of it (needs root)',
  async (scenario) => {
    const owner = await (scenario === 'no fault' ? program.start('up') : program.start('injected', scenario))
    const family = await readFamily(owner.pid)
    await owner.kill()
    expect((await readTraces([owner.pid])).length).toBeGreaterThan(4)
    const removals = await sweepLeftovers()
    const own = removals.filter((removal) => parseMark(removal.mark)?.owner.pid === owner.pid)
    expect(own.map((removal) => removal.left)).toEqual([[]])
    expect(own[0]?.removed).toContain(`namespace ${markSaidIn(owner.lines)}-lb01`)
    expect(await readTraces([owner.pid])).toEqual([])
    await vi.waitFor(async () => expect(await stillAlive(family)).toEqual([]), { timeout: 5000 })
  },
  timeout,
)

test.skipIf(!isRoot)(
  'kill -9 at any moment of the start: the sweep leaves nothing (needs root)',
  async () => {
    const pids: number[] = []
    for (let afterMs = 0; afterMs <= 210; afterMs += 15) {
      const owner = await program.start('opening')
      pids.push(owner.pid)
      await sleep(afterMs)
      await owner.kill()
      const left = (await sweepLeftovers()).flatMap((removal) => removal.left)
      expect(left).toEqual([])
    }
    expect(await readTraces(pids)).toEqual([])
  },
  timeout,
)

test.skipIf(!isRoot)(
  'a pair whose owner lives is left alone, and goes on sending (needs root)',
  async () => {
    const alive = await program.start('up')
    const dead = await program.start('up')
    await dead.kill()
    const before = await readTraces([alive.pid])
    const swept = (await sweepLeftovers()).map((removal) => parseMark(removal.mark)?.owner.pid)
    expect(swept).toContain(dead.pid)
    expect(swept).not.toContain(alive.pid)
    expect(await readTraces([alive.pid])).toEqual(before)
    const mark = markSaidIn(alive.lines)
    const capture = ['tcpdump', '-i', 'va', '-n', '-c', '3', 'vrrp']
    const { stdout } = await execa('ip', ['netns', 'exec', `${mark}-node`, ...capture], { timeout: 20_000 })
    expect(stdout).toContain('192.168.205.11 > 224.0.0.18: VRRPv3')
    await alive.kill()
    expect((await sweepLeftovers()).map((removal) => removal.mark)).toContain(mark)
    expect(await readTraces([alive.pid])).toEqual([])
  },
  timeout,
)

test.skipIf(!isRoot)(
  'two sweeps at the same time do not stumble over each other (needs root)',
  async () => {
    const owner = await program.start('up')
    await owner.kill()
    const removals = await Promise.all([sweepLeftovers(), sweepLeftovers(), sweepLeftovers()])
    expect(removals.flat().flatMap((removal) => removal.left)).toEqual([])
    expect(await readTraces([owner.pid])).toEqual([])
  },
  timeout,
)

test.skipIf(!isRoot)(
  'what only looks like ours stays: a namespace of another name, a bystander in a namespace of ours (needs root)',
  async () => {
    const other = `whylate-drill-mine-${process.pid}`
    await execa('ip', ['netns', 'add', other])
    const owner = await program.start('up')
    const mark = markSaidIn(owner.lines)
    // Somebody's shell in the sender's namespace, with the run directory in its command line.
    const line = ['netns', 'exec', `${mark}-lb01`, 'sh', '-c', 'sleep 60; :', 'bystander', `/run/${mark}`]
    const bystander = execa('ip', line, { reject: false })
    await owner.kill()
    await sleep(50)
    const removal = (await sweepLeftovers()).find((each) => each.mark === mark)
    expect(removal?.left).toEqual([])
    expect(await readFile(`/proc/${bystander.pid}/cmdline`, 'utf8')).toContain('bystander')
    expect(await readdir('/run/netns')).toContain(other)
    await execa('pkill', ['-KILL', '-P', String(bystander.pid)], { reject: false })
    await bystander
    await execa('ip', ['netns', 'del', other])
  },
  timeout,
)

test.skipIf(!isRoot)('an owner in another pid namespace is not judged (needs root)', async () => {
  const mark = markOf({ ...(await readOwner()), pidNamespace: '1', pid: 999_999 }, 0)
  await mkdir(join('/run', mark))
  const swept = (await sweepLeftovers()).map((removal) => removal.mark)
  expect(swept).not.toContain(mark)
  await rmdir(join('/run', mark))
})

test.skipIf(!isRoot)('a pid that another process has now is no living owner (needs root)', async () => {
  const self = await readOwner()
  const mark = markOf({ ...self, startTicks: String(Number(self.startTicks) - 1) }, 0)
  await mkdir(join('/run', mark))
  const swept = (await sweepLeftovers()).map((removal) => removal.mark)
  await rm(join('/run', mark), { recursive: true, force: true })
  expect(swept).toContain(mark)
})

test.skipIf(!isRoot)('a namespace that was cut short while it was made goes too (needs root)', async () => {
  const mark = markOf(await readOwner(), 4712)
  // `ip netns add` makes the file first and mounts the namespace on it then.
  await writeFile(`/run/netns/${mark}-node`, '')
  expect(await removeMarked(mark)).toEqual({ mark, removed: [`namespace ${mark}-node`], left: [] })
  expect(await readdir('/run/netns')).not.toContain(`${mark}-node`)
})

test.skipIf(!isRoot)('there is nothing to remove twice (needs root)', async () => {
  const mark = markOf(await readOwner(), 4711)
  expect(await removeMarked(mark)).toEqual({ mark, removed: [], left: [] })
})
