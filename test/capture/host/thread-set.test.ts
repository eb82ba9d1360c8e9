import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createThreadSet, type ThreadSet } from '../../../src/capture/host/thread-set.ts'

const hasPython = spawnSync('python3', ['--version']).status === 0
const script = join(import.meta.dirname, '../../fixtures/bin/start-threads.py')

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanUp of cleanups.splice(0)) cleanUp()
})

const nextLine = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => child.stdout?.once('data', resolve))

async function processWith(
  threads: number,
): Promise<{ readonly pid: number; readonly startOne: () => Promise<unknown> }> {
  const child = spawn('python3', [script, String(threads)], { stdio: ['pipe', 'pipe', 'ignore'] })
  cleanups.push(() => child.kill('SIGKILL'))
  await nextLine(child)
  const startOne = (): Promise<unknown> => {
    child.stdin.write('\n')
    return nextLine(child)
  }
  return { pid: child.pid ?? 0, startOne }
}

function threadSet(senders: number, own: number): ThreadSet {
  const set = createThreadSet({ senders, own })
  cleanups.push(() => set.close())
  return set
}

const pidsIn = (sample: string): readonly number[] =>
  Object.values(JSON.parse(`{${sample}}`) as Record<string, readonly [number]>).map(([pid]) => pid)

test.skipIf(!hasPython)('a thread that starts later is followed from the next sample but one', async () => {
  const { pid, startOne } = await processWith(3)
  const set = threadSet(10, 10)
  set.follow([pid], [])
  expect(pidsIn(set.sample())).toHaveLength(3)
  await startOne()
  set.sample()
  expect(pidsIn(set.sample())).toHaveLength(4)
})

test.skipIf(!hasPython)('what has no room is counted, and ours never take the room of the senders', async () => {
  const [sender, ours] = await Promise.all([processWith(6), processWith(9)])
  const set = threadSet(4, 2)
  set.follow([sender.pid], [ours.pid])
  const pids = pidsIn(set.sample())
  expect(pids.filter((pid) => pid === sender.pid)).toHaveLength(4)
  expect(pids.filter((pid) => pid === ours.pid)).toHaveLength(2)
  expect(set.own).toHaveLength(2)
  expect(set.skipped).toBe(2 + 7)
})

test.skipIf(!hasPython)('when the rank changes, the first has the room', async () => {
  const [one, other] = await Promise.all([processWith(4), processWith(4)])
  const set = threadSet(4, 1)
  set.follow([one.pid, other.pid], [])
  expect(new Set(pidsIn(set.sample()))).toEqual(new Set([one.pid]))
  set.follow([other.pid, one.pid], [])
  expect(new Set(pidsIn(set.sample()))).toEqual(new Set([other.pid]))
})

test('a process that does not exist is no error', () => {
  const set = threadSet(10, 10)
  set.follow([2 ** 22 + 1], [])
  expect(set.sample()).toBe('')
})
