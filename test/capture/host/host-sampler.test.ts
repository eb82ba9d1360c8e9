import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as source from '../../../src/capture/host/host-sampler.ts'
import type { ProbeOutput } from '../../../src/capture/output.ts'
import { epochFrom } from '../../../src/time/instant.ts'

const built = join(import.meta.dirname, '../../../dist/capture/host/host-sampler.js')
const origin = epochFrom('1795350000', '')

async function runUntilSamples(sampler: typeof source): Promise<ProbeOutput[]> {
  const outputs: ProbeOutput[] = []
  let enough: () => void = () => undefined
  const samples = new Promise<void>((resolve) => {
    enough = resolve
  })
  const host = sampler.openHostSampler({ origin }, (output) => {
    outputs.push(output)
    if (outputs.filter(({ kind }) => kind === 'bytes').length === 5) enough()
  })
  host.prefer([process.pid])
  await samples
  await host.close()
  return outputs
}

/** What a session sees of a run: its notices, and whether each line is one of ours. */
function summaryOf(outputs: readonly ProbeOutput[]): readonly string[] {
  const lines = outputs.flatMap((output) => (output.kind === 'bytes' ? [Buffer.from(output.bytes).toString()] : []))
  const isWhole = lines.every((line) => /^\{"ns":\d{19},"mono":\d+,.*\}\n$/s.test(line))
  const ends = [outputs[0]?.kind ?? '', outputs.at(-1)?.kind ?? '']
  return [...ends, isWhole ? 'whole lines' : 'broken lines', lines.join('').includes('"kernel":') ? 'identity' : '']
}

test('it starts, samples and ends in this thread when it runs from sources', async () => {
  expect(summaryOf(await runUntilSamples(source))).toEqual(['started', 'ended', 'whole lines', 'identity'])
}, 20_000)

test.skipIf(!existsSync(built))(
  'it starts, samples and ends in a thread of its own when it is built',
  async () => {
    const sampler = (await import(built)) as typeof source
    expect(summaryOf(await runUntilSamples(sampler))).toEqual(['started', 'ended', 'whole lines', 'identity'])
  },
  20_000,
)

test('closed at once it says nothing', async () => {
  const outputs: ProbeOutput[] = []
  await source.openHostSampler({ origin }, (output) => outputs.push(output)).close()
  expect(outputs).toEqual([])
})
