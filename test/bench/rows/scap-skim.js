// scap into the store, one core, against `sysdig -r FILE -q` of the same file, which only skims. The same answers: as many
// events as sysdig numbers, nothing malformed, and each round as many rows as there are events to make rows of.

import { spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createScapParser } from '../../../dist/parse/scap/scap-parser.js'
import { createKernelIntake } from '../../../dist/engine/intake/kernel-intake.js'
import { openStore } from '../../../dist/store/store.js'
import { epochOf } from '../../../dist/time/instant.js'
import { byTurns, median, secondsOf, tell } from '../measure.js'
import { firstStampOf, repeatedScap } from '../repeat-scap.js'

const capture = new URL('../../captures/scap/main-loop-stopped-guest.scap.gz', import.meta.url).pathname
const wanted = Number(process.argv[2] ?? 3_000_000)
const piece = new Uint8Array(256 * 1024)
const folder = mkdtempSync(join(tmpdir(), 'whylate-bench-'))

/** From the file into one place in memory, as sysdig does it. */
function read(path) {
  const store = openStore(4 * 2 ** 30)
  let malformed = 0
  const tally = { events: 0, malformed: () => malformed++, ignored() {} }
  const parser = createScapParser({
    origin: epochOf(firstStampOf(capture)),
    sink: createKernelIntake(store, tally, () => undefined),
  })
  const usedBefore = process.cpuUsage()
  const begun = performance.now()
  const fd = openSync(path, 'r')
  for (let count = readSync(fd, piece); count > 0; count = readSync(fd, piece)) parser.push(piece.subarray(0, count))
  closeSync(fd)
  parser.end()
  const seconds = (performance.now() - begun) / 1000
  const used = process.cpuUsage(usedBefore)
  const cpu = (used.user + used.system) / 1e6
  const rows = store.calls.length + store.switches.length
  return {
    seconds,
    cpu,
    events: parser.counts.events,
    rows,
    malformed,
    bytesPerEvent: store.bytes / parser.counts.events,
  }
}

/** `times` of sh: CPU of its children, user and system, in its second line. */
function skimCpu(file) {
  const { stdout } = spawnSync('sh', ['-c', `sysdig -r '${file}' -q > /dev/null; times`], { encoding: 'utf8' })
  const parts = [...(stdout.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)]
  return parts.reduce((sum, [, minutes, seconds]) => sum + 60 * Number(minutes) + Number(seconds), 0)
}

try {
  const file = join(folder, 'long.scap')
  writeFileSync(file, Buffer.concat([...repeatedScap(capture, wanted)]))
  const rounds = []
  const { ours, theirs } = await byTurns(
    5,
    () => {
      rounds.push(read(file))
      return rounds.at(-1).events / rounds.at(-1).seconds
    },
    () => {
      const seconds = secondsOf(['sysdig', '-r', file, '-q'])
      return seconds === undefined ? undefined : rounds[0].events / seconds
    },
  )
  const numbered = spawnSync('sysdig', ['-r', capture, '-p', '%evt.num'], { encoding: 'utf8', maxBuffer: 1 << 30 })
  const short = join(folder, 'short.scap')
  writeFileSync(short, Buffer.concat([...repeatedScap(capture, 1)]))
  const once = read(short)
  const last = Number(numbered.stdout?.trim().split('\n').at(-1))
  const ratio = median(ours) / median(theirs)
  const cpu = (all) => (rounds[0].events / 1e6 / median(all)).toFixed(1)
  const theirCpu = theirs.length === 0 ? [] : [skimCpu(file), skimCpu(file), skimCpu(file)]
  tell({
    what: 'scap into the store, one core',
    bar: '≥ the rate of `sysdig -r FILE -q`',
    ours: ours.map((rate) => rate / 1e6),
    theirs: theirs.map((rate) => rate / 1e6),
    unit: 'M events/s',
    ratio,
    isMet: ratio >= 1,
    same:
      rounds.every((one) => one.malformed === 0 && one.rows === rounds[0].rows && one.events === rounds[0].events) &&
      (numbered.status !== 0 || once.events === last),
    note: `${rounds[0].events} events, of one round ${once.events} and sysdig numbers ${last}; a second of CPU takes ${cpu(rounds.map((one) => one.cpu))} M events, of sysdig's ${cpu(theirCpu)} M`,
  })
  tell({
    what: 'memory of an event in the store, names included',
    bar: '≤ 48 bytes',
    ours: rounds.map((one) => one.bytesPerEvent),
    theirs: [],
    unit: 'bytes',
    isMet: rounds[0].bytesPerEvent <= 48,
    same: true,
    note: 'a call is two events and one row of 46 bytes',
  })
} finally {
  rmSync(folder, { recursive: true })
}
