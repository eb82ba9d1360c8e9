// Makes the incidents of test/captures/own again, those of network namespaces.
//
//   npm run incidents:own [-- NAME...]      all, or those whose name begins so; needs root, keepalived, tcpdump, bpftrace
//
// Each is a real keepalived pair (`whylate drill` makes it), recorded as `whylate record` does, while a fault is made and
// neighbours do what they do. A second capture, by a tcpdump of its own, gives the late adverts that the verdicts are held
// against (expected-late.js). A run in which something was late that nobody had made late is thrown away and made again.
//
//   NAME.whylate.tgz    the bundle; target 120 kB at most
//   NAME.truth.json     what was done, by whom, when; what was late; who is innocent (test/fixtures/own-incident.ts)

import { spawn } from 'node:child_process'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { sweepLeftovers } from '../../dist/drill/leftovers.js'
import { readMarkedPids } from '../../dist/drill/mark.js'
import { openPair } from '../../dist/drill/pair.js'
import { scenarioOf } from '../../dist/drill/scenarios.js'
import { openRecord } from '../../dist/session/record.js'
import { expectedLate, readAdverts } from './expected-late.js'
import { neighbours } from './neighbours.js'
import { runs } from './own-runs.js'
import { trimBundle } from './trim-bundle.js'

const folder = new URL('../captures/own/', import.meta.url).pathname
const attempts = 3
const clearlyLateMs = 80

