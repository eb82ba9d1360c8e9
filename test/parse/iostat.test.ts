import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { DiskRow } from '../../src/events/disk.ts'
import type { StreamParser } from '../../src/events/outcome.ts'
import { createIostatParser, type IostatOptions } from '../../src/parse/iostat.ts'
import { createIostatTextParser } from '../../src/parse/iostat/text.ts'
import { epochAt, epochFrom } from '../../src/time/instant.ts'
import { formatIso } from '../../src/time/format.ts'

// Properties take long on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const origin = epochFrom('1795355300', '')

const capture = (name: string): Buffer =>
  readFileSync(join(import.meta.dirname, '../captures/iostat', `iostat-12.6.1-${name}`))

const print = (row: DiskRow): string =>
  [
    formatIso(epochAt(row.at, origin)).slice(11, 19),
    `${row.span / 1e9} s`,
    row.device,
    `r ${row.readsPerSecond} ${row.readKbPerSecond} kB ${row.readAwaitMs} ms`,
    `w ${row.writesPerSecond} ${row.writeKbPerSecond} kB ${row.writeAwaitMs} ms`,
    `f ${row.flushAwaitMs} ms`,
    `q ${row.queue}`,
    `${row.utilisation} %`,
  ].join(' | ')

interface Said {
  readonly rows: DiskRow[]
  readonly malformed: string[]
  readonly ignored: string[]
}

function listen(
  options: Partial<IostatOptions> = {},
  create: (all: IostatOptions) => StreamParser = createIostatParser,
): Said & { readonly parser: StreamParser } {
  const said: Said = { rows: [], malformed: [], ignored: [] }
  const sink = {
    disk: (row: DiskRow) => said.rows.push(row),
    malformed: ({ reason, where }: { reason: string; where: number }) => said.malformed.push(`${where}: ${reason}`),
    ignored: (kind: string) => said.ignored.push(kind),
  }
  return { ...said, parser: create({ origin, sink, ...options }) }
}

function read(bytes: Uint8Array | string, options: Partial<IostatOptions> = {}, create = createIostatParser): Said {
  const said = listen(options, create)
  said.parser.push(Buffer.from(bytes))
  said.parser.end()
  return said
}

const head = '{"sysstat": {"hosts": [{"nodename": "n", "number-of-cpus": 2, "date": "2026-11-22", "statistics": [\n'
const device = (name: string): string =>
  `{"disk_device": "${name}", "r/s": 1.00, "w/s": 2.00, "r_await": 0.50, "w_await": 7.00, "aqu-sz": 0.01, "util": 3.20}`
const sample = (time: string, ...devices: readonly string[]): string =>
  `{\n"timestamp": "2026-11-22T${time}+0000",\n"disk": [\n${devices.join(',\n')}\n]\n},\n`

test('a run ended by SIGINT gives a row for each second after the first', () => {
  const said = read(capture('sigint.json'))
  expect(said.rows.map(print)).toMatchInlineSnapshot(`
    [
      "13:48:39 | 1 s | vda | r 0 0 kB 0 ms | w 0 0 kB 0 ms | f 0 ms | q 0 | 0 %",
      "13:48:40 | 1 s | vda | r 0 0 kB 0 ms | w 1 8 kB 0 ms | f 0 ms | q 0 | 0 %",
      "13:48:41 | 1 s | vda | r 0 0 kB 0 ms | w 0 0 kB 0 ms | f 0 ms | q 0 | 0 %",
    ]
  `)
  expect(said.ignored).toEqual(['since boot'])
  expect(said.malformed).toEqual([])
})

test('a run ended by SIGTERM gives the same, though its JSON is not closed', () => {
  const said = read(capture('sigterm.json'))
  expect(said.rows).toHaveLength(3)
  expect(said.ignored).toEqual(['since boot'])
  expect(said.malformed).toEqual([])
})

test('a run with -y has no average since boot to leave out', () => {
  const said = read(capture('no-since-boot.json'), { skipsFirst: true })
  expect(said.rows).toHaveLength(3)
  expect(said.ignored).toEqual([])
})

