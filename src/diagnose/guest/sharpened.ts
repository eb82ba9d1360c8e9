// The host's verdict, sharpened by what the guest's own transcript says. It only ever sharpens:
//
//   the host says                the guest says           then
//   a cause of the host, likely  anything                 the host's cause; the guest's word is evidence
//   inside the guest, held,      process                  inside-guest, with the thread, its state and who did it
//   unknown, or only possible    held                     tx-held: sendmsg was on time
//                                lost time                vm-stopped: its clock stood still
//                                standing                 no thread of the guest is to blame
//
// A fault of the host is never laid on a process of the guest: what it did while it stood still as a whole is not believed.

import { formatSpan } from '../../time/format.ts'
import { guestTitle } from './guest-title.ts'
import { spanOf } from '../../time/instant.ts'
import type { Cause, Culprit } from '../explanation.ts'
import type { Claim } from '../explain/claim.ts'
import type { Read } from '../explain/read.ts'
import { namedSender, victimOf } from '../explain/reading.ts'
import { lesserOf, type Ruling } from '../explain/ruling.ts'
import { lengthOf } from '../explain/stretches.ts'
import type { Subject } from '../explain/subject.ts'
import type { GuestReading } from './guest-reading.ts'

/** What the host may say and the guest may still know better. */
const open: ReadonlySet<Cause> = new Set(['inside-guest', 'unknown', 'tx-held'])

export interface Sharpened {
  readonly read: Read
  /** The ruling is the guest's: it stands on the guest's transcript, and its suspects are the guest's. */
  readonly isInside: boolean
  /** As the guest's own kernel would put it, for who is tied to the sender by which mechanism. */
  readonly inner: Ruling | undefined
}

const inGuest = (text: string): string => (text.startsWith('in the guest') ? text : `in the guest: ${text}`)

function clockPhrase({ clock, name }: { readonly clock: { readonly error: number }; readonly name: string }): string {
  return `by the own transcript of ${guestTitle(name)}, its clock held against the capture’s to ± ${formatSpan(spanOf(clock.error))}`
}

/** Whoever is stopped is named; who stopped it is in the sentence. */
function culpritOf(ruling: Ruling, inside: Subject): Culprit | undefined {
  const isSeen = ruling.cause === 'sender-stopped' && ruling.culprit?.isVictim !== true
  return isSeen ? namedSender(inside) : ruling.culprit
}

function processRuling(reading: Extract<GuestReading, { kind: 'process' }>): Ruling {
  const { ruling, guest, inside, pulse } = reading
  return {
    ...ruling,
    cause: 'inside-guest',
    summary: ruling.summary.replace(
      /^Never issued(?: in time)?: /,
      (begin) => `${begin}inside ${guestTitle(guest.name)}, `,
    ),
    culprit: culpritOf(ruling, inside),
    evidence: [
      ...ruling.evidence,
      ...(pulse.isAlive ? [`${guestTitle(guest.name)} itself went on all the while`] : []),
      clockPhrase(guest),
    ],
    settledBy: ruling.settledBy.map(inGuest),
  }
}

const guestVm = (subject: Subject, name: string): Culprit =>
  victimOf(subject) ?? { kind: 'vm', pid: undefined, comm: undefined, name }

function heldRuling(subject: Subject, host: Ruling, reading: Extract<GuestReading, { kind: 'held' }>): Ruling {
  const { guest, by } = reading
  const isHealthy = host.cause === 'inside-guest' || host.cause === 'tx-held'
  return {
    cause: 'tx-held',
    // Behind sendmsg lie the guest's queue, qemu's loop and the host: without a view of qemu a stall of it looks the same.
    confidence: subject.sender?.kind === 'qemu' && isHealthy ? 'likely' : 'possible',
    summary: `Issued on time and held: keepalived inside ${guestTitle(guest.name)} had sent it ${formatSpan(by)} before it left the tap.`,
    culprit: guestVm(subject, guest.name),
    evidence: [
      `its sendmsg returned ${formatSpan(by)} before the packet was on the link: nothing inside the guest held keepalived up`,
      `${guestTitle(guest.name)} itself went on all the while`,
      clockPhrase(guest),
      ...knownOutside(host),
    ],
    settledBy: host.settledBy.filter((one) => !one.startsWith('in the guest')),
  }
}

function lostRuling(subject: Subject, host: Ruling, reading: Extract<GuestReading, { kind: 'lost-time' }>): Ruling {
  const { guest, lost } = reading
  const isSure = lost.isClockSure && !lost.isUndone
  return {
    cause: 'vm-stopped',
    confidence: isSure ? 'likely' : 'possible',
    summary: `Never issued: ${guestTitle(guest.name)} was stopped for ${formatSpan(spanOf(lost.by))}; inside it no time passed.`,
    culprit: guestVm(subject, guest.name),
    evidence: [
      `between the two adverts ${formatSpan(spanOf(lost.guestGap))} passed inside the guest and ${formatSpan(lengthOf(subject.gap))} outside; its clock stayed behind`,
      clockPhrase(guest),
      ...(isSure ? ['others were heard meanwhile: the clock of the capture ran on'] : []),
      ...knownOutside(host),
    ],
    settledBy: [
      'virsh domstate --reason DOMAIN; virsh event --all --timestamp; grep -E "paused|shutting" /var/log/libvirt/qemu/*.log',
    ],
  }
}

