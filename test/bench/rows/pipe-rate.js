// Events a second through a pipe. A live driver cannot be loaded everywhere, so both read the same scap: `sysdig -p` of the 13
// fields into `cat`, and whylate's engine in its worker, fed by the main thread from a pipe as a live session feeds it. What is
// slower than the events come would drop them. The same answers: no event is missing at the end.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openOwnClock } from '../../../dist/capture/own-clock.js'
import { openEngineWorker } from '../../../dist/engine/engine-host.js'
import { byTurns, fields, median, secondsOf, tell } from '../measure.js'
import { repeatedScap } from '../repeat-scap.js'

const capture = new URL('../../captures/scap/main-loop-stopped-guest.scap.gz', import.meta.url).pathname
const wanted = Number(process.argv[2] ?? 3_000_000)
const folder = mkdtempSync(join(tmpdir(), 'whylate-bench-'))
const file = join(folder, 'long.scap')

/** Seconds until the engine has taken all of it, and how many calls, switches and so on it has told. */
async function read(path) {
  const clock = openOwnClock()
  const engine = openEngineWorker({
    origin: clock.origin,
    mode: 'live',
    host: 'bench',
    startedAt: clock.now(),
    budgetBytes: 2 ** 30,
    interval: undefined,
    late: undefined,
    vrid: undefined,
    links: [],
    link: 'tap0',
    parts: [''],
    isHeartbeat: false,
    clockPair: clock.pair(),
  })
  const begun = performance.now()
  const child = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'ignore'] })
  engine.take({
    kind: 'started',
    probe: 'sysdig',
    at: clock.now(),
    pid: child.pid,
    tool: 'cat',
    version: '',
    detail: '',
  })
  for await (const bytes of child.stdout)
    engine.take({ kind: 'bytes', probe: 'sysdig', at: clock.now(), life: 0, part: '', bytes })
  const { probes } = await engine.end()
  const sysdig = probes.find((one) => one.name === 'sysdig')
  return { seconds: (performance.now() - begun) / 1000, told: sysdig?.events, malformed: sysdig?.malformed }
}

try {
  writeFileSync(file, Buffer.concat([...repeatedScap(capture, wanted)]))
  const rounds = []
  const { ours, theirs } = await byTurns(
    3,
    async () => {
      rounds.push(await read(file))
      return wanted / rounds.at(-1).seconds / 1e6
    },
    () => {
      const seconds = secondsOf(`sysdig -r '${file}' -p '${fields}' | cat > /dev/null`, { shell: true })
      return seconds === undefined ? undefined : wanted / seconds / 1e6
    },
  )
  const ratio = median(ours) / median(theirs)
  tell({
    what: 'events taken from a pipe (in the place of a live driver)',
    bar: '≥ 5 × `sysdig -p <13 fields> | cat`',
    ours,
    theirs,
    unit: 'M events/s',
    ratio,
    isMet: ratio >= 5,
    same: rounds.every((one) => one.malformed === 0 && one.told === rounds[0].told && one.told > wanted / 2),
    note: `${rounds[0].told} finished calls, switches and signals told of ${wanted} events; both read a file through a pipe, no driver`,
  })
} finally {
  rmSync(folder, { recursive: true })
}
