// All threads that are sampled: those of the senders first, then our own, up to a bound.
//
// A process says in its main thread's stat how many threads it has; when that changes, or a thread is gone, its list is
// read again at the next tick. So a steady process costs two reads a thread and nothing else.

import { namesIn } from './kernel-file.ts'
import { openSampledThread, type SampledThread } from './sampled-thread.ts'

export interface ThreadSet {
  /** What to follow from now on, in order of rank: when the bound bites, the last go. */
  follow(senders: readonly number[], own: readonly number[]): void
  /** The members of `th`, without its braces. */
  sample(): string
  /** Threads of ours among those of the last sample. */
  readonly own: readonly number[]
  /** Threads that are followed, and those that had no room. */
  readonly sampled: number
  readonly skipped: number
  threadsOf(pid: number): readonly SampledThread[]
  close(): void
}

/** Two open files each. */
const bounds = { senders: 512, own: 64 }

interface Followed {
  readonly pid: number
  readonly isOwn: boolean
  readonly threads: Map<number, SampledThread>
  siblings: number
  skipped: number
  isStale: boolean
}

export function createThreadSet(most: { readonly senders: number; readonly own: number } = bounds): ThreadSet {
  let followed = new Map<number, Followed>()
  let own: readonly number[] = []
  let lastOrder = ''

  const count = (isOwn: boolean): number => {
    let threads = 0
    for (const one of followed.values()) if (one.isOwn === isOwn) threads += one.threads.size
    return threads
  }

  function drop(process: Followed, tid: number): void {
    process.threads.get(tid)?.close()
    process.threads.delete(tid)
  }

  function list(process: Followed): void {
    process.isStale = false
    const tids = namesIn(`/proc/${process.pid}/task`).map(Number)
    const present = new Set(tids)
    for (const tid of process.threads.keys()) if (!present.has(tid)) drop(process, tid)
    let room = (process.isOwn ? most.own : most.senders) - count(process.isOwn)
    process.skipped = 0
    for (const tid of tids) {
      if (process.threads.has(tid)) continue
      const thread = room > 0 ? openSampledThread(process.pid, tid) : undefined
      if (thread !== undefined) {
        process.threads.set(tid, thread)
        room--
      } else if (room <= 0) process.skipped++
    }
    process.siblings = tids.length
  }

  /** The rank has changed and not all have room: it is given out anew. */
  function makeRoom(): void {
    for (const process of followed.values()) {
      if (process.isOwn) continue
      for (const tid of process.threads.keys()) drop(process, tid)
      process.isStale = true
    }
  }

  return {
    follow(senders, ours) {
      const before = followed
      followed = new Map()
      const wanted = [...senders.map((pid) => [pid, false] as const), ...ours.map((pid) => [pid, true] as const)]
      for (const [pid, isOwn] of wanted) {
        if (followed.has(pid)) continue
        const known = before.get(pid)
        const isKnown = known?.isOwn === isOwn
        followed.set(pid, isKnown ? known : { pid, isOwn, threads: new Map(), siblings: 0, skipped: 0, isStale: true })
        if (isKnown) before.delete(pid)
      }
      for (const gone of before.values()) for (const tid of gone.threads.keys()) drop(gone, tid)
      const order = [...followed.keys()].join(' ')
      if (order !== lastOrder && [...followed.values()].some((process) => process.skipped > 0)) makeRoom()
      lastOrder = order
      for (const process of followed.values()) if (process.isStale || process.skipped > 0) list(process)
    },
    sample() {
      const parts: string[] = []
      const ours: number[] = []
      for (const process of followed.values()) {
        if (process.isStale) list(process)
        for (const thread of process.threads.values()) {
          const part = thread.sample()
          if (part === undefined) {
            drop(process, thread.tid)
            process.isStale = true
            continue
          }
          parts.push(part)
          if (process.isOwn) ours.push(thread.tid)
          if (thread.tid === process.pid && thread.siblings !== process.siblings) process.isStale = true
        }
      }
      own = ours
      return parts.join(',')
    },
    get own() {
      return own
    },
    get sampled() {
      return count(false) + count(true)
    },
    get skipped() {
      let skipped = 0
      for (const process of followed.values()) skipped += process.skipped
      return skipped
    },
    threadsOf: (pid) => [...(followed.get(pid)?.threads.values() ?? [])],
    close() {
      for (const process of followed.values()) for (const tid of process.threads.keys()) drop(process, tid)
    },
  }
}
