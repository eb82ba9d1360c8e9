// The engine with a clock: ticks ten times a second and hands out snapshots a few times a second. Runs in a worker, so
// that neither the screen waits for the data nor the data for the screen; in-process for tests.

import { openOwnClock } from '../capture/own-clock.ts'
import type { ProbeOutput } from '../capture/output.ts'
import { openEngine, type EngineOptions } from './engine.ts'
import type { Snapshot, SnapshotRequest } from './snapshot.ts'

export type EngineMessage =
  | { readonly kind: 'output'; readonly output: ProbeOutput }
  | { readonly kind: 'ask'; readonly request: SnapshotRequest }
  /** The probes are being stopped: what they still say is taken, but no more time passes. */
  | { readonly kind: 'hold' }
  | { readonly kind: 'end' }

export interface EngineLoop {
  on(message: EngineMessage): void
}

const tickMs = 50
const longestEndMs = 1500
/** At most five snapshots a second; an answer to a key goes out at the next tick. */
const snapshotEveryTicks = 4
/** Where one late advert follows the other, summing them up takes this part of the time and no more. */
const judgingShare = 0.1

/** `post` gets each snapshot; `isLast` on the one after `end`. */
export function runEngineLoop(options: EngineOptions, post: (snapshot: Snapshot, isLast: boolean) => void): EngineLoop {
  const clock = openOwnClock(options.origin)
  const engine = openEngine(options)
  let request: SnapshotRequest = { late: undefined }
  let ticks = 0
  let isAsked = true
  let judgesFromMs = 0

  function judge(): void {
    const begunMs = performance.now()
    if (begunMs < judgesFromMs || !engine.judge(false)) return
    const endedMs = performance.now()
    judgesFromMs = endedMs + (endedMs - begunMs) * (1 / judgingShare - 1)
  }

  const timer = setInterval(() => {
    ticks++
    if (ticks % (1000 / tickMs) === 0) clock.pair()
    engine.tick(clock.now())
    judge()
    if (!isAsked && ticks % snapshotEveryTicks !== 0) return
    isAsked = false
    post(engine.snapshot(request), false)
  }, tickMs)
  return {
    on(message) {
      switch (message.kind) {
        case 'output':
          engine.take(message.output)
          return
        case 'ask':
          request = message.request
          isAsked = true
          return
        case 'hold':
          clearInterval(timer)
          engine.tick(clock.now())
          return
        case 'end':
          clearInterval(timer)
          engine.end()
          // What nobody has summed up yet, as far as an operator who quits can be let wait.
          for (const endMs = performance.now() + longestEndMs; performance.now() < endMs && engine.judge(true););
          post(engine.snapshot(request), true)
      }
    },
  }
}
