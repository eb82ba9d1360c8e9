// One late advert explained: the ledger, the verdict, the suspects.
//
//   gates (wire, clocks) ── hold ──────────────────────────────▶ ruling ─┐
//        │ none                                                          ├─▶ caps by what was not seen ─▶ explanation
//   claims of all sources ─▶ painted ledger ─▶ the largest state's ruling┤
//   the guest's own transcript, where there is one ─▶ sharpens that ─────┘
//
// Pure: it reads the store and nothing else. The order and the rules are those of docs/lateness.md.

import type { Evidence, GuestView } from '../evidence.ts'
import type { Explanation, Suspect } from '../explanation.ts'
import type { Flow, LateAdvert } from '../finding.ts'
import { isByOwnTimer } from '../lateness.ts'
import { logSentences } from '../log-evidence.ts'
import { alternativesOf, openLines, suspectOf } from './alternatives.ts'
import { blindnessOf } from './blindness.ts'
import { ledgerOf, painted as paint, type Painted } from './claim.ts'
import { sampledKeepalived } from './candidates.ts'
import { gateOf } from './gates.ts'
import { keepalivedReading } from './keepalived-reading.ts'
import { guestReading } from '../guest/guest-reading.ts'
import { sharpened } from '../guest/sharpened.ts'
import { qemuReading } from './qemu-reading.ts'
import type { Read } from './read.ts'
import { hasRun } from './qemu-state.ts'
import { ruledOutOf } from './ruled-out.ts'
import { lesserOf, type Ruling } from './ruling.ts'
import { coursesOf, type Courses } from './courses.ts'
import { subjectOf, type Subject } from './subject.ts'
import { suspectsOf, withCulprit } from './suspects.ts'
import { transcriptWithoutSender, type Transcript } from './transcript.ts'

const gateRest = {
  'capture-loss': 'nothing was late: the advert was sent and not recorded',
  'clock-step': 'nothing was late: the clock was stepped',
  planned: 'no process was there to send',
  'host-frozen': 'the whole host stood still',
  path: 'on its way: past the sender',
  'rejected-locally': 'turned down by the sender’s own kernel, or silent after that',
} as const

function locationOf(subject: Subject): string {
  const { wire, otherTraffic, ipIdStep } = subject.late
  const id = ipIdStep === 1 ? ', IPv4 ID +1' : ''
  const alive =
    otherTraffic === undefined
      ? ''
      : otherTraffic > 0
        ? '; its other traffic went on'
        : '; its other traffic was missing, too'
  if (wire === 'W2') return `by the wire (W2${id}): issued on time, and held before the capture saw it`
  return `by the wire (${wire}${id}): never issued in time${alive}`
}

/** Who went on meanwhile, in the words of a person; undefined when nothing says that anybody did. */
function aliveOf({ late, sender }: Subject, transcript: Transcript | undefined): string | undefined {
  const machine = sender?.kind === 'qemu' ? 'guest' : 'machine'
  if (late.otherTraffic !== undefined && late.otherTraffic > 0)
    return `its ${machine} was alive and went on with other traffic`
  // A transcript with qemu in it is the host's, and says nothing of the guest.
  if (transcript === undefined || transcript.hasSenders || transcript.events < 5) return undefined
  return `the ${machine} was alive: ${transcript.events} events of other threads on CPU ${transcript.cpus.slice(0, 8).join(', ')}`
}

/** The process that sends was not found, or not seen: the wire is all there is, and what stands beside it. */
function unseenSender(subject: Subject): Read {
  const { wire } = subject.late
  const transcript = transcriptWithoutSender(subject)
  const alive = aliveOf(subject, transcript)
  const isIssued = wire === 'W2'
  const alternatives = isIssued ? [] : alternativesOf(subject, alive !== undefined, transcript)
  return {
    claims: [],
    rest: 'the sender’s own state was not seen',
    alternatives: alternatives.map(suspectOf),
    ruling: {
      cause: 'unknown',
      confidence: 'unknown',
      summary: `${isIssued ? 'Issued on time and held' : 'Never issued in time'}${alive === undefined ? '' : `; ${alive}`}; the sender’s own state was not seen.`,
      culprit: undefined,
      evidence: [
        ...(transcript === undefined
          ? []
          : ['this transcript holds no event of the sender: it was filtered out, or not recorded']),
        ...(isIssued
          ? ['open: the guest’s transmit ring, qemu’s main loop where vhost_net is off, its vhost thread']
          : openLines(alternatives)),
      ],
      settledBy: [
        'record on the host that runs the sender, with its process in view: whylate live',
        'in the guest: sysdig -w guest.scap proc.name=keepalived or evt.type=switch',
      ],
    },
  }
}

