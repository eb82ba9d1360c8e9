// Draws what soak.js measured: one row for each thing that could grow, live and record in it, as an SVG.
//
//   node test/bench/soak-plot.js soak.json docs/pictures/soak.svg

import { readFileSync, writeFileSync } from 'node:fs'
import { slopeOf } from './soak-judge.js'

const [from, to] = process.argv.slice(2)
if (from === undefined || to === undefined) throw new Error('Usage: node test/bench/soak-plot.js FILE.json FILE.svg')
const { samples, heaps, seconds, begun, counts, machine, budgetMib } = JSON.parse(readFileSync(from, 'utf8'))

const MiB = 2 ** 20
const colours = { live: '#2563eb', record: '#ea580c' }
const width = 900
const left = 70
const right = 190
const rowHeight = 110
const plotHeight = 78
const top = 64
const points = 400

const escape = (text) => String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;')
const ofBoth = (of) =>
  ['live', 'record'].map((who) => ({ who, pairs: samples.map((one) => [one.s, of(one[who], one)]) }))
/** Heap and buffers of all threads together, where all of them spoke within the same ten seconds. */
function heapOf(who) {
  const rounds = new Map()
  for (const one of heaps.filter(({ of }) => of === who)) {
    const round = Math.round(one.s / 10)
    rounds.set(round, [...(rounds.get(round) ?? []), one])
  }
  const threads = Math.max(0, ...[...rounds.values()].map((all) => all.length))
  return [...rounds.values()]
    .filter((all) => all.length === threads)
    .map((all) => [all[0].s, all.reduce((sum, one) => sum + one.heapUsed + one.external, 0) / MiB])
}

const rows = [
  { title: 'RSS, MiB', series: ofBoth((one) => one.rss / MiB), hasSlope: true },
  {
    title: 'heap and buffers, MiB',
    series: ['live', 'record'].map((who) => ({ who, pairs: heapOf(who) })),
    hasSlope: true,
  },
  { title: 'RSS of the children, MiB', series: ofBoth((one) => one.childRss / MiB), hasSlope: true },
  { title: 'descriptors', series: ofBoth((one) => one.fds) },
  { title: 'children', series: ofBoth((one) => one.children) },
  { title: 'dropped, sum', series: [{ who: 'record', pairs: samples.map((one) => [one.s, one.record.drops]) }] },
  { title: 'bundle, MB', series: [{ who: 'record', pairs: samples.map((one) => [one.s, one.record.size / 1e6]) }] },
  { title: 'load average', series: [{ who: 'host', pairs: samples.map((one) => [one.s, one.load]) }] },
]

/** The least and the greatest of each stretch: a spike that lasts a second is seen at any width. */
function thinned(pairs) {
  const every = Math.max(1, Math.ceil(pairs.length / (points / 2)))
  const kept = []
  for (let i = 0; i < pairs.length; i += every) {
    const some = pairs.slice(i, i + every).toSorted((a, b) => a[1] - b[1])
    kept.push(...[some[0], some.at(-1)].toSorted((a, b) => a[0] - b[0]))
  }
  return kept
}

const plotWidth = width - left - right
const x = (s) => left + (s / seconds) * plotWidth

function drawRow({ title, series, hasSlope }, index) {
  const base = top + index * rowHeight + plotHeight
  const most = Math.max(1, ...series.flatMap(({ pairs }) => pairs.map((pair) => pair[1]))) * 1.08
  const y = (value) => base - (value / most) * plotHeight
  const lines = [
    `<text x="${left}" y="${base - plotHeight - 6}" class="title">${escape(title)}</text>`,
    `<rect x="${left}" y="${base - plotHeight}" width="${plotWidth}" height="${plotHeight}" class="frame"/>`,
    `<text x="${left - 6}" y="${base}" class="axis">0</text>`,
    `<text x="${left - 6}" y="${base - plotHeight + 10}" class="axis">${most < 10 ? most.toFixed(1) : Math.round(most)}</text>`,
  ]
  series.forEach(({ who, pairs }, i) => {
    if (pairs.length === 0) return
    const path = thinned(pairs)
      .map(([s, value]) => `${x(s).toFixed(1)},${y(value).toFixed(1)}`)
      .join(' ')
    const colour = colours[who] ?? '#64748b'
    lines.push(`<polyline points="${path}" stroke="${colour}" class="line"/>`)
    const last = pairs.at(-1)[1]
    const { perMinute, error } = slopeOf(pairs)
    const slope =
      hasSlope && Number.isFinite(perMinute) ? ` ${perMinute.toFixed(2)} ± ${(2 * error).toFixed(2)} /min` : ''
    const text = `${who} ${last < 10 ? Number(last.toFixed(2)) : Math.round(last)}${slope}`
    lines.push(
      `<text x="${width - right + 8}" y="${base - plotHeight + 14 + 16 * i}" fill="${colour}">${escape(text)}</text>`,
    )
  })
  return lines.join('\n')
}

const height = top + rows.length * rowHeight + 8
const rates = counts.map((one) => one.events)
const head = `${begun.slice(0, 16).replace('T', ' ')} UTC, ${(seconds / 60).toFixed(0)} minutes, ${machine.cpus} cores, Linux ${machine.kernel}, Node ${machine.node}`
const under = `${Math.min(...rates)} to ${Math.max(...rates)} events/s on the whole host, --budget ${budgetMib}; slopes are of the second half, with twice their error`
const minutes = Array.from({ length: 5 }, (_, i) => (seconds / 60) * (i / 4))
writeFileSync(
  to,
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">
<style>.title{font-weight:bold;fill:#111}.axis{text-anchor:end;fill:#555}.frame{fill:#f8fafc;stroke:#cbd5e1}.line{fill:none;stroke-width:1.2}</style>
<rect width="${width}" height="${height}" fill="#fff"/>
<text x="${left}" y="20" font-size="14" class="title">whylate live and whylate record, side by side</text>
<text x="${left}" y="36" fill="#333">${escape(head)}</text>
<text x="${left}" y="50" fill="#333">${escape(under)}</text>
${rows.map(drawRow).join('\n')}
${minutes.map((minute) => `<text x="${x(minute * 60).toFixed(0)}" y="${height - 12}" text-anchor="middle" fill="#555">${minute.toFixed(0)} min</text>`).join('\n')}
</svg>
`,
)
