// Live on a host with 50,000 events a second: whylate's own CPU, and how soon a late packet is told. Needs root and stress-ng.
// Against the CPU of the bpftrace (or sysdig) that watches the same host at the same time.

import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPair } from '../../../dist/drill/pair.js'
import { tell } from '../measure.js'

const root = new URL('../../..', import.meta.url)
const seconds = 20
const events = 50_000
const ticksPerSecond = 100

function statOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]), comm: /\((.*)\)/.exec(text)[1] }
}

/** CPU ticks of the process, and of the bpftrace or sysdig below it. */
function ticksOf(pid) {
  const all = new Map()
  for (const one of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      all.set(Number(one), statOf(one))
    } catch {
      // It has ended meanwhile.
    }
  const isBelow = (one) => {
    for (let at = one; at > 1; at = all.get(at)?.parent ?? 0) if (at === pid) return true
    return false
  }
  const engine = [...all].find(([one, { comm }]) => /^(bpftrace|sysdig)$/.test(comm) && isBelow(one))
  return { own: all.get(pid)?.ticks ?? 0, engine: engine?.[1].ticks ?? 0 }
}

async function countEvents() {
  const script =
    'mount -t tracefs tracefs /sys/kernel/tracing; mount -t debugfs debugfs /sys/kernel/debug; ulimit -l unlimited; exec bpftrace -e ' +
    `'tracepoint:raw_syscalls:sys_enter{@c=count();} tracepoint:sched:sched_switch{@s=count();} interval:s:4{exit();}' 2>/dev/null`
  const child = spawn('unshare', ['-m', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.on('data', (bytes) => (text += bytes))
  await new Promise((resolve) => child.once('close', resolve))
  const rate = (name) => Number(new RegExp(`^@${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? 0) / 4
  return Math.round(2 * rate('c') + rate('s'))
}

const load = spawn(
  'nice',
  [
    'stress-ng',
    '--quiet',
    '--switch',
    '1',
    '--switch-freq',
    `${Math.round(events / 7)}`,
    '--switch-method',
    'pipe',
    '--timeout',
    '0',
  ],
  { stdio: 'ignore' },
)
const pair = await openPair()
const child = spawn(process.execPath, ['bin/whylate.js', 'live', '-i', pair.link, '--netns', pair.namespace], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'ignore'],
})
const told = []
child.stdout.on('data', (bytes) => told.push({ text: String(bytes), atMs: Date.now() }))
try {
  await sleep(15_000)
  const shares = []
  for (let i = 0; i < 3; i++) {
    const before = ticksOf(child.pid)
    await sleep((seconds / 3) * 1000)
    const after = ticksOf(child.pid)
    const share = (key) => ((after[key] - before[key]) / ticksPerSecond / (seconds / 3)) * 100
    shares.push({ own: share('own'), engine: share('engine') })
  }
  const rate = await countEvents()
  const pid = await pair.sender.readPid()
  const delays = []
  for (let i = 0; i < 3; i++) {
    const from = told.length
    process.kill(pid, 'SIGSTOP')
    await sleep(2200)
    process.kill(pid, 'SIGCONT')
    await sleep(4000)
    const first = told.slice(from).find((one) => one.text.includes('LATE ADVERT'))
    const stamp = /LATE ADVERT \d+ {2}(\S+Z)/.exec(first?.text ?? '')?.[1]
    if (first !== undefined && stamp !== undefined)
      delays.push(first.atMs - Date.parse(stamp.replace(/(\.\d{3})\d+Z/, '$1Z')))
  }
  const sorted = (key) => shares.map((one) => one[key]).toSorted((a, b) => a - b)
  tell({
    what: 'own CPU in live at 50 k events/s (screen aside)',
    bar: '≤ 25 % of a core',
    ours: sorted('own'),
    theirs: sorted('engine'),
    unit: '% of a core',
    ratio: sorted('engine')[1] / sorted('own')[1],
    isMet: sorted('own')[1] <= 25,
    same: rate >= events,
    note: `${rate} events/s counted on the whole host; theirs: the engine that watches it`,
  })
  const delay = delays.toSorted((a, b) => a - b)
  tell({
    what: 'late packet on the wire → verdict told',
    bar: '≤ 300 ms',
    ours: delay,
    theirs: [],
    unit: 'ms',
    isMet: (delay[delay.length >> 1] ?? Infinity) <= 300,
    same: delays.length === 3,
    note: `three stops of the sender for 2.2 s, by the stamp of the packet; on the screen and overdue: npm run bench:screen`,
  })
} finally {
  child.kill('SIGINT')
  await new Promise((resolve) => child.once('exit', resolve))
  await pair.close()
  load.kill('SIGTERM')
}