test('a busy disk, with flushes, as it stands in an incident', () => {
  expect(read(capture('under-load.json')).rows.map(print)).toMatchInlineSnapshot(`
    [
      "12:55:23 | 1 s | vda | r 9 36 kB 37.11 ms | w 353 1376292 kB 72.58 ms | f 0 ms | q 26.35 | 73.6 %",
      "12:55:24 | 1 s | vda | r 4 16 kB 52.75 ms | w 403 1572908 kB 51.67 ms | f 0 ms | q 21.54 | 59.2 %",
      "12:55:25 | 1 s | vda | r 5 20 kB 64.6 ms | w 405 1572916 kB 46.26 ms | f 0.12 ms | q 19.5 | 66.4 %",
      "12:55:26 | 1 s | vda | r 8 2064 kB 34.25 ms | w 404 1572912 kB 63.35 ms | f 0 ms | q 26.24 | 65.2 %",
      "12:55:27 | 1 s | vda | r 4 16 kB 62.5 ms | w 402 1572904 kB 60.77 ms | f 0.12 ms | q 25.14 | 71.2 %",
      "12:55:28 | 1 s | vda | r 9 4112 kB 37.22 ms | w 402 1572904 kB 54.8 ms | f 0 ms | q 22.78 | 62.4 %",
      "12:55:29 | 1 s | vda | r 3 12 kB 44 ms | w 354 1376300 kB 42.52 ms | f 0 ms | q 15.56 | 54.4 %",
    ]
  `)
})

test('a row covers the whole time in which iostat itself was held up', () => {
  expect(read(capture('held-up.json')).rows.map((row) => row.span / 1e9)).toEqual([1, 4, 1])
})

test('stamps of a locale are refused with the remedy, not guessed', () => {
  const said = read(capture('locale-stamps.json'))
  expect(said.rows).toEqual([])
  expect(said.malformed).toHaveLength(3)
  expect(said.malformed[0]).toContain('S_TIME_FORMAT=ISO')
})

test('a row is there as soon as the ] of its sample is in, not when the next sample begins', () => {
  const { parser, rows } = listen()
  const bytes = capture('sigterm.json')
  parser.push(bytes)
  const before = rows.length
  expect(bytes.toString().trimEnd().endsWith(']\n\t\t\t\t}')).toBe(true)
  expect(before).toBe(3)
  const another = listen()
  another.parser.push(bytes.subarray(0, bytes.lastIndexOf(']')))
  expect(another.rows).toHaveLength(2)
  another.parser.push(Buffer.from(']'))
  expect(another.rows).toHaveLength(3)
})

test('a finished document that another program has written on one line reads the same', () => {
  const text = capture('under-load.json').toString()
  const compact = JSON.stringify(JSON.parse(text))
  const pretty = JSON.stringify(JSON.parse(text), undefined, 2)
  const rows = read(text).rows
  expect(rows.length).toBeGreaterThan(3)
  expect(read(compact).rows).toEqual(rows)
  expect(read(pretty).rows).toEqual(rows)
})

test('two runs one behind the other each have an average since boot', () => {
  const said = read(Buffer.concat([capture('sigterm.json'), capture('sigint.json')]))
  expect(said.rows).toHaveLength(6)
  expect(said.ignored).toEqual(['since boot', 'since boot'])
})

test('a stream that has lost its head begins with a true second', () => {
  const said = read(sample('12:00:05', device('sda')) + sample('12:00:06', device('sda')))
  expect(said.rows).toHaveLength(2)
  expect(said.ignored).toEqual([])
})

test('when the average since boot is cut off, the second sample is not taken for it', () => {
  const first = sample('12:00:05', device('sda'))
  const said = read(head + first.slice(0, 80) + sample('12:00:06', device('sda')) + sample('12:00:07', device('sda')))
  expect(said.rows.map((row) => formatIso(epochAt(row.at, origin)).slice(11, 19))).toEqual(['12:00:06', '12:00:07'])
  expect(said.malformed).toHaveLength(1)
})

test('a stamp with a zone is the instant that it names', () => {
  const stamps = [
    '2026-11-22T14:00:06+0200',
    '2026-11-22T07:00:06-05:00',
    '2026-11-22T12:00:06Z',
    '2026-11-22 17:30:06+0530',
  ]
  const times = stamps.map((stamp) => {
    const [row] = read(`"timestamp": "${stamp}", "disk": [${device('sda')}]`).rows
    return row === undefined ? 'none' : formatIso(epochAt(row.at, origin))
  })
  expect(times).toEqual(Array.from({ length: 4 }, () => '2026-11-22T12:00:06.000000000Z'))
})

test.each([
  '2026-13-22T12:00:06+0000',
  '2026-02-30T12:00:06+0000',
  '2026-11-22T25:00:06+0000',
  '2026-11-22T12:00:06',
  '',
])('the stamp %j is no instant', (stamp) => {
  const said = read(`"timestamp": "${stamp}", "disk": [${device('sda')}]`)
  expect(said.rows).toEqual([])
  expect(said.malformed).toHaveLength(1)
})

test('samples without stamps say which option is missing', () => {
  expect(read(`${head}{"disk": [${device('sda')}]}`).malformed[0]).toContain('-t')
})

