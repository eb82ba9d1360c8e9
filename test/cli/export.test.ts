// `whylate export`: what other tools make of it, and that a redacted one names nobody.

import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { runExport } from '../../src/cli/export.ts'
import { exportForms, type ExportForm } from '../../src/cli/export-forms.ts'
import { createCaptureParser } from '../../src/parse/pcap/capture-parser.ts'
import { importBundle } from '../../src/session/import/import-bundle.ts'
import type { ImportFiles } from '../../src/session/import/import-sources.ts'
import { epochOf } from '../../src/time/instant.ts'
import { buildProgram } from '../fixtures/built-program.ts'
import { incidentsFolder, readTruth } from '../fixtures/incident.ts'
import { buildAdvert, buildPcap } from '../fixtures/pcap-builder.ts'
import { filesOf, noFiles } from '../fixtures/report.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const incident = 'netns-freezer'
const folder = mkdtempSync(join(tmpdir(), 'whylate-export-'))
const bundle = join(folder, 'night.whylate')
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function importTo(path: string, files: ImportFiles): Promise<void> {
  await importBundle({
    path,
    files,
    keepsSecrets: false,
    budgetBytes: 256 * 1024 * 1024,
    program: { version: '0.1.0', commandLine: ['import'] },
    onProgress: () => undefined,
    signal: new AbortController().signal,
  })
}

beforeAll(async () => {
  const member = (name: string): string => join(incidentsFolder, incident, name)
  await importTo(bundle, {
    ...filesOf(incident),
    pcaps: [
      { name: undefined, path: member('tap.pcap') },
      { name: 'backup-host', path: member('peer.pcap') },
    ],
    logs: [member('keepalived-master.log'), member('keepalived-backup.log')],
  })
})

let count = 0
async function exported(
  to: ExportForm,
  more: { redact?: boolean; redactKey?: string } = {},
  path = bundle,
): Promise<Buffer> {
  const output = join(folder, `${++count}.${to}`)
  expect(await runExport(path, { to, output, budget: 256 * 1024 * 1024, quiet: true, ...more })).toBe(0)
  return readFileSync(output)
}

const tcpdump = ['/usr/bin/tcpdump', '/usr/sbin/tcpdump'].find((path) => existsSync(path))

describe('pcapng', () => {
  test.skipIf(tcpdump === undefined)('tcpdump reads every advert, with its nanoseconds', async () => {
    await exported('pcapng')
    const file = join(folder, `${count}.pcapng`)
    const read = (path: string): string[] =>
      execFileSync(tcpdump ?? '', ['-n', '-tt', '--nano', '-r', path, 'vrrp'], { encoding: 'utf8', stdio: 'pipe' })
        .trim()
        .split('\n')
    const originals = ['tap.pcap', 'peer.pcap'].flatMap((name) => read(join(incidentsFolder, incident, name)))
    expect(read(file).toSorted()).toEqual(originals.toSorted())
  })

  test('a comment at each late one, with overrun, wire code and verdict', async () => {
    const text = (await exported('pcapng')).toString('latin1')
    const comments = text.match(/whylate: late [\x20-\x7e]+/g) ?? []
    expect(comments).toHaveLength(readTruth(incident).late.length)
    expect(comments[0]).toMatch(
      /^whylate: late 1, 1\.91\d s past due, gap 2\.91\d s, W1-\. sender-stopped \(certain\): Never issued/,
    )
  })

  test('what was captured is what is read back, with the name of its link', async () => {
    const links = new Set<string>()
    const stamps: number[] = []
    const parser = createCaptureParser({
      origin: epochOf(0n),
      link: undefined,
      linkName: () => undefined,
      sink: {
        advert(advert) {
          links.add(advert.link)
          stamps.push(advert.at)
        },
        traffic: () => expect.unreachable('only adverts are exported'),
        malformed: (complaint) => expect.unreachable(complaint.reason),
        ignored: (kind) => expect.unreachable(kind),
      },
    })
    parser.push(await exported('pcapng'))
    parser.end()
    expect([...links].toSorted()).toEqual(['backup-host', 'tap'])
    expect(stamps).toEqual(stamps.toSorted((a, b) => a - b))
  })
})

