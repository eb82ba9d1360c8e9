// Every figure that whylate promises (design, and README), measured in one run: a table for people, and the same as JSON.
//
//   npm run bench [-- --out FILE.json] [--only NAME]...       root, sysdig and stress-ng for all rows; what is missing is named
//
// Each row is a program of its own in rows/, so that no heap helps or hinders another: it says what it measured, what somebody
// else's program took for the same in the same run, and whether the answers were the same. An hour's soak is `npm run
// bench:soak`, bytes and keys of the screen are `npm run bench:screen`.

import { execFileSync, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { parseArgs } from 'node:util'

const names = ['start', 'scap-skim', 'raw-to-verdict', 'pipe-rate', 'verdict', 'opening', 'live', 'healthy']
const { values } = parseArgs({ options: { out: { type: 'string' }, only: { type: 'string', multiple: true } } })
const isNumber = (value) => typeof value === 'number' && Number.isFinite(value)

function versionOf(command, pattern) {
  try {
    return pattern.exec(
      execFileSync(command[0], command.slice(1), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
    )?.[0]
  } catch {
    return 'absent'
  }
}

function rowsOf(name) {
  const path = new URL(`rows/${name}.js`, import.meta.url).pathname
  const load = loadavg()[0]
  const { stdout, stderr, status } = spawnSync(process.execPath, [path], { encoding: 'utf8', timeout: 600_000 })
  const rows = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  if (status === 0 && rows.length > 0) return rows.map((row) => ({ ...row, row: name, load }))
  const why =
    stderr
      .trim()
      .split('\n')
      .findLast((line) => /Error|error/.test(line)) ?? `it ended with ${status}`
  return [
    {
      what: name,
      bar: '-',
      ours: [],
      theirs: [],
      unit: '',
      isMet: undefined,
      same: undefined,
      note: `not measured: ${why}`,
      row: name,
      load,
    },
  ]
}

/** What a cell of a table may hold. */
const cell = (text) => text.replaceAll('|', '\\|')
const short = (value) => (Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3))
/** Median, and in brackets the least and the greatest. */
function spreadOf(all, unit) {
  const sorted = all.filter(isNumber).toSorted((a, b) => a - b)
  if (sorted.length === 0) return '-'
  const median = `${short(sorted[sorted.length >> 1])} ${unit}`
  return sorted.length === 1 ? median : `${median} (${short(sorted[0])}–${short(sorted.at(-1))})`
}
const verdictOf = ({ isMet, same }) => {
  if (isMet === undefined) return 'not measured'
  return `${isMet ? 'met' : '**not met**'}${same ? '' : ', answers differ'}`
}

const rows = []
for (const name of values.only ?? names) {
  process.stderr.write(`${name} …\n`)
  rows.push(...rowsOf(name))
}
const machine = {
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  memoryGib: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
  sysdig: versionOf(['sysdig', '--version'], /\d+\.\d+\.\d+/),
  bpftrace: versionOf(['bpftrace', '--version'], /\d+\.\d+\.\d+/),
  tcpdump: versionOf(['tcpdump', '--version'], /\d+\.\d+\.\d+/),
}
if (values.out !== undefined)
  writeFileSync(
    values.out,
    `${JSON.stringify({ schema: 'whylate.bench/1', at: new Date().toISOString(), machine, rows }, null, 2)}\n`,
  )
const loads = rows.map((row) => row.load).toSorted((a, b) => a - b)
const lines = [
  `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ${machine.kernel}, Node ${machine.node}, sysdig ${machine.sysdig}, bpftrace ${machine.bpftrace}, tcpdump ${machine.tcpdump}; load average at the start of each row ${loads[0].toFixed(1)} to ${loads.at(-1).toFixed(1)}`,
  '',
  '| what | bar | whylate | against | ratio | |',
  '|---|---|---|---|---|---|',
  ...rows.map(
    (row) =>
      `| ${row.what} | ${cell(row.bar)} | ${spreadOf(row.ours, row.unit)} | ${spreadOf(row.theirs, row.unit)} | ${isNumber(row.ratio) ? row.ratio.toFixed(2) : '-'} | ${verdictOf(row)} |`,
  ),
  '',
  ...rows.map((row) => `* ${row.what}: ${row.note}`),
]
process.stdout.write(`${lines.join('\n')}\n`)
