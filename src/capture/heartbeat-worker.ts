// The thread of heartbeat.ts. Nothing else may run in it: its calls are the beats.

import { parentPort, workerData } from 'node:worker_threads'
import { beatUntilStopped, type BeatPlan } from './heartbeat.ts'

const { plan, stop } = workerData as { readonly plan: BeatPlan; readonly stop: Int32Array }
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
beatUntilStopped(plan, stop, (tid) => parentPort?.postMessage(tid))
