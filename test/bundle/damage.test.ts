// Bundles as they come back from the world: cut, flipped, lied about, packed by somebody else, made to do harm.

import { execFileSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { formatSession } from '../../src/report/plain.ts'
import { replayAll, type Replayed } from '../../src/session/replay/replay.ts'
import { instantOf } from '../../src/time/instant.ts'
import { openWriter, tenSeconds, writeBundle } from '../fixtures/written-bundle.ts'

const settings = { budgetBytes: 32 * 1024 * 1024, interval: undefined, late: undefined, vrid: undefined }
const played = (path: string): Promise<Replayed> => replayAll(path, settings)

let night = ''
const folder = mkdtempSync(join(tmpdir(), 'whylate-damage-'))
// Its own: others unpack bundles at the same time.
const scratch = join(folder, 'tmp')
mkdirSync(scratch)
process.env['TMPDIR'] = scratch
let copies = 0

beforeAll(async () => {
  night = await writeBundle(true)
})
afterAll(() => {
  rmSync(dirname(night), { recursive: true })
  rmSync(folder, { recursive: true })
})

function copyOf(path = night): string {
  const copy = join(folder, `${++copies}.whylate`)
  cpSync(path, copy, { recursive: true })
  return copy
}

/** As a killed recorder leaves it: not closed, nothing known of its members. */
function opened(path: string): string {
  const file = join(path, 'manifest.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown> & { members: { name: string }[] }
  delete manifest['closed']
  manifest.members = manifest.members.map(({ name }) => ({ name }))
  writeFileSync(file, JSON.stringify(manifest))
  return path
}

test('what was written is what is played', async () => {
  const { snapshot, complaints, remarks } = await played(night)
  expect([...complaints, ...remarks]).toEqual([])
  expect(snapshot.flows).toMatchObject([{ adverts: 10, late: 1, link: 'tap0' }])
  expect(snapshot.late).toMatchObject([{ overrun: 1.5e9, wire: expect.stringMatching(/^W/) }])
  expect(snapshot.probes.map(({ name, events, malformed }) => [name, events, malformed])).toEqual([
    ['tcpdump', 10, 0],
    ['host', 115, 0],
    ['iostat', 10, 0],
  ])
})

test(
  'each member cut at any byte of its end: no complaint of a bundle that was not closed, and all before is read',
  { timeout: 120_000 },
  async () => {
    const whole = await played(opened(copyOf()))
    for (const name of readdirSync(night).filter((one) => one !== 'manifest.json')) {
      const { size } = statSync(join(night, name))
      for (let length = Math.max(0, size - 120); length < size; length += 1) {
        const copy = opened(copyOf())
        truncateSync(join(copy, name), length)
        const { snapshot, complaints } = await played(copy)
        expect(complaints, `${name} cut at ${length}`).toEqual([])
        expect(snapshot.flows[0]?.adverts).toBeGreaterThanOrEqual(8)
        expect(snapshot.late.length).toBeLessThanOrEqual(whole.snapshot.late.length)
        rmSync(copy, { recursive: true })
      }
    }
  },
)

test('of a closed bundle every flipped bit is told, and what is readable is read', { timeout: 120_000 }, async () => {
  for (const name of readdirSync(night).filter((one) => one !== 'manifest.json')) {
    const bytes = readFileSync(join(night, name))
    for (let at = 3; at < bytes.length; at += Math.ceil(bytes.length / 40)) {
      const copy = copyOf()
      const damaged = Buffer.from(bytes)
      damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8))
      writeFileSync(join(copy, name), damaged)
      const { snapshot, complaints } = await played(copy)
      expect(complaints.length, `${name} at ${at}`).toBeGreaterThan(0)
      expect(complaints.join(' ')).toContain(name)
      // Of a capture whose very header is damaged nothing can be said.
      expect(snapshot.flows[0]?.adverts ?? 0).toBeGreaterThanOrEqual(name === 'tcpdump.pcap' ? (at < 24 ? 0 : 8) : 10)
      rmSync(copy, { recursive: true })
    }
  }
})

