// Real files that are written, renamed and cut while they are followed.

import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { followAll, type LogFollower } from '../../src/capture/log-follower.ts'
import type { ProbeOutput } from '../../src/capture/output.ts'
import { openOwnClock } from '../../src/capture/own-clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-log-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let followers: readonly LogFollower[] = []
let outputs: ProbeOutput[] = []
afterEach(async () => {
  await Promise.all(followers.map((one) => one.stop()))
  followers = []
  outputs = []
})

async function follow(...paths: readonly string[]): Promise<void> {
  followers = await followAll(paths, openOwnClock(), (output) => outputs.push(output))
}

/** What was heard, `NAME: text`, in one piece a name. */
const heard = (name: string): string =>
  Buffer.concat(
    outputs.flatMap((one) => (one.kind === 'bytes' && one.part === name ? [Buffer.from(one.bytes)] : [])),
  ).toString('latin1')
const expectHeard = (name: string, text: string): Promise<void> =>
  vi.waitFor(() => expect(heard(name)).toBe(text), { timeout: 8000, interval: 20 })

test('only what is written from now on, from its first whole line', async () => {
  const path = join(folder, 'half.log')
  writeFileSync(path, 'old\nhalf a li')
  await follow(path)
  appendFileSync(path, 'ne\nnew\n')
  await expectHeard('half.log', 'new\n')
  expect(outputs[0]).toMatchObject({ kind: 'started', probe: 'log', detail: 'half.log' })
})

test('renamed by logrotate: the old one to its end, then the new one; two logs of one name are told apart', async () => {
  const path = join(folder, 'k.log')
  const other = join(mkdtempSync(join(folder, 'other-')), 'k.log')
  writeFileSync(path, '')
  writeFileSync(other, '')
  await follow(path, other)
  appendFileSync(path, 'one\n')
  appendFileSync(other, 'beside\n')
  await expectHeard('k.log', 'one\n')
  renameSync(path, `${path}.1`)
  appendFileSync(`${path}.1`, 'two\nlast words')
  writeFileSync(path, 'three\n')
  await expectHeard('k.log', 'one\ntwo\nlast words\nthree\n')
  renameSync(path, `${path}.2`)
  appendFileSync(`${path}.2`, 'four\n')
  await expectHeard('k.log', 'one\ntwo\nlast words\nthree\nfour\n')
  expect(heard('k.log-2')).toBe('beside\n')
})

test('cut in place (copytruncate): read on from its beginning, and said', async () => {
  const path = join(folder, 'cut.log')
  writeFileSync(path, '')
  await follow(path)
  appendFileSync(path, 'a long line before it was cut\n')
  await expectHeard('cut.log', 'a long line before it was cut\n')
  truncateSync(path, 0)
  appendFileSync(path, 'after\n')
  await expectHeard('cut.log', 'a long line before it was cut\nafter\n')
  expect(outputs.filter((one) => one.kind === 'said').map((one) => one.text)).toEqual([
    'cut.log was cut: lines that were written just before may be missing',
  ])
})

test('bytes are passed on as they are, however long a line; nothing is written to the host', async () => {
  const path = join(folder, 'bytes.log')
  writeFileSync(path, '')
  const { mtimeMs } = statSync(path)
  await follow(path)
  expect(statSync(path).mtimeMs).toBe(mtimeMs)
  const long = `${'x'.repeat(200_000)}\n`
  appendFileSync(path, Buffer.from(`\xff\xfe\x1b[31m\n${long}`, 'latin1'))
  await expectHeard('bytes.log', `\xff\xfe\x1b[31m\n${long}`)
})

test('what became something else is told once, and again when it is back', async () => {
  const path = join(folder, 'gone.log')
  writeFileSync(path, '')
  await follow(path)
  rmSync(path)
  execFileSync('mkfifo', [path])
  const kinds = (): string[] => outputs.map((one) => one.kind)
  await vi.waitFor(() => expect(kinds()).toEqual(['started', 'ended']), { timeout: 5000 })
  rmSync(path)
  writeFileSync(path, 'here\n')
  await expectHeard('gone.log', 'here\n')
  await vi.waitFor(() => expect(kinds().filter((kind) => kind !== 'bytes')).toEqual(['started', 'ended', 'started']))
})

test('what cannot be a log is refused with a sentence, and no other is left open', async () => {
  const pipe = join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  const fine = join(folder, 'fine.log')
  writeFileSync(fine, '')
  const refused = async (path: string): Promise<unknown> =>
    follow(fine, path).then(
      () => 'followed',
      (error: unknown) => [(error as Error).message, (error as { exitCode?: number }).exitCode],
    )
  expect(await refused(join(folder, 'nowhere.log'))).toEqual([`There is no log ${join(folder, 'nowhere.log')}.`, 2])
  expect(await refused(folder)).toEqual([`The log ${folder} is no plain file.`, 2])
  expect(await refused(pipe)).toEqual([`The log ${pipe} is no plain file.`, 2])
})
