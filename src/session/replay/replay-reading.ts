// A bundle read once, from its beginning to its end or to where the operator stops it. After that everything is known: all
// late adverts with their windows, and in the store the adverts from which the flows of any moment follow.
//
//   tape ─▶ player (the whole engine) ─▶ late adverts, windows, digests     of the whole recording
//                   └── once a second: how the probes were ─▶ a row of scenes

import { setImmediate as nextTurn } from 'node:timers/promises'
import { second, type Instant } from '../../time/instant.ts'
import type { Bundle } from '../../bundle/bundle.ts'
import type { WindowView } from '../../diagnose/finding.ts'
import type { Engine } from '../../engine/engine.ts'
import { openPlayer, type ReplaySettings } from './replay-player.ts'
import type { OwnUse, ProbeView, Reading } from '../../engine/snapshot.ts'

/** How the probes were, from then on. */
export interface Scene {
  readonly at: Instant
  readonly probes: readonly ProbeView[]
  readonly own: OwnUse
}

export interface ReplayReading {
  readonly engine: Engine
  /** How far it has been read. */
  readonly now: Instant
  /** Undefined once it is over. */
  readonly progress: Reading | undefined
  /** How much of the recording was read, 0 to 1. */
  readonly share: number
  /** Nobody stopped it before its end. */
  readonly isWhole: boolean
  /** What it has taken so far. */
  readonly spentMs: number
  /** Reads on for a slice of time; false once it is over. */
  readOn(sliceMs: number): Promise<boolean>
  /** What has been read until now is all there is. */
  stop(): void
  sceneAt(at: Instant): Scene | undefined
  close(): Promise<void>
}

const mostScenes = 4000
/** Reading is most of the work; summing up the late adverts is the rest. */
const readingPart = 0.95

/** `onJudged`: told of the window of each late advert, once all is read. */
export function openReading(
  bundle: Bundle,
  settings: ReplaySettings,
  onJudged: (view: WindowView) => void = () => undefined,
): ReplayReading {
  const player = openPlayer(bundle, settings)
  const { engine } = player
  let scenes: Scene[] = []
  let sceneEvery: number = second
  let isOver = false
  let share = 0
  let readMs = 0
  let judged = 0

  function look(): void {
    const at = player.now
    const last = scenes.at(-1)
    if (last !== undefined && at - last.at < sceneEvery) return
    const { probes, own } = engine.snapshot({ late: 0 })
    scenes.push({ at, probes, own })
    if (scenes.length <= mostScenes) return
    scenes = scenes.filter((_, index) => index % 2 === 0)
    sceneEvery *= 2
  }

  const shareRead = (): number => Math.min(1, bundle.readBytes / Math.max(1, bundle.sizeBytes))

  function progress(): Reading | undefined {
    if (isOver) return undefined
    const count = Math.max(1, engine.late.length)
    const done = player.isOver ? readingPart + (1 - readingPart) * (judged / count) : readingPart * shareRead()
    const leftMs = done > 0 ? (readMs / done) * (1 - done) : 0
    return { share: done, bytesPerSecond: readMs > 0 ? (bundle.readBytes / readMs) * 1000 : 0, leftMs }
  }

  function finish(): void {
    if (isOver) return
    share = player.isOver ? 1 : shareRead()
    if (!player.isOver) player.stopHere()
    isOver = true
  }

  return {
    engine,
    get now() {
      return player.now
    },
    get progress() {
      return progress()
    },
    get share() {
      return share
    },
    get isWhole() {
      return isOver && player.isOver && judged >= engine.late.length
    },
    get spentMs() {
      return readMs
    },
    async readOn(sliceMs) {
      if (isOver) return false
      const startedMs = performance.now()
      const isEnough = (): boolean => isOver || performance.now() - startedMs > sliceMs
      const looked = (): boolean => {
        look()
        return isEnough()
      }
      if (!player.isOver) await player.playTo(Infinity, looked)
      while (player.isOver && !isEnough()) {
        const view = engine.judge(true)
        if (view === undefined) finish()
        else {
          judged++
          onJudged(view)
        }
      }
      readMs += performance.now() - startedMs
      // Keys and frames have their turn.
      await nextTurn()
      return !isOver
    },
    stop: finish,
    sceneAt: (at) => scenes.findLast((one) => one.at <= at) ?? scenes[0],
    close: () => player.close(),
  }
}
