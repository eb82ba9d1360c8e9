// What a live session costs the host, and how soon a late advert is on the screen: the figures of the README.
//
//   npm run bench:live [SECONDS]        needs root; prints one table; nothing is left behind
//
// A real keepalived pair, the real command as a child. CPU time of each process is read from /proc/PID/stat over the
// stretch; the sender is then stopped once, and the time from the packet's own stamp to the first line about it is taken.

import { spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { loadavg, release } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { openPair } from '../../dist/drill/pair.js'

const seconds = Number(process.argv[2] ?? 30)
const ticksPerSecond = 100
const root = new URL('../..', import.meta.url)

const statOf = (pid) => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    parent: Number(fields[1]),
    ticks: Number(fields[11]) + Number(fields[12]),
    rssBytes: Number(fields[21]) * 4096,
  }
}

function familyOf(pid) {
  const found = new Map()
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const isOurs = (one) => {
    for (let at = Number(one); at > 1;) {
      if (at === pid) return true
      try {
        at = statOf(at).parent
      } catch {
        return false
      }
    }
    return false
  }
  for (const one of all) {
    try {
      if (isOurs(one)) found.set(readFileSync(`/proc/${one}/comm`, 'utf8').trim() + ` ${one}`, statOf(one))
    } catch {
      // It has ended meanwhile.
    }
  }
  return found
}

const pair = await openPair()
const child = spawn('node', ['bin/whylate.js', 'live', '-i', pair.link, '--netns', pair.namespace], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'ignore'],
})
/** What the child has printed so far, and when it first spoke of a late advert. */
const told = { text: '', atMs: Number.NaN }
child.stdout.on('data', (bytes) => {
  told.text += bytes
  if (Number.isNaN(told.atMs) && told.text.includes('LATE ADVERT')) told.atMs = Date.now()
})
try {
  await sleep(12_000)
  const before = familyOf(child.pid)
  await sleep(seconds * 1000)
  const after = familyOf(child.pid)
  const rows = [...after].map(([name, now]) => {
    const was = before.get(name)?.ticks ?? 0
    return {
      process: name.replace(/ \d+$/, ''),
      'CPU, % of a core': (((now.ticks - was) / ticksPerSecond / seconds) * 100).toFixed(2),
      'RSS, MiB': (now.rssBytes / 1048576).toFixed(0),
    }
  })
  const pid = await pair.sender.readPid()
  process.kill(pid, 'SIGSTOP')
  await sleep(2500)
  process.kill(pid, 'SIGCONT')
  for (let i = 0; i < 100 && Number.isNaN(told.atMs); i++) await sleep(50)
  const stamp = /LATE ADVERT \d+ {2}(\S+Z)/.exec(told.text)?.[1]
  const stampMs = stamp === undefined ? Number.NaN : Date.parse(stamp.replace(/(\.\d{3})\d+Z/, '$1Z'))
  console.table(rows)
  console.log(`packet on the wire to its window told: ${told.atMs - stampMs} ms`)
  console.log(`over ${seconds} s, Linux ${release()}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}`)
} finally {
  child.kill('SIGINT')
  await new Promise((resolve) => child.once('exit', resolve))
  await pair.close()
}
