// A flight recording that came back damaged: never does what was lost, or was left out, look like silence.

import { cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { replayAll, type Replayed } from '../../../src/session/replay/replay.ts'
import { spanOf } from '../../../src/time/instant.ts'

const bundles = resolve(import.meta.dirname, '../../captures/bundles')
const folder = mkdtempSync(join(tmpdir(), 'whylate-flight-damage-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let copies = 0

function copyOf(): string {
  const path = join(folder, `${copies++}.whylate`)
  cpSync(join(bundles, 'v1-flight.whylate'), path, { recursive: true })
  return path
}

/** As a killed recorder leaves it: nothing says how long the members should be. */
function opened(path: string): string {
  const manifest = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as Record<string, unknown>
  delete manifest['closed']
  manifest['members'] = []
  writeFileSync(join(path, 'manifest.json'), JSON.stringify(manifest))
  return path
}

const played = (path: string, lateMs?: number): Promise<Replayed> =>
  replayAll(path, {
    budgetBytes: 256 * 1024 * 1024,
    interval: undefined,
    late: lateMs === undefined ? undefined : spanOf(lateMs * 1e6),
    vrid: undefined,
  })

const causesOf = ({ session }: Replayed): string[] =>
  session.windows.map(({ explanation }) => `${explanation?.cause} ${explanation?.confidence}`)

let whole: Replayed
beforeAll(async () => {
  whole = await played(copyOf())
}, 60_000)

test(
  'without the list of what was kept nothing is taken for kept: nobody is convicted by the kernel engine',
  { timeout: 60_000 },
  async () => {
    const copy = opened(copyOf())
    rmSync(join(copy, 'kept.ndjson'))
    const { session, snapshot } = await played(copy)
    expect(snapshot.flows[0]?.adverts).toBe(whole.snapshot.flows[0]?.adverts)
    expect(session.windows.length).toBe(whole.session.windows.length)
    for (const { explanation } of session.windows) {
      expect(explanation?.confidence).not.toBe('certain')
      expect(explanation?.blindSpots.map((spot) => spot.reason).join(' ')).toContain('left out by the flight recorder')
    }
  },
)

test(
  'an advert that is late only by another measure gets no culprit where nothing was kept',
  { timeout: 60_000 },
  async () => {
    const { session } = await played(copyOf(), 1)
    const leftOut = session.windows.filter(({ explanation }) =>
      explanation?.blindSpots.some(
        (spot) => spot.reason.startsWith('left out') && spot.effect?.startsWith('who did it') === true,
      ),
    )
    expect(leftOut.length).toBeGreaterThan(0)
    for (const { explanation } of leftOut) {
      expect(explanation?.culprit).toBeUndefined()
      expect(explanation?.cause).not.toBe('host-frozen')
    }
  },
)

test(
  'its tracks and its list, cut at their ends: all that came before is read, and no verdict is more sure',
  { timeout: 120_000 },
  async () => {
    for (const name of ['kept.ndjson', 'flight.ndjson.gz', 'bpftrace.tsv.gz', 'host-fine.ndjson.gz'])
      for (const cut of [1, 40, 400, 4000]) {
        const copy = opened(copyOf())
        const { length } = readFileSync(join(copy, name))
        truncateSync(join(copy, name), Math.max(0, length - cut))
        const damaged = await played(copy)
        expect(damaged.complaints, `${name} cut by ${cut}`).toEqual([])
        expect(damaged.snapshot.flows[0]?.adverts).toBe(whole.snapshot.flows[0]?.adverts)
        expect(causesOf(damaged).filter((one, i) => one.endsWith('certain') && one !== causesOf(whole)[i])).toEqual([])
        rmSync(copy, { recursive: true })
      }
  },
)

test('a list of lies is told, and what is no line of it is stepped over', { timeout: 60_000 }, async () => {
  const copy = opened(copyOf())
  const lies = [
    '{"fromNs":"99999999999999999999","toNs":"1","because":"late"}',
    '{"fromNs":5,"toNs":"x"}',
    'not JSON',
    `{"fromNs":"1","toNs":"2","because":"${'x'.repeat(1000)}"}`,
  ]
  writeFileSync(join(copy, 'kept.ndjson'), `${lies.join('\n')}\n`)
  const { complaints, snapshot } = await played(copy)
  expect(complaints).toEqual(['kept.ndjson holds lines that cannot be read.'])
  expect(snapshot.flows[0]?.adverts).toBe(whole.snapshot.flows[0]?.adverts)
})
