// A bundle for the screen: wherever it is taken, it shows what was there at that moment when it was recorded.

import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatText } from '../../src/report/text.ts'
import { everything } from '../../src/report/selection.ts'
import { openBundle } from '../../src/bundle/bundle.ts'
import { openPlayer } from '../../src/session/replay/replay-player.ts'
import { openReplay, type ReplaySession } from '../../src/session/replay/replay-session.ts'
import { replayAll } from '../../src/session/replay/replay.ts'
import { instantOf, type Instant } from '../../src/time/instant.ts'
import { writeIncidentBundle } from '../fixtures/incident-bundle.ts'
import { replaySettings, until } from '../fixtures/replay.ts'
import { writeBundle } from '../fixtures/written-bundle.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-replay-'))
const incident = join(folder, 'incident.whylate')
let night = ''
beforeAll(async () => {
  await writeIncidentBundle('netns-sigstop-repeated', incident)
  night = await writeBundle(true)
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
  rmSync(dirname(night), { recursive: true, force: true })
})

async function opened(path: string, speed?: number): Promise<ReplaySession> {
  const session = await openReplay(path, replaySettings, { speed })
  await until(() => session.snapshot().replay?.reading === undefined)
  return session
}

const seek = async (session: ReplaySession, to: Instant): Promise<void> => {
  session.seek(to)
  await until(() => session.snapshot().now === to && session.snapshot().replay?.isSeeking === false)
}

test('it stands at its end at first, and says what a report says', { timeout: 60_000 }, async () => {
  const all = await replayAll(incident, replaySettings)
  const session = await opened(incident)
  const { now, replay, late, flows, selected, digests } = session.snapshot()
  expect(now).toBe(replay?.to)
  expect(replay?.isPaused).toBe(true)
  expect(late).toEqual(all.snapshot.late)
  expect(flows).toEqual(all.snapshot.flows)
  expect(selected).toEqual(all.snapshot.selected)
  expect(digests.map((one) => one.cause)).toEqual(all.session.windows.map((view) => view.explanation?.cause))
  await session.stop()
})

test(
  'at any moment the flows are those of that moment, forward and back, and the whole list of late adverts stays',
  { timeout: 60_000 },
  async () => {
    const session = await opened(incident)
    const { replay, late } = session.snapshot()
    if (replay === undefined) throw new Error('no replay')
    const whole = replay.to - replay.from
    for (const share of [0.3, 0.72, 0.15, 0.55]) {
      const at = instantOf(Math.round(replay.from + share * whole))
      await seek(session, at)
      const bundle = await openBundle(incident)
      const player = openPlayer(bundle, replaySettings)
      await player.playTo(at, () => false)
      const then = player.engine.snapshot({ late: undefined })
      const now = session.snapshot()
      const bare = (flows: typeof then.flows): unknown => flows.map((flow) => ({ ...flow, sender: '' }))
      expect(bare(now.flows)).toEqual(bare(then.flows))
      // The player's clock goes in steps of 50 ms.
      const due = (overdue: typeof then.overdue): unknown => overdue.map((one) => [one.flow, one.dueAt])
      expect(due(now.overdue)).toEqual(due(then.overdue))
      expect(now.late).toEqual(late)
      expect(now.selected?.late.number).toBe(then.late.at(-1)?.number)
      expect(now.probes.map((probe) => [probe.name, probe.state])).toEqual(
        then.probes.map((probe) => [probe.name, probe.state]),
      )
      await player.close()
      await bundle.close()
    }
    await session.stop()
  },
)

test(
  'it steps from advert to advert and back, over a note, and no further than its ends',
  { timeout: 30_000 },
  async () => {
    const session = await opened(night)
    const from = session.snapshot().replay?.from ?? instantOf(0)
    await seek(session, instantOf(from + 2.6e9))
    await session.note('a switch was rebooted', instantOf(from + 3e9))
    const stepped: number[] = []
    for (const by of [1, 1, 1, -1, -1, -1, -1] as const) {
      const before = session.snapshot().now
      session.step(by)
      await until(() => session.snapshot().now !== before && session.snapshot().replay?.isSeeking === false)
      stepped.push((session.snapshot().now - from) / 1e9)
    }
    expect(stepped).toEqual([3, 3.5, 4.5, 3.5, 3, 2.5, 1.5])
    session.seek(instantOf(-1e15))
    await until(() => session.snapshot().now === from)
    session.step(-1)
    await until(() => session.snapshot().replay?.isSeeking === false)
    expect(session.snapshot().now).toBe(from)
    await session.stop()
  },
)

