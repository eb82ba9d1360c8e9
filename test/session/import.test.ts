// `whylate import`: what a report says of files it says of the bundle that was made of them, to the byte.

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { Fault } from '../../src/capture/fault.ts'
import { formatReport } from '../../src/cli/report.ts'
import { openBundle } from '../../src/bundle/bundle.ts'
import { importBundle, type ImportedBundle } from '../../src/session/import/import-bundle.ts'
import type { ImportFiles } from '../../src/session/import/import-sources.ts'
import type { FinishedSession } from '../../src/engine/finished.ts'
import { replayAll } from '../../src/session/replay/replay.ts'
import { openPlayer } from '../../src/session/replay/replay-player.ts'
import { incidentNames, incidentsFolder } from '../fixtures/incident.ts'
import { buildAdvert, buildPcap } from '../fixtures/pcap-builder.ts'
import { filesOf, importOf, noFiles } from '../fixtures/report.ts'

// Each makes, reads and compares whole captures.
vi.setConfig({ testTimeout: 120_000 })

const folder = mkdtempSync(join(tmpdir(), 'whylate-import-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let count = 0

const budgetBytes = 512 * 1024 * 1024
const member = (incident: string, name: string): string => join(incidentsFolder, incident, name)
const captures = resolve(import.meta.dirname, '../captures')

function importTo(path: string, files: ImportFiles, keepsSecrets = false): Promise<ImportedBundle> {
  return importBundle({
    path,
    files,
    keepsSecrets,
    budgetBytes,
    program: { version: '0.1.0', commandLine: ['import'] },
    onProgress: () => undefined,
    signal: new AbortController().signal,
  })
}
const newPath = (ending: string): string => join(folder, `${++count}${ending}`)

const jsonOf = (session: FinishedSession): string =>
  formatReport(session, { flow: undefined, since: undefined, until: undefined }, 'json')

async function replayed(path: string): Promise<string> {
  const { session, complaints, remarks } = await replayAll(path, {
    budgetBytes,
    interval: undefined,
    late: undefined,
    vrid: undefined,
  })
  expect([...complaints, ...remarks]).toEqual([])
  return jsonOf(session)
}

/** Its members, unpacked. */
function contentsOf(path: string): string {
  return readdirSync(path)
    .map((name) => {
      const bytes = readFileSync(join(path, name))
      return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1')
    })
    .join('\n')
}

function allFilesOf(name: string): ImportFiles {
  const peer = member(name, 'peer.pcap')
  const files = filesOf(name)
  const logs = ['keepalived-master.log', 'keepalived-backup.log', 'tap-tcpdump.stderr'].map((one) => member(name, one))
  return {
    ...files,
    pcaps: [
      { name: undefined, path: member(name, 'tap.pcap') },
      { name: 'backup', path: peer },
    ],
    logs: logs.filter((path) => existsSync(path)),
  }
}

describe.each(incidentNames)('%s', (name) => {
  test('the same report of the files and of the packed bundle', async () => {
    const direct = jsonOf(await importOf(allFilesOf(name)))
    const { path, session } = await importTo(newPath('.tgz'), allFilesOf(name))
    expect(jsonOf(session)).toBe(direct)
    expect(await replayed(path)).toBe(direct)
    rmSync(path)
  })
})

test.each(['netns-freezer', 'qemu-sigstop', 'peer-port-out'])(
  '%s with one capture, as a directory that tar packs: the same report',
  async (name) => {
    const files = filesOf(name)
    const direct = jsonOf(await importOf(files))
    const { path } = await importTo(newPath(''), files)
    expect(await replayed(path)).toBe(direct)
    execFileSync('tar', ['czf', `${path}.tgz`, '-C', folder, basename(path)])
    expect(await replayed(`${path}.tgz`)).toBe(direct)
    const packed = await importTo(newPath('.whylate.tgz'), files)
    const listed = execFileSync('tar', ['tzf', packed.path], { encoding: 'utf8' }).trim().split('\n')
    const root = basename(packed.path, '.tgz')
    expect(listed.toSorted()).toEqual([`${root}/`, ...readdirSync(path).map((one) => `${root}/${one}`)].toSorted())
    for (const one of [path, packed.path]) expect(statSync(one).mode & 0o077).toBe(0)
    for (const one of readdirSync(path)) expect(statSync(join(path, one)).mode & 0o777).toBe(0o600)
  },
)

describe('members are in their own tools’ formats, without secrets', () => {
  test('the password of an advert is in no member, and in all of them with --keep-secrets', async () => {
    const files = allFilesOf('foreign-vrid')
    const adverts = buildPcap(
      [1, 2].map((n) => ({
        atNs: 1_795_350_000_000_000_000n + BigInt(n) * 1_000_000_000n,
        bytes: buildAdvert({ ipId: n, auth: 'password', password: 'hunter42' }),
      })),
    )
    const own = join(folder, 'own.pcap')
    writeFileSync(own, adverts)
    const { path } = await importTo(newPath(''), { ...files, pcaps: [{ name: undefined, path: own }] })
    expect(contentsOf(path)).not.toContain('hunter42')
    const kept = await importTo(newPath(''), { ...noFiles, pcaps: [{ name: undefined, path: own }] }, true)
    expect(contentsOf(kept.path)).toContain('hunter42')
  })

  test('several captures, links of two types in one file, names that come to the same letters', async () => {
    const sll = join(captures, 'pcap/tcpdump-4.99.3-keepalived-2.2.7-v2-password-any-sll2-ns.pcap')
    const ethernet = join(captures, 'pcap/tcpdump-4.99.3-keepalived-2.2.7-v2-password-eth0-ns.pcap')
    const both = join(folder, 'both.pcap')
    writeFileSync(both, Buffer.concat([readFileSync(ethernet), readFileSync(sll)]))
    const files = {
      ...noFiles,
      pcaps: [
        { name: 'a.b', path: both },
        { name: 'a_b', path: ethernet },
      ],
    }
    const direct = jsonOf(await importOf(files))
    const { path } = await importTo(newPath(''), files)
    expect(readdirSync(path).toSorted()).toEqual([
      'manifest.json',
      'tcpdump-a_b-2.pcap',
      'tcpdump-a_b-3.pcap',
      'tcpdump-a_b.pcap',
    ])
    expect(await replayed(path)).toBe(direct)
  })

  test('pcapng stays pcapng and keeps the names of its interfaces; tables as text stay text', async () => {
    const files = {
      ...noFiles,
      pcaps: [
        {
          name: undefined,
          path: join(captures, 'pcap/dumpcap-4.0.17-keepalived-2.2.7-two-interfaces-ns.pcapng'),
        },
      ],
      iostat: join(captures, 'iostat/iostat-12.6.1-text.txt'),
    }
    const direct = jsonOf(await importOf(files))
    const { path } = await importTo(newPath(''), files)
    expect(readdirSync(path)).toEqual(expect.arrayContaining(['tcpdump.pcapng', 'iostat.txt.gz']))
    expect(await replayed(path)).toBe(direct)
  })

  test('sysdig’s text without what was on anybody’s command line', async () => {
    const text = join(captures, 'sysdig-text/netns-freezer-sysdig-0.36.tsv.gz')
    const files = { ...filesOf('netns-freezer', ['scap']), sysdig: [text] }
    const direct = jsonOf(await importOf(files))
    const { path } = await importTo(newPath(''), files)
    expect(await replayed(path)).toBe(direct)
    const kept = gunzipSync(readFileSync(join(path, 'sysdig.tsv.gz'))).toString()
    expect(gunzipSync(readFileSync(text)).toString()).toMatch(/\bdata=/)
    expect(kept).not.toMatch(/\b(?:data|args|env)=/)
    const given = await importTo(newPath(''), files, true)
    expect(gunzipSync(readFileSync(join(given.path, 'sysdig.tsv.gz')))).toEqual(gunzipSync(readFileSync(text)))
  })

  test('a guest’s own capture keeps its name, and the host its own', async () => {
    const incident = 'guest-keepalived-stopped'
    const guest = { name: 'loadbalancer01', path: member(incident, 'guest.scap.gz') }
    const files = { ...filesOf(incident), scaps: [guest, ...filesOf(incident).scaps], iostat: undefined }
    const { path } = await importTo(newPath(''), files)
    const { imported } = JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as {
      imported: { sources: { probe: string; part: string; members: string[] }[] }
    }
    expect(imported.sources.filter((one) => one.probe === 'sysdig')).toMatchObject([
      { part: 'loadbalancer01', members: ['sysdig-loadbalancer01.scap.gz'] },
      { part: expect.not.stringContaining('loadbalancer'), members: [expect.stringMatching(/^sysdig.*\.scap\.gz$/)] },
    ])
    expect(await replayed(path)).toBe(jsonOf(await importOf(files)))
    const cut = join(folder, 'cut-guest.scap')
    writeFileSync(cut, gunzipSync(readFileSync(guest.path)).subarray(0, -31))
    const damaged = { ...files, scaps: [{ ...guest, path: cut }, ...filesOf(incident).scaps] }
    const whole = await importTo(newPath(''), damaged)
    const again = await replayAll(whole.path, { budgetBytes, interval: undefined, late: undefined, vrid: undefined })
    expect(again.session.windows.map((view) => view.explanation?.cause)).toEqual(
      whole.session.windows.map((view) => view.explanation?.cause),
    )
  })

  test('of a whole syslog only keepalived’s lines', async () => {
    const log = join(folder, 'syslog')
    writeFileSync(
      log,
      [
        'Nov 22 12:28:42 lb01 sshd[9]: Accepted password for root',
        'Nov 22 12:28:42 lb01 Keepalived_vrrp[812]: A thread timer expired 1.909790 seconds ago',
        '{"__REALTIME_TIMESTAMP":"1795350522934951","SYSLOG_IDENTIFIER":"sudo","MESSAGE":"TOKEN=hunter2"}',
        '{"__REALTIME_TIMESTAMP":"1795350543000000","SYSLOG_IDENTIFIER":"Keepalived_vrrp","MESSAGE":"A thread timer expired 4.053618 seconds ago"}',
      ].join('\n'),
    )
    const files = { ...filesOf('netns-freezer'), logs: [log] }
    const { path } = await importTo(newPath(''), files)
    const lines = gunzipSync(readFileSync(join(path, 'log.ndjson.gz')))
      .toString()
      .trim()
      .split('\n')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { from: 'syslog', line: expect.stringContaining('1.909790') },
      { from: 'syslog', line: expect.stringContaining('4.053618') },
    ])
    expect(await replayed(path)).toContain('A thread timer expired 4.053618 seconds ago')
  })
})

