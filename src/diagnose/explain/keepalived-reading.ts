// keepalived on this kernel: one thread, so its own course is the answer.

import { callersNear } from './actors.ts'
import { painted, type Claim } from './claim.ts'
import type { Read } from './read.ts'
import { silencesOf } from './kernel-course.ts'
import { dominantOf, type Dominant, type Reading } from './reading.ts'
import { sendsOf, unansweredOf } from './sends.ts'
import { blockedRuling } from './rulings/blocked.ts'
import { pagingRuling } from './rulings/paging.ts'
import { starvedRuling } from './rulings/starved.ts'
import { stoppedRuling } from './rulings/stopped.ts'
import { throttledRuling } from './rulings/throttled.ts'
import { lesserOf, type Ruling } from './ruling.ts'
import { armedLateBy, keepalivedClaims, movedOn, spanText } from './sender-claims.ts'
import type { Courses } from './courses.ts'
import { lengthOf, without } from './stretches.ts'
import type { Subject } from './subject.ts'
import { instantOf, millisecond, second, type Window } from '../../time/instant.ts'

const rulings = {
  'sender-stopped': stoppedRuling,
  'sender-throttled': throttledRuling,
  'sender-starved': starvedRuling,
  'sender-paging': pagingRuling,
  'sender-blocked': blockedRuling,
} as const

function dominants(reading: Reading): Dominant[] {
  return [
    dominantOf(reading, 'sender-stopped', ['stopped', 'frozen']),
    dominantOf(reading, 'sender-throttled', ['throttled']),
    dominantOf(reading, 'sender-starved', ['runnable']),
    dominantOf(reading, 'sender-paging', ['paging']),
    dominantOf(reading, 'sender-blocked', ['blocked']),
  ]
}

/**
 * Without samples: a thread that fell silent as somebody touched its tracer's or its freezer's switch, and went on as the
 * same one touched it again.
 */
function bracketClaims(subject: Subject, courses: Courses): Claim[] {
  const course = courses.kernel.get(subject.sender?.pid ?? -1)
  if (subject.sees.samples || course === undefined || course.activity.length === 0) return []
  const L = lengthOf(subject.lateness)
  return silencesOf(course, subject.lateness, 0.5 * L).flatMap((silence) => {
    // The touch itself wakes the thread once more as it takes hold, and lets it go before its own call returns.
    const range: Window = {
      from: instantOf(silence.from - 50 * millisecond),
      to: instantOf(silence.to + 5 * millisecond),
    }
    const touches = callersNear(
      subject,
      range,
      (call, file) => call === 'ptrace' || (call === 'write' && /(cgroup\.freeze|freezer\.state)$/.test(file.trim())),
    )
    return [...new Set(touches.map((one) => one.pid))].flatMap((pid): Claim[] => {
      const of = touches.filter((one) => one.pid === pid)
      const first = of[0]
      const last = of.at(-1)
      // One who traces all the time brackets everything.
      if (first === undefined || last === undefined || of.length > 8) return []
      const isBracket = first.at <= subject.lateness.from + 0.3 * L && silence.to - last.at < 30 * millisecond
      if (!isBracket || last.at - first.at < 0.3 * L) return []
      const isFreeze = first.file !== ''
      return [
        {
          state: isFreeze ? 'frozen' : 'stopped',
          window: { from: first.at, to: last.at },
          detail: isFreeze ? `${first.file} was written` : `stopped by a tracer, ${first.comm} (${first.pid})`,
          source: 'calls',
          isCoarse: false,
        },
      ]
    })
  })
}

function heldRuling(subject: Subject, isProved: boolean): Ruling {
  return {
    cause: 'tx-held',
    confidence: isProved ? 'likely' : 'possible',
    summary: isProved
      ? `Issued on time and held: keepalived had sent it ${spanText(lengthOf(subject.lateness))} before it reached the link.`
      : 'By its phase it was issued on time and held before the capture; nothing that was seen says by whom.',
    culprit: isProved ? { kind: 'link', pid: undefined, comm: undefined, name: subject.flow.link } : undefined,
    evidence: ['the adverts after it kept the old phase: the timer had run on'],
    settledBy: [
      `tc -s qdisc show dev ${subject.flow.link}; ethtool -S ${subject.flow.link}; dmesg -T | grep -i watchdog`,
    ],
  }
}

/** Awake, and silent by its own decision; what made it decide so is in its log. */
function notMasterRuling({ sender, late }: Subject, unanswered: number): Ruling {
  const who = sender?.comm ?? 'keepalived'
  const adverts = unanswered === 1 ? 'one advert of another router' : `${unanswered} adverts of other routers`
  return {
    cause: 'unknown',
    confidence: 'unknown',
    summary: `Not held up: ${who} was awake and not MASTER. It read ${adverts} meanwhile and answered none; what made it give up is in its log.`,
    culprit: undefined,
    evidence: [`${adverts} read from its VRRP socket without an answer: a MASTER answers at once`],
    settledBy: [
      'journalctl -t Keepalived_vrrp: "Entering FAULT STATE", "Entering BACKUP STATE", a script that failed',
      `ip -s link: was the interface that sends to ${late.advert.link} down?`,
    ],
  }
}