test('with a speed it plays from the beginning to its end, and space begins anew', { timeout: 30_000 }, async () => {
  const session = await opened(night, 50)
  const { replay } = session.snapshot()
  expect(replay?.isPaused).toBe(false)
  expect(session.snapshot().now).toBe(replay?.from)
  await until(() => session.snapshot().now === replay?.to)
  expect(session.snapshot().replay?.isPaused).toBe(true)
  expect(session.snapshot().flows[0]?.adverts).toBe(10)
  session.setSpeed(2)
  session.play()
  await until(() => session.snapshot().now < (replay?.to ?? 0))
  session.play()
  await until(() => session.snapshot().replay?.isPaused === true)
  expect(session.snapshot().replay?.speed).toBe(2)
  await session.stop()
})

test('while it is paused nothing is told', { timeout: 30_000 }, async () => {
  const session = await opened(night)
  let told = 0
  session.subscribe(() => told++)
  await new Promise((done) => setTimeout(done, 400))
  expect(told).toBe(0)
  await session.stop()
})

test('reading can be stopped: what was read until then is all there is', { timeout: 30_000 }, async () => {
  const session = await openReplay(incident, replaySettings, { speed: undefined })
  session.stopReading()
  await until(() => session.snapshot().replay?.reading === undefined)
  const { now, replay, late } = session.snapshot()
  expect(now).toBe(replay?.to)
  expect(late.length).toBeLessThan(8)
  await session.stop()
})

test('a note is kept in the bundle, which stays undamaged, and is in its reports', { timeout: 30_000 }, async () => {
  const path = await writeBundle(true)
  const session = await opened(path)
  const at = instantOf((session.snapshot().replay?.from ?? 0) + 8e9)
  expect(await session.note('disk \u001B[31mswitched off', at)).toBe(`Noted, and kept in ${path}.`)
  expect(await session.note('and on again', instantOf(at + 1e9))).toContain('kept in')
  expect(session.snapshot().marks.map((mark) => mark.text)).toEqual(['disk \u001B[31mswitched off', 'and on again'])
  await session.stop()
  const { session: finished, complaints } = await replayAll(path, replaySettings)
  expect(complaints).toEqual([])
  expect(finished.marks).toEqual([
    { at, text: 'disk \u001B[31mswitched off' },
    { at: at + 1e9, text: 'and on again' },
  ])
  const text = formatText(finished, everything)
  expect(text).toContain('and on again')
  expect(text).not.toContain('\u001B')
  rmSync(dirname(path), { recursive: true })
})

test('a note that cannot be kept is shown all the same, and the sentence says why', { timeout: 30_000 }, async () => {
  const path = await writeBundle(true)
  const packed = `${path}.tgz`
  execFileSync('tar', ['czf', packed, '-C', dirname(path), 'night.whylate'])
  const session = await opened(packed)
  expect(await session.note('x', session.snapshot().now)).toMatch(/not kept in .*: a packed bundle .* unpack it/)
  expect(session.snapshot().marks).toHaveLength(1)
  await session.stop()
  const elsewhere = join(dirname(path), 'elsewhere')
  writeFileSync(elsewhere, '')
  symlinkSync(elsewhere, join(path, 'marks.ndjson'))
  const linked = await opened(path)
  expect(await linked.note('x', linked.snapshot().now)).toContain('its marks.ndjson is a symbolic link')
  expect(readFileSync(elsewhere, 'utf8')).toBe('')
  await linked.stop()
  chmodSync(path, 0o700)
  rmSync(dirname(path), { recursive: true })
})
