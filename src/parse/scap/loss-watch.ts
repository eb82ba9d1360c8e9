// Has the recorder lost events? A full ring buffer leaves no mark in the stream; what is left are stories that do not
// add up:
//
//   lone exit      a call ends that never began
//   open enter     a thread enters a call while another one of it is still open
//   broken chain   a CPU goes to thread A, and again a CPU goes to A, which has not left the first one
//
// (Chains are followed by thread and not by CPU, because the modern BPF recorder writes CPU 0 for all of them.)
//
// The same happens where nothing was lost, and that must not be called loss. Capture start: what a thread does first
// proves nothing. Filters by process: their threads pair and chain perfectly, of the others little is seen; so a thread
// earns trust by clean pairs and links, and only a trusted one's oddity is evidence. Filters by kind, latency or
// direction: they leave exits without enters or enters without exits, never both in like numbers; so both together are
// evidence without trust. A burst is told when it holds enough of it. What this cannot see is a hole in which
// everything is missing and every thread comes back as it left.

import { after, instantOf, spanOf, type Instant } from '../../time/instant.ts'
import type { Thread } from './thread-table.ts'

/** Oddities closer than this belong to one burst; a longer burst is told in parts of this length. */
const burst = spanOf(100e6)
/** Fewer oddities of trusted threads in a burst are let pass. */
const fewest = 3
/** Without trust: so many of each direction, and of neither more than this many times the other. */
const fewestEachWay = 5
const mostUneven = 4

/** Clean pairs or links in a row that make a thread trusted. */
const trusted = 16
const mostTrust = 64
/** What one oddity costs: who is odd more than once in some thirty times is not trusted. */
const costOfOddity = 32
/** After a burst that was told oddities cost nothing: they are the recorder's, not the thread's. */
const costlessAfter = spanOf(2e9)

/** Counted over all threads, trusted or not. */
export interface Oddities {
  readonly loneExits: number
  readonly openEnters: number
  readonly brokenChains: number
}

class Tally {
  lone = 0
  open = 0
  broken = 0

  get total(): number {
    return this.lone + this.open + this.broken
  }

  clear(): void {
    this.lone = 0
    this.open = 0
    this.broken = 0
  }
}

export class LossWatch implements Oddities {
  readonly #tell: (at: Instant, events: number) => void
  loneExits = 0
  openEnters = 0
  brokenChains = 0
  /** Of the burst at hand: its first and last oddity, all of them, and those of trusted threads. */
  #from: Instant = instantOf(Number.NaN)
  #last: Instant = instantOf(Number.NaN)
  readonly #all = new Tally()
  readonly #evidence = new Tally()
  #costlessUntil: Instant = instantOf(Number.NEGATIVE_INFINITY)

  /** `tell`: events were lost shortly before `at`, at least so many. */
  constructor(tell: (at: Instant, events: number) => void) {
    this.#tell = tell
  }

  paired(thread: Thread): void {
    if (thread.pairTrust < mostTrust) thread.pairTrust++
  }

  loneExit(thread: Thread, at: Instant): void {
    this.#odd(at)
    this.loneExits++
    this.#all.lone++
    if (this.#spendPairTrust(thread, at)) this.#evidence.lone++
  }

  openEnter(thread: Thread, at: Instant): void {
    this.#odd(at)
    this.openEnters++
    this.#all.open++
    if (this.#spendPairTrust(thread, at)) this.#evidence.open++
  }

  /** A CPU goes from one thread to another. To be called before the threads note it. */
  switched(from: Thread | undefined, to: Thread | undefined, at: Instant): void {
    if (from !== undefined && from.gotCpuAt >= from.leftCpuAt) {
      if (from.chainTrust < mostTrust) from.chainTrust++
      // Two CPUs' events came in the wrong order (it happens within microseconds): nothing was missing after all.
      if (at < from.gotCpuAt) this.#recant()
    }
    if (to !== undefined && to.gotCpuAt > to.leftCpuAt) this.#comesTwice(to, at)
  }

  /** Any event: tells the burst once it is over. */
  pass(at: Instant): void {
    if (at - this.#from > burst) this.flush()
  }

  /** Tells the burst at hand, if it deserves it. */
  flush(): void {
    if (this.#isLoss()) {
      this.#costlessUntil = after(this.#last, costlessAfter)
      this.#tell(this.#last, Math.max(this.#all.lone + this.#all.open, this.#evidence.total))
    }
    this.#from = instantOf(Number.NaN)
    this.#all.clear()
    this.#evidence.clear()
  }

  #isLoss(): boolean {
    const { lone, open } = this.#all
    const less = Math.min(lone, open)
    if (less >= fewestEachWay && less * mostUneven >= Math.max(lone, open)) return true
    const { lone: trustedLone, open: trustedOpen, broken, total } = this.#evidence
    return total >= fewest && (broken > 0 || (trustedLone > 0 && trustedOpen > 0))
  }

  #comesTwice(thread: Thread, at: Instant): void {
    this.#odd(at)
    this.brokenChains++
    this.#all.broken++
    if (thread.chainTrust >= trusted) this.#evidence.broken++
    if (at > this.#costlessUntil) thread.chainTrust = Math.max(0, thread.chainTrust - costOfOddity)
  }

  #recant(): void {
    if (this.#all.broken === 0) return
    this.brokenChains--
    this.#all.broken--
    if (this.#evidence.broken > 0) this.#evidence.broken--
  }

  /** Whether the thread was trusted; its oddity costs it trust. */
  #spendPairTrust(thread: Thread, at: Instant): boolean {
    const wasTrusted = thread.pairTrust >= trusted
    if (at > this.#costlessUntil) thread.pairTrust = Math.max(0, thread.pairTrust - costOfOddity)
    return wasTrusted
  }

  #odd(at: Instant): void {
    this.pass(at)
    if (Number.isNaN(this.#from)) this.#from = at
    this.#last = at
  }
}
