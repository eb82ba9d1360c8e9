// Whom the verdict names leads the list of suspects, also where nothing of it was at work: a reader that does not read.

import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { openReplay } from '../../src/session/replay/replay-session.ts'

test('the socket that nobody reads comes before what was merely busy meanwhile', async () => {
  const bundle = join(resolve(import.meta.dirname, '../captures/own'), 'blocked-log-1.whylate.tgz')
  const settings = { budgetBytes: 128 * 1024 * 1024, interval: undefined, late: undefined, vrid: undefined }
  const session = await openReplay(bundle, settings, { speed: undefined })
  try {
    for (let tries = 0; tries < 3000 && session.snapshot().replay?.reading !== undefined; tries++)
      await new Promise((done) => setTimeout(done, 10))
    const { explanation } = session.snapshot().selected ?? {}
    expect(explanation?.cause).toBe('sender-blocked')
    const [first, second] = explanation?.suspects ?? []
    expect(first).toMatchObject({ what: explanation?.culprit?.name, bridge: expect.stringContaining('waits for it') })
    expect(first?.covers).toBeGreaterThan(0.9)
    // Of its own doings nothing was counted.
    expect(first?.late).toEqual({ hits: 0, of: 0 })
    expect(second?.bridge).toBeUndefined()
    expect(second?.score).toBeLessThan(first?.score ?? 0)
  } finally {
    await session.stop()
  }
}, 60_000)
