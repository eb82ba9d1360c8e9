// `whylate compare` over bundles: the answer, its exit code, and what it says of one that is no good.

import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeComparison } from '../../src/cli/compare.ts'
import type { CompareOptions } from '../../src/cli/compare-options.ts'
import type { Comparison } from '../../src/report/comparison.ts'
import { spanOf } from '../../src/time/instant.ts'
import { writeBundle } from '../fixtures/written-bundle.ts'

const options: CompareOptions = { budget: 32 * 1024 * 1024, quiet: true }
let first = ''
let second = ''
beforeAll(async () => {
  first = await writeBundle(true)
  second = await writeBundle(true)
})
afterAll(() => {
  for (const path of [first, second]) rmSync(dirname(path), { recursive: true })
})

test('two bundles of the same night', async () => {
  const { text, code } = await makeComparison(first, second, options)
  expect(code).toBe(10)
  expect(text).toContain('NO CHANGE can be told')
  expect(text.split('\n').every((line) => line.length <= 100)).toBe(true)
})

test('as JSON', async () => {
  const { text } = await makeComparison(first, second, { ...options, json: true })
  const comparison = JSON.parse(text) as Comparison
  expect(comparison.schema).toBe('whylate.compare/1')
  expect([comparison.before.late, comparison.after.late]).toEqual([1, 1])
  expect(comparison.flows).toHaveLength(1)
})

test('--late 5s: then nothing was late', async () => {
  const { text, code } = await makeComparison(first, second, { ...options, late: spanOf(5e9) })
  expect(code).toBe(0)
  expect(text).toContain('NOTHING LATE')
})

test('another virtual router is a sentence and exit code 2', async () => {
  await expect(makeComparison(first, second, { ...options, vrid: 7 })).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('no router in common') as string,
  })
})

test('a damaged one is compared as far as it can be read, and shows in the exit code', async () => {
  const damaged = await writeBundle(true)
  const path = join(damaged, 'host.ndjson.gz')
  const bytes = readFileSync(path)
  bytes.fill(0, bytes.length >> 1)
  writeFileSync(path, bytes)
  try {
    const { text, code } = await makeComparison(first, damaged, options)
    expect(code).toBe(4)
    expect(text).toContain('NO CHANGE')
  } finally {
    rmSync(dirname(damaged), { recursive: true })
  }
})

test('what is no bundle is refused by name', async () => {
  await expect(makeComparison(first, join(first, 'manifest.json'), options)).rejects.toMatchObject({ exitCode: 4 })
})
