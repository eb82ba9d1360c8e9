// A recording during which the clock was stepped: both ways, everything is there, and the step is told.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { ProbeOutput } from '../../src/capture/output.ts'
import { replayAll } from '../../src/session/replay/replay.ts'
import { instantOf, type Instant } from '../../src/time/instant.ts'
import { buildAdvert, buildPcap } from '../fixtures/pcap-builder.ts'
import { openWriter, writtenAt } from '../fixtures/written-bundle.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-step-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const atS = (seconds: number): Instant => instantOf(Math.round(seconds * 1e9))

/** Twenty seconds of adverts and samples; after ten of them the clock is set by `stepS`. */
function* twentySeconds(stepS: number): Generator<ProbeOutput> {
  for (const probe of ['tcpdump', 'host'] as const)
    yield { kind: 'started', probe, at: atS(0), pid: 7, tool: probe, version: '1', detail: '' }
  const wallS = (s: number): number => (s > 10 ? s + stepS : s)
  const adverts = Array.from({ length: 20 }, (_, i) => i + 0.5)
  const pcap = buildPcap(
    adverts.map((s, i) => ({
      atNs: writtenAt + BigInt(Math.round(wallS(s) * 1e9)),
      bytes: buildAdvert({ ipId: i + 1 }),
    })),
  )
  const record = (pcap.length - 24) / adverts.length
  const bytesAt = (probe: 'tcpdump' | 'host', s: number, bytes: Uint8Array): ProbeOutput => ({
    kind: 'bytes',
    probe,
    at: atS(wallS(s)),
    life: 0,
    part: '',
    bytes,
  })
  yield bytesAt('tcpdump', 0.1, pcap.subarray(0, 24))
  let next = 0
  for (let tenth = 1; tenth <= 200; tenth++) {
    const s = tenth / 10
    const ns = writtenAt + BigInt(Math.round(wallS(s) * 1e9))
    const line = `{"ns":${ns},"mono":${tenth * 1e8},"th":{"7":[7,"keepalived","S",${tenth},0,1,0,0]}}\n`
    yield bytesAt('host', s, Buffer.from(line))
    while ((adverts[next] ?? Infinity) <= s) {
      yield bytesAt('tcpdump', s, pcap.subarray(24 + next * record, 24 + (next + 1) * record))
      next++
    }
  }
}

test.each([
  ['forward', 7, false],
  ['back', -5, false],
  ['forward', 7, true],
  ['back', -5, true],
])('set %s by %i s, a flight recording: %s', { timeout: 30_000 }, async (_, stepS, isFlight) => {
  const path = join(folder, `${stepS}-${String(isFlight)}.whylate`)
  let now = atS(0)
  const writer = await openWriter(path, {
    now: () => now,
    ...(isFlight ? { flight: { budgetBytes: 1e6 } } : {}),
  })
  for (const output of twentySeconds(stepS)) {
    now = output.at
    writer.take(output)
    writer.look({ flows: [], late: [], overdue: [], blindSpots: [] })
  }
  await writer.close(now, 'the test is over')
  const { snapshot, complaints } = await replayAll(path, {
    budgetBytes: 2 ** 26,
    interval: undefined,
    late: undefined,
    vrid: undefined,
  })
  expect(complaints).toEqual([])
  expect(snapshot.flows[0]?.adverts).toBe(20)
  expect(snapshot.blindSpots.filter((spot) => spot.source === 'clock').length).toBe(1)
  // A step is no lateness of anybody's.
  for (const { wire } of snapshot.late) expect(wire).toBe('W7')
})
