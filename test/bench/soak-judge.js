// Is a soak flat? The straight line through the second half of what was measured, and how sure it is.
//
// Memory goes up and down as chunks are filled and heaps are collected, and neighbouring seconds say the same thing twice. So
// the line is drawn through the medians of minutes, and its error is estimated from how these scatter around it.

export const barMibPerMinute = 0.05
const MiB = 2 ** 20

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN

/** `pairs`: [second, value]. Slope and its standard error, a minute. */
export function slopeOf(pairs) {
  const last = pairs.at(-1)?.[0] ?? 0
  const minutes = new Map()
  for (const [second, value] of pairs) {
    if (second < last / 2) continue
    const minute = Math.floor(second / 60)
    minutes.set(minute, [...(minutes.get(minute) ?? []), value])
  }
  const points = [...minutes].map(([minute, all]) => [minute, median(all)])
  const n = points.length
  if (n < 3) return { perMinute: Number.NaN, error: Number.NaN, n }
  const [mx, my] = [0, 1].map((i) => points.reduce((sum, point) => sum + point[i], 0) / n)
  const sxx = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0)
  const perMinute = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / sxx
  const rest = points.reduce((sum, [x, y]) => sum + (y - my - perMinute * (x - mx)) ** 2, 0)
  return { perMinute, error: Math.sqrt(rest / (n - 2) / sxx), n }
}

/** The line itself is below the bar; or it is above, by less than its noise; or it rises. */
function verdictOf({ perMinute, error }) {
  if (perMinute <= barMibPerMinute) return 'met'
  return perMinute - 2 * error <= barMibPerMinute ? 'above the bar, within its noise' : 'NOT met'
}

export function judgeSoak({ samples, heaps }) {
  const judgement = {}
  for (const who of ['live', 'record']) {
    const rss = slopeOf(samples.map((one) => [one.s, one[who].rss / MiB]))
    const children = slopeOf(samples.map((one) => [one.s, one[who].childRss / MiB]))
    const threads = [...new Set(heaps.filter((one) => one.of === who).map((one) => one.thread))].toSorted(
      (a, b) => a - b,
    )
    judgement[who] = {
      rss: { ...rss, verdict: verdictOf(rss) },
      children: { ...children, verdict: verdictOf(children) },
      heaps: threads.map((thread) => {
        const own = heaps.filter((one) => one.of === who && one.thread === thread)
        return { thread, ...slopeOf(own.map((one) => [one.s, (one.heapUsed + one.external) / MiB])) }
      }),
    }
  }
  return judgement
}

const threadName = (thread) => (thread === 0 ? 'main' : `worker ${thread}`)

export function soakTable({ samples, counts, judgement, machine, seconds, versions, end }) {
  const mib = (bytes) => (bytes / MiB).toFixed(0)
  const column = (who, of) => samples.map((one) => of(one[who]))
  const span = (numbers) => [numbers[0], Math.min(...numbers), Math.max(...numbers), numbers.at(-1)]
  const row = (name, of) => `| ${name} | ${['live', 'record'].map(of).join(' | ')} |`
  const slope = ({ perMinute, error, verdict }) => `${perMinute.toFixed(3)} ± ${(2 * error).toFixed(3)}, ${verdict}`
  const share = (who, key) => {
    const ticks = column(who, (one) => one[key])
    return `${((ticks.at(-1) - ticks[0]) / seconds).toFixed(1)} %`
  }
  const loads = samples.map((one) => one.load).toSorted((a, b) => a - b)
  return [
    `${(seconds / 60).toFixed(0)} min, Linux ${machine.kernel}, Node ${machine.node}, ${machine.cpus} cores, ${versions.bpftrace}, load ${loads[0]} to ${loads.at(-1)}, median ${loads[Math.floor(loads.length / 2)]}`,
    `counted: ${counts.map((one) => `${one.events} events/s and ${one.forks} new threads/s at ${(one.s / 60).toFixed(0)} min`).join(', ')}`,
    '',
    '| | live | record |',
    '|---|---|---|',
    row('own RSS, MiB: first, least, greatest, last', (who) =>
      span(column(who, (one) => one.rss))
        .map(mib)
        .join(', '),
    ),
    row('slope of the second half, MiB a minute (bar 0.05)', (who) => slope(judgement[who].rss)),
    row('children’s RSS, MiB: first, least, greatest, last', (who) =>
      span(column(who, (one) => one.childRss))
        .map(mib)
        .join(', '),
    ),
    row('slope of it', (who) => slope(judgement[who].children)),
    row('heap and buffers of its threads, MiB a minute', (who) =>
      judgement[who].heaps
        .filter((one) => !Number.isNaN(one.perMinute))
        .map((one) => `${threadName(one.thread)} ${one.perMinute.toFixed(3)} ± ${(2 * one.error).toFixed(3)}`)
        .join('; '),
    ),
    row('descriptors: first, least, greatest, last', (who) => span(column(who, (one) => one.fds)).join(', ')),
    row('children: first, least, greatest, last', (who) => span(column(who, (one) => one.children)).join(', ')),
    row('own CPU, of a core', (who) => share(who, 'ticks')),
    row('bundle, MB', (who) => (who === 'record' ? (samples.at(-1).record.size / 1e6).toFixed(1) : '-')),
    row('dropped, as it told', (who) => (who === 'record' ? samples.at(-1).record.drops : '-')),
    '',
    ...end,
  ].join('\n')
}
