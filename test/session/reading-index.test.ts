// A bundle that took long to read is known when it is opened again: the same late adverts with the same windows, at once. And an
// index that does not belong to what is there now is none.

import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { Snapshot } from '../../src/engine/snapshot.ts'
import type { ReplaySettings } from '../../src/session/replay/replay-player.ts'
import { openReplay, type ReplaySession } from '../../src/session/replay/replay-session.ts'
import { clockRows } from '../../src/screen/clock-bar.ts'
import { textOf } from '../../src/screen/cells.ts'
import { writeIncidentBundle } from '../fixtures/incident-bundle.ts'
import { replaySettings, until } from '../fixtures/replay.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-index-'))
const bundle = join(folder, 'night.whylate')
const indexPath = `${bundle}.index`
beforeEach(async () => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true })
  await writeIncidentBundle('netns-sigstop-repeated', bundle)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const index = { program: '1', fromMs: 0 }
const open = async (path = bundle, how: Partial<ReplaySettings> = {}, by = index): Promise<ReplaySession> =>
  openReplay(path, { ...replaySettings, ...how }, { speed: undefined, index: by })

/** All of it, as it stands at its end, and the window of each late advert. */
async function whole(session: ReplaySession): Promise<{ readonly last: Snapshot; readonly views: unknown[] }> {
  await until(() => session.snapshot().replay?.reading === undefined)
  const last = session.snapshot()
  const views: unknown[] = []
  for (const { number } of last.late) {
    session.ask({ late: number })
    await until(() => session.snapshot().selected?.late.number === number)
    views.push(session.snapshot().selected)
  }
  await session.stop()
  return { last, views }
}

const isKnown = async (...how: Parameters<typeof open>): Promise<boolean> => {
  const session = await open(...how)
  const { replay, late } = session.snapshot()
  await session.stop()
  // What is not known begins with nothing.
  expect(late.length > 0).toBe(replay?.reading?.isAgain === true)
  return late.length > 0
}

const read = async (path = bundle): Promise<void> => {
  const session = await open(path)
  await until(() => session.snapshot().replay?.reading === undefined)
  await session.stop()
}

test('what was read once is there at once: late adverts, verdicts, flows, probes and each window', async () => {
  const { last, views } = await whole(await open())
  expect(last.late.length).toBeGreaterThan(2)
  expect(readdirSync(folder)).toEqual(['night.whylate', 'night.whylate.index'])
  expect(statSync(indexPath).mode & 0o777).toBe(0o600)

  const again = await open()
  const first = again.snapshot()
  const { version: _, own: _own, replay: begun, timeline: _line, ...shown } = first
  const { version: _v, own: _o, replay: ended, timeline: _l, ...real } = last
  expect(shown).toEqual(real)
  expect(begun).toEqual({ ...ended, isPaused: true, reading: { ...begun?.reading, share: 0, isAgain: true } })
  const row = clockRows(first, 80).map((cells) => textOf(cells))
  expect(row[0]).toContain('shown as last read, reading again')
  const before: unknown[] = []
  // Before it has read any of it.
  for (const { number } of first.late) {
    again.ask({ late: number })
    await until(
      () => again.snapshot().selected?.late.number === number || again.snapshot().replay?.reading === undefined,
    )
    before.push(again.snapshot().selected)
  }
  expect(before).toEqual(views)
  await again.stop()
})

test('a packed bundle has one, too', async () => {
  const packed = join(folder, 'night.whylate.tgz')
  execFileSync('tar', ['czf', packed, '-C', folder, 'night.whylate'])
  await read(packed)
  expect(existsSync(`${packed}.index`)).toBe(true)
  expect(await isKnown(packed)).toBe(true)
  appendFileSync(packed, '\0')
  expect(await isKnown(packed)).toBe(false)
})

test('a bundle that is read in no time has none, and neither has one whose reading was stopped', async () => {
  const quick = await open(bundle, {}, { program: '1', fromMs: 60_000 })
  await until(() => quick.snapshot().replay?.reading === undefined)
  await quick.stop()
  expect(existsSync(indexPath)).toBe(false)
  const stopped = await open()
  stopped.stopReading()
  await until(() => stopped.snapshot().replay?.reading === undefined)
  await stopped.stop()
  expect(existsSync(indexPath)).toBe(false)
})

