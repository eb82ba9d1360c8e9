// Takes out of a bundle what other programs of the machine did, and keeps it a bundle: other pairs that are practised on at
// the same time would else make each one several times as large, and no two alike.
//
// bpftrace.tsv.gz loses the lines about processes that are not of the run (but for who used a CPU, who had one that a router
// of the run wanted, and slow disk requests), and its lines are numbered anew; host.ndjson.gz loses their threads and
// cgroups. The tape's track is moved to the new places, and the manifest gets the new checksums.

import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'

/** Fields of a line that hold thread ids; KIND key CPU line-number time are the first five (probes/kernel.bt). */
const idsOf = {
  E: [5, 6],
  C: [5, 6],
  F: [5, 6],
  O: [5],
  W: [5, 7],
  U: [5],
  N: [5, 6, 7],
  X: [5, 6],
  D: [5, 6],
  M: [5, 6],
  G: [5, 6, 9],
  L: [5, 6],
  T: [5, 6, 8],
  P: [5, 6],
}

const linesOf = (text) => text.split(/(?<=\n)/)

function familyOf(lines, pids) {
  const family = new Set(pids)
  // Twice: the lines of two CPUs are not in order.
  for (let round = 0; round < 2; round++) {
    for (const line of lines) {
      if (!line.startsWith('N\t')) continue
      const fields = line.split('\t')
      if (family.has(Number(fields[5]))) family.add(Number(fields[7]))
    }
  }
  return family
}

/** When a router of the run wanted a CPU and had none: woken or pushed off, until it is on again. */
function waitsOf(lines, routers) {
  const since = new Map()
  const waits = []
  const byTime = lines.map((line) => line.split('\t')).filter(([kind]) => kind === 'W' || kind === 'S')
  for (const fields of byTime.toSorted((one, other) => Number(one[4]) - Number(other[4]))) {
    const at = Number(fields[4])
    const comes = fields[0] === 'S' ? Number(fields[7]) : 0
    if (since.has(comes)) waits.push([since.get(comes), at])
    since.delete(comes)
    const wants = Number(fields[5])
    if (routers.has(wants) && (fields[0] === 'W' || fields[6] === '0')) since.set(wants, at)
  }
  return waits
}

/** Switches of the routers are told, and whoever had a CPU while a router wanted one. */
function isSwitchOfRun(fields, routers, waits) {
  if (routers.has(Number(fields[5])) || routers.has(Number(fields[7]))) return true
  const at = Number(fields[4])
  return waits.some(([from, to]) => at >= from - 1e6 && at <= to + 1e6)
}

function trimmedKernel(text, { pids, routers }) {
  const lines = linesOf(text)
  const family = familyOf(lines, pids)
  const waits = waitsOf(lines, routers)
  const isOfRun = (fields) => {
    if (fields[0] === 'S') return isSwitchOfRun(fields, routers, waits)
    return idsOf[fields[0]]?.some((i) => family.has(Number(fields[i]))) ?? true
  }
  const dropped = new Map()
  const kept = lines.map((line) => {
    const fields = line.split('\t')
    if (fields.length < 6 || fields[0] === 'B') return line
    const cpu = fields[2]
    if (!isOfRun(fields)) {
      dropped.set(cpu, (dropped.get(cpu) ?? 0) + 1)
      return ''
    }
    fields[3] = String(Number(fields[3]) - (dropped.get(cpu) ?? 0))
    return fields.join('\t')
  })
  return { lines, kept, family }
}

function trimmedHost(text, family, mark) {
  const lines = linesOf(text)
  const kept = lines.map((line) =>
    line
      .replace(/"th":\{(.*?)\}/, (_, threads) => {
        const all = (threads.match(/"\d+":\[[^\]]*\]/g) ?? []).filter((one) => {
          const [, tid, pid] = /^"(\d+)":\[(\d+)/.exec(one) ?? []
          return family.has(Number(tid)) || family.has(Number(pid))
        })
        return `"th":{${all.join(',')}}`
      })
      .replaceAll(/"[^"]*whylate-drill-[^"]*":\{[^}]*\},?/g, (one) => (one.includes(mark) ? one : ''))
      .replaceAll(',}', '}'),
  )
  return { lines, kept }
}

/** Where each old place is now: places lie between lines only. */
function placesOf(lines, kept) {
  const places = new Map([[0, 0]])
  let before = 0
  let now = 0
  lines.forEach((line, i) => {
    before += line.length
    now += kept[i].length
    places.set(before, now)
  })
  return places
}

async function rewrite(folder, member, trim) {
  const path = join(folder, member)
  const text = gunzipSync(await readFile(path)).toString('latin1')
  const trimmed = trim(text)
  await writeFile(path, gzipSync(Buffer.from(trimmed.kept.join(''), 'latin1'), { level: 9 }))
  return { ...trimmed, places: placesOf(trimmed.lines, trimmed.kept) }
}

async function moveTrack(folder, places) {
  const path = join(folder, 'probes.ndjson.gz')
  const text = gunzipSync(await readFile(path)).toString()
  const moved = text.split(/(?<=\n)/).map((line) => {
    const member = /"member":"([^"]+)"/.exec(line)?.[1]
    const to = /"to":(\d+)/.exec(line)?.[1]
    if (member === undefined || to === undefined || !places.has(member)) return line
    const place = places.get(member).get(Number(to))
    if (place === undefined) throw new Error(`${member}: ${to} is no place between lines`)
    return line.replace(/"to":\d+/, `"to":${place}`)
  })
  await writeFile(path, gzipSync(moved.join(''), { level: 9 }))
}

async function sign(folder) {
  const path = join(folder, 'manifest.json')
  const manifest = JSON.parse(await readFile(path, 'utf8'))
  for (const member of manifest.members) {
    const bytes = await readFile(join(folder, member.name))
    member.sizeBytes = bytes.length
    member.sha256 = createHash('sha256').update(bytes).digest('hex')
  }
  await writeFile(path, `${JSON.stringify(manifest, undefined, 2)}\n`)
}

/** `pids`: those that the run began with; their children follow from the recording. `routers`: the two that send. */
export async function trimBundle(folder, { pids, routers, mark }) {
  const kernel = await rewrite(folder, 'bpftrace.tsv.gz', (text) => trimmedKernel(text, { pids, routers }))
  const host = await rewrite(folder, 'host.ndjson.gz', (text) => trimmedHost(text, kernel.family, mark))
  await moveTrack(
    folder,
    new Map([
      ['bpftrace.tsv.gz', kernel.places],
      ['host.ndjson.gz', host.places],
    ]),
  )
  await sign(folder)
}
