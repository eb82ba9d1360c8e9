// What an hour of recording costs: memory over time, size of the bundle, drops, CPU; plain and --flight side by side.
//
//   npm run bench:record -- --minutes 60 [--events 22000] [--idle] [--late 3] [--out FILE]
//
// Needs root; stress-ng unless --idle (apt-get install stress-ng: for this bench only). A real keepalived pair in namespaces
// of its own, a load of so many events a second, both recorders on the same link at the same time. The sender is stopped for
// two seconds --late times, spread over the run. "Events" are what sysdig would write: each call's begin and end, and each
// switch. Nothing is left behind but FILE.

import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { loadavg, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openPair } from '../../dist/drill/pair.js'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    events: { type: 'string', default: '22000' },
    idle: { type: 'boolean', default: false },
    late: { type: 'string', default: '2' },
    out: { type: 'string' },
  },
})
const minutes = Number(values.minutes)
const late = Number(values.late)
const root = new URL('../..', import.meta.url)
const scratch = mkdtempSync(join(tmpdir(), 'whylate-bench-record-'))
const ticksPerSecond = 100

function say(line = '') {
  process.stdout.write(`${line}\n`)
  if (values.out !== undefined) appendFileSync(values.out, `${line}\n`)
}

const fieldsOf = (pid) => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** CPU time and memory of a recorder and of its children, apart. */
function useOf(pid) {
  const sum = { ownTicks: 0, ownRss: 0, childTicks: 0, childRss: 0 }
  const parents = new Map()
  for (const one of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      parents.set(Number(one), fieldsOf(one))
    } catch {
      // It has ended meanwhile.
    }
  }
  const isBelow = (one) => {
    for (let at = one; at > 1; at = Number(parents.get(at)?.[1] ?? 0)) if (at === pid) return true
    return false
  }
  for (const [one, fields] of parents) {
    if (!isBelow(one)) continue
    const isOwn = one === pid
    sum[isOwn ? 'ownTicks' : 'childTicks'] += Number(fields[11]) + Number(fields[12])
    sum[isOwn ? 'ownRss' : 'childRss'] += Number(fields[21]) * 4096
  }
  return sum
}

const sizeOf = (folder) =>
  readdirSync(folder)
    .filter((name) => name !== 'reserve.tmp')
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)

/** Two workers hand a byte to and fro; a round is about seven events (two calls, in and out, and switches). */
function startLoad(events) {
  const frequency = String(Math.round(events / 7))
  const argv = ['--quiet', '--switch', '1', '--switch-freq', frequency, '--switch-method', 'pipe', '--timeout', '0']
  return spawn('stress-ng', argv, { stdio: 'ignore', detached: true })
}

