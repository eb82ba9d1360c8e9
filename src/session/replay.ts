// A bundle played back: the same engine, fed by the tape at the tape's own time.
//
//   replayAll    from beginning to end at once, the same on every machine: what report is made from
//   openReplay   for the screen: the session's interface, with a transport (pause, step, seek, speed)
//
// Going back is playing again from the beginning: an hour of a healthy host takes some seconds.

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { between, epochOf, instantAt, instantOf, type Instant, type Span } from '../time/instant.ts'
import { openBundle, type Bundle } from './bundle/bundle.ts'
import type { FinishedSession } from './finished.ts'
import type { LiveSession } from './live.ts'
import { openPlayer, type ReplaySettings } from './replay-player.ts'
import type { Snapshot, SnapshotRequest } from './snapshot.ts'

export interface Replayed {
  readonly snapshot: Snapshot
  readonly session: FinishedSession
  /** What is wrong with the bundle, in sentences. */
  readonly complaints: readonly string[]
  readonly remarks: readonly string[]
}

/** Everything at once. Throws a Fault (exit code 4) for what is no bundle. */
export async function replayAll(path: string, settings: ReplaySettings): Promise<Replayed> {
  const bundle = await openBundle(path)
  const player = openPlayer(bundle, settings)
  try {
    await player.playTo(Infinity, () => false)
    const session = player.finished()
    const snapshot = { ...player.engine.snapshot({ late: undefined }), overdue: session.overdue }
    const { complaints, remarks } = bundle
    return { snapshot, session, complaints: [...complaints], remarks }
  } finally {
    await player.close()
    await bundle.close()
  }
}

/** 1: as it was; Infinity: as fast as it goes. */
export type Speed = number

export interface Transport {
  readonly at: Instant
  readonly isPaused: boolean
  readonly isOver: boolean
  readonly speed: Speed
}

export interface ReplaySession extends LiveSession {
  readonly transport: Transport
  readonly bundle: Pick<Bundle, 'path' | 'manifest' | 'remarks' | 'complaints'>
  pause(): void
  resume(): void
  /** Forward by this much, and stays paused there. */
  step(by: Span): void
  seek(to: Instant): void
  setSpeed(speed: Speed): void
}

const sliceMs = 12
const restMs = 40
const snapshotMs = 200

/** Plays a bundle for a screen. Throws a Fault for what is no bundle. */
export async function openReplay(
  path: string,
  settings: ReplaySettings,
  begin: { readonly speed: Speed; readonly at: Instant | undefined },
): Promise<ReplaySession> {
  const bundle = await openBundle(path)
  const listeners = new Set<() => void>()
  let player = openPlayer(bundle, settings)
  let { speed } = begin
  let request: SnapshotRequest = { late: undefined }
  let isAsked = true
  let isPaused = false
  let target: Instant | undefined = begin.at
  let snapshot = player.engine.snapshot(request)
  let stopping: Promise<Snapshot> | undefined
  let clock = { tapeAt: player.now, wallMs: performance.now() }
  let postedMs = 0
  let wake: () => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const failure = new Promise<never>((_, reject) => (fail = reject))
  failure.catch(() => undefined)

  const rewound = (): void => {
    clock = { tapeAt: player.now, wallMs: performance.now() }
    wake()
  }

  function post(): void {
    snapshot = player.engine.snapshot(request)
    postedMs = performance.now()
    isAsked = false
    for (const listener of listeners) listener()
  }

  /** Where the tape should be by now. */
  function wanted(): number {
    if (target !== undefined) return target
    if (isPaused) return player.now
    return speed === Infinity ? Infinity : clock.tapeAt + (performance.now() - clock.wallMs) * 1e6 * speed
  }

  async function goBack(): Promise<void> {
    await player.close()
    player = openPlayer(bundle, settings)
  }

  async function run(): Promise<void> {
    while (stopping === undefined) {
      if (target !== undefined && target < player.now) await goBack()
      const aim = target
      const to = wanted()
      const startedMs = performance.now()
      const before = player.now
      const wasOver = player.isOver
      if (to > player.now || aim !== undefined) await player.playTo(to, () => performance.now() - startedMs > sliceMs)
      const isThere = aim !== undefined && target === aim && (player.isOver || player.now >= aim)
      if (isThere) {
        target = undefined
        rewound()
      }
      const hasMoved = player.now !== before || player.isOver !== wasOver
      const isDue = performance.now() - postedMs >= snapshotMs
      if (isAsked || isThere || (player.isOver && !wasOver) || (hasMoved && isDue)) post()
      if (!player.isOver && (target !== undefined || (!isPaused && speed === Infinity))) await nextTurn()
      else await Promise.race([sleep(restMs), new Promise<void>((resolve) => (wake = resolve))])
    }
  }

  const running = run().catch((error: unknown) => fail(error))

  async function end(): Promise<Snapshot> {
    wake()
    await running
    await player.close()
    await bundle.close()
    return snapshot
  }

  return {
    bundle,
    get transport() {
      return { at: player.now, isPaused, isOver: player.isOver, speed }
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    snapshot: () => snapshot,
    ask(asked) {
      request = asked
      isAsked = true
      wake()
    },
    pause() {
      isPaused = true
      wake()
    },
    resume() {
      isPaused = false
      rewound()
    },
    step(by) {
      isPaused = true
      target = instantOf(player.now + by)
      wake()
    },
    seek(to) {
      target = instantOf(
        Math.max(to, between(instantOf(0), instantAt(epochOf(BigInt(bundle.manifest.startedNs)), snapshot.origin))),
      )
      wake()
    },
    setSpeed(to) {
      speed = to
      rewound()
    },
    stop: () => (stopping ??= end()),
    failure,
  }
}
