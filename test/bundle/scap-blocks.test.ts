// sysdig's stream on its way to a disk: the same rows, and nobody's environment, command line, data or password.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createScapBlocks } from '../../src/bundle/scap-blocks.ts'
import { epochOf } from '../../src/time/instant.ts'
import { buildAdvert } from '../fixtures/pcap-builder.ts'
import { captureFile, guestCaptures, hostCaptures, readCapture } from '../parse/scap/captures.ts'
import { readOrigin, readRows } from '../parse/scap/rows-compared.ts'
import {
  block,
  event,
  joined,
  nothing,
  processes,
  section,
  tuple4,
  u64,
  writtenOrigin,
  zero,
} from '../parse/scap/written-capture.ts'

const hasSysdig = (() => {
  try {
    execFileSync('sysdig', ['--version'], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
})()

function recorded(bytes: Uint8Array, keepsSecrets = false, pieceBytes = 8192, origin = readOrigin): Buffer {
  const units = createScapBlocks(origin, keepsSecrets)
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = new Uint8Array(bytes.subarray(at, at + pieceBytes))
    pieces.push(units.push(piece))
    piece.fill(0xee)
  }
  return Buffer.concat(pieces)
}

test.each([...guestCaptures, ...hostCaptures])('of %s every row stays as it was', (name) => {
  const raw = readCapture(name)
  const clean = recorded(raw)
  expect(clean.length).toBe(raw.length - (raw.length % 4))
  expect(readRows(clean).rows).toEqual(readRows(raw).rows)
  expect(recorded(raw, true).equals(Buffer.from(raw))).toBe(true)
})

test.skipIf(!hasSysdig).each([...guestCaptures])('sysdig itself reads what is left of %s (needs sysdig)', (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'whylate-scap-'))
  try {
    const path = join(folder, 'clean.scap')
    writeFileSync(path, recorded(readCapture(name)))
    const format = '*%evt.rawtime %evt.cpu %thread.tid %evt.dir %evt.type %proc.name %evt.latency %fd.name'
    const read = (file: string): string =>
      execFileSync('sysdig', ['-r', file, '-p', format], { encoding: 'latin1', maxBuffer: 2 ** 28 })
    expect(read(path)).toBe(read(captureFile(name)))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

const password = 'hunter42'
const advert = buildAdvert({ auth: 'password', password }).subarray(14)
const origin = epochOf(writtenOrigin)
const tuple = tuple4([192, 168, 205, 11], 112, [224, 0, 0, 18], 0)
const execve = [
  u64(0),
  zero('sh -c SECRET'),
  zero('-c\0SECRET'),
  ...Array.from({ length: 12 }, () => nothing),
  zero('KEY=SECRET'),
]
const written = joined(
  section(),
  processes([{ tid: 7, pid: 7, comm: 'keepalived' }]),
  event({ at: 1, tid: 7, type: 48, params: [u64(9), u64(1), tuple] }),
  event({ at: 2, tid: 7, type: 49, params: [u64(40), advert] }),
  event({ at: 3, tid: 8, type: 7, params: [u64(30), Buffer.from(`  auth_pass ${password}\n SECRET`)] }),
  event({ at: 4, tid: 9, type: 293, params: execve }),
  event({ at: 5, tid: 9, type: 272, params: [zero('{"container":{"env":["A=SECRET"]}}')] }),
  event({ at: 6, tid: 7, type: 53, params: [u64(40), u64(40), Buffer.from(advert), tuple, Buffer.from('SECRET')] }),
)

test('passwords, environments, command lines and data are gone, whatever the pieces; the advert is still one', () => {
  for (const text of [password, 'SECRET', '--password=secret', 'HOME=/root'])
    expect(Buffer.from(written).includes(text)).toBe(true)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), (pieceBytes) => {
      const clean = recorded(written, false, pieceBytes, origin)
      expect(clean.length).toBe(written.length)
      for (const text of [password, 'SECRET', 'secret', 'auth_pass', '/root', 'A='])
        expect(clean.includes(text), text).toBe(false)
      expect(clean.includes(advert.subarray(0, 26))).toBe(true)
    }),
  )
})

test('what cannot be understood is left out, not stored as it is', () => {
  const unknown = block(0x299, Buffer.from('SECRET SECRET'))
  const newer = event({ at: 5, tid: 9, type: 4000, params: [Buffer.from('SECRET')] })
  const lying = event({ at: 5, tid: 9, type: 7, params: [u64(3), Buffer.from('SECRET')] })
  lying[8 + 2 + 26] = 0xff
  const clean = recorded(
    joined(section(), unknown, newer, lying, Buffer.from('SECRET garbage SECRET'), written),
    false,
    100,
    origin,
  )
  expect(clean.includes('SECRET')).toBe(false)
  expect(clean.subarray(28).equals(recorded(written, false, 100, origin))).toBe(true)
})
