// An hour of live and an hour of record on a busy host, side by side: does anything grow?
//
//   npm run bench:soak -- --for 1h [--events 40000] [--budget 64] [--out FILE.json]      then: node test/bench/soak-plot.js FILE.json SVG
//
// Needs root, tmux, stress-ng (apt-get install stress-ng: for the benches only). A real keepalived pair; the live screen in a
// terminal of its own, the recorder beside it, each with its own bpftrace or sysdig; stress-ng's two workers hand a byte to and
// fro for so many events a second, and a shell starts thirty programs a second with names of their own, so that there are ever
// new processes, files and names. The sender is stopped for 2 s each ten minutes. Once a second each one's RSS, descriptors,
// children and size are read from /proc, each ten seconds the heaps of its threads. Nothing is left behind but FILE.

import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openPair } from '../../dist/drill/pair.js'
import { judgeSoak, soakTable } from './soak-judge.js'

const { values } = parseArgs({
  options: {
    for: { type: 'string', default: '1h' },
    events: { type: 'string', default: '40000' },
    budget: { type: 'string', default: '64' },
    out: { type: 'string', default: 'soak.json' },
  },
})
const unitMs = { s: 1000, m: 60_000, h: 3_600_000 }
const lengthMs = Number.parseFloat(values.for) * (unitMs[values.for.at(-1)] ?? 1000)
const root = new URL('../..', import.meta.url)
const scratch = mkdtempSync(join(tmpdir(), 'whylate-bench-soak-'))
const bundle = join(scratch, 'soak.whylate')
const heapFile = join(scratch, 'heap.ndjson')
const socket = join(scratch, 'tmux')
const warmUpMs = Math.min(20_000, lengthMs / 4)
const stopEveryMs = 600_000
const countSeconds = 4

const tmux = (...args) =>
  execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })

/** Two workers hand a byte to and fro; a round is about seven events (two calls, in and out, and switches). */
function startLoad(events) {
  const frequency = String(Math.round(events / 7))
  const argv = ['--quiet', '--switch', '1', '--switch-freq', frequency, '--switch-method', 'pipe', '--timeout', '0']
  return spawn('nice', ['stress-ng', ...argv], { stdio: 'ignore', detached: true })
}

/** Processes, files and names that were never there before. */
function startChurn() {
  const script = `i=0; while :; do i=$((i+1)); : > "${scratch}/churn-$i"; (exec -a "job-$i" true) ; rm "${scratch}/churn-$i"; /bin/sleep 0.02; done`
  return spawn('nice', ['bash', '-c', script], { stdio: 'ignore', detached: true })
}

