// One tape into two recordings, a plain one and a flight recording: where something was late, both say the same.

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { planTimes, type PlanTimes } from '../../../src/bundle/flight/flight-plan.ts'
import type { Replayed } from '../../../src/session/replay/replay.ts'
import { spanOf } from '../../../src/time/instant.ts'
import { incidentTape } from '../../fixtures/incident-tape.ts'
import { replayed, tapeOf, writeTape } from '../../fixtures/played-tape.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-flight-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The incidents last a minute: with what is kept by default little would be left out. */
const short: PlanTimes = {
  lead: spanOf(8e9),
  tail: spanOf(3e9),
  near: spanOf(4e9),
  spreadEvery: spanOf(600e9),
  spread: spanOf(1e9),
}

const verdictsOf = ({ session }: Replayed): unknown =>
  session.windows.map(({ late, explanation }) => ({
    late,
    cause: explanation?.cause,
    confidence: explanation?.confidence,
    summary: explanation?.summary,
    culprit: explanation?.culprit,
    ledger: explanation?.ledger,
    evidence: explanation?.evidence,
    ruledOut: explanation?.ruledOut,
    blindSpots: explanation?.blindSpots,
  }))

const bytesOf = (path: string): number =>
  readdirSync(path).reduce((sum, name) => sum + (/sysdig|host/.test(name) ? statSync(join(path, name)).size : 0), 0)

/** Of the bytes of a full recording, less than this part is kept. */
const cases = [
  ['netns-freezer', short, 0.8],
  ['netns-ptrace', short, 0.8],
  ['netns-blocked-log', short, 0.8],
  ['cpu-quota-netns-shared', short, 0.95],
  ['main-loop-stopped', short, 0.8],
  ['qemu-sigstop', short, 0.65],
  // Late all the time: all of it is kept, and its tracks come on top.
  ['foreign-vrid', planTimes, 1.3],
  ['healthy-netns-busy', planTimes, 0.4],
] as const

test.each(cases)(
  '%s: a flight recording says of each late advert what a full one says',
  { timeout: 60_000 },
  async (name, times, part) => {
    const { origin, outputs } = incidentTape(name)
    const tape = tapeOf(origin, outputs)
    const [plain, flight] = [join(folder, `${name}.whylate`), join(folder, `${name}-flight.whylate`)]
    await writeTape(tape, plain)
    await writeTape(tape, flight, times)
    const [full, kept] = [await replayed(plain), await replayed(flight)]
    expect([...full.complaints, ...kept.complaints]).toEqual([])
    expect(kept.snapshot.flows).toEqual(full.snapshot.flows)
    expect(kept.session.blindSpots).toEqual(full.session.blindSpots)
    expect(verdictsOf(kept)).toEqual(verdictsOf(full))
    expect(bytesOf(flight)).toBeLessThan(bytesOf(plain) * part)
    expect(kept.snapshot.probes.find((probe) => probe.name === 'host')?.detail).toMatch(
      /^flight recording: all of it in \d+ stretches, [\d.]+ % of the time, elsewhere one sample a second$/,
    )
  },
)