test('a note is no change of the recording, and is shown at once', async () => {
  await read()
  const session = await open()
  await until(() => session.snapshot().replay?.reading === undefined)
  await session.note('here', session.snapshot().now)
  await session.stop()
  const again = await open()
  expect(again.snapshot().replay?.reading?.isAgain).toBe(true)
  expect(again.snapshot().marks.map((mark) => mark.text)).toEqual(['here'])
  await again.stop()
})

const member = (): string => join(bundle, 'tcpdump.pcap')
const stale: readonly (readonly [string, () => void])[] = [
  ['a member that has grown', () => appendFileSync(member(), '\0')],
  [
    'a member of other bytes, as long as before and with the time it had',
    () => {
      const { atimeMs, mtimeMs } = statSync(member())
      const bytes = readFileSync(member())
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      writeFileSync(member(), bytes)
      utimesSync(member(), atimeMs / 1000, mtimeMs / 1000)
    },
  ],
  ['a member more', () => writeFileSync(join(bundle, 'tcpdump-other.pcap'), '')],
  ['a member less', () => rmSync(join(bundle, 'iostat.ndjson.gz'))],
  [
    'a copy with everything as it was, as somebody else would have got it',
    () => {
      cpSync(bundle, join(folder, 'copy'), { recursive: true, preserveTimestamps: true })
      rmSync(bundle, { recursive: true })
      renameSync(join(folder, 'copy'), bundle)
    },
  ],
]
test.each(stale)('stale: %s', async (_, change) => {
  await read()
  expect(await isKnown()).toBe(true)
  change()
  expect(await isKnown()).toBe(false)
})

test('stale: another program, and other limits of lateness; the right one is written anew', async () => {
  await read()
  expect(await isKnown(bundle, {}, { program: '2', fromMs: 0 })).toBe(false)
  expect(await isKnown(bundle, { vrid: 51 })).toBe(false)
  expect(await isKnown(bundle, { budgetBytes: 64 * 1024 * 1024 })).toBe(false)
  const other = await open(bundle, {}, { program: '2', fromMs: 0 })
  await until(() => other.snapshot().replay?.reading === undefined)
  await other.stop()
  expect(await isKnown(bundle, {}, { program: '2', fromMs: 0 })).toBe(true)
})

test('damaged at any place, cut, or no file at all: it is as if there were none', async () => {
  await read()
  const good = readFileSync(indexPath)
  const places = [0, 5, 20, 90, 150, good.length >> 1, good.length - 1]
  for (const place of places) {
    const bad = Buffer.from(good)
    bad[place] = (bad[place] ?? 0) ^ 0x20
    writeFileSync(indexPath, bad)
    expect(await isKnown(), `a bit at ${place}`).toBe(false)
    writeFileSync(indexPath, good.subarray(0, place))
    expect(await isKnown(), `cut at ${place}`).toBe(false)
  }
  writeFileSync(indexPath, good)
  expect(await isKnown()).toBe(true)
  rmSync(indexPath)
  mkdirSync(indexPath)
  expect(await isKnown()).toBe(false)
  rmSync(indexPath, { recursive: true })
  writeFileSync(join(folder, 'elsewhere'), good)
  symlinkSync(join(folder, 'elsewhere'), indexPath)
  expect(await isKnown()).toBe(false)
  rmSync(indexPath)
  execFileSync('mkfifo', [indexPath])
  expect(await isKnown()).toBe(false)
})

test.skipIf(process.getuid?.() !== 0)('one that belongs to another user is not read (needs root)', async () => {
  await read()
  execFileSync('chown', ['65534', indexPath])
  expect(await isKnown()).toBe(false)
})

test('where nothing can be written, it is read all the same and nothing is left', async () => {
  mkdirSync(`${indexPath}.${process.pid}`)
  chmodSync(folder, 0o555)
  await read()
  chmodSync(folder, 0o755)
  expect(existsSync(indexPath)).toBe(false)
})