/** Calls and switches of the whole host for some seconds, by a bpftrace of our own. */
async function countEvents() {
  const script =
    'mount -t tracefs tracefs /sys/kernel/tracing; mount -t debugfs debugfs /sys/kernel/debug; ulimit -l unlimited; exec bpftrace -e ' +
    `'tracepoint:raw_syscalls:sys_enter{@c=count();} tracepoint:sched:sched_switch{@s=count();} tracepoint:sched:sched_process_fork{@f=count();} interval:s:${countSeconds}{exit();}' 2>/dev/null`
  const child = spawn('unshare', ['-m', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.on('data', (bytes) => (text += bytes))
  await new Promise((resolve) => child.once('close', resolve))
  const rate = (name) => Math.round(Number(new RegExp(`^@${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? 0) / countSeconds)
  return { calls: rate('c'), switches: rate('s'), forks: rate('f'), events: 2 * rate('c') + rate('s') }
}

function readStat(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { ticks: Number(fields[11]) + Number(fields[12]), rss: Number(fields[21]) * 4096 }
}

const childrenOf = (pid) =>
  readdirSync(`/proc/${pid}/task`).flatMap((tid) =>
    readFileSync(`/proc/${pid}/task/${tid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  )

/** Also those of its children: sh, unshare and chrt become the tool. */
function descendantsOf(pid) {
  try {
    return childrenOf(pid).flatMap((one) => [one, ...descendantsOf(one)])
  } catch {
    // It has ended meanwhile.
    return []
  }
}

function sampleOf(pid) {
  const { ticks, rss } = readStat(pid)
  const children = descendantsOf(pid)
  let childRss = 0
  let childTicks = 0
  for (const one of children) {
    try {
      const child = readStat(one)
      childRss += child.rss
      childTicks += child.ticks
    } catch {
      // It has ended meanwhile.
    }
  }
  return { rss, ticks, fds: readdirSync(`/proc/${pid}/fd`).length, children: children.length, childRss, childTicks }
}

const bundleSize = () =>
  existsSync(bundle)
    ? readdirSync(bundle)
        .filter((name) => name !== 'reserve.tmp')
        .reduce((sum, name) => sum + statSync(join(bundle, name)).size, 0)
    : 0

const heapLines = () =>
  existsSync(heapFile)
    ? readFileSync(heapFile, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    : []

async function versionOf(...command) {
  try {
    return execFileSync(command[0], command.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).split(
      '\n',
    )[0]
  } catch {
    return 'absent'
  }
}

let pair
let recorder
const background = []

async function cleanUp() {
  try {
    tmux('kill-server')
  } catch {
    // It did not run (any more).
  }
  if (recorder?.exitCode === null) recorder.kill('SIGKILL')
  for (const one of background)
    try {
      process.kill(-one.pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  await pair?.close()
  rmSync(scratch, { recursive: true, force: true })
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => void cleanUp().then(() => process.exit(1)))

try {
  pair = await openPair()
  // Small enough to be full before the second half begins: until then memory grows because it may.
  const watched = ['-i', pair.link, '--netns', pair.namespace, '--budget', values.budget]
  const environment = {
    ...process.env,
    NODE_OPTIONS: `--require=${new URL('heap-probe.cjs', import.meta.url).pathname}`,
    WHYLATE_HEAP_FILE: heapFile,
  }
  tmux('new-session', '-d', '-s', 'soak', '-x', '120', '-y', '40', '-c', root.pathname)
  for (const name of ['NODE_OPTIONS', 'WHYLATE_HEAP_FILE']) tmux('set-environment', '-g', name, environment[name])
  const command = ['exec', process.execPath, 'bin/whylate.js', 'live', ...watched].join(' ')
  tmux('respawn-pane', '-k', '-t', 'soak', '-c', root.pathname, command)
  const livePid = Number(tmux('display', '-p', '-t', 'soak', '#{pane_pid}'))
  let told = ''
  recorder = spawn(process.execPath, ['bin/whylate.js', 'record', '-o', bundle, ...watched], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [recorder.stdout, recorder.stderr])
    stream.on('data', (bytes) => (told = (told + bytes).slice(-4000)))
  background.push(startLoad(Number(values.events)), startChurn())
  await sleep(warmUpMs)

  const samples = []
  const counts = []
  const countAt = [0.05, 0.5, 0.95].map((share) => share * lengthMs)
  let stopAtMs = stopEveryMs / 2
  const begunMs = performance.now()
  const begun = Date.now()
  for (let second = 0; performance.now() - begunMs < lengthMs; second++) {
    const atMs = performance.now() - begunMs
    const dropped = /(\d+) dropped/g
    const drops = Number([...told.matchAll(dropped)].at(-1)?.[1] ?? 0)
    samples.push({
      s: Math.round(atMs / 100) / 10,
      load: loadavg()[0],
      live: sampleOf(livePid),
      record: { ...sampleOf(recorder.pid), size: bundleSize(), drops },
    })
    if (atMs >= (countAt[0] ?? Infinity)) {
      countAt.shift()
      counts.push({ s: atMs / 1000, ...(await countEvents()) })
    }
    if (atMs >= stopAtMs) {
      stopAtMs += stopEveryMs
      const pid = await pair.sender.readPid()
      process.kill(pid, 'SIGSTOP')
      await sleep(2000)
      process.kill(pid, 'SIGCONT')
    }
    if (second % 300 === 299)
      process.stderr.write(`${Math.round(atMs / 60_000)} min, ${JSON.stringify(samples.at(-1))}\n`)
    await sleep(Math.max(0, (second + 1) * 1000 - (performance.now() - begunMs)))
  }
  const screen = tmux('capture-pane', '-p', '-t', 'soak')
  tmux('send-keys', '-t', 'soak', 'q')
  recorder.kill('SIGTERM')
  await new Promise((resolve) => recorder.once('close', resolve))
  const result = {
    schema: 'whylate.soak/1',
    begun: new Date(begun).toISOString(),
    seconds: samples.at(-1).s,
    budgetMib: Number(values.budget),
    machine: { kernel: release(), node: process.version, cpus: cpus().length, model: cpus()[0]?.model },
    versions: {
      bpftrace: await versionOf('bpftrace', '--version'),
      tcpdump: await versionOf('tcpdump', '--version'),
      'stress-ng': await versionOf('stress-ng', '--version'),
    },
    counts,
    screen,
    end: told.trim().split('\n').slice(-2),
    samples,
    heaps: heapLines()
      .filter((one) => one.atMs >= begun)
      .map(({ atMs, pid, ...one }) => ({ s: (atMs - begun) / 1000, of: pid === livePid ? 'live' : 'record', ...one })),
  }
  const judged = { ...result, judgement: judgeSoak(result) }
  writeFileSync(values.out, `${JSON.stringify(judged)}\n`)
  process.stdout.write(`${soakTable(judged)}\n`)
} finally {
  await cleanUp()
}
