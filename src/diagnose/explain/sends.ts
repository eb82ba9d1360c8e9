// What the sender gave to its VRRP sockets, and what the kernel said to it, by its calls. They do not say which advert it
// was: a keepalived of several VRIDs has several in an interval.

import { instantOf, type Instant, type Window } from '../../time/instant.ts'
import { noResult } from '../../store/store.ts'
import type { Subject } from './subject.ts'

/** One sendmsg on a VRRP socket. */
export interface Send {
  /** It returned. */
  readonly at: Instant
  /** Bytes, or -errno. */
  readonly result: number
}

/** Oldest first; empty where its calls were not seen, or their results were not told. */
export function sendsOf(subject: Subject, window: Window): Send[] {
  const { names, calls } = subject.store
  // bpftrace tells a socket by its protocol, sysdig by its ends.
  const isVrrp = (file: string): boolean =>
    /raw socket 112\b/.test(file) || file.endsWith(`->${subject.flow.destination}`)
  const tid = subject.sender?.pid ?? -1
  const found: Send[] = []
  for (const { at, cells, from, to } of calls.slices(window)) {
    for (let i = from; i < to; i++) {
      const result = cells.resultCode[i] ?? noResult
      if (cells.tid[i] !== tid || result === noResult) continue
      const isSend = /^send(msg|to)$/.test(names.textOf(cells.callName[i] ?? 0))
      if (isSend && isVrrp(names.textOf(cells.fileName[i] ?? 0))) found.push({ at: instantOf(at[i] ?? 0), result })
    }
  }
  return found
}