async function openCapture(pair, link, path) {
  const argv = ['netns', 'exec', pair.namespace, 'tcpdump', '-i', link, '-n', '-U', '--immediate-mode', '-B', '8192']
  const more = ['--time-stamp-precision=nano', '-Z', 'root', '-w', path, 'ip proto 112 or ip6 proto 112']
  const child = spawn('ip', [...argv, ...more], { env: pair.environment, stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  await new Promise((resolve) => child.stderr.on('data', (bytes) => String(bytes).includes('listening') && resolve()))
  return async () => {
    child.kill('SIGINT')
    await ended
  }
}

async function until(what, mostMs, is) {
  const deadline = Date.now() + mostMs
  while (!is()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come within ${mostMs / 1000} s`)
    await sleep(50)
  }
}

const culpritOf = (one) =>
  one === undefined ? null : { kind: one.kind, pid: one.pid ?? null, comm: one.comm ?? null, name: one.name }

const deedOf = (truth) => ({
  startNs: String(truth.startAt),
  endNs: String(truth.endAt),
  how: truth.how,
  culprit: culpritOf(truth.culprit),
})

const faultOf = (truth) => ({
  cause: truth.cause,
  ...deedOf(truth),
  ...(truth.accepts === undefined ? {} : { accepts: truth.accepts }),
  ...(truth.alsoGuilty === undefined ? {} : { alsoGuilty: truth.alsoGuilty.map(culpritOf) }),
})

/** The fault that was at work between the advert before and this one. */
function causeOf(late, faults, interval) {
  const from = BigInt(late.dueNs) - interval
  const isTouching = (one) => BigInt(one.startNs) < BigInt(late.sentNs) && BigInt(one.endNs) > from
  return faults.find(isTouching)?.cause ?? null
}

/** What was done, in order; each deed is told as the scenario told it. */
async function play(pair, run) {
  const deeds = []
  for (let round = 0; round < (run.rounds ?? 1); round++) {
    const scenario = scenarioOf(run.scenario)
    deeds.push(await scenario.inject(pair, { seconds: run.seconds }))
    await sleep((run.restSeconds ?? 3) * 1000 + 1000 * Math.random())
  }
  return deeds
}

async function make(run, scratch) {
  const scenario = scenarioOf(run.scenario)
  const pair = await openPair({ ...scenario.pair, ...run.pair })
  const path = join(scratch, `${run.name}.whylate`)
  let recording
  try {
    const peerLink = run.hasPeer ? pair.peerLink : undefined
    const links = [pair.link, ...(peerLink === undefined ? [] : [peerLink])]
    const captures = await Promise.all(
      links.map(async (link) => openCapture(pair, link, join(scratch, `${link}.pcap`))),
    )
    recording = await openRecord({
      interfaces: links,
      netns: pair.namespace,
      filter: undefined,
      engine: 'bpftrace',
      hasIostat: true,
      paths: scenario.tcpdump === undefined ? {} : { tcpdump: await scenario.tcpdump(pair) },
      vrid: undefined,
      interval: undefined,
      late: undefined,
      budgetBytes: 256 * 1024 * 1024,
      path,
      keepsSecrets: false,
      maxSizeBytes: undefined,
      maxLate: undefined,
      program: { version: 'own', commandLine: ['whylate', 'record'] },
    })
    const { session } = recording
    await until('bpftrace', 30_000, () =>
      session.snapshot().probes.some((probe) => probe.name === 'bpftrace' && probe.state === 'ok'),
    )
    const heard = () => session.snapshot().flows.find((one) => one.source === pair.sender.address)?.adverts ?? 0
    const before = heard()
    await until('adverts', 30_000, () => heard() >= Math.max(5, before + 2))
    const around = await Promise.all((run.neighbours ?? []).map(async (name) => neighbours[name](pair)))
    await sleep(2500)
    const begun = [process.pid, ...(await readMarkedPids(pair.mark))]
    const routers = [await pair.sender.readPid(), await pair.backup.readPid()]
    const deeds = await play(pair, run)
    // One that was restarted is another process.
    routers.push(await pair.sender.readPid(), await pair.backup.readPid())
    await sleep(Math.max(2500, 4500 * pair.options.advertInterval))
    const innocent = await Promise.all(around.map(async (end) => end()))
    await recording.stop('it was long enough')
    for (const end of captures) await end()
    const done = deeds.flatMap((one) =>
      [one.culprit?.pid ?? [], (one.alsoGuilty ?? []).flatMap((each) => each.pid ?? [])].flat(),
    )
    await trimBundle(path, { pids: [...begun, ...done], routers: new Set(routers), mark: pair.mark })
    const faults = deeds.filter((one) => one.cause !== 'none').map(faultOf)
    const lates = links.map((link) =>
      expectedLate(readAdverts(join(scratch, `${link}.pcap`), pair.options.vrid), pair.sender.address).map((one) => ({
        ...one,
        cause: causeOf(one, faults, BigInt(Math.round(pair.options.advertInterval * 1e9))),
      })),
    )
    const [late = [], atPeer = []] = lates
    const wasLate = (one) => late.some((other) => Math.abs(Number(BigInt(other.sentNs) - BigInt(one.sentNs))) < 3e6)
    const truth = {
      what: run.what,
      place: 'netns',
      flow: { source: pair.sender.address, vrid: pair.options.vrid, link: pair.link },
      faults,
      lookAlikes: [
        ...deeds
          .filter((one) => one.cause === 'none' && one.culprit !== undefined)
          .map((one) => ({ ...deedOf(one), looksLike: one.looksLike ?? null })),
        ...innocent.flat().map((one) => ({ ...deedOf(one), looksLike: one.looksLike ?? null })),
      ],
      late,
      ...(peerLink === undefined ? {} : { lateAtPeer: atPeer.filter((one) => !wasLate(one)), peerLink }),
    }
    await checkClean(truth, run)
    return { truth, path }
  } finally {
    await recording?.stop('it failed')
    await pair.close()
  }
}

/** Throws when this run is no good: the machine was late by itself, or the fault made nothing late. */
async function checkClean(truth, run) {
  const all = [...truth.late, ...(truth.lateAtPeer ?? [])]
  const own = all.filter((one) => one.cause === null && Math.max(one.overrunMs, one.ownOverrunMs) > 0)
  if (own.length > 0) throw new Error(`${own.length} late by itself, ${own[0].overrunMs.toFixed(0)} ms`)
  const clear = all.filter((one) => Math.max(one.overrunMs, one.ownOverrunMs) > clearlyLateMs)
  const least = run.leastLate ?? (truth.faults.length > 0 ? 1 : 0)
  if (clear.length < least) throw new Error(`${clear.length} late, not ${least}`)
  if (truth.faults.length === 0 && all.length > 0) throw new Error('something was late')
}

async function keep(run, { truth, path }, scratch) {
  const tgz = join(folder, `${run.name}.whylate.tgz`)
  await execa('tar', [
    '--sort=name',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '-czf',
    tgz,
    '-C',
    scratch,
    `${run.name}.whylate`,
  ])
  await writeFile(join(folder, `${run.name}.truth.json`), `${JSON.stringify(truth, undefined, 1)}\n`)
  const { size } = await stat(tgz)
  const lates = [...truth.late, ...(truth.lateAtPeer ?? [])].map((one) =>
    Math.max(one.overrunMs, one.ownOverrunMs).toFixed(0),
  )
  process.stdout.write(`${run.name}: ${(size / 1000).toFixed(0)} kB, late ${lates.join(', ')} ms\n`)
  await rm(path, { recursive: true })
}

const wanted = process.argv.slice(2)
const chosen = runs.filter((run) => wanted.length === 0 || wanted.some((name) => run.name.startsWith(name)))
await sweepLeftovers()
const scratch = await mkdtemp(join(tmpdir(), 'whylate-own-'))
let failed = 0
try {
  for (const run of chosen) {
    for (let attempt = 1; ; attempt++) {
      try {
        await keep(run, await make(run, scratch), scratch)
        break
      } catch (error) {
        process.stdout.write(`${run.name}: thrown away (${error instanceof Error ? error.message : String(error)})\n`)
        await rm(join(scratch, `${run.name}.whylate`), { recursive: true, force: true })
        if (attempt < attempts) continue
        failed++
        break
      }
    }
  }
} finally {
  await rm(scratch, { recursive: true, force: true })
}
process.exitCode = failed === 0 ? 0 : 1