test('columns that an older sysstat does not have are not numbers, and never zero', () => {
  const [row] = read(
    '"timestamp": "2026-11-22T12:00:06Z", "disk": [{"disk_device": "sda", "r/s": 1.0, "rMB/s": 2.0, "avgqu-sz": 0.5, "svctm": 1}]',
  ).rows
  expect(row).toMatchObject({
    readsPerSecond: 1,
    readKbPerSecond: 2048,
    writesPerSecond: NaN,
    readAwaitMs: NaN,
    queue: 0.5,
    utilisation: NaN,
  })
  expect(row?.flushAwaitMs).toBeUndefined()
})

test('a decimal comma and a division by zero do not lose the row', () => {
  const [row] = read(
    '"timestamp": "2026-11-22T12:00:06Z", "disk": [{"disk_device": "sda", "r/s": 73,76, "w/s": 0,00, "util": -nan}]',
  ).rows
  expect(row).toMatchObject({ readsPerSecond: 73.76, writesPerSecond: 0, utilisation: NaN })
})

test('a clock that steps back gives a span of one period, never a negative one', () => {
  const said = read(
    sample('12:00:05', device('sda')) + sample('11:00:05', device('sda')) + sample('11:00:06', device('sda')),
  )
  expect(said.rows.map((row) => row.span / 1e9)).toEqual([1, 1, 1])
})

test('device names are kept as they came, whatever they are', () => {
  const name = String.raw`a\"b\\\u001b[31m é ]}{`
  const said = read(sample('12:00:05', device(name), device('sda')))
  expect(said.rows.map((row) => row.device)).toEqual(['a"b\\\u001b[31m é ]}{', 'sda'])
  expect(said.malformed).toEqual([])
})

test('a name that breaks the JSON loses itself, not its neighbours', () => {
  const said = read(
    sample('12:00:05', device('a"b'), device('line\nbreak'), device('sda')) + sample('12:00:06', device('sda')),
  )
  expect(said.rows.map((row) => row.device)).toContain('sda')
  expect(said.rows.at(-1)?.device).toBe('sda')
  expect(said.malformed.length).toBeGreaterThan(0)
})

test('a device that never ends is given up at a bound, and the next sample is read', () => {
  const endless = `{"disk_device": "${'x'.repeat(200_000)}`
  const said = read(sample('12:00:05', endless) + sample('12:00:06', device('sda')))
  expect(said.rows.map((row) => row.device)).toEqual(['sda'])
  expect(said.malformed[0]).toContain('65536 bytes')
})

const whole = capture('under-load.json')

test('any split of the bytes gives the same rows', () => {
  const expected = read(whole)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: whole.length }), { maxLength: 60 }), (cuts) => {
      const said = listen()
      let from = 0
      for (const to of [...cuts].sort((a, b) => a - b).concat(whole.length)) {
        said.parser.push(whole.subarray(from, to))
        from = to
      }
      said.parser.end()
      expect(said.rows).toEqual(expected.rows)
      expect(said.malformed).toEqual([])
    }),
    { numRuns: 50 },
  )
})

test('one byte at a time gives the same rows', () => {
  const said = listen()
  for (const byte of whole) said.parser.push(Uint8Array.of(byte))
  expect(said.rows).toEqual(read(whole).rows)
})

test('cut off anywhere, only the tail is lost', () => {
  const expected = read(whole).rows
  for (let length = 0; length <= whole.length; length += 7) {
    const said = read(whole.subarray(0, length))
    expect(said.rows).toEqual(expected.slice(0, said.rows.length))
    const wholeSamples =
      whole
        .subarray(0, length)
        .toString()
        .split(/^\t{5}\]/m).length - 1
    expect(said.rows.length).toBe(Math.max(0, wholeSamples - 1))
  }
})

test('after any garbage the next sample but one is read', () => {
  const garbage = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }),
    fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', '\\', ':', ',', 'disk', '\n', '1'), minLength: 1 }),
  )
  fc.assert(
    fc.property(garbage, fc.boolean(), (text, isInside) => {
      const hit = sample('12:00:07', device('sdx'))
      const before = head + sample('12:00:05', device('sda')) + sample('12:00:06', device('sda'))
      const middle = isInside ? hit.slice(0, 60) + text : text + hit
      const tail = ['12:00:08', '12:00:09', '12:00:10'].map((time) => sample(time, device('sda'))).join('')
      const said = read(`${before}${middle}\n${tail}`)
      const times = said.rows.map((row) => formatIso(epochAt(row.at, origin)).slice(11, 19))
      expect(times[0]).toBe('12:00:06')
      expect(times.slice(-2)).toEqual(['12:00:09', '12:00:10'])
    }),
    { numRuns: 200 },
  )
})