describe('what cannot be made leaves nothing', () => {
  const tap = { ...noFiles, pcaps: [{ name: undefined, path: member('netns-freezer', 'tap.pcap') }] }
  const faultOf = async (path: string, files: ImportFiles = tap): Promise<string> => {
    const error = await importTo(path, files).then(
      () => undefined,
      (fault: unknown) => fault,
    )
    if (!(error instanceof Fault)) throw new Error(`expected a Fault, got ${String(error)}`)
    expect(error.remedy).not.toBe('')
    return `${error.exitCode} ${error.message.replaceAll(`${folder}/`, '')}`
  }

  test('a path that exists, in any form, is refused and stays as it was', async () => {
    const file = join(folder, 'there.tgz')
    writeFileSync(file, 'mine')
    expect(await faultOf(file)).toMatch(/^2 there\.tgz exists already/)
    expect(readFileSync(file, 'utf8')).toBe('mine')
    mkdirSync(join(folder, 'is.whylate'))
    for (const name of ['is.whylate', 'is', '.'])
      expect(await faultOf(join(folder, name))).toMatch(/^2 .*exists already/)
    symlinkSync('/nowhere', join(folder, 'link.whylate'))
    expect(await faultOf(join(folder, 'link.whylate'))).toMatch(/^2 link\.whylate exists already/)
  })

  test('a directory that is not there, a file that is something else, a capture without packets', async () => {
    expect(await faultOf(join(folder, 'no/such.whylate'))).toMatch(
      /^3 no\/such\.whylate cannot be made: the directory above/,
    )
    expect(await faultOf(join(folder, 'no/such.tgz'))).toMatch(/^3 no\/such\.tgz cannot be made: the directory above/)
    const iostat = member('netns-freezer', 'iostat.json.gz')
    const before = readdirSync(folder)
    expect(await faultOf(join(folder, 'x'), { ...tap, pcaps: [{ name: undefined, path: iostat }] })).toMatch(
      /^2 .*is iostat's JSON/,
    )
    const empty = join(folder, 'empty.pcap')
    writeFileSync(empty, buildPcap([]))
    expect(await faultOf(join(folder, 'x'), { ...noFiles, pcaps: [{ name: undefined, path: empty }] })).toMatch(
      /^2 The captures hold no packet/,
    )
    expect(readdirSync(folder).filter((one) => one !== 'empty.pcap')).toEqual(before)
  })

  test('a pipe, a directory, an option for something else: a sentence at once, and no bundle', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const one = (path: string): ImportFiles => ({ ...noFiles, pcaps: [{ name: undefined, path }] })
    expect(await faultOf(join(folder, 'x'), one(pipe))).toBe('2 pipe is not a regular file.')
    expect(await faultOf(join(folder, 'x'), { ...tap, logs: [pipe] })).toBe('2 pipe is not a regular file.')
    expect(await faultOf(join(folder, 'x'), one(captures))).toMatch(/^2 .*is a directory/)
    expect(await faultOf(join(folder, 'x'), { ...tap, host: member('netns-freezer', 'tap.pcap') })).toMatch(
      /^2 .*is a packet capture/,
    )
    expect(existsSync(join(folder, 'x.whylate'))).toBe(false)
  })

  test('interrupted: nothing is left', async () => {
    const abort = new AbortController()
    const before = readdirSync(folder)
    for (const path of [join(folder, 'half.whylate'), join(folder, 'half.tgz')]) {
      const making = importBundle({
        path,
        files: filesOf('qemu-sigstop'),
        keepsSecrets: false,
        budgetBytes,
        program: { version: '0.1.0', commandLine: [] },
        onProgress: () => abort.abort(),
        signal: abort.signal,
      })
      await expect(making).rejects.toMatchObject({ exitCode: 3, message: expect.stringContaining('Interrupted') })
    }
    expect(readdirSync(folder)).toEqual(before)
  })

  test.skipIf(process.getuid?.() !== 0)(
    'no space: nothing is left, and the sentence says so',
    { timeout: 30_000 },
    async () => {
      const mount = join(folder, 'full')
      mkdirSync(mount)
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', mount])
      try {
        for (const name of ['night.whylate', 'night.tgz']) {
          expect(await faultOf(join(mount, name), filesOf('qemu-sigstop'))).toMatch(/^3 .*not made: no space is left/)
          expect(readdirSync(mount)).toEqual([])
        }
      } finally {
        execFileSync('umount', [mount])
      }
    },
  )
})

