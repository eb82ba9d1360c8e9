// The sender's own state was not seen: what is still open, ranked, and what speaks for and against each.
//
// None of these is a verdict. They are told so that nobody takes the one that is talked of most for the one that was.

import { formatSpan } from '../../time/format.ts'
import { second, spanOf } from '../../time/instant.ts'
import type { Culprit, Suspect } from '../explanation.ts'
import type { LateAdvert } from '../finding.ts'
import { uncounted } from './rarity.ts'
import type { Subject } from './subject.ts'
import type { Transcript } from './transcript.ts'

interface Alternative {
  readonly what: string
  readonly kind: Culprit['kind']
  /** 0 to 0.5: nothing that was not seen ranks above what a mechanism ties to the sender. */
  readonly score: number
  /** What speaks for it; undefined where something speaks against it, which `what` then says. */
  readonly because: string | undefined
}

/** glibc gives a name server up after 5 s, and asks again: 5, 10, 15 s. A call that lasts so long ends the gap. */
const resolverTimeout = 5 * second
const barely = 0.15 * second

/** The gap, or the lateness, is as long as a resolver waits. */
export function resolverFit({ gap, overrun }: Pick<LateAdvert, 'gap' | 'overrun'>): string | undefined {
  const isFit = (ns: number): boolean => ns >= resolverTimeout && ns <= 30 * second && ns % resolverTimeout <= barely
  const fitting = [gap, overrun].find(isFit)
  if (fitting === undefined) return undefined
  const whole = Math.floor(fitting / resolverTimeout) * 5
  return `${formatSpan(spanOf(fitting))} is just over the ${whole} s after which a resolver gives a name server up; keepalived before 1.2.20 asks DNS in its own loop when it sends mail (SMTP HELO)`
}

const cpusPhrase = (cpus: readonly number[]): string =>
  `CPU${cpus.length > 1 ? 's' : ''} ${cpus.slice(0, 8).join(', ')}`

function blockedCall({ late }: Subject, isAlive: boolean): Alternative {
  const fit = resolverFit(late)
  return {
    what: 'a call that blocked keepalived’s loop: its log, DNS or mail, SNMP, a file',
    kind: 'process',
    score: (isAlive ? 0.25 : 0.15) + (fit === undefined ? 0 : 0.1),
    because: fit ?? 'keepalived is one thread: whatever it waits for, its adverts wait for',
  }
}

function vcpuAlone(isAlive: boolean, transcript: Transcript | undefined): Alternative {
  const isPartly = transcript !== undefined && transcript.cpus.length === 1
  return {
    what: 'one vCPU that stood still, without a CPU or held in the kernel, while others ran',
    kind: 'vm',
    score: isAlive ? (isPartly ? 0.25 : 0.2) : 0.1,
    because: isPartly
      ? `only ${cpusPhrase(transcript.cpus)} is shown at work meanwhile; on which one keepalived ran is not`
      : 'its timer would not fire, and the rest of the guest would go on',
  }
}

const mainLoop: Alternative = {
  what: 'a stall of qemu’s main loop, or of its big lock (BQL)',
  kind: 'vm',
  score: 0.15,
  because: 'a vCPU that needs qemu waits for it; a monitor command or a slow disk of qemu’s can hold it',
}

function stopOfAll(isAlive: boolean): Alternative {
  return isAlive
    ? {
        what: 'a stop or freeze of the whole machine; but it went on meanwhile',
        kind: 'vm',
        score: 0.02,
        because: undefined,
      }
    : {
        what: 'a stop or freeze from outside: a signal, a debugger, a freezer, a paused guest',
        kind: 'vm',
        score: 0.2,
        because: 'all of the sender would be still',
      }
}

/** What vhost_net, or its absence, can do to an advert is done behind sendmsg. */
export function againstVhost({ sender, evidence }: Subject): string {
  const modules = evidence.fact?.('modules')
  const loaded = typeof modules === 'string' ? /(?:^|\n|,\s*)vhost_net\s+\d+\s+(\d+)/.exec(modules)?.[1] : undefined
  const isOn = sender?.vhost?.isOn === true
  return [
    'a fault of the transmit path acts behind sendmsg: it holds an advert that was issued, and this one was not',
    ...(isOn ? [`vhost is on: ${sender.vhost.because}`] : []),
    ...(loaded === undefined ? [] : [`vhost_net is loaded, use count ${loaded}`]),
  ].join('; ')
}

function transmitPath(subject: Subject): Alternative {
  return {
    what: `vhost_net off, or anything else behind sendmsg. Against it: ${againstVhost(subject)}`,
    kind: 'vm',
    score: subject.sender?.vhost?.isOn === true ? 0.01 : 0.03,
    because: undefined,
  }
}

/** Of an advert that was not issued (W1), by a sender whose state was not seen. Best first. */
export function alternativesOf(subject: Subject, isAlive: boolean, transcript: Transcript | undefined): Alternative[] {
  const isHere = subject.sender?.kind === 'keepalived'
  return [
    blockedCall(subject, isAlive),
    ...(isHere ? [] : [vcpuAlone(isAlive, transcript), mainLoop]),
    stopOfAll(isAlive),
    transmitPath(subject),
  ].toSorted((a, b) => b.score - a.score)
}

export const suspectOf = ({ what, kind, score, because }: Alternative): Suspect => ({
  what,
  kind,
  pid: undefined,
  covers: 0,
  isAligned: false,
  onset: spanOf(0),
  ...uncounted,
  bridge: because,
  score,
})

const letters = 'abcdefgh'

/** `open (a): …`; the reasons stand beside each among the suspects. */
export const openLines = (alternatives: readonly Alternative[]): string[] =>
  alternatives.map(({ what, because }, i) =>
    because === undefined ? `unlikely: ${what}` : `open (${letters[i] ?? '?'}): ${what}`,
  )
