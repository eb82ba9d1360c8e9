// `report --format json` is a contract: its shape by the schema in docs/, its content by what was truly done.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { formatJson } from '../../src/report/json.ts'
import { reportOf } from '../../src/report/report.ts'
import type { Report } from '../../src/report/report-shape.ts'
import { everything } from '../../src/report/selection.ts'
import { incidentNames, readTruth } from '../fixtures/incident.ts'
import { schemaFaults, type Schema } from '../fixtures/json-schema.ts'
import { filesOf, importOf } from '../fixtures/report.ts'

const schema = JSON.parse(readFileSync(new URL('../../docs/report.schema.json', import.meta.url), 'utf8')) as Schema

const jsonOf = async (name: string): Promise<string> => formatJson(reportOf(await importOf(filesOf(name)), everything))

describe.each(incidentNames)('%s', (name) => {
  test('validates against the schema, and lists what was truly late', async () => {
    const text = await jsonOf(name)
    const report = JSON.parse(text) as Report
    expect(schemaFaults(report, schema)).toEqual([])
    expect(text).toMatch(/^[\x20-\x7e\n]*$/)

    const truth = readTruth(name)
    const own = report.late.filter((one) => one.flow.split(' ')[3] === truth.flow.source)
    expect(own.map((one) => [one.wire, one.takeover])).toEqual(
      truth.late.map((one) => [one.wire.replace(/[+-]$/, ''), one.takeover]),
    )
    own.forEach((one, i) => {
      const wanted = truth.late[i]
      expect(Math.abs(Number(BigInt(one.atNs) / 1000n) - (wanted?.sent_ns ?? 0))).toBeLessThanOrEqual(1)
      expect(Math.abs(one.overrunMs - (wanted?.overrun_ms ?? 0))).toBeLessThan(5)
      expect(Math.abs(one.ownOverrunMs - (wanted?.overrun_own_ms ?? 0))).toBeLessThan(5)
      expect(one.liveness).toBe({ '+': 'silent', '-': 'alive' }[wanted?.wire.at(2) ?? ''] ?? null)
    })
    for (const one of report.late) {
      expect(Math.abs(one.ledger.reduce((sum, part) => sum + part.ms, 0) - one.overrunMs)).toBeLessThan(0.001)
      expect(one.at.slice(20, 29)).toBe(one.atNs.slice(-9))
    }
    expect(report.flows.find((one) => one.source === truth.flow.source)?.adverts).toBe(truth.flow.adverts)
    expect(report.causes.reduce((sum, one) => sum + one.late, 0)).toBe(report.late.length)
  })
})

test('the same files give the same bytes', async () => {
  expect(await jsonOf('netns-freezer')).toBe(await jsonOf('netns-freezer'))
})

test('the schema refuses a report with a key too many, one too few, or a wrong word', async () => {
  const report = JSON.parse(await jsonOf('qemu-sigstop')) as Report
  expect(schemaFaults({ ...report, extra: 1 }, schema)).toEqual(['$.extra is not in the schema'])
  const { capture: _capture, ...rest } = report
  expect(schemaFaults(rest, schema)).toEqual(['$.capture is missing'])
  const late = report.late.map((one) => ({ ...one, wire: 'W1+' }))
  expect(schemaFaults({ ...report, late }, schema)).toEqual(['$.late[0].wire is "W1+"'])
})
