// How fast is scap read into the store, on one core? Against `sysdig -r FILE -q` of the same file, which only skims.
//
//   npm run bench:scap [CAPTURE [EVENTS]]        prints one table; needs sysdig for the ratio
//
// The capture is made long by repeating its events later in time. The bytes are in memory before the clock starts; what is
// measured is parsing, pairing, naming and storing. Three rounds, the median is told.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../../dist/store/store.js'
import { createScapParser } from '../../dist/parse/scap/scap-parser.js'
import { createKernelIntake } from '../../dist/engine/intake/kernel-intake.js'
import { epochOf } from '../../dist/time/instant.js'
import { firstStampOf, repeatedScap } from './repeat-scap.js'

const capture = process.argv[2] ?? new URL('../captures/scap/main-loop-stopped-guest.scap.gz', import.meta.url).pathname
const wanted = Number(process.argv[3] ?? 3_000_000)
const rounds = 3
const pieceBytes = 256 * 1024

const folder = mkdtempSync(join(tmpdir(), 'whylate-bench-'))
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1]

try {
  const whole = Buffer.concat([...repeatedScap(capture, wanted)])
  const file = join(folder, 'long.scap')
  writeFileSync(file, whole)

  const ours = []
  let told = ''
  let stored = 0
  for (let i = 0; i < rounds; i++) {
    const store = openStore(4 * 2 ** 30)
    let malformed = 0
    const tally = { event() {}, malformed: () => malformed++, ignored() {} }
    const sink = createKernelIntake(store, tally, () => undefined)
    const begun = performance.now()
    const parser = createScapParser({ origin: epochOf(firstStampOf(capture)), sink })
    for (let at = 0; at < whole.length; at += pieceBytes) parser.push(whole.subarray(at, at + pieceBytes))
    parser.end()
    const seconds = (performance.now() - begun) / 1000
    ours.push(parser.counts.events / seconds)
    stored = store.calls.length + store.switches.length
    told = `${parser.counts.events} events, ${stored} rows, ${(store.bytes / parser.counts.events).toFixed(1)} bytes an event, ${malformed} malformed`
  }
  const theirs = []
  for (let i = 0; i < rounds; i++) {
    const begun = performance.now()
    const { status } = spawnSync('sysdig', ['-r', file, '-q'], { stdio: 'ignore' })
    if (status !== 0) break
    theirs.push((performance.now() - begun) / 1000)
  }
  const mega = (rate) => `${(rate / 1e6).toFixed(2)} M/s`
  const events = Number(/^\d+/.exec(told)?.[0] ?? 0)
  const skim = theirs.length === 0 ? undefined : events / median(theirs)
  process.stdout.write(`${cpus()[0]?.model ?? '?'}, Linux ${release()}, Node ${process.version}\n${told}\n`)
  process.stdout.write(`whylate, scap into the store   ${mega(median(ours))}   (${ours.map(mega).join(', ')})\n`)
  process.stdout.write(
    skim === undefined
      ? 'sysdig -q: not here, or it refuses this file\n'
      : `sysdig -r -q, which only skims ${mega(skim)}   ratio ${(median(ours) / skim).toFixed(2)}\n`,
  )
} finally {
  rmSync(folder, { recursive: true })
}
