// One round: a fault between recorders, and what is said of it: by the host alone, and with the guest beside it.

import { execFile } from 'node:child_process'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunzipSync, gzipSync } from 'node:zlib'
import { openRecord } from '../../dist/session/record.js'
import { faults } from './faults.js'

const program = resolve(import.meta.dirname, '../../bin/whylate.js')
const guest = 'lb01'
export const source = '10.205.0.11'

export async function until(what, limitMs, isSo) {
  const deadline = performance.now() + limitMs
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${limitMs / 1000} s`)
    await sleep(100)
  }
}

/** What a user does: whylate report BUNDLE --format json. Throws what it says when it cannot. */
export function reportOf(path) {
  return new Promise((done, fail) => {
    execFile(
      process.execPath,
      [program, 'report', path, '--format', 'json'],
      { maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error !== null && error.code !== 10) fail(new Error(stderr))
        else done(JSON.parse(stdout))
      },
    )
  })
}

/** The same recording as it would be without `--guest`. */
function withoutGuest(path) {
  const copy = path.replace(/\.whylate$/, '-host.whylate')
  cpSync(path, copy, { recursive: true })
  rmSync(join(copy, `sysdig-${guest}.scap.gz`), { force: true })
  const tape = join(copy, 'probes.ndjson.gz')
  const lines = gunzipSync(readFileSync(tape)).toString().split('\n')
  const left = lines.filter((line) => !line.includes(`"part":"${guest}"`))
  const packed = gzipSync(left.join('\n'))
  writeFileSync(tape, packed)
  const manifestPath = join(copy, 'manifest.json')
  const manifest = JSON.parse(readFileSync(manifestPath, 'utf8'))
  delete manifest.settings.guests
  manifest.probes = manifest.probes.filter((probe) => probe.part === undefined)
  manifest.members = manifest.members
    .filter(({ name }) => name !== `sysdig-${guest}.scap.gz`)
    .map((member) => (member.name === 'probes.ndjson.gz' ? { name: member.name } : member))
  writeFileSync(manifestPath, JSON.stringify(manifest))
  return copy
}

/** Of the sender's late adverts, the one that was latest within the fault. */
function verdictOf(report, from, to) {
  const during = report.late.filter(
    ({ atNs, flow }) => flow.includes(source) && BigInt(atNs) >= from && BigInt(atNs) <= to + 5_000_000_000n,
  )
  const [worst] = during.toSorted((a, b) => b.overrunMs - a.overrunMs)
  return worst === undefined
    ? undefined
    : { ...worst.verdict, overrunMs: worst.overrunMs, wire: worst.wire, blindSpots: worst.blindSpots }
}

const isFirm = (verdict) => verdict.confidence === 'likely' || verdict.confidence === 'certain'

/** right: the truth; open: nothing firm was said; WRONG: another cause, or an innocent, at likely or certain. */
export function judged(verdict, fault) {
  if (verdict === undefined) return fault.cause === 'none' ? 'right' : 'not late'
  const named = verdict.culprit?.name ?? ''
  if (fault.cause === 'none') {
    const isAccused = fault.looksLike.includes(verdict.cause) || fault.innocent.test(named)
    return isFirm(verdict) && isAccused ? 'WRONG' : 'open'
  }
  if (isFirm(verdict) && named !== '' && !fault.who.test(named)) return 'WRONG'
  if (verdict.cause === fault.cause) return 'right'
  if (!isFirm(verdict)) return 'open'
  return fault.hostMaySay.includes(verdict.cause) ? 'open' : 'WRONG'
}

/** Its bundle is in `folder`. `seconds`: how long the fault lasts. */
export async function playRound(pair, name, folder, seconds = 3.5, engine = 'auto') {
  const fault = faults[name]
  const recording = await openRecord({
    interfaces: fault.isSeenAtPeer === true ? [pair.link, pair.peerLink] : [pair.link],
    netns: pair.namespace,
    filter: undefined,
    engine,
    hasIostat: true,
    paths: {},
    guests: [{ name: guest, argv: [pair.wayIn], isStream: false }],
    guestLogs: [{ name: guest, argv: [pair.wayIn], isStream: false }],
    vrid: undefined,
    interval: undefined,
    late: undefined,
    budgetBytes: 256 * 1024 * 1024,
    path: join(folder, `${name}.whylate`),
    keepsSecrets: false,
    maxSizeBytes: undefined,
    maxLate: undefined,
    flightBytes: undefined,
    program: { version: 'lab', commandLine: ['whylate', 'record'] },
  })
  let row
  try {
    const { session } = recording
    const isWell = (probe) => probe.part === guest && probe.state === 'ok' && probe.detail.includes('its clock')
    const seen = () => session.snapshot()
    await until('the guest’s clock', 90_000, () => (row = seen().probes.find(isWell)) !== undefined)
    const count = () => seen().flows.find((flow) => flow.source === source)?.adverts ?? 0
    const before = count()
    await until('punctual adverts', 30_000, () => count() >= before + 3)
    const from = BigInt(Date.now()) * 1_000_000n
    await fault.make(pair, seconds)
    const to = BigInt(Date.now()) * 1_000_000n
    await sleep(5500)
    row = seen().probes.find((probe) => probe.part === guest) ?? row
    await recording.stop('the round is over')
    const path = recording.path
    const [both, alone] = [await reportOf(path), await reportOf(withoutGuest(path))]
    const [withGuest, host] = [verdictOf(both, from, to), verdictOf(alone, from, to)]
    return {
      name,
      fault,
      path,
      row,
      host,
      withGuest,
      hostIs: judged(host, fault),
      withGuestIs: judged(withGuest, fault),
    }
  } finally {
    await recording.stop('it failed')
  }
}

const inside = '/opt/whylate/bin/whylate.js'

/** A whylate that runs in the guest: keepalived there is a process of its own kernel, stopped by a signal that it sees. */
export async function playInside(pair, folder, seconds = 3.5) {
  const path = join(folder, 'inside.whylate')
  const log = async () => pair.inGuest('cat /run/record.log', 60_000)
  await pair.inGuest(
    `node ${inside} record -o /tmp/inside -i eth0 --engine sysdig --no-iostat >/run/record.log 2>&1 </dev/null &
    echo $! >/run/record.pid`,
  )
  const deadline = performance.now() + 180_000
  // `10.888 s, 8 adverts, 0 late, 1,014 events/s, …`, each 10 s.
  while (!/, [1-9]\d* adverts, .*, [1-9][\d,]* events\/s/.test(await log())) {
    if (performance.now() > deadline) throw new Error(`whylate in the guest: ${await log()}`)
    await sleep(1000)
  }
  await sleep(3000)
  const from = BigInt((await pair.inGuest('date +%s')).trim()) * 1_000_000_000n
  await faults['guest-stopped'].make(pair, seconds)
  const to = from + BigInt(Math.round((seconds + 3) * 1e9))
  await sleep(8000)
  await pair.inGuest(
    'kill -INT $(cat /run/record.pid); while kill -0 $(cat /run/record.pid) 2>/dev/null; do sleep 1; done',
    90_000,
  )
  const packed = join(folder, 'inside.tgz')
  await new Promise((done, fail) => {
    const child = execFile(
      pair.wayIn,
      ['tar cz -C /tmp inside.whylate'],
      { encoding: 'buffer', maxBuffer: 64 * 1024 * 1024 },
      (error, stdout) => {
        if (error !== null) fail(error)
        else done(writeFileSync(packed, stdout))
      },
    )
    child.stdin.end()
  })
  const report = await reportOf(packed)
  const verdict = verdictOf(report, from, to)
  return {
    path,
    log: await log(),
    verdict,
    is: judged(verdict, { cause: 'sender-stopped', who: faults['guest-stopped'].who, hostMaySay: [] }),
  }
}

/** What must hold of every round: with the guest no less is known, and nothing wrong is said firmly. */
export function isSharper({ hostIs, withGuestIs }) {
  const rank = ['WRONG', 'not late', 'open', 'right']
  return rank.indexOf(withGuestIs) >= rank.indexOf(hostIs) && withGuestIs !== 'WRONG'
}
