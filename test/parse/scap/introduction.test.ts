// A capture cut in the middle, with its introduction made again: the second half reads as if the first were still there.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createBlockReader } from '../../../src/parse/scap/block-reader.ts'
import { createScapState } from '../../../src/parse/scap/scap-state.ts'
import { guestCaptures, hostCaptures, readCapture } from './captures.ts'
import { readOrigin, readRows } from './rows-compared.ts'

/** Where the block begins that is nearest behind this part of the bytes. */
function cutOf(bytes: Uint8Array, part: number): number {
  let cut = 0
  createBlockReader({
    block(_type, _memory, _from, _to, where) {
      if (cut === 0 && where >= bytes.length * part) cut = where
    },
    malformed: () => undefined,
  }).push(bytes)
  return cut
}

function introduced(bytes: Uint8Array, cut: number): Buffer {
  const state = createScapState(readOrigin)
  state.push(bytes.subarray(0, cut))
  return Buffer.concat([state.introduction() ?? new Uint8Array(0), bytes.subarray(cut)])
}

test.each([...guestCaptures, ...hostCaptures])('%s from its middle on', { timeout: 30_000 }, (name) => {
  const bytes = readCapture(name)
  const cut = cutOf(bytes, 0.5)
  const rest = readRows(introduced(bytes, cut))
  const whole = readRows(bytes).rows.slice(-rest.rows.length)
  const isSame = (key: 'comm' | 'pid' | 'fdName') => rest.rows.filter((row, i) => row[key] !== whole[i]?.[key])
  expect(rest.rows.length).toBeGreaterThan(1000)
  expect(isSame('comm')).toEqual([])
  expect(isSame('pid')).toEqual([])
  expect(isSame('fdName').length).toBeLessThan(rest.rows.length / 2000)
})

const hasSysdig = (() => {
  try {
    execFileSync('sysdig', ['--version'], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
})()

test.skipIf(!hasSysdig).each([...guestCaptures])('sysdig itself reads %s from its middle on (needs sysdig)', (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'whylate-cut-'))
  try {
    const bytes = readCapture(name)
    const cut = cutOf(bytes, 0.7)
    writeFileSync(join(folder, 'cut.scap'), introduced(bytes, cut))
    writeFileSync(join(folder, 'whole.scap'), bytes)
    const rowsOf = (file: string): string[] =>
      execFileSync(
        'sysdig',
        ['-r', join(folder, file), '-p', '*%evt.rawtime %thread.tid %evt.type %proc.name %proc.pid'],
        {
          encoding: 'utf8',
          maxBuffer: 1 << 28,
        },
      )
        .trim()
        .split('\n')
    const rest = rowsOf('cut.scap')
    expect(rest.length).toBeGreaterThan(1000)
    expect(rest.slice(100)).toEqual(rowsOf('whole.scap').slice(-rest.length).slice(100))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
