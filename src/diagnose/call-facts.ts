// Calls that were under way while the advert was overdue.
//
// The sender's own calls are shown down to a hundredth of the lateness: a call across `due` is the strongest evidence there
// is. Of everybody else only calls whose length means something: a thread that sleeps in epoll_wait is idle, not slow.

import { millisecond, spanOf, type Instant } from '../time/instant.ts'
import { formatSpan } from '../time/format.ts'
import { factOf, type Evidence, type Question } from './evidence.ts'
import type { Fact } from './finding.ts'
import { noResult } from '../store/store.ts'

/** Calls that wait by nature. `read` and `recvmsg` wait too, but on something with a name: they are told with it. */
export const waiting = new Set([
  'epoll_wait',
  'epoll_pwait',
  'epoll_pwait2',
  'poll',
  'ppoll',
  'select',
  'pselect6',
  'futex',
  'nanosleep',
  'clock_nanosleep',
  'wait4',
  'waitid',
  'pause',
  'rt_sigtimedwait',
  'rt_sigsuspend',
  'accept',
  'accept4',
  'io_getevents',
  'io_uring_enter',
  'msgrcv',
  'semop',
  'semtimedop',
  'restart_syscall',
  'read',
  'recvfrom',
  'recvmsg',
  'recvmmsg',
  'recv',
  'readv',
  'inotify_read',
  'splice',
  'vmsplice',
  'sigreturn',
  'rt_sigreturn',
])
/** The longest call that is looked for: one that ended after the advert but spans it whole. */
const longestCall = 60e9
const shown = 12

/** sysdig names a unix socket by two kernel pointers and its path; only the path means something to a person. */
export const pointers = /^[0-9a-f]{8,16}->[0-9a-f]{8,16} ?/

export function callFacts(question: Question, evidence: Evidence): Fact[] {
  const { store } = evidence
  const { lateness, sender } = question
  const length = lateness.to - lateness.from
  const senderTids = new Set(sender?.tids ?? [])
  const own: Fact[] = []
  const others: Fact[] = []
  // A row stands at the END of its call: those that end after the advert may still cover it.
  const ending = { from: lateness.from, to: (lateness.to + longestCall) as Instant }
  for (const { at, cells, from, to } of store.calls.slices(ending)) {
    for (let i = from; i < to; i++) {
      const latency = cells.latencyNs[i] ?? Number.NaN
      if (!(latency >= millisecond)) continue
      const end = at[i] ?? 0
      const begin = end - latency
      if (begin > lateness.to) continue
      const isSender = senderTids.has(cells.tid[i] ?? 0)
      if (!isSender && latency < Math.max(10 * millisecond, 0.02 * length)) continue
      if (isSender && latency < 0.01 * length) continue
      const call = store.names.textOf(cells.callName[i] ?? 0)
      if (!isSender && waiting.has(call)) continue
      const file = store.names.textOf(cells.fileName[i] ?? 0).replace(pointers, '')
      const fd = cells.fd[i] ?? -1
      const result = cells.resultCode[i] ?? noResult
      const fact = factOf(question, evidence, {
        kind: 'call',
        window: { from: begin as Instant, to: end as Instant },
        isSender,
        pid: cells.pid[i] ?? 0,
        comm: store.names.textOf(cells.commName[i] ?? 0),
        text: `${call}${file === '' ? (fd >= 0 ? ` of fd ${fd}` : '') : ` of ${file}`} took ${formatSpan(spanOf(latency))}${result < 0 && result !== noResult ? `, error ${-result}` : ''}`,
      })
      ;(isSender ? own : others).push(fact)
    }
  }
  const byShare = (a: Fact, b: Fact): number => b.share - a.share
  return [...own.sort(byShare).slice(0, shown), ...others.sort(byShare).slice(0, shown)]
}
