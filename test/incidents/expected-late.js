// Which adverts of one router were late, by a capture of its own and by arithmetic of its own: nothing of src/ is used, so
// that the incidents' truth does not come from what it is held against.
//
//   due     = previous own advert + its interval, moved on by each foreign advert that came before it was due
//   overrun = sent - due - median drift of those on time

import { execFileSync } from 'node:child_process'

// 1795355541.889449235 IP 192.168.205.11 > 224.0.0.18: VRRPv2, Advertisement, vrid 205, prio 101, authtype simple, intvl 1s, length 20
// 1795355406.783903112 IP6 fe80::11 > ff02::12: VRRPv3, Advertisement, vrid 205, prio 101, intvl 50cs, length 40
const line =
  /^(?<seconds>\d+)\.(?<fraction>\d{9}) IP6? (?<source>\S+) > \S+: VRRPv\d, Advertisement, (?:\(ttl \d+\), )?vrid (?<vrid>\d+), prio (?<priority>\d+),.* intvl (?<interval>\d+)(?<unit>c?s)/

const millisecond = 1_000_000n
/** A timer fires a little after it is due: what comes in between still re-arms it. */
const timerSlack = 2n * millisecond
const onTimeMs = 30
const lateMs = 50

/** Of one VRID, oldest first; times in ns since the epoch. */
export function readAdverts(pcap, vrid) {
  const text = execFileSync('tcpdump', ['-n', '-tt', '--nano', '-r', pcap], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 256 * 1024 * 1024,
  })
  return text.split('\n').flatMap((each) => {
    const groups = line.exec(each)?.groups
    if (groups === undefined || Number(groups.vrid) !== vrid) return []
    const unit = groups.unit === 's' ? 1000n : 10n
    return {
      at: BigInt(groups.seconds) * 1_000_000_000n + BigInt(groups.fraction),
      source: groups.source,
      priority: Number(groups.priority),
      interval: BigInt(groups.interval) * unit * millisecond,
    }
  })
}

const msOf = (ns) => Number(ns) / 1e6

function medianOf(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

export function expectedLate(adverts, source) {
  const gaps = []
  let previous
  let foreign = []
  for (const advert of adverts) {
    if (advert.source !== source) {
      foreign.push(advert)
      continue
    }
    if (previous !== undefined) gaps.push({ previous, advert, foreign })
    previous = advert
    foreign = []
  }
  const measured = gaps.flatMap((gap) => {
    const before = gap.previous
    // It has said farewell, or has yielded to one of higher priority: what it says next is a beginning.
    if (before.priority === 0 || gap.advert.priority === 0) return []
    if (gap.foreign.some((one) => one.priority > gap.advert.priority)) return []
    const ownDue = before.at + before.interval
    let due = ownDue
    for (const one of gap.foreign) if (one.at < due + timerSlack) due = one.at + before.interval
    return [{ due, ownDue, sent: gap.advert.at }]
  })
  const drift = medianOf(measured.map((one) => msOf(one.sent - one.due)).filter((ms) => Math.abs(ms) < onTimeMs))
  return measured.flatMap(({ due, ownDue, sent }) => {
    const overrunMs = msOf(sent - due) - drift
    const ownOverrunMs = msOf(sent - ownDue) - drift
    const isLate = overrunMs >= lateMs || (due !== ownDue && ownOverrunMs >= lateMs)
    return isLate ? [{ dueNs: String(due), sentNs: String(sent), overrunMs, ownOverrunMs }] : []
  })
}
