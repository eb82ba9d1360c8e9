// A guest that wants all the CPU it can get, on a host that is crowded: it waits much, as whoever works there does, and is
// late for what it did itself. Recorded by the lab (guest-fifo-hog-nolimit) beside two other loads, host side only, redacted.

import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { replayAll } from '../../src/session/replay/replay.ts'

test('its wait for a CPU is not told as why it was late', async () => {
  const path = join(resolve(import.meta.dirname, '../captures/lab'), 'busy-guest.whylate.tgz')
  const settings = { budgetBytes: 64 * 1024 * 1024, interval: undefined, late: undefined, vrid: undefined }
  const { windows } = (await replayAll(path, settings)).session
  const [worst] = windows.toSorted((a, b) => b.late.overrun - a.late.overrun)
  expect(worst?.late.overrun).toBeGreaterThan(4e9)
  // Its vCPU waited for 2.9 of 4.1 s, in pieces of a few ms, and had ten times the CPU that it usually takes.
  const waited = worst?.explanation?.ledger.find((one) => one.state === 'runnable')
  expect(waited?.share).toBeGreaterThan(0.6)
  expect([worst?.explanation?.cause, worst?.explanation?.confidence]).toEqual(['inside-guest', 'possible'])
})