function readingOf(subject: Subject, courses: Courses): Read {
  const { sender, sees } = subject
  if (sender === undefined || (!sees.senderCalls && !sees.samples)) return unseenSender(subject)
  return sender.kind === 'qemu' ? qemuReading(subject, courses) : keepalivedReading(subject, courses)
}

function gateReading(ruling: Ruling): Read {
  const known: Readonly<Record<string, string>> = gateRest
  return { claims: [], ruling, rest: known[ruling.cause] ?? 'its timer was re-armed' }
}

function capped(ruling: Ruling, isSure: boolean, unexplained: number, cap: Explanation['confidence']): Ruling {
  let confidence = lesserOf(ruling.confidence, cap)
  if (unexplained > 0.3 || !isSure) confidence = lesserOf(confidence, 'likely')
  if (confidence !== 'unknown' && ruling.cause !== 'unknown') return { ...ruling, confidence }
  return { ...ruling, cause: 'unknown', confidence: 'unknown', culprit: undefined }
}

/** A gate stands on the wire alone, and a guest's transcript on itself: what the host's engine lost does not touch them. */
function gateCap(subject: Subject): Explanation['confidence'] {
  const isWireBlind = subject.evidence.blindSpots.some(
    (spot) =>
      spot.part === undefined &&
      (spot.source === 'tcpdump' || spot.source === 'store') &&
      spot.from <= subject.gap.to &&
      (spot.to ?? Infinity) >= subject.gap.from,
  )
  return isWireBlind && subject.late.wire !== 'W3' ? 'possible' : 'certain'
}

interface Viewed {
  readonly subject: Subject
  readonly courses: Courses
  readonly read: Read
  /** The read is the guest's: what the host said before, and the case as the guest's kernel has it. */
  readonly inside?: { readonly host: Read; readonly of: Inside | undefined }
}

interface Inside {
  readonly name: string
  readonly subject: Subject
  readonly ruling: Ruling
}

/** States that no neighbour's fault can look like: one process, off its work from due to sent. */
const telling: ReadonlySet<string> = new Set(['sender-stopped', 'sender-throttled'])

/** The one sampled keepalived whose state explains the lateness, if it is exactly one family of processes. */
function candidateView(late: LateAdvert, flow: Flow, evidence: Evidence): Viewed | undefined {
  const views = sampledKeepalived(late, evidence).flatMap((sender): Viewed[] => {
    const subject = subjectOf(late, flow, evidence, sender)
    const courses = coursesOf(subject)
    const read = keepalivedReading(subject, courses)
    return telling.has(read.ruling.cause) && read.ruling.confidence !== 'possible' ? [{ subject, courses, read }] : []
  })
  const last = views.at(-1)
  if (last === undefined) return undefined
  const isFrozen = (one: Viewed): boolean => one.read.claims.some((claim) => claim.state === 'frozen')
  // A frozen cgroup holds parent and child; who is stopped or waits for a CPU is one process.
  if (views.length > 1 && !views.every((one) => isFrozen(one))) return undefined
  return {
    ...last,
    read: {
      ...last.read,
      ruling: {
        ...last.read.ruling,
        confidence: 'possible',
        evidence: [
          ...last.read.ruling.evidence,
          views.length > 1
            ? 'which of the frozen processes sends was not told'
            : `that ${last.subject.sender?.comm ?? 'it'} (${last.subject.sender?.pid ?? '?'}) sends this flow was not told: no other one was away just then`,
        ],
      },
    },
  }
}

