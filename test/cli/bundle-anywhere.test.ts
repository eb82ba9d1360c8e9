// A bundle on somebody's laptop: none of the three tools there, and the same answer as everywhere, byte by byte.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { buildProgram } from '../fixtures/built-program.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-anywhere-'))
const bundles = resolve(import.meta.dirname, '../captures/bundles')
let program = ''
beforeAll(() => {
  program = buildProgram(folder)
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** With nothing on PATH at all: neither tcpdump nor sysdig nor iostat, nor anything else. */
function whylate(...argv: readonly string[]): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...argv], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { PATH: join(folder, 'nothing-here'), HOME: folder, TZ: 'America/Lima', LC_ALL: 'C' },
  })
  return { code: status, stdout, stderr }
}

test(
  'report says the same of it each time, packed or not, wherever it lies, and without any tool',
  { timeout: 120_000 },
  () => {
    const plain = whylate('report', join(bundles, 'v1-bpftrace.whylate'), '--format', 'json')
    expect(plain.code).toBe(10)
    expect(JSON.parse(plain.stdout)).toMatchObject({ schema: 'whylate.report/1', capture: { host: 'node01' } })
    const elsewhere = join(folder, 'elsewhere.whylate')
    cpSync(join(bundles, 'v1-bpftrace.whylate'), elsewhere, { recursive: true })
    for (const path of [join(bundles, 'v1-bpftrace.whylate'), join(bundles, 'v1-packed.whylate.tgz'), elsewhere])
      expect(whylate('report', path, '--format', 'json').stdout === plain.stdout, path).toBe(true)
  },
)

test('replay tells all that it says as text, without any tool', { timeout: 120_000 }, () => {
  for (const name of ['v1-bpftrace.whylate', 'v1-packed.whylate.tgz', 'v1-flight.whylate']) {
    const { code, stdout } = whylate('replay', join(bundles, name))
    expect(code, name).toBe(10)
    expect(stdout).toContain('vrid 205')
  }
})

test('a flight recording says what of it was left out', { timeout: 60_000 }, () => {
  const { stdout } = whylate('report', join(bundles, 'v1-flight.whylate'))
  expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/flight recording: all of it in \d+ stretches, [\d.]+ % of the time/)
})

test('a killed recording is read, and says so on stderr only', { timeout: 60_000 }, () => {
  const { code, stdout, stderr } = whylate('report', join(bundles, 'v1-killed.whylate'), '--format', 'json')
  expect(stderr).toContain('its recorder was killed')
  expect(JSON.parse(stdout)).toMatchObject({ schema: 'whylate.report/1' })
  expect([0, 10]).toContain(code)
})