test('garbage between two samples is complained of, with its place', () => {
  const before = head + sample('12:00:05', device('sda'))
  const said = read(`${before}iostat: cannot open /proc/diskstats\n${sample('12:00:06', device('sda'))}`)
  expect(said.malformed).toEqual([`${before.length}: something that is not JSON of iostat`])
  expect(said.rows).toHaveLength(1)
})

const hasIostat = spawnSync('iostat', ['-V']).status === 0

test.skipIf(!hasIostat)(
  'the real iostat: each row is read in the second that it is stamped with',
  async () => {
    const { parser, rows, malformed, ignored } = listen()
    const child = spawn('iostat', ['-dxt', '-o', 'JSON', '1'], {
      env: { ...process.env, S_TIME_FORMAT: 'ISO', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const behindMs: number[] = []
    child.stdout.on('data', (bytes: Buffer) => {
      const known = rows.length
      parser.push(bytes)
      const [fresh] = rows.slice(known)
      if (fresh !== undefined) behindMs.push(Date.now() - Number(epochAt(fresh.at, origin) / 1_000_000n))
    })
    setTimeout(() => child.kill('SIGTERM'), 4300)
    await new Promise((resolve) => child.on('close', resolve))
    parser.end()
    expect(ignored).toEqual(['since boot'])
    expect(malformed).toEqual([])
    expect(behindMs.length).toBeGreaterThanOrEqual(3)
    // A row that waited for the next sample would be a second older than its stamp says.
    expect(Math.min(...behindMs)).toBeLessThan(1000)
  },
  15_000,
)

test('the classic text with ISO stamps gives the same kind of rows', () => {
  const said = read(capture('text.txt'), {}, createIostatTextParser)
  expect(said.rows.map(print)).toMatchInlineSnapshot(`
    [
      "13:48:39 | 1 s | vda | r 0 0 kB 0 ms | w 0 0 kB 0 ms | f 0 ms | q 0 | 0 %",
      "13:48:40 | 1 s | vda | r 0 0 kB 0 ms | w 1 8 kB 0 ms | f 0 ms | q 0 | 0 %",
      "13:48:41 | 1 s | vda | r 0 0 kB 0 ms | w 0 0 kB 0 ms | f 0 ms | q 0 | 0 %",
    ]
  `)
  expect(said.ignored).toEqual(['since boot'])
  expect(said.malformed).toEqual([])
})

test('classic text is read the same however it is split, and cut off it loses only its tail', () => {
  const text = capture('text.txt')
  const expected = read(text, {}, createIostatTextParser)
  const byByte = listen({}, createIostatTextParser)
  for (const byte of text) byByte.parser.push(Uint8Array.of(byte))
  byByte.parser.end()
  expect(byByte.rows).toEqual(expected.rows)
  for (let length = 0; length < text.length; length += 5) {
    const { rows } = read(text.subarray(0, length), {}, createIostatTextParser)
    expect(rows).toEqual(expected.rows.slice(0, rows.length))
  }
})

test('text with decimal commas, locale stamps and stray lines', () => {
  const lines = [
    'Linux 6.1.0 (node01) \t2026-11-22 \t_x86_64_\t(2 CPU)',
    '',
    '2026-11-22T12:00:05+0000',
    'Device r/s w/s rkB/s wkB/s r_await w_await aqu-sz %util',
    'sda 1,00 2,00 3,00 4,00 5,00 6,00 0,10 7,00',
    '',
    '2026-11-22T12:00:06+0000',
    'Device r/s w/s rkB/s wkB/s r_await w_await aqu-sz %util',
    'sda 1,50 2,00 3,00 4,00 5,00 6,00 0,10 7,00',
    'sdb 1,50',
    '',
    '11/22/26 12:00:07',
    'Device r/s w/s rkB/s wkB/s r_await w_await aqu-sz %util',
    'sda 9,00 2,00 3,00 4,00 5,00 6,00 0,10 7,00',
  ]
  const said = read(`${lines.join('\n')}\n`, {}, createIostatTextParser)
  expect(said.rows.map((row) => row.readsPerSecond)).toEqual([1.5])
  expect(said.malformed.map((complaint) => complaint.replace(/^\d+: /, ''))).toMatchInlineSnapshot(`
    [
      "1 values under 8 columns",
      "a time stamp that is not ISO 8601 with a zone: run iostat with S_TIME_FORMAT=ISO TZ=UTC and -t",
    ]
  `)
})
