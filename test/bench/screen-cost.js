// What the screen costs the line and the patience of who sits behind it: the figures of the README, each with its bar.
//
//   npm run bench:screen [SECONDS]      live needs root, without it the replay alone is measured; nothing is left behind
//
// The real command on a real pseudo-terminal of 120 × 40 (script(1) opens it), its bytes read with the time at which they
// came. A key is one byte written to it; the answer is the first byte that comes after, which under load is not always
// the key's own: so a key that is waited for changes the whole screen (`?` opens and closes the help), and its answer is
// the first write of more than a few lines. Full load: a busy shell for each CPU, and one that does nothing but start programs.

import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { availableParallelism, loadavg, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPair } from '../../dist/drill/pair.js'

const seconds = Number(process.argv[2] ?? 20)
const keys = 150
const size = { columns: 120, rows: 40 }
const root = fileURLToPath(new URL('../..', import.meta.url))
const own = join(root, 'test/captures/own')
/** Most of a screen: what the help needs, and no counter does. */
const wholeScreen = 700

const quoted = (word) => `'${word.replaceAll("'", `'\\''`)}'`

/** The command on a terminal of its own. */
function openTerminal(args) {
  const command = `stty cols ${size.columns} rows ${size.rows}; exec ${[process.execPath, join(root, 'bin/whylate.js'), ...args].map(quoted).join(' ')}`
  const startedMs = performance.now()
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TERM: 'xterm-256color', LANG: 'C.UTF-8', NO_COLOR: '' },
  })
  const writes = []
  let text = ''
  child.stdout.on('data', (bytes) => {
    writes.push({ atMs: performance.now() - startedMs, bytes: bytes.length })
    text = (text + bytes.toString()).slice(-200_000)
  })
  const ended = new Promise((resolve) => child.once('close', resolve))
  const nowMs = () => performance.now() - startedMs
  return {
    nowMs,
    press: (key) => void child.stdin.write(key),
    bytesBetween: (fromMs, toMs) =>
      writes.filter((one) => one.atMs >= fromMs && one.atMs < toMs).reduce((sum, one) => sum + one.bytes, 0),
    /** Bytes that came within so short a time are one answer. */
    answerAfter(fromMs) {
      let sum = 0
      for (const one of writes) {
        if (one.atMs < fromMs) continue
        sum += one.bytes
        if (sum >= wholeScreen) return one.atMs - fromMs
      }
      return undefined
    },
    async shows(pattern, mostMs) {
      while (!pattern.test(text)) {
        if (nowMs() > mostMs) throw new Error(`nothing on the screen fits ${pattern} after ${mostMs} ms`)
        await sleep(2)
      }
      return nowMs()
    },
    async close() {
      child.stdin.write('q')
      const late = setTimeout(() => child.kill('SIGHUP'), 10_000)
      await ended
      clearTimeout(late)
    },
  }
}

const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]

/** The help is opened and closed, again and again, at uneven times. */
async function keyTimes(terminal) {
  const times = []
  for (let i = 0; i < keys; i++) {
    await sleep(80 + ((i * 37) % 90))
    const fromMs = terminal.nowMs()
    terminal.press(i % 2 === 0 ? '?' : '\u001B')
    let took
    while ((took = terminal.answerAfter(fromMs)) === undefined && terminal.nowMs() - fromMs < 3000) await sleep(1)
    times.push(took ?? 3000)
  }
  return times.toSorted((a, b) => a - b)
}

function startLoad() {
  const busy = Array.from({ length: availableParallelism() }, () => 'while :; do :; done')
  const children = [...busy, 'while :; do /bin/true; done'].map((code) =>
    spawn('sh', ['-c', code], { stdio: 'ignore' }),
  )
  return () => {
    for (const child of children) child.kill('SIGKILL')
  }
}

const rows = []
const row = (what, value, unit, most) =>
  rows.push({
    what,
    measured: `${value.toFixed(unit === 'ms' ? 0 : 1)} ${unit}`,
    bar: most === undefined ? '' : most === 0 ? '0' : `<= ${most} ${unit}`,
    met: most === undefined ? '' : value <= most ? 'met' : 'NOT MET',
  })

async function measureReplay() {
  const bundle = readdirSync(own).find((name) => name.startsWith('blocked-log') && name.endsWith('.tgz')) ?? ''
  const terminal = openTerminal(['replay', join(own, bundle)])
  try {
    const firstMs = await terminal.shows(/FLOW/, 30_000)
    row('replay: exec to first frame', firstMs, 'ms', undefined)
    await terminal.shows(/WHY #/, 60_000)
    await sleep(2000)
    const fromMs = terminal.nowMs()
    await sleep(5000)
    row('replay that stands, 5 s', terminal.bytesBetween(fromMs, terminal.nowMs()), 'B', 0)
    const times = await keyTimes(terminal)
    row('replay: key to screen, p50', at(times, 0.5), 'ms', undefined)
    row('replay: key to screen, p99', at(times, 0.99), 'ms', 100)
  } finally {
    await terminal.close()
  }
}

async function measureLive() {
  const pair = await openPair()
  const scratch = mkdtempSync(join(tmpdir(), 'whylate-bench-'))
  let stopLoad = () => {}
  try {
    const terminal = openTerminal(['live', '-i', pair.link, '--netns', pair.namespace])
    try {
      row('live: exec to first frame', await terminal.shows(/FLOW/, 60_000), 'ms', undefined)
      await terminal.shows(/vrid/, 60_000)
      await sleep(8000)
      const quietMs = terminal.nowMs()
      await sleep(seconds * 1000)
      const perSecond = terminal.bytesBetween(quietMs, terminal.nowMs()) / seconds / 1000
      row(`live, nothing late, ${seconds} s`, perSecond, 'kB/s', 8)
      const pid = await pair.sender.readPid()
      process.kill(pid, 'SIGSTOP')
      await sleep(3000)
      process.kill(pid, 'SIGCONT')
      await terminal.shows(/WHY #/, terminal.nowMs() + 30_000)
      await sleep(6000)
      terminal.press('t')
      await sleep(1500)
      const timelineMs = terminal.nowMs()
      await sleep((seconds * 1000) / 2)
      row('live, timeline open', terminal.bytesBetween(timelineMs, terminal.nowMs()) / (seconds / 2) / 1000, 'kB/s', 8)
      terminal.press('t')
      stopLoad = startLoad()
      await sleep(2000)
      const loadMs = terminal.nowMs()
      const times = await keyTimes(terminal)
      const took = (terminal.nowMs() - loadMs) / 1000
      row('live under full load: key to screen, p50', at(times, 0.5), 'ms', undefined)
      row('live under full load: key to screen, p99', at(times, 0.99), 'ms', 100)
      row(
        'the same with a key each 0.13 s',
        terminal.bytesBetween(loadMs, terminal.nowMs()) / took / 1000,
        'kB/s',
        undefined,
      )
      stopLoad()
      await sleep(1500)
      terminal.press(' ')
      await sleep(2500)
      const heldMs = terminal.nowMs()
      await sleep(5000)
      row('live, held, nothing new, 5 s', terminal.bytesBetween(heldMs, terminal.nowMs()), 'B', 0)
    } finally {
      stopLoad()
      await terminal.close()
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
    await pair.close()
  }
}

await measureReplay()
if (process.getuid?.() === 0) await measureLive()
else process.stdout.write('Live is not measured: it needs root.\n')
process.stdout.write(
  `${size.columns} × ${size.rows}, ${keys} keys, Linux ${release()}, Node ${process.versions.node}, ${availableParallelism()} CPUs, load average ${loadavg()[0]?.toFixed(1)}\n`,
)
console.table(rows)
if (rows.some((one) => one.met === 'NOT MET')) process.exitCode = 1