describe('damaged files', () => {
  const seen = async (files: ImportFiles): Promise<readonly [number, string[]]> => {
    const { path, session } = await importTo(newPath('.whylate'), files)
    const again = await replayAll(path, { budgetBytes, interval: undefined, late: undefined, vrid: undefined })
    rmSync(path, { recursive: true })
    expect(again.complaints).toEqual([])
    expect(again.session.flows.map((flow) => flow.adverts)).toEqual(session.flows.map((flow) => flow.adverts))
    expect(again.session.windows.map(({ late }) => [late.at, late.wire])).toEqual(
      session.windows.map(({ late }) => [late.at, late.wire]),
    )
    const spots = again.session.blindSpots.map((spot) => spot.reason)
    for (const { reason } of session.blindSpots) expect(spots).toContain(reason)
    return [session.flows.reduce((sum, flow) => sum + flow.adverts, 0), spots]
  }

  function damagedCopy(name: string, change: (bytes: Buffer) => Buffer): string {
    const bytes = readFileSync(member('netns-freezer', name))
    const path = join(folder, name.replace(/\.gz$/, ''))
    writeFileSync(path, change(name.endsWith('.gz') ? gunzipSync(bytes) : bytes))
    return path
  }

  test('each kind of file cut at any byte of its last block: what is before is in the bundle', async () => {
    const base = filesOf('netns-freezer', ['scap'])
    for (let cut = 1; cut <= 110; cut++) {
      const cutOff = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length - cut)
      const [adverts] = await seen({
        ...base,
        pcaps: [{ name: undefined, path: damagedCopy('tap.pcap', cutOff) }],
        host: damagedCopy('host.ndjson.gz', cutOff),
        iostat: damagedCopy('iostat.json.gz', cutOff),
        logs: [damagedCopy('keepalived-master.log', cutOff)],
      })
      expect(adverts).toBeGreaterThanOrEqual(46)
    }
  })

  test('a capture that was cut, or has a flipped byte, says in the bundle what it said as a file', async () => {
    const scap = gunzipSync(readFileSync(member('netns-freezer', 'host.scap.gz')))
    const path = join(folder, 'cut.scap')
    for (let cut = 1; cut < 60; cut += 7) {
      writeFileSync(path, scap.subarray(0, scap.length - cut))
      await seen({ ...filesOf('netns-freezer'), scaps: [{ name: undefined, path }] })
    }
    for (let at = 24; at < 16_000; at += 397) {
      const flipped = damagedCopy('tap.pcap', (bytes) => {
        const copy = Buffer.from(bytes)
        copy[at] = (copy[at] ?? 0) ^ (1 << (at % 8))
        return copy
      })
      const [adverts] = await seen({ ...noFiles, pcaps: [{ name: undefined, path: flipped }] })
      expect(adverts).toBeGreaterThanOrEqual(45)
    }
  })

  test('gzip that was cut, a bomb behind an honest beginning, a log of arbitrary bytes', async () => {
    const packed = join(folder, 'cut.pcap.gz')
    const whole = gzipSync(readFileSync(member('netns-freezer', 'tap.pcap')))
    writeFileSync(packed, whole.subarray(0, whole.length / 2))
    expect((await seen({ ...noFiles, pcaps: [{ name: undefined, path: packed }] }))[0]).toBeGreaterThan(10)
    const bomb = join(folder, 'bomb.ndjson.gz')
    const host = gunzipSync(readFileSync(member('netns-freezer', 'host.ndjson.gz')))
    writeFileSync(bomb, Buffer.concat([gzipSync(host), gzipSync(randomBytes(300_000)), gzipSync(Buffer.alloc(400e6))]))
    const [, spots] = await seen({ ...filesOf('netns-freezer', ['scap']), host: bomb })
    expect(spots.join('\n')).toContain('absurdly large')
    const log = join(folder, 'noise.log')
    writeFileSync(log, Buffer.concat([Buffer.from('Sun Nov 22 12:28:42 2026: x\n'), randomBytes(50_000)]))
    await seen({ ...filesOf('netns-freezer', ['scap']), logs: [log] })
  })
})

