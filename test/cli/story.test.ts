// The founding story, from its published figures (test/captures/story): its own verdict was that vhost_net was off. What
// was shown does not carry that, nor any other one; a program that explains it has to say so.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeReport } from '../../src/cli/report.ts'
import type { Report } from '../../src/report/report-shape.ts'
import type { ImportFiles } from '../../src/session/import/import-sources.ts'
import { noFiles, optionsOf } from '../fixtures/report.ts'

const story = resolve(import.meta.dirname, '../captures/story')
const file = (name: string): string => join(story, name)
const files: ImportFiles = {
  ...noFiles,
  pcaps: [{ name: undefined, path: file('tap.pcap') }],
  sysdig: [file('guest.sysdig.tsv')],
  iostat: file('iostat.json'),
  host: file('host.ndjson'),
  logs: [file('tcpdump.stderr')],
}
const jsonOf = async (given: ImportFiles): Promise<Report> =>
  JSON.parse((await makeReport(undefined, optionsOf(given))).text) as Report

test('the files are what the script makes of the published figures', () => {
  const folder = mkdtempSync(join(tmpdir(), 'whylate-story-'))
  try {
    execFileSync('python3', [file('make-story.py'), folder])
    for (const name of readdirSync(folder)) expect(readFileSync(join(folder, name))).toEqual(readFileSync(file(name)))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe('the story', () => {
  test('never issued, guest alive, the sender’s own state unseen: nobody is named', async () => {
    const { late, flows } = await jsonOf(files)
    expect(late.length).toBe(1)
    const [one] = late
    expect([one?.wire, one?.ipIdStep, one?.takeover]).toEqual(['W1', 1, true])
    expect([one?.gapMs, one?.overrunMs].map((ms) => Math.round(ms ?? 0))).toEqual([5035, 4035])
    expect(flows.find((flow) => flow.source === '192.0.2.11')?.sender).toBe('instance-000000dd')
    expect(one?.verdict).toMatchObject({ cause: 'unknown', confidence: 'unknown', culprit: null })
    expect(one?.verdict.summary).toMatch(
      /^Never issued in time; the guest was alive: .*CPU 3; the sender’s own state was not seen\.$/,
    )
    expect(one?.ledger.map((line) => [line.state, Math.round(line.share * 100)])).toEqual([['unexplained', 100]])
  })

  test('it lists what is open, best first, and vhost_net last with the reason', async () => {
    const [one] = (await jsonOf(files)).late
    const alternatives = (one?.suspects ?? []).filter((suspect) => suspect.late === '0/0')
    expect(alternatives.map((suspect) => suspect.what.split(/[:;,.]/)[0])).toEqual([
      'a call that blocked keepalived’s loop',
      'one vCPU that stood still',
      'a stall of qemu’s main loop',
      'a stop or freeze of the whole machine',
      'vhost_net off',
    ])
    expect(
      alternatives
        .map((suspect) => suspect.bridge)
        .slice(0, 2)
        .join('\n'),
    ).toMatch(
      /just over the 5 s after which a resolver gives a name server up; keepalived before 1\.2\.20[^]*only CPU 3 is shown/,
    )
    const vhost = alternatives.at(-1)
    expect(vhost?.score).toBeLessThan(0.05)
    expect(vhost?.what).toMatch(/acts behind sendmsg.*vhost=on,vhostfd=27; vhost_net is loaded, use count 2/)
    expect(one?.ruledOut.find((out) => out.cause === 'userspace-virtio')?.because).toContain('vhost=on,vhostfd=27')
    // A busy disk, with no way from it to the sender, ranks below what has one.
    const disk = one?.suspects.find((suspect) => suspect.kind === 'device')
    expect(disk === undefined || (disk.bridge === null && disk.score < (alternatives[0]?.score ?? 0))).toBe(true)
  })

  test('the filtered listing and the drops are blind spots, and no drop took this advert’s forerunners', async () => {
    const [one] = (await jsonOf(files)).late
    const reasons = one?.blindSpots.map((spot) => spot.reason) ?? []
    expect(reasons).toContain('this transcript holds no event of the sender')
    expect(reasons).toContain('tcpdump dropped 127 of its events')
    expect(one?.ruledOut.map((out) => out.cause)).toContain('capture-loss')
    expect(one?.settledBy.join(' ')).toMatch(/in the guest: sysdig -w/)
  })

  test('every form says the same', async () => {
    for (const format of ['text', 'md', 'html'] as const) {
      const { text, code } = await makeReport(undefined, optionsOf(files, { format }))
      const words = text.replaceAll(/\\|<[^>]*>/g, '').replaceAll(/\s+/g, ' ')
      expect(code).toBe(10)
      expect(words).toContain('Never issued in time; the guest was alive')
      expect(words).toContain('the sender’s own state was not seen')
      expect(words).toMatch(
        /open \(a\): a call that blocked keepalived’s loop.*open \(b\): one vCPU.*open \(c\): a stall of qemu’s main loop/,
      )
      expect(words).toMatch(/vhost_?net off.*acts behind sendmsg.*score 0\.01/)
    }
  })
})

describe('the rules are general', () => {
  const changed = async (name: string, change: (text: string) => string, given: (path: string) => ImportFiles) => {
    const folder = mkdtempSync(join(tmpdir(), 'whylate-story-'))
    try {
      const path = join(folder, name)
      writeFileSync(path, change(readFileSync(file(name), 'utf8')))
      return (await jsonOf(given(path))).late[0]
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  test('without the command line vhost_net is unlikely, and not ruled out', async () => {
    const one = await changed(
      'host.ndjson',
      (text) => text.replace('vhost=on,vhostfd=27', 'vhost=off'),
      (host) => ({ ...files, host }),
    )
    expect(one?.ruledOut.map((out) => out.cause)).not.toContain('userspace-virtio')
    expect(one?.suspects.find((suspect) => suspect.what.startsWith('vhost_net off'))?.what).not.toContain('vhost is on')
  })

  test('a transcript with qemu in it is the host’s: it does not say that the guest was alive', async () => {
    const one = await changed(
      'guest.sysdig.tsv',
      (text) => text.replaceAll('mysqld', 'CPU 2/KVM'),
      (path) => ({ ...files, sysdig: [path] }),
    )
    expect(one?.verdict.summary).toBe('Never issued in time; the sender’s own state was not seen.')
  })
})
