// How long was a call off the CPU? For captures without enters (libs 0.22 and later), where no latency is to be had.
//
//   previous exit      leaves CPU            gets CPU         exit
//   ──────┼────────────────┼═════════════════════┼──────────────┼──▶
//                          └────── the wait ─────┘
//
// The wait of a call is taken to be the last stretch off the CPU between the thread's previous event and the exit. It is
// at most the call's real length when the thread left the CPU inside the call; it is more when it was pushed off the
// CPU in its own code just before, and it leaves out earlier stretches of a call that waited several times. Never is it
// longer than the time since the thread's previous event. A call that never left the CPU waited 0.

import type { Thread } from './thread-table.ts'

/** Nanoseconds off the CPU inside the call that ends at `at`; NaN when that cannot be known. */
export function waitOf(thread: Thread, at: number): number {
  const { lastEventAt, leftCpuAt, gotCpuAt } = thread
  // What came before the first event of a thread is not in the file.
  if (Number.isNaN(lastEventAt) || !thread.isSeenLeaving) return Number.NaN
  if (!(leftCpuAt >= lastEventAt)) return 0
  if (gotCpuAt >= leftCpuAt) return gotCpuAt - leftCpuAt
  // It left and was not seen to come back. A recorder that keeps this thread's own events only never shows that (it is
  // an event of whoever was there before): then the exit bounds the wait. Where it does, one is missing.
  return thread.isSeenComing ? Number.NaN : at - leftCpuAt
}
