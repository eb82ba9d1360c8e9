// What the sender gave to its VRRP sockets and took from them, and what the kernel said to it, by its calls. They do not say which advert it
// was: a keepalived of several VRIDs has several in an interval.

import { instantOf, millisecond, type Instant, type Window } from '../../time/instant.ts'
import { noResult } from '../../store/store.ts'
import type { Subject } from './subject.ts'

/** One call on a VRRP socket. */
export interface Send {
  /** It returned. */
  readonly at: Instant
  /** Bytes, or -errno. */
  readonly result: number
}

/** Its calls of these names on its VRRP sockets, oldest first; empty where they were not seen, or their results were not told. */
function callsOn(subject: Subject, window: Window, call: RegExp): Send[] {
  const { names, calls } = subject.store
  // bpftrace tells a socket by its protocol, sysdig by its ends.
  const isVrrp = (file: string): boolean =>
    /raw socket 112\b/.test(file) || file.endsWith(`->${subject.flow.destination}`)
  const tid = subject.sender?.pid ?? -1
  const found: Send[] = []
  for (const { at, cells, from, to } of calls.slices(window)) {
    for (let i = from; i < to; i++) {
      const result = cells.resultCode[i] ?? noResult
      if (cells.tid[i] !== tid || result === noResult || !call.test(names.textOf(cells.callName[i] ?? 0))) continue
      if (isVrrp(names.textOf(cells.fileName[i] ?? 0))) found.push({ at: instantOf(at[i] ?? 0), result })
    }
  }
  return found
}

export const sendsOf = (subject: Subject, window: Window): Send[] => callsOn(subject, window, /^send(msg|to)$/)

/** Those between the two adverts, but for the ones that go with either. */
export function sendsInGap(subject: Subject): Send[] {
  const { previousAt, at } = subject.late
  const inside = { from: instantOf(previousAt + 5 * millisecond), to: instantOf(at - 20 * millisecond) }
  return inside.to > inside.from ? sendsOf(subject, inside) : []
}

/** A MASTER answers a rival of less priority at once. */
const answersWithin = 100 * millisecond

/**
 * How many adverts of others it read between due and sent without a word: one who does that is awake, and not MASTER.
 * (What a sender reads as it comes back from where it was held up, it answers.)
 */
export function unansweredOf(subject: Subject): number {
  const { lateness } = subject
  const reads = callsOn(subject, lateness, /^recv(msg|from)$/).filter((read) => read.result > 0)
  const sends = sendsOf(subject, lateness)
  return reads.filter(
    ({ at }) =>
      at < lateness.to - answersWithin && !sends.some((send) => send.at >= at && send.at - at <= answersWithin),
  ).length
}
