// A bundle to hand to a vendor: the verdicts are the same, and nobody's name is in any of its files.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ownFolder, ownNames } from '../../fixtures/own-incident.ts'
import { createPseudonyms } from '../../../src/bundle/redact/pseudonyms.ts'
import { writeRedactedBundle } from '../../../src/bundle/redact/redacted-bundle.ts'
import { replayAll, type Replayed } from '../../../src/session/replay/replay.ts'

const folder = mkdtempSync(join(tmpdir(), 'whylate-redacted-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const bundles = resolve(import.meta.dirname, '../../captures/bundles')

const replayed = (path: string): Promise<Replayed> =>
  replayAll(path, { budgetBytes: 512 * 2 ** 20, interval: undefined, late: undefined, vrid: undefined })

/** Numbers and states; of names only whether there is one. */
const saidBy = ({ session, snapshot, complaints }: Replayed): unknown => ({
  complaints,
  malformed: snapshot.probes.map(({ name, events, malformed }) => ({ name, events, malformed })),
  flows: snapshot.flows
    .map(({ adverts, late, lost, masterDown, vrid, interval, priority, source }) => ({
      adverts,
      late,
      lost,
      // Of two routers of one priority the larger address wins, and addresses are others now.
      masterDown: snapshot.flows.some((one) => one.vrid === vrid && one.priority === priority && one.source !== source)
        ? undefined
        : masterDown,
      vrid,
      interval,
      priority,
    }))
    // They stand in the order of their addresses.
    .toSorted((a, b) => a.priority - b.priority || a.adverts - b.adverts),
  late: session.windows.map(({ late, explanation }) => ({
    at: late.at,
    wire: late.wire,
    overrun: late.overrun,
    cause: explanation?.cause,
    confidence: explanation?.confidence,
    hasCulprit: explanation?.culprit !== undefined,
    pid: explanation?.culprit?.pid,
    ledger: explanation?.ledger.map(({ state, share }) => ({ state, share })),
  })),
})

const bytesOf = (path: string, isWanted: (name: string) => boolean): string =>
  readdirSync(path)
    .filter(isWanted)
    .map((name) => {
      const bytes = readFileSync(join(path, name))
      return `${name}\n${(name.endsWith('.gz') ? gunzipSync(bytes, { finishFlush: 2 }) : bytes).toString('latin1')}`
    })
    .join('\n')

test.each(ownNames.filter((_, i) => i % 4 === 0))('%s: the same verdicts', { timeout: 60_000 }, async (name) => {
  const path = join(ownFolder, `${name}.whylate.tgz`)
  const out = join(folder, `${name}.whylate`)
  const { complaints } = await writeRedactedBundle(path, out, createPseudonyms('key'))
  expect(complaints).toEqual([])
  expect(saidBy(await replayed(out))).toEqual(saidBy(await replayed(path)))
  rmSync(out, { recursive: true })
})

/** Names of the incident below, as its members tell them. */
const somebodys = ['whylate-drill', '192.168.205', 'lb01', 'lb02', 'vmlab', '50dc6c7bf74d46dcd231c8519c7666c5']
const isPcap = (name: string): boolean => name.endsWith('.pcap')
const isText = (name: string): boolean => !isPcap(name)

let original = ''
let redacted = ''
let packets = ['', '']
beforeAll(async () => {
  const whole = join(folder, 'whole')
  execFileSync('mkdir', [whole])
  execFileSync('tar', ['-xzf', join(ownFolder, 'sigstop-1.whylate.tgz'), '-C', whole])
  const unpacked = join(whole, readdirSync(whole)[0] ?? '')
  original = bytesOf(unpacked, isText)
  const out = join(folder, 'named.whylate')
  await writeRedactedBundle(join(ownFolder, 'sigstop-1.whylate.tgz'), out, createPseudonyms('key'))
  redacted = bytesOf(out, isText)
  packets = [bytesOf(unpacked, isPcap), bytesOf(out, isPcap)]
}, 60_000)

/** What whylate, keepalived, qemu, the kernel and the formats call things themselves. */
const nobodys = new RegExp(
  `^(?:${[
    '(?:d|f|r|w)_await|(?:r|w|d)areq-sz|(?:d|r|w)?rqm|aqu-sz|util|disk(?:_device)?|nodename|sysname|sysstat|machine|number-of-cpus|hosts|statistics',
    'timestamp|date|release|Linux|Debian|EPYC|x86_64',
    'zram\\d+|keepalived|qemu(?:-system-x86)?|tcpdump|bpftrace|iostat|node|bash|swapper|kworker|rcu_\\w+|libexec|sbin|root|cgroup|memory|null',
    '(?:anon_inode|eventfd|eventpoll|signalfd|timerfd|memfd|pipe|socket)|mon_iothread|vcpu|vrrp|parent|main|worker',
    'pswp\\w+|pgmajfault|allocstall|compact_stall|numa_pte_updates|oom_kill|memory\\.\\w+|steal|vmstat|inflight|mono|load\\d+',
    '\\w+(?:Ns|Bytes|Share)|[a-z]+(?:At|Of|By)|clocks|closed|because|schema|secrets|settings|interfaces|netns|members?|probes?|parts?|links?',
    'host|devices|detail|version|tool|total|kernel|arch|cpus|virtualisation|facts|files|senders|threads|comm|role|kind|names?|addresses|life|sha256',
    'started|drops|program|vantage|removed|sampler|stat|\\w+\\.(?:ndjson|tsv|json)(?:\\.gz)?|tcpdump\\.pcap|enough|long|last|over|said|test|whylate\\S*',
  ].join('|')})$`,
)

test('no name of the original is in any member that is text', () => {
  const words = new Set(original.match(/(?<![\w.@-])[A-Za-z][\w.@-]{3,}(?![\w.@-])/g))
  const left = new Set(redacted.match(/(?<![\w.@-])[A-Za-z][\w.@-]{3,}(?![\w.@-])/g))
  expect([...words].filter((word) => left.has(word) && !nobodys.test(word))).toEqual([])
  const present = somebodys.filter((name) => original.includes(name))
  expect(present.length).toBeGreaterThan(3)
  expect(present.filter((name) => redacted.includes(name))).toEqual([])
})

test('addresses and MACs are gone from the packets, too, and the same one is the same everywhere', async () => {
  const { snapshot } = await replayed(join(folder, 'named.whylate'))
  expect(snapshot.flows.map(({ source }) => source)).toEqual(
    snapshot.flows.map(() => expect.stringMatching(/^198\.1[89]\./)),
  )
  // 192.168.205.11 as four bytes.
  expect(packets[0]).toContain(String.fromCharCode(192, 168, 205))
  expect(packets[1]).not.toContain(String.fromCharCode(192, 168, 205))
  expect(snapshot.flows[0]?.sender).toBe('keepalived')
})

test('a flight recording stays one', { timeout: 60_000 }, async () => {
  const path = join(bundles, 'v1-flight.whylate')
  const out = join(folder, 'flight.whylate')
  await writeRedactedBundle(path, out, createPseudonyms())
  expect(saidBy(await replayed(out))).toEqual(saidBy(await replayed(path)))
})

test('two keys, two sets of names; one key, one', { timeout: 60_000 }, async () => {
  const path = join(ownFolder, 'sigstop-1.whylate.tgz')
  const [first, second] = [join(folder, 'first.whylate'), join(folder, 'second.whylate')]
  await writeRedactedBundle(path, first, createPseudonyms('key'))
  await writeRedactedBundle(path, second, createPseudonyms('another'))
  const linesOf = (at: string): string => gunzipSync(readFileSync(join(at, 'bpftrace.tsv.gz'))).toString()
  expect(linesOf(first)).toBe(gunzipSync(readFileSync(join(folder, 'named.whylate/bpftrace.tsv.gz'))).toString())
  expect(linesOf(second)).not.toBe(linesOf(first))
})