test('a member that is missing, a link, a pipe or longer than it was is a sentence; the rest is read', async () => {
  const without = copyOf()
  rmSync(join(without, 'host.ndjson.gz'))
  expect((await played(without)).complaints).toEqual(['host.ndjson.gz is missing.'])
  const linked = copyOf()
  rmSync(join(linked, 'host.ndjson.gz'))
  symlinkSync('/etc/passwd', join(linked, 'host.ndjson.gz'))
  expect((await played(linked)).complaints).toEqual(['host.ndjson.gz is a symbolic link, and links are not followed.'])
  const piped = copyOf()
  rmSync(join(piped, 'host.ndjson.gz'))
  execFileSync('mkfifo', [join(piped, 'host.ndjson.gz')])
  expect((await played(piped)).complaints).toEqual(['host.ndjson.gz is not a plain file.'])
  const longer = copyOf()
  writeFileSync(
    join(longer, 'host.ndjson.gz'),
    Buffer.concat([readFileSync(join(night, 'host.ndjson.gz')), Buffer.alloc(9)]),
  )
  expect((await played(longer)).complaints).toContainEqual(
    expect.stringMatching(/^host\.ndjson\.gz has \d+ bytes, and \d+ when it was closed/),
  )
})

test(
  'without its tape, with a tape of lies, or with ten gigabytes of nothing, the adverts are still read',
  { timeout: 60_000 },
  async () => {
    const without = copyOf()
    rmSync(join(without, 'probes.ndjson.gz'))
    const { snapshot } = await played(without)
    expect(snapshot.flows).toMatchObject([{ adverts: 10, late: 1 }])
    const lies = copyOf()
    const lines = [
      '{"at":1e15,"probe":"tcpdump","life":9,"part":"","member":"../../etc/passwd","to":99}',
      '{"at":-1e15,"probe":"host","life":0,"part":"","member":"tcpdump.pcap","to":1e15}',
      '{"at":5,"probe":"tcpdump","life":0,"part":"x","member":"manifest.json","to":1}',
      '{"kind":"started","probe":"tcpdump","at":"now"}',
      'not JSON',
      '[]',
    ]
    writeFileSync(join(lies, 'probes.ndjson.gz'), gzipSync(lines.join('\n')))
    const lied = await played(lies)
    expect(lied.complaints.length).toBeGreaterThan(0)
    expect(lied.snapshot.flows[0]?.adverts).toBe(10)
    const bomb = copyOf()
    const zeros = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    writeFileSync(join(bomb, 'host.ndjson.gz'), Buffer.concat(Array.from({ length: 160 }, () => zeros)))
    const bombed = await played(bomb)
    expect(bombed.complaints.join(' ')).toContain('host.ndjson.gz: it unpacks to absurdly much')
    expect(bombed.snapshot.flows[0]?.adverts).toBe(10)
  },
)

test('what is no bundle, or one of another version, is a sentence and exit code 4', async () => {
  const refused = async (path: string, sentence: RegExp): Promise<void> =>
    expect(played(path)).rejects.toMatchObject({ name: 'Fault', exitCode: 4, message: expect.stringMatching(sentence) })
  const withManifest = (text: string): string => {
    const copy = copyOf()
    writeFileSync(join(copy, 'manifest.json'), text)
    return copy
  }
  const manifest = readFileSync(join(night, 'manifest.json'), 'utf8')
  await refused(join(folder, 'nowhere'), /does not exist/)
  await refused(folder, /manifest\.json does not exist/)
  await refused('/dev/null', /not a plain file/)
  await refused(withManifest(''), /no JSON/)
  await refused(withManifest('{}'), /no schema/)
  await refused(
    withManifest(manifest.replace('whylate.bundle/1', 'whylate.bundle/2')),
    /is whylate\.bundle\/2; this whylate reads whylate\.bundle\/1/,
  )
  await refused(withManifest(manifest.replace('whylate.bundle/1', 'something\\u001b[31m')), /of another program/)
  await refused(withManifest(manifest.replace(/"originNs": "\d+"/, '"originNs": 5')), /wrong at originNs/)
  await refused(withManifest(`${manifest}${' '.repeat(5 * 1024 * 1024)}`), /no manifest has/)
})

function archive(name: string, ...argv: readonly string[]): string {
  const path = join(folder, `${name}.whylate.tgz`)
  execFileSync('tar', ['-czf', path, ...argv])
  return path
}

test('a manifest that lies about its members is a sentence, and all that is there is read', async () => {
  interface Lying {
    members: { name: string; sizeBytes?: number; sha256?: string }[]
  }
  const lying = async (change: (manifest: Lying) => void): Promise<Replayed> => {
    const copy = copyOf()
    const file = join(copy, 'manifest.json')
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as Lying
    change(manifest)
    writeFileSync(file, JSON.stringify(manifest))
    const answer = await played(copy)
    expect(answer.snapshot.flows[0]?.adverts).toBe(10)
    return answer
  }
  const sized = (sizeBytes: number): Promise<Replayed> =>
    lying(({ members }) => members.forEach((member) => (member.sizeBytes = sizeBytes)))
  expect((await sized(0)).complaints.join(' ')).toMatch(/tcpdump\.pcap has \d+ bytes, and 0 when it was closed/)
  expect((await sized(2 ** 52)).complaints.join(' ')).toContain('tcpdump.pcap')
  const hashed = await lying(({ members }) => members.forEach((member) => (member.sha256 = '0'.repeat(64))))
  expect(hashed.complaints.join(' ')).toContain('tcpdump.pcap')
  const invented = await lying(({ members }) => members.push({ name: '../../../etc/passwd', sizeBytes: 1 }))
  expect(invented.complaints.join(' ')).not.toContain('root:')
  const silent = await lying((manifest) => (manifest.members = []))
  expect(silent.snapshot.flows[0]?.late).toBe(1)
})

