// The engine as its owner sees it: bytes in, snapshots out, wherever it runs.

import { Worker } from 'node:worker_threads'
import type { ProbeOutput } from '../capture/output.ts'
import { spanOf } from '../time/instant.ts'
import type { EngineOptions } from './engine.ts'
import type { EngineMessage } from './engine-loop.ts'
import type { Snapshot, SnapshotRequest } from './snapshot.ts'

export interface EngineHost {
  take(output: ProbeOutput): void
  ask(request: SnapshotRequest): void
  snapshot(): Snapshot
  /** Called at each new snapshot; returns how to stop that. */
  subscribe(listener: () => void): () => void
  /** From here on no time passes: what comes too late is not overdue, its probe is gone. */
  hold(): void
  /** All input is in: the last snapshot. */
  end(): Promise<Snapshot>
  /** Rejects when the engine itself fails: a defect of ours. */
  readonly failure: Promise<never>
}

const emptySnapshot = (options: EngineOptions): Snapshot => ({
  version: 0,
  mode: options.mode,
  host: options.host,
  origin: options.origin,
  now: options.startedAt,
  runningFor: spanOf(0),
  probes: [],
  flows: [],
  overdue: [],
  late: [],
  digests: [],
  selected: undefined,
  beside: undefined,
  timeline: undefined,
  overall: undefined,
  blindSpots: [],
  own: { cpuShare: 0, rssBytes: 0, storeBytes: 0, budgetBytes: options.budgetBytes },
  marks: [],
  replay: undefined,
  fault: undefined,
})

export interface EnginePort {
  send(message: EngineMessage, bytes: ArrayBuffer | undefined): void
}

/** A host around whatever connect gives: its port takes what goes in, post and fail tell what comes out. */
export function hostOf(
  options: EngineOptions,
  connect: (post: (snapshot: Snapshot, isLast: boolean) => void, fail: (error: Error) => void) => EnginePort,
): EngineHost {
  const listeners = new Set<() => void>()
  let current = emptySnapshot(options)
  let finish: (snapshot: Snapshot) => void = () => {}
  let fail: (error: Error) => void = () => {}
  const last = new Promise<Snapshot>((resolve) => {
    finish = resolve
  })
  const failure = new Promise<never>((_, reject) => {
    fail = reject
  })
  const port = connect(
    (snapshot, isLast) => {
      current = snapshot
      for (const listener of listeners) listener()
      if (isLast) finish(snapshot)
    },
    (error) => fail(error),
  )
  return {
    take(output) {
      if (output.kind !== 'bytes') {
        port.send({ kind: 'output', output }, undefined)
        return
      }
      // A chunk of a pipe is a view on a larger buffer: what crosses over is a copy of its own bytes only.
      const bytes = new Uint8Array(output.bytes)
      port.send({ kind: 'output', output: { ...output, bytes } }, bytes.buffer)
    },
    ask: (request) => port.send({ kind: 'ask', request }, undefined),
    snapshot: () => current,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    hold: () => port.send({ kind: 'hold' }, undefined),
    end() {
      port.send({ kind: 'end' }, undefined)
      return Promise.race([last, failure])
    },
    failure,
  }
}

/** What is made here dies at once or lives long. Left alone, the room for the first kind grows to 48 MiB. */
const youngMb = 6

/** In a worker thread; needs the built program, since Node 20 runs no TypeScript. */
export function openEngineWorker(options: EngineOptions): EngineHost {
  return hostOf(options, (post, fail) => {
    const worker = new Worker(new URL('./engine-worker.js', import.meta.url), {
      workerData: options,
      resourceLimits: { maxYoungGenerationSizeMb: youngMb },
    })
    worker.on('message', (message: { readonly snapshot: Snapshot; readonly isLast: boolean }) =>
      post(message.snapshot, message.isLast),
    )
    worker.on('error', fail)
    return { send: (message, bytes) => worker.postMessage(message, bytes === undefined ? [] : [bytes]) }
  })
}
