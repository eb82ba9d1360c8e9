// Makes the bundles of this folder, once for each version of the format: they are never made again, and never changed.
//
//   npm run build && sudo node test/captures/bundles/make.js v1
//
// One real recording of a real pair whose sender is stopped (bpftrace, tcpdump, iostat, the host sampler). What its tape says
// goes through the writer again, with names that only mean something on the machine of the recording replaced by others of
// the same length; and once more as a flight recording, with its own engine looking on. `scap` is an imported incident.

import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPair } from '../../../dist/drill/pair.js'
import { openBundle } from '../../../dist/bundle/bundle.js'
import { openBundleWriter } from '../../../dist/bundle/bundle-writer.js'
import { readTape } from '../../../dist/bundle/tape.js'
import { openPlayer } from '../../../dist/session/replay/replay-player.js'
import { epochAt } from '../../../dist/time/instant.js'

const version = process.argv[2] ?? 'v1'
const folder = import.meta.dirname
const root = join(folder, '../../..')
const scratch = mkdtempSync(join(tmpdir(), 'whylate-make-bundles-'))
const whylate = join(root, 'bin/whylate.js')
const out = (name) => join(folder, `${version}-${name}`)

async function record(seconds, stopAt) {
  const pair = await openPair()
  const path = join(scratch, 'raw.whylate')
  const argv = [whylate, 'record', '-q', '-o', path, '-i', pair.link, '--netns', pair.namespace, '--for', `${seconds}s`]
  const child = spawn(process.execPath, argv, { stdio: 'inherit' })
  const ended = new Promise((resolve) => child.once('close', resolve))
  try {
    await sleep(stopAt * 1000)
    const pid = await pair.sender.readPid()
    process.kill(pid, 'SIGSTOP')
    await sleep(1700)
    process.kill(pid, 'SIGCONT')
    await ended
  } finally {
    child.kill('SIGTERM')
    await pair.close()
  }
  return path
}

/** Paths of this machine, and what else was running on it: letters for letters. */
function anonymous(bytes) {
  return Buffer.from(
    Buffer.from(bytes)
      .toString('latin1')
      .replaceAll(/\/(?:tmp|work|root|home|var|run)\/[^\s"',\\]*/g, (path) => path.replaceAll(/[A-Za-z0-9]/g, 'x')),
    'latin1',
  )
}

/** Lines of iostat back into the one document that it writes. */
function asDocument(bytes) {
  const text = Buffer.from(bytes).toString('latin1').trimEnd().split('\n')
  return Buffer.from(text.map((line) => (line.endsWith(']}]}}') ? line.slice(0, -5) : `${line},`)).join('\n'))
}

async function* outputsOf(bundle, untilS) {
  for await (const step of readTape(bundle)) {
    if (step.at > untilS * 1e9) return
    if (step.kind !== 'output') continue
    const { output } = step
    if (output.kind === 'started') yield { ...output, argv: [output.tool] }
    else if (output.kind !== 'bytes' || output.probe === 'tcpdump') yield output
    else if (output.probe === 'iostat') yield { ...output, bytes: asDocument(output.bytes) }
    else yield { ...output, bytes: anonymous(output.bytes) }
  }
}

async function rewrite(raw, path, { untilS, isFlight, isClosed }) {
  const bundle = await openBundle(raw)
  const { closed: _closed, members: _members, probes: _probes, secrets: _secrets, ...manifest } = bundle.manifest
  const looker = openPlayer(bundle, { budgetBytes: 2 ** 28 })
  let now = 0
  let lookedAt = 0
  const writer = await openBundleWriter({
    path,
    keepsSecrets: false,
    now: () => now,
    ...(isFlight ? { flight: { budgetBytes: 2 ** 27 } } : {}),
    manifest: {
      ...manifest,
      madeBy: { ...manifest.madeBy, commandLine: ['record'] },
      writer: { pid: 1, startTicks: '1', boot: 'none' },
      host: { ...manifest.host, name: 'node01' },
    },
  })
  for await (const output of outputsOf(bundle, untilS)) {
    for (; isFlight && lookedAt + 200e6 <= output.at; lookedAt += 200e6) {
      now = lookedAt
      await looker.playTo(now, () => false)
      writer.look(looker.engine.snapshot({ late: 0 }))
    }
    now = output.at
    writer.take(output)
  }
  if (isClosed) await writer.close(now, 'its time is over (--for)')
  else await sleep(1500)
  await looker.close()
  await bundle.close()
  return epochAt(now, BigInt(manifest.originNs))
}

try {
  const raw = await record(80, 62)
  await rewrite(raw, out('flight.whylate'), { untilS: 79, isFlight: true, isClosed: true })
  await rewrite(raw, out('bpftrace.whylate'), { untilS: 45, isFlight: false, isClosed: true })
  execFileSync('tar', ['czf', out('packed.whylate.tgz'), '-C', folder, `${version}-bpftrace.whylate`])
  const killed = join(scratch, 'killed.whylate')
  await rewrite(raw, killed, { untilS: 40, isFlight: false, isClosed: false })
  cpSync(killed, out('killed.whylate'), { recursive: true })
  rmSync(join(out('killed.whylate'), 'reserve.tmp'))
  const torn = join(out('killed.whylate'), 'bpftrace.tsv.gz')
  truncateSync(torn, statSync(torn).size - 7)
  const incident = join(root, 'test/captures/incidents/netns-freezer')
  const files = ['--pcap', 'tap.pcap', '--scap', 'host.scap.gz', '--host', 'host.ndjson.gz', '--iostat', 'iostat.json.gz']
  const scap = join('../../bundles', `${version}-scap.whylate`)
  execFileSync(process.execPath, [whylate, 'import', '-o', scap, ...files], { cwd: incident })
  for (const name of readdirSync(folder)) process.stdout.write(`${name}\n`)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
process.exit(0)