test('packed by any tar it is the same', async () => {
  const plain = formatSession((await played(night)).snapshot)
  const at = ['-C', dirname(night)]
  const ways = [
    archive('gnu', ...at, 'night.whylate'),
    archive('pax', '--format=pax', ...at, 'night.whylate'),
    archive('inside', '-C', night, '.'),
  ]
  for (const path of ways) expect(formatSession((await played(path)).snapshot)).toBe(plain)
})

test(
  'a packed bundle that would do harm is refused with a sentence, and leaves nothing behind',
  { timeout: 60_000 },
  async () => {
    const make = (change: (copy: string) => void): string => {
      const copy = copyOf()
      change(copy)
      return copy
    }
    const inside = (copy: string): readonly string[] => ['-C', copy, '.']
    const hostile: readonly (readonly [string, RegExp])[] = [
      [archive('dots', '-P', '-C', night, '../night.whylate/manifest.json'), /leads out of it/],
      [archive('absolute', '-P', join(night, 'manifest.json')), /leads out of it/],
      [
        archive('link', ...inside(make((copy) => symlinkSync('/etc/passwd', join(copy, 'x.pcap'))))),
        /a link, a device/,
      ],
      [archive('fifo', ...inside(make((copy) => execFileSync('mkfifo', [join(copy, 'x.pcap')])))), /a link, a device/],
      ...(process.getuid?.() === 0
        ? ([
            [
              archive(
                'device',
                ...inside(make((copy) => execFileSync('mknod', [join(copy, 'x.pcap'), 'c', '1', '5']))),
              ),
              /a link, a device/,
            ],
          ] as const)
        : []),
      [archive('strange', ...inside(make((copy) => writeFileSync(join(copy, '.bashrc'), 'x')))), /no part of a bundle/],
      [
        archive(
          'bomb',
          ...inside(make((copy) => writeFileSync(join(copy, 'sysdig.scap.gz'), Buffer.alloc(80 * 1024 * 1024)))),
        ),
        /absurdly much/,
      ],
      [archive('twice', '-C', night, 'manifest.json', 'manifest.json', '--hard-dereference'), /twice|a link/],
      [archive('empty', '-C', night, 'tcpdump.pcap'), /no manifest\.json/],
    ]
    for (const [path, sentence] of hostile)
      await expect(played(path), path).rejects.toMatchObject({
        name: 'Fault',
        exitCode: 4,
        message: expect.stringMatching(sentence),
      })
    const whole = readFileSync(archive('whole', ...inside(night)))
    for (const length of [0, 5, 100, whole.length >> 1, whole.length - 9]) {
      const cut = join(folder, 'cut.tgz')
      writeFileSync(cut, whole.subarray(0, length))
      await expect(played(cut)).rejects.toMatchObject({ name: 'Fault', exitCode: 4 })
    }
    expect(readdirSync(scratch).filter((name) => name.startsWith('whylate-bundle-'))).toEqual([])
  },
)

test('a disk that is too slow leaves a blind spot, never half a record', async () => {
  const path = join(folder, 'slow.whylate')
  const writer = await openWriter(path, { queueBytes: 4000 })
  for (const output of tenSeconds()) writer.take(output)
  expect(writer.lostBytes).toBeGreaterThan(0)
  await writer.close(instantOf(11.5e9), 'the test is over')
  const { snapshot, complaints } = await played(path)
  expect(complaints).toEqual([])
  expect(snapshot.probes.every((probe) => probe.malformed === 0)).toBe(true)
  expect(snapshot.blindSpots.some((spot) => spot.reason.includes('the disk was too slow'))).toBe(true)
})

test('a folder of somebody else with other things in it is not read beyond its members', async () => {
  const copy = copyOf()
  writeFileSync(join(copy, 'notes.txt'), 'hello')
  mkdirSync(join(copy, 'sub'))
  const { complaints, snapshot } = await played(copy)
  expect(complaints).toEqual(['2 files are not of a bundle and are not read: notes.txt, sub'])
  expect(snapshot.flows[0]?.adverts).toBe(10)
})
