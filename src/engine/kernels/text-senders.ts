// Whose adverts are these? For sysdig's text, which shows a sendmsg to 224.0.0.18 and not the packet in it. (Its socket
// tuple does not help: sysdig 0.36 prints the machine's first address for a socket that is bound to none.)
//
// The packet is stamped while its sendmsg runs. A thread whose calls hold the adverts of one source, and of no other, time
// after time, is the sender of that source.

import { after, before, spanOf, type Instant } from '../../time/instant.ts'
import type { Store } from '../../store/store.ts'

export interface TextSenders {
  /** A thread called sendmsg on VRRP's socket from `enterAt` to `at`. Returns the source it is now known to send for. */
  sent(enterAt: Instant, at: Instant, tid: number): string | undefined
}

/** Between the stamps of two probes: microseconds; a call without its enter is given a millisecond. */
const tolerance = spanOf(0.2e6)
/** So many adverts of one source are no chance. */
const enough = 3
const kept = 1024

export function createTextSenders(store: Store): TextSenders {
  const hits = new Map<string, number>()
  return {
    sent(enterAt, at, tid) {
      const during = store.adverts.rows({ from: before(enterAt, tolerance), to: after(at, tolerance) })
      const sources = [...new Set(during.map((row) => row.source))]
      const [only] = sources
      if (only === undefined || sources.length > 1) return undefined
      const key = `${only} ${tid}`
      const known = hits.get(key) ?? 0
      if (known === 0 && hits.size >= kept) return undefined
      hits.set(key, known + 1)
      const rivals = [...hits].filter(([other]) => other !== key && other.startsWith(`${only} `))
      const isFirst = rivals.every(([, count]) => count < known + 1)
      return known + 1 >= enough && isFirst ? store.names.textOf(only) : undefined
    },
  }
}
