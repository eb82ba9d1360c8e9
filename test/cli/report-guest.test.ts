// `whylate report` with a recording made inside the guest: a row of its own, its facts told as the guest's, in every form.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { makeReport } from '../../src/cli/report.ts'
import type { ReportFormat } from '../../src/cli/report-options.ts'
import type { Report } from '../../src/report/report-shape.ts'
import type { ImportFiles, NamedFile } from '../../src/session/import/import-sources.ts'
import { guestScapOf, incidentsFolder } from '../fixtures/incident.ts'
import { schemaFaults, type Schema } from '../fixtures/json-schema.ts'
import { rotatedScap } from '../fixtures/moved-scap.ts'
import { noFiles, optionsOf } from '../fixtures/report.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-guest-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const incident = 'guest-keepalived-stopped'
const member = (name: string): string => join(incidentsFolder, incident, name)
const host: NamedFile = { name: undefined, path: member('host.scap.gz') }
const guest = (name: string | undefined): NamedFile => ({ name, path: member('guest.scap.gz') })

function files(...scaps: readonly NamedFile[]): ImportFiles {
  return { ...noFiles, pcaps: [{ name: 'tap', path: member('tap.pcap') }], scaps }
}

const told = async (given: ImportFiles, format: ReportFormat): Promise<string> =>
  (await makeReport(undefined, optionsOf(given, { format }))).text
const reportOf = async (given: ImportFiles): Promise<Report> => JSON.parse(await told(given, 'json')) as Report

test('the guest is a probe of its own, and the document fits the schema', async () => {
  const report = await reportOf(files(host, guest('lb01')))
  const schema = JSON.parse(
    readFileSync(resolve(import.meta.dirname, '../../docs/report.schema.json'), 'utf8'),
  ) as Schema
  expect(schemaFaults(report, schema)).toEqual([])
  const rows = report.capture.probes.filter(({ name }) => name === 'sysdig')
  expect(rows.map(({ part, state }) => [part, state])).toEqual([
    [undefined, 'ok'],
    ['lb01', 'ok'],
  ])
  expect(rows[1]?.detail).toMatch(
    /^guest\.scap\.gz; inside guest lb01, its clock 49\.\d ms behind, -\d+\.\d ppm, told to ± \d+ µs$/,
  )
  expect(report.late.map(({ verdict }) => `${verdict.cause} ${verdict.confidence} ${verdict.culprit?.pid}`)).toEqual(
    Array.from({ length: 3 }, () => 'inside-guest certain 130'),
  )
})

test.each(['text', 'md', 'html'] as const)(
  '%s tells the guest’s facts as the guest’s, on the capture’s clock',
  async (format) => {
    const text = await told(files(host, guest('lb01')), format)
    const plain = text.replaceAll(/\\|<[^>]+>/g, '')
    expect(plain).toContain('sysdig lb01')
    expect(plain).toMatch(/lb01: sh\(186\)/)
    // SIGSTOP 188 ms before due: by the guest's own clock it would be 49 ms earlier.
    expect(plain).toMatch(/-0\.1[89]\d s/)
  },
)

describe('which is which does not hang on names', () => {
  test('only the guest, unnamed: it is told by the name of its machine, and the host as unseen', async () => {
    const report = await reportOf(files(guest(undefined)))
    expect(report.capture.host).toBe('')
    expect(report.capture.probes.find(({ name }) => name === 'sysdig')?.part).toBe('loadbalancer01')
    const [late] = report.late
    expect(late?.verdict).toMatchObject({ cause: 'inside-guest', culprit: { kind: 'process', comm: 'keepalived' } })
    expect(late?.blindSpots.map(({ reason }) => reason)).toContain('no system calls or switches of the host were given')
  })

  test('the guest first and under a wrong name, the host second: the same verdicts', async () => {
    const right = await reportOf(files(host, guest('x')))
    const wrong = await reportOf(files({ ...guest('host'), name: 'x' }, { ...host, name: 'guest' }))
    expect(wrong.late.map(({ verdict }) => verdict)).toEqual(right.late.map(({ verdict }) => verdict))
  })
})

test('a name full of hostile characters reaches no form unescaped', async () => {
  const name = '<b>\u001b[31m$&'
  for (const format of ['text', 'md', 'html'] as const) {
    const text = await told(files(guest(name)), format)
    expect(text).not.toContain('\u001b')
    expect(text).not.toContain('<b>\u001b')
    expect(format === 'html' && text.includes('<b>')).toBe(false)
  }
})

test('files that a recorder rotated are one recording, with one row', async () => {
  const scap = guestScapOf(incident) ?? new Uint8Array(0)
  const parts = rotatedScap(scap).map((bytes, i): NamedFile => {
    const path = join(folder, `guest.scap${i}`)
    writeFileSync(path, bytes)
    return { name: 'lb01', path }
  })
  const whole = await reportOf(files(guest('lb01')))
  const rotated = await reportOf(files(...parts))
  expect(rotated.capture.probes.filter(({ name }) => name === 'sysdig')).toMatchObject([
    { part: 'lb01', detail: expect.stringMatching(/^guest\.scap0, guest\.scap1; inside guest lb01/) as string },
  ])
  const verdicts = ({ late }: Report) => late.map(({ verdict: { cause, culprit } }) => [cause, culprit?.pid])
  expect(verdicts(rotated)).toEqual(verdicts(whole))
})
