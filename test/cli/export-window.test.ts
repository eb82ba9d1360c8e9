// `e` on the screen: a file of its own in the directory that whylate was started in, and never anything that is there.

import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { exportWindow } from '../../src/cli/export-window.ts'
import { replayAll } from '../../src/session/replay/replay.ts'
import type { Snapshot } from '../../src/engine/snapshot.ts'
import type { WindowView } from '../../src/diagnose/finding.ts'
import { ownFolder } from '../fixtures/own-incident.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-export-window-'))
const home = process.cwd()
afterAll(() => {
  process.chdir(home)
  rmSync(folder, { recursive: true, force: true })
})

let dirs = 0
let here = ''
let snapshot: Snapshot
let view: WindowView
beforeEach(async () => {
  here = join(folder, String(dirs++))
  mkdirSync(here)
  process.chdir(here)
  const { snapshot: played, session } = await replayAll(join(ownFolder, 'sigstop-1.whylate.tgz'), {
    budgetBytes: 256 * 2 ** 20,
    interval: undefined,
    late: undefined,
    vrid: undefined,
  })
  const [first] = session.windows
  if (first === undefined) throw new Error('nothing was late')
  snapshot = played
  view = first
})

test.each([
  ['text', 'txt', 'LATE'],
  ['md', 'md', '#'],
  ['html', 'html', '<!doctype html>'],
] as const)('%s: this one late advert, for nobody else to read', async (form, ending, begins) => {
  const { sentence, isWritten } = await exportWindow(view, snapshot, form)
  const [name = ''] = readdirSync(here)
  expect(name).toMatch(new RegExp(String.raw`^whylate-late-1-\d{8}T\d{6}Z\.${ending}$`))
  expect({ sentence, isWritten }).toEqual({ sentence: `Written to ${join(here, name)}`, isWritten: true })
  expect(statSync(join(here, name)).mode & 0o777).toBe(0o600)
  const text = readFileSync(join(here, name), 'utf8')
  expect(text.toLowerCase()).toContain(begins.toLowerCase())
  expect(text).toContain('SIGSTOP')
})

test('what is there stays as it is, a link too; the next gets a number', async () => {
  await exportWindow(view, snapshot, 'text')
  const [first = ''] = readdirSync(here)
  rmSync(join(here, first))
  writeFileSync(join(here, 'precious'), 'precious')
  symlinkSync(join(here, 'precious'), join(here, first))
  const { sentence } = await exportWindow(view, snapshot, 'text')
  expect(sentence).toBe(`Written to ${join(here, first.replace('.txt', '-2.txt'))}`)
  expect(readFileSync(join(here, 'precious'), 'utf8')).toBe('precious')
})

test('a hundred are enough', async () => {
  await exportWindow(view, snapshot, 'md')
  const [first = ''] = readdirSync(here)
  for (let i = 2; i <= 100; i++) writeFileSync(join(here, first.replace('.md', `-${i}.md`)), '')
  expect(await exportWindow(view, snapshot, 'md')).toEqual({
    sentence: 'Nothing is exported: 100 exports of it are here already.',
    isWritten: false,
  })
})

test('a directory that is gone is a sentence', async () => {
  rmSync(here, { recursive: true })
  expect(await exportWindow(view, snapshot, 'text')).toMatchObject({
    sentence: 'Nothing is exported: this directory is not there any more.',
    isWritten: false,
  })
})

test.skipIf(process.getuid?.() === 0)('one that may not be written to is a sentence (not as root)', async () => {
  chmodSync(here, 0o500)
  expect((await exportWindow(view, snapshot, 'text')).sentence).toBe(
    'Nothing is exported: you may not write to this directory.',
  )
  chmodSync(here, 0o700)
})