test('on the screen its end is what the report says: whose verdict was made before the kernel was read is made anew', async () => {
  const { path } = await importTo(newPath('.whylate'), allFilesOf('qemu-sigstop'))
  const settings = { budgetBytes, interval: undefined, late: undefined, vrid: undefined }
  const bundle = await openBundle(path)
  const player = openPlayer(bundle, settings)
  // As a screen does: it asks all the time.
  while (!player.isOver) {
    let pieces = 0
    await player.playTo(Infinity, () => ++pieces > 20)
    player.engine.snapshot({ late: undefined })
  }
  const { selected, overdue, host } = player.engine.snapshot({ late: undefined })
  const { session } = await replayAll(path, settings)
  expect(selected?.explanation?.confidence).toBe('certain')
  expect(selected?.explanation?.summary).toBe(session.windows.at(-1)?.explanation?.summary)
  expect(overdue).toEqual(session.overdue)
  expect(host).toBe('compute07')
  await player.close()
  await bundle.close()
})

test('stopped while it is read, at any moment: what was not read is said by its name, nothing of it is called damaged, and no other cause is named', async () => {
  const { path } = await importTo(newPath('.whylate'), allFilesOf('qemu-sigstop'))
  const settings = { budgetBytes, interval: undefined, late: undefined, vrid: undefined }
  const { session } = await replayAll(path, settings)
  const cause = session.windows.at(-1)?.explanation?.cause
  expect(cause).toBe('sender-stopped')
  const untold = new Set<number>()
  const calledDamaged: string[] = []
  const causes = new Set<string | undefined>()
  for (let steps = 0, isWhole = false; !isWhole; steps += 23) {
    const bundle = await openBundle(path)
    const player = openPlayer(bundle, settings)
    let pieces = 0
    await player.playTo(Infinity, () => ++pieces > steps)
    isWhole = player.isOver
    if (!isWhole) {
      player.stopHere()
      const { selected, blindSpots } = player.engine.snapshot({ late: undefined })
      const reasons = blindSpots.map((spot) => spot.reason)
      if (!reasons.some((reason) => /was (not read|read only to here): reading was stopped/.test(reason)))
        untold.add(steps)
      calledDamaged.push(...reasons.filter((reason) => /unreadable|cut off|damaged|were given/.test(reason)))
      const explained = selected?.explanation
      if (explained?.confidence === 'certain' || explained?.confidence === 'likely') causes.add(explained.cause)
    }
    await player.close()
    await bundle.close()
  }
  expect([...untold]).toEqual([])
  expect(calledDamaged).toEqual([])
  expect([...causes]).toEqual([cause])
})
