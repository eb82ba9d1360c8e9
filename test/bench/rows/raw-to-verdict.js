// Raw files to verdicts: the whole command, against one bare pass of `sysdig -p` over the same scap. The same answers: each
// late advert has the verdict that it has with the scap that was not repeated.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { byTurns, fields, median, secondsOf, tell } from '../measure.js'
import { repeatedScap } from '../repeat-scap.js'

const root = new URL('../../..', import.meta.url).pathname
const incident = join(root, 'test/captures/incidents/guest-keepalived-stopped')
const wanted = Number(process.argv[2] ?? 3_000_000)
const folder = mkdtempSync(join(tmpdir(), 'whylate-bench-'))
const scap = join(folder, 'long.scap')

const argv = (file) => [
  join(root, 'bin/whylate.js'),
  'report',
  '--pcap',
  join(incident, 'tap.pcap'),
  '--iostat',
  join(incident, 'iostat.json.gz'),
  '--scap',
  file,
  '--format',
  'json',
]

function report(file) {
  const begun = performance.now()
  const { stdout } = spawnSync(process.execPath, argv(file), { encoding: 'utf8', maxBuffer: 1 << 30 })
  const { late } = JSON.parse(stdout)
  const verdicts = late.map(({ atNs, verdict: { cause, confidence } }) => `${atNs} ${cause} ${confidence}`)
  return { seconds: (performance.now() - begun) / 1000, verdicts: verdicts.join('\n') }
}

try {
  const source = join(incident, 'guest.scap.gz')
  writeFileSync(scap, Buffer.concat([...repeatedScap(source, wanted)]))
  const once = report(source)
  const all = []
  const { ours, theirs } = await byTurns(
    3,
    () => {
      all.push(report(scap))
      return all.at(-1).seconds
    },
    () => secondsOf(['sysdig', '-r', scap, '-p', fields]),
  )
  const ratio = median(theirs) / median(ours)
  tell({
    what: 'raw files (pcap, scap, iostat) to verdicts',
    bar: '≤ 1/15 of one `sysdig -p` of the same scap',
    ours,
    theirs,
    unit: 's',
    ratio,
    isMet: ratio >= 15,
    same: all.every((one) => one.verdicts === once.verdicts && one.verdicts !== ''),
    note: `${wanted} events, ${once.verdicts.split('\n').length} late adverts, the whole process of ours from exec to exit`,
  })
} finally {
  rmSync(folder, { recursive: true })
}
