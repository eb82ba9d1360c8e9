// Bundles of every version that there ever was go on being read, and go on giving the answer that they gave.

import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import type { Explanation } from '../../src/diagnose/explanation.ts'
import { replayAll } from '../../src/session/replay/replay.ts'

const folder = resolve(import.meta.dirname, '../captures/bundles')
const bundles = readdirSync(folder).filter((name) => /\.whylate(?:\.tgz)?$/.test(name))

/** Rules become better: only who was convicted has to stay so. */
function verdictOf(explanation: Explanation | undefined): string {
  if (explanation === undefined || !['likely', 'certain'].includes(explanation.confidence)) return 'nobody is convicted'
  return `${explanation.cause}, ${explanation.culprit?.comm ?? explanation.culprit?.name ?? 'nobody'}`
}

/** What a change of the rules must not change unseen. Words and suspects may become better. */
async function answerOf(name: string): Promise<unknown> {
  const { session, complaints, remarks, snapshot } = await replayAll(join(folder, name), {
    budgetBytes: 256 * 1024 * 1024,
    interval: undefined,
    late: undefined,
    vrid: undefined,
  })
  return {
    complaints,
    wasClosed: remarks.length === 0,
    lastsMs: Math.round(snapshot.runningFor / 1e6),
    probes: Object.fromEntries(
      session.probes.map(({ name: probe, state, events, dropped, malformed }) => [
        probe,
        { state, events, dropped, malformed },
      ]),
    ),
    flows: session.flows.map(({ id, adverts, late, lost, takeovers }) => ({ id, adverts, late, lost, takeovers })),
    late: session.windows.map(({ late, explanation }) => ({
      overrunMs: Math.round(late.overrun / 1e6),
      wire: late.wire,
      verdict: verdictOf(explanation),
    })),
    blindSpots: session.blindSpots.map(({ source, reason }) => `${source}: ${reason}`),
  }
}

test('there is at least one of each kind', () => {
  for (const kind of ['bpftrace.whylate', 'flight.whylate', 'killed.whylate', 'packed.whylate.tgz', 'scap.whylate'])
    expect(bundles).toContain(`v1-${kind}`)
})

test.each(bundles)('%s gives the answer that it always gave', { timeout: 60_000 }, async (name) => {
  const stored = join(folder, `${name}.json`)
  const answer = await answerOf(name)
  // A new bundle gets its answer once, by hand: whoever commits it has read it.
  if (!existsSync(stored) && process.env['NEW_ANSWERS'] === '1')
    writeFileSync(stored, `${JSON.stringify(answer, undefined, 2)}\n`)
  expect(JSON.parse(JSON.stringify(answer))).toEqual(JSON.parse(readFileSync(stored, 'utf8')))
})