test('csv: a row for each advert, as wide as its head, and the late ones say why', async () => {
  const [head = '', ...rows] = (await exported('csv')).toString().trimEnd().split('\r\n')
  const names = head.split(',')
  const late = rows.filter((row) => row.split(',')[names.indexOf('late')] !== '')
  expect(late).toHaveLength(readTruth(incident).late.length)
  for (const row of late) expect(row).toMatch(/,W1-,sender-stopped,certain,/)
  for (const row of rows) expect(row.replaceAll(/"(?:[^"]|"")*"/g, '').split(',')).toHaveLength(names.length)
  expect(rows[0]).toMatch(
    /^2026-11-22T12:28:30\.993195183Z,1795350510993195183,tap,,4,2,12,192\.168\.205\.11,224\.0\.0\.18,/,
  )
})

test('csv: no cell is a formula, whatever a link is called', async () => {
  const pcap = join(folder, 'x.pcap')
  writeFileSync(
    pcap,
    buildPcap(
      [1n, 2n].map((n) => ({
        atNs: 1_795_350_000_000_000_000n + n * 1_000_000_000n,
        bytes: buildAdvert({ ipId: Number(n) }),
      })),
    ),
  )
  for (const name of ['=cmd|x!A1', '+1', '-1', '@SUM(1)', '"a,b', '\u202Egnp']) {
    const path = join(folder, `${++count}.whylate`)
    await importTo(path, { ...noFiles, pcaps: [{ name, path: pcap }] })
    const row = (await exported('csv', {}, path)).toString().split('\r\n')[1] ?? ''
    const cell = /^[^,]+,[^,]+,(?<link>"(?:[^"]|"")*"|[^,]*),/.exec(row)?.groups?.['link'] ?? ''
    expect(cell.replace(/^"/, '')).not.toMatch(/^[=+\-@|%]/)
    expect(cell).not.toContain('\u202E')
  }
})

test('json: the report, and every advert behind it', async () => {
  const { schema, report, adverts } = JSON.parse((await exported('json')).toString()) as {
    schema: string
    report: { flows: { adverts: number }[]; late: { atNs: string; number: number }[] }
    adverts: { atNs: string; late: number | null; gapMs: number | null }[]
  }
  expect(schema).toBe('whylate.export/1')
  for (const { atNs, number } of report.late) expect(adverts.find((one) => one.atNs === atNs)?.late).toBe(number)
  expect(adverts.length).toBeGreaterThanOrEqual(report.flows.reduce((sum, flow) => sum + flow.adverts, 0))
})

test('perfetto: one JSON document, exact to the nanosecond, with every track', async () => {
  const text = (await exported('perfetto')).toString()
  const trace = JSON.parse(text) as {
    otherData: { originNs: string }
    traceEvents: { ph: string; pid: number; tid: number; ts?: number; dur?: number; name: string }[]
  }
  const late = trace.traceEvents.filter((one) => one.ph === 'X' && one.pid === 1)
  expect(late).toHaveLength(readTruth(incident).late.length)
  for (const pid of [1, 2, 3]) expect(trace.traceEvents.some((one) => one.pid === pid && one.ph !== 'M')).toBe(true)
  expect(trace.traceEvents.filter((one) => one.pid === 2).map((one) => one.name)).toEqual(
    expect.arrayContaining(['epoll_wait']),
  )
  const [, whole = '', rest = ''] = /"ph":"i","s":"t","pid":1,"tid":1,"ts":(\d+)\.(\d{3}),/.exec(text) ?? []
  expect(BigInt(trace.otherData.originNs) + BigInt(whole) * 1000n + BigInt(rest)).toBe(1_795_350_510_993_195_183n)
})

describe('redacted', () => {
  const originals = [
    '192.168.205.',
    'compute07',
    'backup-host',
    'keepalived-master.log',
    'peer.pcap',
    'cgctl',
    'system-n',
    'loadbalancer',
    '0e:89:c1:26:b0:a2',
  ]

  test.each(exportForms.filter((form) => form !== 'bundle'))(
    '%s: no address, no host, no process, no file is found in it',
    async (form) => {
      // Unredacted they are there, so this can fail.
      const plain = await exported(form)
      const hasAddress = (bytes: Buffer): boolean =>
        bytes.includes('192.168.205.') || bytes.includes(Buffer.from([192, 168, 205]))
      expect(hasAddress(plain)).toBe(true)
      const redacted = await exported(form, { redact: true })
      expect(hasAddress(redacted)).toBe(false)
      const text = redacted.toString('latin1')
      for (const one of originals) expect(text, one).not.toContain(one)
      expect(redacted.includes(Buffer.from([0x0e, 0x89, 0xc1, 0x26, 0xb0, 0xa2]))).toBe(false)
    },
  )

  test('as a bundle only to be redacted, and only what was recorded here', async () => {
    const options = { to: 'bundle', budget: 256 * 2 ** 20, quiet: true } as const
    await expect(runExport(bundle, { ...options, output: join(folder, 'o') })).rejects.toMatchObject({ exitCode: 2 })
    await expect(runExport(bundle, { ...options, redact: true })).rejects.toMatchObject({ exitCode: 2 })
    await expect(runExport(bundle, { ...options, redact: true, output: join(folder, 'o') })).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('was made of files of others'),
    })
    expect(existsSync(join(folder, 'o.whylate'))).toBe(false)
  })

  test('the same token for the same name in all forms with one key, another with another key', async () => {
    const sourcesOf = async (redactKey: string): Promise<Set<string>> => {
      const { adverts } = JSON.parse((await exported('json', { redactKey })).toString()) as {
        adverts: { source: string }[]
      }
      return new Set(adverts.map((one) => one.source))
    }
    const csv = (await exported('csv', { redactKey: 'correct horse' })).toString()
    const same = await sourcesOf('correct horse')
    expect(same.size).toBe(2)
    for (const one of same) expect(csv).toContain(`,${one},`)
    for (const one of await sourcesOf('battery staple')) expect(same).not.toContain(one)
  })

  test('lateness, wire codes, causes and numbers stay as they are', async () => {
    type Told = {
      report: {
        late: { atNs: string; overrunMs: number; wire: string; verdict: { cause: string; confidence: string } }[]
      }
    }
    const tell = ({ report }: Told): unknown =>
      report.late.map(({ atNs, overrunMs, wire, verdict }) => [
        atNs,
        overrunMs,
        wire,
        verdict.cause,
        verdict.confidence,
      ])
    const [plain, redacted] = [await exported('json'), await exported('json', { redact: true })]
    expect(tell(JSON.parse(redacted.toString()) as Told)).toEqual(tell(JSON.parse(plain.toString()) as Told))
  })

  test('the adverts that were built anew are whole: checksums right, IDs and times as they were', async () => {
    const read = (bytes: Buffer): unknown[] => {
      const adverts: unknown[] = []
      const parser = createCaptureParser({
        origin: epochOf(0n),
        link: 'x',
        linkName: () => undefined,
        sink: {
          advert: ({ at, vrid, priority, interval, ipId, hopLimit, checksum, auth, version, addresses }) =>
            adverts.push({
              at,
              vrid,
              priority,
              interval,
              ipId,
              hopLimit,
              checksum,
              auth,
              version,
              count: addresses.length,
            }),
          traffic: () => undefined,
          malformed: (complaint) => expect.unreachable(complaint.reason),
          ignored: () => undefined,
        },
      })
      parser.push(bytes)
      return adverts
    }
    expect(read(await exported('pcapng', { redact: true }))).toEqual(read(await exported('pcapng')))
  })
})

describe('where it goes', () => {
  test('a file that exists, a directory that is not there: a sentence, and nothing is written over', async () => {
    const there = join(folder, 'there.csv')
    writeFileSync(there, 'mine')
    const options = { to: 'csv', budget: 64 * 1024 * 1024, quiet: true } as const
    await expect(runExport(bundle, { ...options, output: there })).rejects.toMatchObject({ exitCode: 2 })
    expect(readFileSync(there, 'utf8')).toBe('mine')
    await expect(runExport(bundle, { ...options, output: join(folder, 'no/x.csv') })).rejects.toMatchObject({
      exitCode: 3,
    })
    await expect(runExport(join(folder, 'none.whylate'), options)).rejects.toMatchObject({ exitCode: 4 })
  })

  test('down a pipe that closes early it ends quietly; a key that can be guessed is refused', async () => {
    const program = buildProgram(folder)
    const run = promisify(execFile)
    const { stdout, stderr } = await run('sh', ['-c', `"${program}" export "${bundle}" --to csv | head -n 1`])
    expect([stdout.startsWith('time,time_ns,'), stderr]).toEqual([true, ''])
    await expect(run(program, ['export', bundle, '--to', 'csv', '--redact-key', 'x'])).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('can be guessed'),
    })
  })
})