/** Calls and switches of the whole host over four seconds, and the calls of the load alone; by a bpftrace of our own. */
async function countEvents() {
  const script =
    'mount -t tracefs tracefs /sys/kernel/tracing; mount -t debugfs debugfs /sys/kernel/debug; ulimit -l unlimited; exec bpftrace -e ' +
    `'tracepoint:raw_syscalls:sys_enter{@c=count();@by[comm]=count();} tracepoint:sched:sched_switch{@s=count();} interval:s:4{exit();}' 2>/dev/null`
  const child = spawn('unshare', ['-m', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.on('data', (bytes) => (text += bytes))
  await new Promise((resolve) => child.once('close', resolve))
  const sum = (pattern) => [...text.matchAll(pattern)].reduce((total, one) => total + Number(one[1]), 0) / 4
  return {
    calls: sum(/^@c: (\d+)$/gm),
    switches: sum(/^@s: (\d+)$/gm),
    loadCalls: sum(/^@by\[stress-ng[^\]]*\]: (\d+)$/gm),
  }
}

function startRecorder(name, pair, more) {
  const path = join(scratch, `${name}.whylate`)
  const startedMs = performance.now()
  const argv = ['bin/whylate.js', 'record', '-o', path, '-i', pair.link, '--netns', pair.namespace, ...more]
  const child = spawn(process.execPath, argv, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const recorder = { name, path, child, text: '', startMs: Number.NaN, samples: [] }
  child.stderr.on('data', (bytes) => {
    recorder.text += bytes
    if (Number.isNaN(recorder.startMs) && recorder.text.includes('recording to'))
      recorder.startMs = performance.now() - startedMs
  })
  child.stdout.on('data', (bytes) => (recorder.text += bytes))
  recorder.ended = new Promise((resolve) => child.once('close', resolve))
  return recorder
}

/** MiB a minute of the straight line through the second half of the samples: what grows goes on growing then. */
function slopeOf(samples, key) {
  const half = samples.slice(Math.floor(samples.length / 2))
  const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length
  const x = half.map((one) => one.minute)
  const y = half.map((one) => one[key] / 2 ** 20)
  const [mx, my] = [mean(x), mean(y)]
  const below = x.reduce((sum, one) => sum + (one - mx) ** 2, 0)
  return below === 0 ? Number.NaN : x.reduce((sum, one, i) => sum + (one - mx) * (y[i] - my), 0) / below
}

async function cleanUp() {
  for (const one of recorders) one.child.kill('SIGKILL')
  if (load?.pid !== undefined && load.exitCode === null) process.kill(-load.pid, 'SIGKILL')
  await pair?.close()
  rmSync(scratch, { recursive: true, force: true })
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => void cleanUp().then(() => process.exit(1)))

const load = values.idle ? undefined : startLoad(Number(values.events))
let pair
let recorders = []
try {
  pair = await openPair()
  recorders = [startRecorder('plain', pair, []), startRecorder('flight', pair, ['--flight'])]
  await sleep(15_000)
  const begun = { ms: performance.now() }
  let counted
  for (const one of recorders) one.first = useOf(one.child.pid)
  say(
    `Linux ${release()}, Node ${process.version}, ${minutes} min, ${values.idle ? 'idle' : `stress-ng for about ${values.events} events/s`}, load ${loadavg()[0].toFixed(1)}`,
  )
  const lateAt = Array.from({ length: late }, (_, i) => ((i + 0.5) / late) * minutes)
  const everyMinutes = Math.max(0.1, minutes / 120)
  for (let minute = 0; minute < minutes; minute = (performance.now() - begun.ms) / 60_000) {
    for (const one of recorders) one.samples.push({ minute, ...useOf(one.child.pid), size: sizeOf(one.path) })
    // Once, in the middle: counting costs something, too.
    if (minute >= minutes / 2) counted ??= await countEvents()
    if (lateAt.length > 0 && minute >= lateAt[0]) {
      lateAt.shift()
      const pid = await pair.sender.readPid()
      process.kill(pid, 'SIGSTOP')
      await sleep(2000)
      process.kill(pid, 'SIGCONT')
    }
    await sleep(everyMinutes * 60_000)
  }
  const passedS = (performance.now() - begun.ms) / 1000
  const { calls, switches, loadCalls } = counted ?? (await countEvents())
  say(
    `the whole host, counted for 4 s: ${Math.round(calls)} calls/s and ${Math.round(switches)} switches/s, which are ${Math.round(2 * calls + switches)} events/s; the load alone makes ${Math.round(loadCalls)} of the calls`,
  )
  for (const one of recorders) {
    one.last = useOf(one.child.pid)
    one.child.kill('SIGTERM')
    await one.ended
  }
  say()
  say('| | plain | --flight |')
  say('|---|---|---|')
  const row = (name, of) => say(`| ${name} | ${recorders.map(of).join(' | ')} |`)
  const percent = (a, b) => `${((100 * (b - a)) / ticksPerSecond / passedS).toFixed(1)} %`
  const mib = (bytes) => (bytes / 2 ** 20).toFixed(0)
  row('bundle, MB in this run', (one) => (sizeOf(one.path) / 1e6).toFixed(2))
  row('bundle, MB/h at this rate', (one) => ((sizeOf(one.path) / 1e6) * (60 / minutes)).toFixed(1))
  row('own CPU, of one core', (one) => percent(one.first.ownTicks, one.last.ownTicks))
  row('children’s CPU, of one core', (one) => percent(one.first.childTicks, one.last.childTicks))
  row('own RSS, MiB: first, greatest, last', (one) =>
    [one.samples[0].ownRss, Math.max(...one.samples.map((s) => s.ownRss)), one.last.ownRss].map(mib).join(', '),
  )
  row('own RSS, MiB a minute over the second half', (one) => slopeOf(one.samples, 'ownRss').toFixed(3))
  row('exec to "recording", ms', (one) => one.startMs.toFixed(0))
  row('late adverts', (one) => /, (\d+) late, [^,]*$/m.exec(one.text.trim().split('\n').at(-1))?.[1] ?? '?')
  say()
  say('RSS over the run (minute: plain, flight, MiB)')
  const step = Math.max(1, Math.floor(recorders[0].samples.length / 12))
  for (let i = 0; i < recorders[0].samples.length; i += step)
    say(
      `  ${recorders[0].samples[i].minute.toFixed(1).padStart(5)}: ${recorders.map((one) => mib(one.samples[i]?.ownRss ?? 0)).join(', ')}`,
    )
  for (const one of recorders) {
    const argv = ['bin/whylate.js', 'report', one.path, '--format', 'json']
    const { stdout } = spawnSync(process.execPath, argv, { cwd: root, maxBuffer: 1 << 30 })
    one.report = JSON.parse(stdout)
    const { probes } = one.report.capture
    say(`${one.name}: dropped ${probes.map((probe) => `${probe.name} ${probe.dropped}`).join(', ')}`)
    say(`${one.name}: ${probes.find((probe) => probe.name === 'bpftrace')?.detail}`)
    const files = readdirSync(one.path).map((name) => `${name} ${statSync(join(one.path, name)).size}`)
    say(`${one.name}: ${files.join(', ')}`)
  }
  // Each recorder has probes of its own: stretches differ by microseconds, and only the verdict can be the same.
  const verdictOf = ({ verdict: { cause, confidence, culprit } }) => `${cause} ${confidence} ${culprit?.name ?? '-'}`
  const [plain, flight] = recorders.map(
    (one) => new Map(one.report.late.map((late_) => [late_.atNs, verdictOf(late_)])),
  )
  const both = [...plain.keys()].filter((at) => flight.has(at))
  const same = both.filter((at) => plain.get(at) === flight.get(at))
  say(`late adverts in both: ${both.length}, of ${plain.size} and ${flight.size}; the same verdict: ${same.length}`)
  for (const at of both.filter((one) => !same.includes(one)).slice(0, 20))
    say(`  ${at}\n    ${plain.get(at)}\n    ${flight.get(at)}`)
  const causes = new Map()
  for (const { verdict } of recorders[0].report.late) {
    const key = `${verdict.cause} ${verdict.confidence}`
    causes.set(key, (causes.get(key) ?? 0) + 1)
  }
  say(`verdicts: ${[...causes].map(([key, count]) => `${count} × ${key}`).join(', ')}`)
} finally {
  await cleanUp()
}
