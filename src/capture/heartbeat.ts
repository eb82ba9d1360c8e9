// The sysdig heartbeat: a thread of ours that writes to /dev/null, so that the scap stream moves and proves it is alive.
//
// `sysdig -w -` leaves in pieces of 8192 bytes, whenever they are full. A burst that is larger than a piece therefore
// pushes out everything that happened before it. Each burst makes (calls * bytes of one call in the file) >= 8192:
//
//   one write of N bytes:   enter 56 + exit 52+N   (sysdig 0.29, 0.36)        exit only 68+N   (0.41)
//   block 8 | cpu 2 | header 26 | 2 per parameter | parameters | padding to 4 | length 4
//
// With N = 160 and a burst each 100 ms an event is at most 100 ms old when it leaves, for 36 calls a burst. The bytes
// written say which burst it is, so a missing beat is a blind spot with an exact place. Runs in a worker thread: one
// tid, found in /proc/thread-self, that the filter keeps, and no other call of ours is mixed into it.

import { closeSync, openSync, readlinkSync, writeSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { snapBytes } from './sysdig.ts'

/** What zlib's gzwrite gathers before it writes. */
const pieceBytes = 8192

export interface BeatPlan {
  readonly periodMs: number
  readonly callsPerBurst: number
  readonly bytesPerCall: number
}

const padded = (bytes: number): number => Math.ceil(bytes / 4) * 4

/** What one write of `dataBytes` (at most the snap length) takes in the file. */
export function bytesInFile(dataBytes: number, isExitOnly: boolean): number {
  const block = (parameters: number, bytes: number): number => padded(8 + 2 + 26 + 2 * parameters + bytes) + 4
  // Enter: fd 8, size 4. Exit: result 8, data. Newer exits repeat fd and size.
  return isExitOnly ? block(4, 8 + dataBytes + 8 + 4) : block(2, 8 + 4) + block(2, 8 + dataBytes)
}

/** Enough for a burst to push all that came before it, in the form that takes the fewest bytes. */
export function beatPlanOf(periodMs: number): BeatPlan {
  return { periodMs, callsPerBurst: Math.ceil(pieceBytes / bytesInFile(snapBytes, true)), bytesPerCall: snapBytes }
}

/** `whylate beat 17 at 5342123456789` (CLOCK_MONOTONIC, ns), filled up with blanks. */
export function writeBurst(fd: number, plan: BeatPlan, beat: number): void {
  const text = `whylate beat ${beat} at ${process.hrtime.bigint()}`.padEnd(plan.bytesPerCall)
  const bytes = Buffer.from(text, 'latin1')
  for (let call = 0; call < plan.callsPerBurst; call++) writeSync(fd, bytes)
}

/** The body of the worker: beats until `stop[0]` is no longer 0. Blocks its thread. */
export function beatUntilStopped(plan: BeatPlan, stop: Int32Array, ready: (tid: number) => void): void {
  const fd = openSync('/dev/null', 'w')
  ready(ownTid())
  let next = performance.now() + plan.periodMs
  for (let beat = 0; Atomics.wait(stop, 0, 0, Math.max(0, next - performance.now())) === 'timed-out'; beat++) {
    writeBurst(fd, plan, beat)
    // A host that stood still does not get the missed beats at once: their absence is the information.
    next = Math.max(next + plan.periodMs, performance.now())
  }
  closeSync(fd)
}

/** `/proc/thread-self` -> `4711/task/4715` */
export function ownTid(): number {
  return Number(readlinkSync('/proc/thread-self').split('/').at(-1))
}

export interface Heartbeat {
  readonly tid: number
  readonly plan: BeatPlan
  close(): Promise<void>
}

/** Rejects where a worker thread cannot be started. */
export function openHeartbeat(plan: BeatPlan): Promise<Heartbeat> {
  // Node 20 runs no TypeScript in a worker: from source (in tests) the beats come from the main thread.
  if (import.meta.url.endsWith('.ts')) return Promise.resolve(openTimedHeartbeat(plan))
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL('./heartbeat-worker.js', import.meta.url), {
    workerData: { plan, stop },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  })
  worker.unref()
  const ended = new Promise<void>((resolve) => void worker.once('exit', () => resolve()))
  return new Promise((resolve, reject) => {
    worker.once('error', reject)
    worker.once('message', (tid: number) => {
      resolve({
        tid,
        plan,
        close() {
          Atomics.store(stop, 0, 1)
          Atomics.notify(stop, 0)
          return ended
        },
      })
    })
  })
}

function openTimedHeartbeat(plan: BeatPlan): Heartbeat {
  const fd = openSync('/dev/null', 'w')
  let beat = 0
  const timer = setInterval(() => writeBurst(fd, plan, beat++), plan.periodMs).unref()
  return {
    tid: ownTid(),
    plan,
    close() {
      clearInterval(timer)
      closeSync(fd)
      return Promise.resolve()
    },
  }
}
