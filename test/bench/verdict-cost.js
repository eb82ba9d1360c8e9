// How long does a verdict take when millions of events are stored? One recorded incident, repeated later and later in time
// until the store holds as many; then the full verdict of its late adverts, ledger and suspects and all, and the window's
// facts, each over and over.
//
//   npm run bench:verdict [INCIDENT FOLDER [EVENTS]]        prints one table; the bars are 50 ms and 5 ms (p99)

import { readFileSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import { explain } from '../../dist/diagnose/explain/explain.js'
import { suspectsOf } from '../../dist/diagnose/explain/suspects.js'
import { subjectOf } from '../../dist/diagnose/explain/subject.js'
import { openEngine } from '../../dist/engine/engine.js'
import { feedFile } from '../../dist/session/import/file-source.js'
import { epochOf, instantAt } from '../../dist/time/instant.js'

const isJson = process.argv.includes('--json')
const given = process.argv.slice(2).filter((one) => one !== '--json')
const folder = given[0] ?? new URL('../captures/incidents/cpu-quota-qemu', import.meta.url).pathname
const wanted = Number(given[1] ?? 10_000_000)
const rounds = 200
const warmUp = 3
const everything = { from: -Infinity, to: Infinity }
const members = [
  ['host.ndjson.gz', 'host'],
  ['iostat.json.gz', 'iostat'],
  ['iostat.json', 'iostat'],
  ['host.scap.gz', 'sysdig'],
  ['tap.pcap', 'tcpdump'],
]
const tables = [
  'adverts',
  'calls',
  'switches',
  'signals',
  'processes',
  'disks',
  'threads',
  'pressure',
  'cgroups',
  'beats',
]

async function played() {
  const firstSecond = readFileSync(join(folder, 'tap.pcap')).readUInt32LE(24)
  const origin = epochOf(BigInt(firstSecond - 10) * 1_000_000_000n)
  const engine = openEngine({
    origin,
    mode: 'replay',
    host: 'bench',
    startedAt: instantAt(origin, origin),
    budgetBytes: 16 * 2 ** 30,
    interval: undefined,
    late: undefined,
    vrid: undefined,
    links: [],
    link: 'tap',
    parts: [''],
    isHeartbeat: false,
    clockPair: undefined,
  })
  for (const [file, probe] of members) {
    const path = join(folder, file)
    try {
      await feedFile({ probe, path, part: '' }, instantAt(origin, origin), (output) => engine.take(output))
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
  }
  engine.end()
  return engine
}

/** Rows of one table as they were first, to be put behind again and again. */
function originalOf(table) {
  const names = Object.keys(table.columns)
  return table.slices(everything).map(({ at, cells, from, to }) => ({
    at: at.slice(from, to),
    columns: names.map((name) => [name, cells[name].slice(from, to)]),
  }))
}

function putAgain(table, original, shift) {
  for (const { at, columns } of original)
    for (let i = 0; i < at.length; i++) {
      const cells = table.place(at[i] + shift)
      for (const [name, values] of columns) cells[name][table.index] = values[i]
    }
}

const shifted = (late, shift, number) => ({
  ...late,
  number,
  at: late.at + shift,
  previousAt: late.previousAt + shift,
  dueAt: late.dueAt + shift,
  ownDueAt: late.ownDueAt + shift,
})

const engine = await played()
const { store, evidence } = engine
const rowsOf = () => tables.reduce((sum, name) => sum + store[name].length, 0)
const once = rowsOf()
const originals = tables.map((name) => [store[name], originalOf(store[name])])
const lengthNs = Math.ceil((Math.max(...tables.map((name) => store[name].lastAt ?? 0)) + 1e9) / 1e9) * 1e9
const lates = [...engine.late]
const repeats = Math.ceil(wanted / once)
for (let i = 1; i < repeats; i++) {
  for (const [table, original] of originals) putAgain(table, original, i * lengthNs)
  for (const late of engine.late) lates.push(shifted(late, i * lengthNs, lates.length + 1))
}
const all = { ...evidence, late: lates }
const flows = engine.flows()
const flowOf = (late) => flows.find((flow) => flow.id === late.flow)

function timesOf(work) {
  const times = []
  // The first ones pay for the compiler: they are told apart.
  for (let i = -warmUp; i < rounds; i++) {
    const late = lates[Math.floor(((Math.abs(i) + 0.5) * lates.length) / (rounds + warmUp))]
    const [begun, used] = [performance.now(), process.cpuUsage()]
    work(late, flowOf(late))
    times.push({ wall: performance.now() - begun, cpu: process.cpuUsage(used).user / 1000 })
  }
  return times
}

const row = (what, times) => {
  const warm = times.slice(warmUp)
  const at = (kind, share) => {
    const sorted = warm.map((one) => one[kind]).toSorted((a, b) => a - b)
    return `${sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(1)} ms`.padStart(13)
  }
  return `${what.padEnd(34)}${at('wall', 0.5)}${at('wall', 0.99)}${at('cpu', 0.5)}${at('cpu', 0.99)}${`${times[0].cpu.toFixed(1)} ms`.padStart(13)}\n`
}
/** Repeated later, a late advert has the verdict that it had at first; the same of the rows in its window. */
const seen = new Map()
const isSame = { verdict: true, window: true }
function compare(kind, late, answer) {
  const key = `${kind} ${((late.number - 1) % engine.late.length) + 1}`
  if (!seen.has(key)) seen.set(key, answer)
  if (seen.get(key) !== answer) isSame[kind] = false
}

const verdict = timesOf((late, flow) => {
  const { cause, confidence, culprit } = explain(late, flow, all)
  compare('verdict', late, `${cause} ${confidence} ${culprit?.name}`)
})
const ranking = timesOf((late, flow) =>
  suspectsOf(subjectOf(late, flow, all), { cause: 'unknown', culprit: undefined }),
)
const query = timesOf((late) => {
  let rows = 0
  for (const name of tables)
    for (const { from, to } of store[name].slices({ from: late.previousAt, to: late.at })) rows += to - from
  compare('window', late, rows)
})
if (isJson) {
  const figures = (times) => {
    const sorted = (kind) =>
      times
        .slice(warmUp)
        .map((one) => one[kind])
        .toSorted((a, b) => a - b)
    const at = (kind, share) => sorted(kind)[Math.floor(share * (rounds - 1))]
    return { median: at('cpu', 0.5), p99: at('cpu', 0.99), wallP99: at('wall', 0.99) }
  }
  const told = (times, same) => ({ ...figures(times), same })
  process.stdout.write(
    `${JSON.stringify({ rows: rowsOf(), verdict: told(verdict, isSame.verdict), window: told(query, isSame.window) })}\n`,
  )
  process.exit(0)
}
process.stdout.write(`${cpus()[0]?.model ?? '?'}, Linux ${release()}, Node ${process.version}\n`)
process.stdout.write(
  `${(rowsOf() / 1e6).toFixed(1)} M rows stored (${repeats} times ${folder.split('/').at(-1)}), ${lates.length} late adverts\n`,
)
process.stdout.write(
  `${''.padEnd(34)}${['median', 'p99', 'CPU, median', 'CPU, p99', 'CPU, first'].map((one) => one.padStart(13)).join('')}\n`,
)
process.stdout.write(row('full verdict (bar: 50 ms)', verdict))
process.stdout.write(row('  of which suspects', ranking))
process.stdout.write(row('window of all tables (bar: 5 ms)', query))
