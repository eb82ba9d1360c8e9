// Plain events are read by a short way of their own; the reader of the whole format must say the same of them. It is the
// only one that is asked where each event is told as a row.

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { createScapParser } from '../../../src/parse/scap/scap-parser.ts'
import { guestCaptures, hostCaptures, readCapture } from './captures.ts'
import { openKernelLog } from './kernel-log.ts'
import { readOrigin } from './rows-compared.ts'

interface Told {
  readonly lines: readonly string[]
  readonly complaints: readonly unknown[]
  readonly losses: readonly unknown[]
  readonly ignored: unknown
  readonly counts: unknown
  readonly pending: unknown
}

function told(bytes: Uint8Array, isByWholeFormat: boolean): Told {
  const log = openKernelLog()
  const rows = { row: () => undefined }
  const parser = createScapParser({ origin: readOrigin, sink: log.sink, ...(isByWholeFormat ? { rows } : {}) })
  for (let at = 0; at < bytes.length; at += 65_536) parser.push(bytes.subarray(at, at + 65_536))
  parser.end()
  const { lines, complaints, losses, ignored } = log
  return {
    lines,
    complaints,
    losses,
    ignored: Object.fromEntries(ignored),
    counts: parser.counts,
    pending: parser.pendingCalls(),
  }
}

test.each([...guestCaptures, ...hostCaptures])('of %s', (name) => {
  const bytes = readCapture(name)
  expect(told(bytes, false)).toEqual(told(bytes, true))
})

test('of a capture with broken bytes', () => {
  const events = readCapture('main-loop-stopped-guest').subarray(0, 400_000)
  // Behind the lists of processes and files.
  const first = 6000
  const flips = fc.array(
    fc.tuple(fc.integer({ min: first, max: events.length - 1 }), fc.integer({ min: 1, max: 255 })),
    {
      minLength: 1,
      maxLength: 200,
    },
  )
  fc.assert(
    fc.property(flips, (all) => {
      const broken = Uint8Array.from(events)
      for (const [at, bits] of all) broken[at] = (broken[at] ?? 0) ^ bits
      expect(told(broken, false)).toEqual(told(broken, true))
    }),
    { numRuns: 60 },
  )
})