function lostClaim(reading: Extract<GuestReading, { kind: 'lost-time' }>): Claim {
  const { lost, guest } = reading
  return {
    state: 'vm-stopped',
    window: lost.window,
    detail: `no time passed inside ${guestTitle(guest.name)}`,
    source: 'wire',
    isCoarse: true,
  }
}

function standingEvidence(reading: Extract<GuestReading, { kind: 'standing' }>): string[] {
  const { guest, standstills } = reading
  const longest = standstills.toSorted((a, b) => lengthOf(b.window) - lengthOf(a.window))[0]
  if (longest === undefined) return []
  const [owner] = longest.owners
  const who =
    owner === undefined ? 'its CPUs lay idle as it began' : `${owner.comm} (${owner.pid}) had its CPU as it began`
  return [
    `${guestTitle(guest.name)} stood still as a whole for ${formatSpan(lengthOf(longest.window))}, and its own clock ran on; ${who}`,
  ]
}

/** Nobody saw the sender from outside: then the host has nothing to add but guesses. */
const knownOutside = ({ cause, evidence }: Ruling): readonly string[] => (cause === 'unknown' ? [] : evidence)

function standingRead(host: Read, reading: Extract<GuestReading, { kind: 'standing' }>): Read {
  const { ruling } = host
  const evidence = [...standingEvidence(reading), ...knownOutside(ruling)]
  if (ruling.cause !== 'unknown') return { ...host, ruling: { ...ruling, evidence } }
  const name = guestTitle(reading.guest.name)
  return {
    ...host,
    rest: `${name} stood still as a whole, or was not seen`,
    ruling: {
      ...ruling,
      summary: `Never issued in time: ${name} stood still as a whole, so it was not keepalived alone; what took the guest off its CPUs was not seen.`,
      evidence: [
        ...evidence,
        'open: a stop or a freeze of its qemu, a CPU quota, no free CPU on the host, a stall of qemu’s main loop, a thread of the guest that makes no call',
      ],
      settledBy: [
        'record on the host, too: the threads of its qemu tell a stop, a freeze, a quota and a full CPU apart (whylate live)',
      ],
    },
  }
}

/** What the guest adds to a cause that the host is sure of. */
function agreement(reading: GuestReading): string[] {
  switch (reading.kind) {
    case 'standing':
      return standingEvidence(reading)
    case 'lost-time':
      return [
        `inside ${guestTitle(reading.guest.name)} no time passed: its clock is ${formatSpan(spanOf(reading.lost.by))} behind since`,
      ]
    case 'held':
      return [
        `keepalived inside ${guestTitle(reading.guest.name)} had sent it ${formatSpan(reading.by)} before it was on the link`,
      ]
    case 'process':
    case 'ordinary':
    case 'unseen':
      return []
  }
}

const isNamed = ({ cause, confidence }: Ruling): boolean =>
  !open.has(cause) && (confidence === 'likely' || confidence === 'certain')

/** A host's cause that needs the guest to have stood still, and the guest went on. */
const isRefuted = (reading: GuestReading, host: Ruling): boolean =>
  reading.kind === 'process' &&
  reading.pulse.isAlive &&
  host.confidence !== 'certain' &&
  reading.ruling.confidence === 'certain'

export function sharpened(subject: Subject, host: Read, reading: GuestReading): Sharpened {
  const kept: Sharpened = { read: host, isInside: false, inner: undefined }
  if (reading.kind === 'unseen') return kept
  if (isNamed(host.ruling) && !isRefuted(reading, host.ruling)) {
    const { evidence } = host.ruling
    // The same cause, seen from both sides.
    return { ...kept, read: { ...host, ruling: { ...host.ruling, evidence: [...evidence, ...agreement(reading)] } } }
  }
  switch (reading.kind) {
    case 'process':
      return {
        read: { claims: reading.claims, ruling: processRuling(reading), rest: reading.rest },
        isInside: true,
        inner: reading.ruling,
      }
    case 'held':
      return {
        read: {
          claims: reading.claims,
          ruling: heldRuling(subject, host.ruling, reading),
          rest: 'before it was handed over',
        },
        isInside: true,
        inner: undefined,
      }
    case 'lost-time':
      return {
        read: {
          claims: [lostClaim(reading)],
          ruling: lostRuling(subject, host.ruling, reading),
          rest: 'inside the guest',
        },
        isInside: true,
        inner: undefined,
      }
    case 'standing':
      return { ...kept, read: standingRead(host, reading) }
    case 'ordinary':
      return { ...kept, read: ordinaryRead(host, reading) }
  }
}

function ordinaryRead(host: Read, reading: Extract<GuestReading, { kind: 'ordinary' }>): Read {
  const { guest, pulse } = reading
  const { ruling } = host
  if (!pulse.isAlive) return host
  const told = `${guestTitle(guest.name)} itself went on, and keepalived in it was neither stopped nor blocked, nor was its CPU another’s`
  if (ruling.cause !== 'unknown') return { ...host, ruling: { ...ruling, evidence: [...ruling.evidence, told] } }
  return {
    ...host,
    ruling: {
      ...ruling,
      confidence: lesserOf(ruling.confidence, 'unknown'),
      summary: `Never issued in time: ${told}; why its timer came late is not known.`,
    },
  }
}