function unknownRuling(subject: Subject): Ruling {
  const isSeen = subject.sees.senderCalls && subject.sees.samples
  const unanswered = unansweredOf(subject)
  if (unanswered > 0) return notMasterRuling(subject, unanswered)
  return {
    cause: 'unknown',
    confidence: 'unknown',
    summary: isSeen
      ? `Never issued in time: ${subject.sender?.comm ?? 'the sender'} was neither stopped, blocked nor short of a CPU as far as was seen; why its timer came late is not.`
      : 'Never issued in time: too little was seen of the sender to say why.',
    culprit: undefined,
    evidence: [],
    settledBy: [
      'whylate live --engine bpftrace: switches with their reasons and wakeups',
      'journalctl -t Keepalived_vrrp: "A thread timer expired … seconds ago"?',
    ],
  }
}

/** Its own sendmsg is right before the packet: whatever the phase looks like, nothing held it. */
function isIssuedLate({ late, evidence }: Subject): boolean {
  const issued = evidence.issued?.(late.advert)
  return issued !== undefined && Math.abs(late.at - issued.at) < 20 * millisecond
}

/**
 * When the sender handed over this very advert: by its IPv4 ID where the calls' data was seen; else by its being the
 * first of several that it handed over when it should, while the phase that was kept says the same.
 */
function issuedAt(subject: Subject): number | undefined {
  const { late, flow, evidence, lateness } = subject
  const issued = evidence.issued?.(late.advert)
  if (issued !== undefined) return issued.at
  const after = { from: instantOf(late.previousAt + 5 * millisecond), to: late.at }
  const [first, next] = sendsOf(subject, after).flatMap((send) => (send.result > 0 ? [send.at] : []))
  if (late.wire !== 'W2' || first === undefined) return undefined
  const isOnTime = Math.abs(first - lateness.from) < Math.max(20 * millisecond, 0.1 * lengthOf(lateness))
  const isOwn = next !== undefined || lengthOf(lateness) < flow.interval
  return isOnTime && isOwn ? first : undefined
}

/** What was issued in time by keepalived's own account, and came out later. */
function heldClaim(subject: Subject): Claim | undefined {
  const { late } = subject
  const issued = issuedAt(subject)
  if (issued === undefined || late.at - issued < 20 * millisecond || issued < late.previousAt) return undefined
  return {
    state: 'held',
    window: { from: instantOf(issued), to: late.at },
    detail: 'handed to the kernel, and not yet on the link',
    source: 'calls',
    isCoarse: false,
  }
}

/** A timer that was armed late explains a late advert whose sender did nothing wrong between due and sent. */
function shifted(subject: Subject, courses: Courses, reading: Reading): { claims: Claim[]; by: number } | undefined {
  const most = Math.max(...dominants(reading).map((one) => one.share))
  if (most >= 0.5) return undefined
  const armed = armedLateBy(subject, courses)
  const sampledOnly = !subject.sees.senderCalls
  if (armed === undefined && !sampledOnly) return undefined
  const by = subject.lateness.to - subject.late.previousAt - lengthOf(subject.lateness)
  const earlier = { from: subject.late.previousAt, to: instantOf(subject.late.previousAt + lengthOf(subject.lateness)) }
  if (by <= 0 || by >= 60 * second) return undefined
  // The timer is armed within a millisecond of the send: what begins later, by a sample or more, finds it armed.
  const claims = keepalivedClaims(subject, courses, earlier).filter(
    (one) => one.window.from - subject.late.previousAt < 150 * millisecond,
  )
  return { claims: movedOn(claims, by), by }
}

/** `standing`: where its whole machine stood still, which says nothing of this one thread. */
export function keepalivedReading(subject: Subject, courses: Courses, standing: readonly Window[] = []): Read {
  const held = heldClaim(subject)
  const all = [
    ...keepalivedClaims(subject, courses, subject.lateness),
    ...bracketClaims(subject, courses),
    ...(held === undefined ? [] : [held]),
  ]
  const own = all.flatMap((one) => without([one.window], standing).map((window) => ({ ...one, window })))
  const asIs: Reading = { subject, courses, painted: painted(own, subject.lateness), lateness: subject.lateness }
  // What lets held frames go can be the next send: then the timer that it armed proves nothing about this one.
  const moved = held === undefined ? shifted(subject, courses, asIs) : undefined
  const claims = moved === undefined ? own : moved.claims
  const reading = moved === undefined ? asIs : { ...asIs, painted: painted(claims, subject.lateness) }
  const rest = subject.sees.senderCalls ? 'in its event loop, or not seen' : 'the sender’s own calls were not seen'
  const top = dominants(reading).toSorted((a, b) => b.share - a.share)[0]
  const heldShare = dominantOf(reading, 'tx-held', ['held']).share
  if (heldShare >= 0.5) return { claims, rest, ruling: heldRuling(subject, true) }
  if (top !== undefined && top.share >= 0.25 && top.cause in rulings) {
    const ruling = rulings[top.cause as keyof typeof rulings](reading, top)
    const isGuess = moved !== undefined && !subject.sees.senderCalls
    return {
      claims,
      rest,
      ruling: isGuess ? { ...ruling, confidence: lesserOf(ruling.confidence, 'possible') } : ruling,
    }
  }
  if (subject.late.wire === 'W2' && !isIssuedLate(subject)) {
    const byPhase: Claim = {
      state: 'held',
      window: subject.lateness,
      detail: 'by its phase: issued on time',
      source: 'wire',
      isCoarse: true,
    }
    return { claims: [...claims, byPhase], rest, ruling: heldRuling(subject, false) }
  }
  return { claims, rest, ruling: unknownRuling(subject) }
}
