// Takes out of a bundle what other programs of the machine did, and keeps it a bundle: other pairs that are practised on at
// the same time would else make each one several times as large, and no two alike.
//
// bpftrace.tsv.gz loses the lines about processes that are not of the run (but for who used a CPU, who stood between a
// sender and its CPU, and slow disk requests), and its lines are numbered anew; host.ndjson.gz loses their threads and
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
  S: [5, 7],
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

/** A name may hold a line feed: what does not begin as a line does belongs to the line before. */
function linesOf(text) {
  const lines = []
  for (const part of text.split(/(?<=\n)/)) {
    if (/^(?:[A-Z]\t\d|\(\d)/.test(part) || lines.length === 0) lines.push(part)
    else lines[lines.length - 1] += part
  }
  return lines
}

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

/** Whoever stands between the run and its CPU is told; what goes on between strangers is not. */
function isStrangers(fields, family) {
  const ids = idsOf[fields[0]]
  if (ids === undefined || ids.some((i) => family.has(Number(fields[i])))) return false
  return fields[0] !== 'S' || /keepalived/.test(`${fields[9]} ${fields[10]}`)
}

function trimmedKernel(text, pids) {
  const lines = linesOf(text)
  const family = familyOf(lines, pids)
  const dropped = new Map()
  const kept = lines.map((line) => {
    const fields = line.split('\t')
    if (fields.length < 6 || fields[0] === 'B') return line
    const cpu = fields[2]
    if (isStrangers(fields, family)) {
      dropped.set(cpu, (dropped.get(cpu) ?? 0) + 1)
      return ''
    }
    fields[3] = String(Number(fields[3]) - (dropped.get(cpu) ?? 0))
    return fields.join('\t')
  })
  return { lines, kept, family }
}

function trimmedHost(text, family, mark) {
  const lines = text.split(/(?<=\n)/)
  const kept = lines.map((line) =>
    line
      .replace(/"th":\{(.*?)\}/, (_, threads) => {
        const all = threads.split(/,(?=")/).filter((one) => {
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

/** `pids`: those that the run began with; their children follow from the recording. */
export async function trimBundle(folder, pids, mark) {
  const kernel = await rewrite(folder, 'bpftrace.tsv.gz', (text) => trimmedKernel(text, pids))
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
