// The guests of a host in a report: by their names, with what belongs to them, in every form; and nobody's pid instead of a name.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { makeReport } from '../../src/cli/report.ts'
import { reportFormats, type ReportFormat } from '../../src/cli/report-options.ts'
import type { Report } from '../../src/report/report-shape.ts'
import { schemaFaults, type Schema } from '../fixtures/json-schema.ts'
import { noFiles, optionsOf } from '../fixtures/report.ts'

const bundle = resolve(import.meta.dirname, '../captures/own/guest-freezer-1.whylate.tgz')
const told = new Map<ReportFormat, string>()
beforeAll(async () => {
  for (const format of reportFormats) told.set(format, (await makeReport(bundle, optionsOf(noFiles, { format }))).text)
})
const textOf = (format: ReportFormat): string => told.get(format) ?? ''
const report = (): Report => JSON.parse(textOf('json')) as Report

test('the document fits the schema, and tells which qemu the guest is', () => {
  const schema = JSON.parse(
    readFileSync(resolve(import.meta.dirname, '../../docs/report.schema.json'), 'utf8'),
  ) as Schema
  expect(schemaFaults(report(), schema)).toEqual([])
  const [guest] = report().guests
  expect(guest).toMatchObject({ name: 'lb01', comm: 'qemu-system-x86', links: ['tap-lb01'] })
  expect(guest?.vcpus).toHaveLength(1)
  expect(guest?.ioThreads.map(({ name }) => name)).toEqual(['mon_iothread'])
  expect(report().flows[0]?.sender).toBe('lb01')
  expect(report().late[0]?.verdict.culprit?.name).toBe('lb01')
})

test.each(['text', 'md', 'html'] as const)('%s calls it by its name', (format) => {
  const text = textOf(format)
    .replaceAll(/\\|<[^>]+>/g, '')
    .replaceAll(/\s+/g, ' ')
  const { pid, vcpus } = report().guests[0] ?? { pid: 0, vcpus: [] }
  expect(text).toContain(`qemu-system-x86 ${pid}; tap-lb01; 1 vCPU (${vcpus[0]}); I/O mon_iothread (`)
  // A fact of one of its threads is a fact of the guest, and the thread has a name as well.
  expect(text).not.toContain(`qemu-system-x86(${pid})`)
  expect(text).not.toMatch(new RegExp(`thread ${vcpus[0]}\\b`))
  expect(text).toMatch(/lb01[^.]* (?:vCPU 0|the main loop)/)
})
