// Every incident that there is, its bytes into a plain and into a flight recording: the same verdicts. Also where the kernel
// engine lost lines, and what shows the loss lies behind what the flight recorder kept.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { ProbeOutput } from '../../../src/capture/output.ts'
import type { PlanTimes } from '../../../src/bundle/flight/flight-plan.ts'
import type { Replayed } from '../../../src/session/replay/replay.ts'
import { spanOf } from '../../../src/time/instant.ts'
import { incidentNames } from '../../fixtures/incident.ts'
import { incidentTape } from '../../fixtures/incident-tape.ts'
import { ownFolder, ownNames } from '../../fixtures/own-incident.ts'
import { readTapeOf, replayed, tapeOf, writeTape, type Tape } from '../../fixtures/played-tape.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-as-plain-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** They last a minute or less: with what is kept by default little would be left out. */
const short: PlanTimes = {
  lead: spanOf(8e9),
  tail: spanOf(3e9),
  near: spanOf(2e9),
  spreadEvery: spanOf(600e9),
  spread: spanOf(1e9),
}

const ranks = ['unknown', 'possible', 'likely', 'certain']
const rankOf = ({ session }: Replayed): number =>
  ranks.indexOf(session.windows[0]?.explanation?.confidence ?? 'unknown')

const verdictsOf = ({ session }: Replayed): string[] =>
  session.windows.map(({ late, explanation }) => {
    const { cause, confidence, culprit } = explanation ?? {}
    return `${late.number} ${cause} ${confidence} ${culprit?.name ?? '-'}`
  })

async function bothOf(name: string, tape: Tape): Promise<readonly [plain: Replayed, flight: Replayed]> {
  const [plain, flight] = [join(folder, `${name}.whylate`), join(folder, `${name}-flight.whylate`)]
  await writeTape(tape, plain)
  await writeTape(tape, flight, short)
  const both = [await replayed(plain), await replayed(flight)] as const
  for (const path of [plain, flight]) rmSync(path, { recursive: true })
  return both
}

/** In same-verdicts.test.ts, which asks for more. */
const elsewhere = new Set([
  'netns-freezer',
  'netns-ptrace',
  'netns-blocked-log',
  'cpu-quota-netns-shared',
  'main-loop-stopped',
  'qemu-sigstop',
  'foreign-vrid',
  'healthy-netns-busy',
])

test.each(incidentNames.filter((name) => !elsewhere.has(name)))(
  '%s: the same verdicts',
  { timeout: 60_000 },
  async (name) => {
    const { origin, outputs } = incidentTape(name)
    const [plain, flight] = await bothOf(name, tapeOf(origin, outputs))
    expect(verdictsOf(flight)).toEqual(verdictsOf(plain))
  },
)

test.each(ownNames)('%s: the same verdicts', { timeout: 60_000 }, async (name) => {
  const path = join(ownFolder, `${name}.whylate.tgz`)
  const flight = join(folder, `${name}.whylate`)
  await writeTape(await readTapeOf(path), flight, short)
  expect(verdictsOf(await replayed(flight))).toEqual(verdictsOf(await replayed(path)))
  rmSync(flight, { recursive: true })
})

const line = /^\w\t\d+\t\d+\t\d+\t(?<at>\d+)\t/

/** As a ring that was full loses them: all lines of a stretch are missing; then bpftrace says how many. */
function withLoss(outputs: readonly ProbeOutput[], fromNs: number, toNs: number): ProbeOutput[] {
  let lost = 0
  return outputs.map((output): ProbeOutput => {
    if (output.kind !== 'bytes' || output.probe !== 'bpftrace') return output
    const kept: string[] = []
    for (const text of Buffer.from(output.bytes)
      .toString('latin1')
      .split(/(?<=\n)/)) {
      const at = Number(line.exec(text)?.groups?.['at'] ?? Number.NaN)
      if (at >= fromNs && at < toNs) {
        lost++
        continue
      }
      if (lost > 0 && at >= toNs) kept.push(`Lost ${lost} events\n`)
      if (at >= toNs) lost = 0
      kept.push(text)
    }
    return { ...output, bytes: new Uint8Array(Buffer.from(kept.join(''), 'latin1')) }
  })
}

describe('lines that were lost from the middle of a lateness until behind what is kept of it', () => {
  const seen = { late: 0, less: 0 }

  test.each(ownNames.filter((_, i) => i % 6 === 0))('%s', { timeout: 60_000 }, async (name) => {
    const path = join(ownFolder, `${name}.whylate.tgz`)
    const { manifest, outputs } = await readTapeOf(path)
    const whole = await replayed(path)
    const { clocks, originNs } = manifest
    const first = whole.session.windows[0]?.late
    if (first === undefined || clocks === undefined) return
    // bpftrace speaks CLOCK_MONOTONIC.
    const monotonicOf = (at: number): number =>
      at - Number(BigInt(clocks.realtimeNs) - BigInt(originNs)) + Number(clocks.monotonicNs)
    const from = monotonicOf(first.at - first.overrun / 2)
    const [plain, flight] = await bothOf(name, {
      manifest,
      isCopy: true,
      outputs: withLoss(outputs, from, from + first.overrun / 2 + 6e9),
    })
    seen.late++
    if (rankOf(whole) > rankOf(plain)) seen.less++
    expect(verdictsOf(flight)[0]).toBe(verdictsOf(plain)[0])
  })

  test('it was about something', () => {
    expect(seen.late).toBeGreaterThan(9)
    expect(seen.less).toBeGreaterThan(3)
  })
})
