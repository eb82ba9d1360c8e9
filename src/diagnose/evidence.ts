// What a question about one late advert is answered from: the tables, who sends, who is ours, what could not be seen.

import type { LogLine } from '../events/log.ts'
import type { Vhost } from '../events/host.ts'
import type { Advert } from '../events/packet.ts'
import type { BlindSpot } from '../events/probe.ts'
import type { ClockStep } from '../time/clock.ts'
import { overlapOf, type Instant, type Window } from '../time/instant.ts'
import type { OtherClock } from '../time/other-clock.ts'
import type { Store } from '../store/store.ts'
import type { Fact, Flow, LateAdvert } from './finding.ts'

/** The process that puts a flow's adverts on the link, and its threads that matter. */
export interface FlowSender {
  readonly pid: number
  readonly comm: string
  readonly name: string
  readonly kind: 'keepalived' | 'qemu'
  readonly tids: readonly number[]
  readonly vhost?: Vhost
  /** What its threads are for, of a qemu: `main`, `vcpu 0`, `io iothread0`, `vhost`. */
  readonly roles?: ReadonlyMap<number, string>
}

export interface Evidence {
  readonly store: Store
  /** `at`: who sent it then; who sends it now, where it is left out. */
  readonly senderOf: (flow: Flow, at?: Instant) => FlowSender | undefined
  /** whylate itself and its children. */
  readonly isOurs: (pid: number) => boolean
  readonly blindSpots: readonly BlindSpot[]
  readonly clockSteps: readonly ClockStep[]
  /** Every late advert of the session; undefined where only one is asked about. */
  readonly late?: readonly LateAdvert[]
  /** When the sender handed this advert to the kernel, where that was seen. */
  readonly issued?: (advert: AdvertKey) => Issued | undefined
  /** Slow facts of the host, by key, where they were told: `modules`. */
  readonly fact?: (key: string) => number | string | undefined
  /** Cgroups of a process, where they are known: only theirs can have throttled or frozen it. */
  readonly cgroupsOf?: (pid: number) => readonly string[] | undefined
  /** The guest behind this flow, where it was recorded from the inside. */
  readonly guestOf?: (flow: Flow) => GuestView | undefined
  /** The guest that this process or thread runs, by the name that a person calls it. */
  readonly vmOf?: (tid: number) => string | undefined
  readonly log?: LogEvidence
  /** Of the kernel engine and the host sampler: where all that they said is still there, in order. undefined: everywhere. */
  readonly kept?: readonly Window[] | undefined
  /** The same, of what a flight recorder kept; less of it may be there, where the memory was full. */
  readonly recorded?: readonly Window[] | undefined
}

/** What keepalived logged, by the clocks of the machines that it ran on. */
export interface LogEvidence {
  readonly lines: readonly LogLine[]
  /** From the first to the last line of each log. */
  readonly spans: ReadonlyMap<string, Window>
  /** Of a guest whose kernel was heard, too, by the same name: its clock is known from its adverts. */
  readonly clockOf?: (file: string) => OtherClock | undefined
}

/** The inside of the guest that sends a flow, as its own kernel engine saw it, told by the capture's clock. */
export interface GuestView {
  readonly name: string
  readonly clock: OtherClock
  /** Its tables and its keepalived, read as those of the host are. */
  readonly evidence: Evidence
  /** From its first event to its last. */
  readonly covered: Window
}

/** Which advert: by its IPv4 ID, and where it has none by the moment at which it passed. */
export type AdvertKey = Pick<Advert, 'source' | 'vrid' | 'ipId' | 'at'>

/** sendmsg of one advert. */
export interface Issued {
  /** It returned. */
  readonly at: Instant
  /** Bytes sent, or -errno. */
  readonly result: number
}

/** One late advert as a question: what was so between due and sent? */
export interface Question {
  readonly late: LateAdvert
  readonly sender: FlowSender | undefined
  /** Between due and sent: what the shares are shares of. */
  readonly lateness: Window
  /** From the advert before it to a little after it: what is shown. */
  readonly around: Window
}

export function shareOf(window: Window, lateness: Window): number {
  const length = lateness.to - lateness.from
  if (length <= 0) return 0
  if (window.from === window.to) return 0
  return Math.min(1, overlapOf(window, lateness) / length)
}

type Given = Pick<Fact, 'kind' | 'window' | 'text'> & Partial<Fact>

export function factOf(question: Question, evidence: Evidence, given: Given): Fact {
  const { sender } = question
  const vm = given.pid === undefined ? undefined : evidence.vmOf?.(given.pid)
  return {
    share: shareOf(given.window, question.lateness),
    isCoarse: false,
    isSender: given.pid !== undefined && given.pid === sender?.pid,
    isOurs: given.pid !== undefined && evidence.isOurs(given.pid),
    pid: undefined,
    comm: undefined,
    ...(vm === undefined ? {} : { vm }),
    ...given,
  }
}
