// A guest that was stopped while the kernel engine was being started anew: its vCPU was last seen to get a CPU, and next to leave
// it, seconds later. Recorded by the lab (sigstop) when the back-off asked for less just then; host side only, redacted.

import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { replayAll } from '../../src/session/replay/replay.ts'

test('what the samples saw stopped did not run, and being stopped is not ruled out', async () => {
  const path = join(resolve(import.meta.dirname, '../captures/lab'), 'stopped-unseen.whylate.tgz')
  const settings = { budgetBytes: 64 * 1024 * 1024, interval: undefined, late: undefined, vrid: undefined }
  const { windows } = (await replayAll(path, settings)).session
  const [worst] = windows.toSorted((a, b) => b.late.overrun - a.late.overrun)
  const explained = worst?.explanation
  expect(worst?.late.overrun).toBeGreaterThan(2.8e9)
  // Who did it was not seen, and neither was all of the window.
  expect([explained?.cause, explained?.confidence]).toEqual(['sender-stopped', 'possible'])
  expect(explained?.ledger.find((one) => one.state === 'stopped')?.share).toBeGreaterThan(0.9)
  expect(explained?.evidence.join('\n')).toMatch(/state T in \d+ of \d+ samples/)
  expect(explained?.ruledOut.map(({ cause }) => cause)).not.toContain('sender-stopped')
})