function viewOf(late: LateAdvert, flow: Flow, evidence: Evidence, gate: Ruling | undefined): Viewed {
  const subject = subjectOf(late, flow, evidence)
  const guest = gate === undefined ? evidence.guestOf?.(flow) : undefined
  if (guest !== undefined) return insideView(subject, guest)
  if (gate === undefined && subject.sender === undefined) {
    const candidate = candidateView(late, flow, evidence)
    if (candidate !== undefined) return candidate
  }
  const courses = coursesOf(subject)
  return { subject, courses, read: gate === undefined ? readingOf(subject, courses) : gateReading(gate) }
}

/** What the guest's own transcript proves is no less sure for a source of the host that was not there. */
const uncapped = (spot: Explanation['blindSpots'][number]): Explanation['blindSpots'][number] =>
  spot.source === 'tcpdump' || spot.source === 'store' || spot.part !== undefined
    ? spot
    : { ...spot, effect: undefined }

/** Host and guest together. */
function insideView(subject: Subject, guest: GuestView): Viewed {
  const courses = coursesOf(subject)
  const host = readingOf(subject, courses)
  const reading = guestReading(subject, guest, hasRun(subject, courses))
  const { read, isInside, inner } = sharpened(subject, host, reading)
  if (!isInside || reading.kind === 'unseen') return { subject, courses, read }
  const of = inner === undefined ? undefined : { name: guest.name, subject: reading.inside, ruling: inner }
  return { subject, courses, read, inside: { host, of } }
}

/** Who else was at work: inside, where the ruling is the guest's; a thread id of the guest means nothing outside. */
function suspectsIn({ subject, inside }: Viewed, ruling: Ruling): Explanation['suspects'] {
  const { of } = inside ?? {}
  if (of === undefined) return suspectsOf(subject, ruling)
  return suspectsOf(of.subject, of.ruling).map((one) => ({ ...one, what: `${of.name}: ${one.what}` }))
}

const suspectsShown = 10

function withAlternatives(suspects: readonly Suspect[], alternatives: readonly Suspect[]): Suspect[] {
  const kept = suspects.slice(0, suspectsShown - alternatives.length)
  return [...alternatives, ...kept].toSorted((a, b) => b.score - a.score)
}

export function explain(late: LateAdvert, flow: Flow, evidence: Evidence): Explanation {
  const gate = gateOf(subjectOf(late, flow, evidence))
  const view = viewOf(late, flow, evidence, gate)
  const { subject, courses, read, inside } = view
  const all: Painted[] = paint(read.claims, subject.lateness)
  const ledger = ledgerOf(all, subject.lateness, read.rest)
  const unexplained = ledger.find((one) => one.state === 'unexplained')?.share ?? 0
  const blindness = blindnessOf(subject)
  const isByTranscript = gate !== undefined || inside !== undefined
  const isInferred = inside === undefined && subject.isSenderInferred
  const cap = isByTranscript ? gateCap(subject) : blindness.cap
  const ruling = capped(read.ruling, subject.late.isSettled && !isInferred, unexplained, cap)
  const outside = inside === undefined ? all : paint(inside.host.claims, subject.lateness)
  return {
    cause: ruling.cause,
    confidence: ruling.confidence,
    summary: ruling.summary,
    culprit: ruling.culprit,
    ledger,
    suspects: withCulprit(
      withAlternatives(suspectsIn(view, ruling), read.alternatives ?? []),
      ruling,
      isByOwnTimer(late) ? 1 : 1 - unexplained,
    ),
    evidence: [
      ...[...(gate === undefined ? [locationOf(subject)] : []), ...ruling.evidence].slice(0, 8),
      ...logSentences(late, evidence),
    ],
    ruledOut: gate === undefined ? ruledOutOf(subject, courses, outside, ruling.cause) : [],
    blindSpots: inside === undefined ? blindness.spots : blindness.spots.map(uncapped),
    settledBy: ruling.confidence === 'certain' ? [] : [...new Set([...ruling.settledBy, ...blindness.settledBy])],
  }
}
