// A bundle in an engine, played as far as it is asked to: the engine is told the time by the tape, in steps of 50 ms, as it
// is told live by its clock. So the same bundle gives the same answer on every machine.

import {
  epochOf,
  instantAt,
  instantOf,
  millisecond,
  second,
  spanOf,
  type Epoch,
  type Instant,
  type Span,
} from '../../time/instant.ts'
import { readBlindSpots } from '../../bundle/blind-lines.ts'
import type { Bundle } from '../../bundle/bundle.ts'
import { beginOf, sourcesOf } from '../import/imported-sources.ts'
import type { Manifest } from '../../bundle/manifest.ts'
import { readTape, type TapeStep } from '../../bundle/tape.ts'
import { openEngine, type Engine, type EngineOptions } from '../../engine/engine.ts'
import { finishedSessionOf, type FinishedSession } from '../../engine/finished.ts'
import { openImportPlay, type ImportPlay } from '../import/import-play.ts'

export interface ReplaySettings {
  readonly budgetBytes: number
  /** Each instead of what the recording was made with. */
  readonly interval: Span | undefined
  readonly late: Span | undefined
  readonly vrid: number | undefined
  readonly onAdvert?: EngineOptions['onAdvert']
}

export interface Player {
  readonly engine: Engine
  /** Once it is over: all that it came to. */
  finished(): FinishedSession
  /** How far the tape has been played. */
  readonly now: Instant
  readonly isOver: boolean
  /** Plays on until the tape's time is `to`, or `isEnough`. */
  playTo(to: number, isEnough: () => boolean): Promise<void>
  /** Nothing is played any more: what is half known is as settled as it will be, and what was not read is a blind spot. */
  stopHere(): void
  close(): Promise<void>
}

const tickNs = 50 * millisecond
/** A hole in the tape is not ticked through for ever. */
const mostTicks = 2400

function engineOf(manifest: Manifest, settings: ReplaySettings): Engine {
  const origin = epochOf(BigInt(manifest.originNs))
  const { clocks } = manifest
  const { interfaces, filter, vrid, intervalNs, lateNs, parts, guests, link } = manifest.settings
  const spanAt = (ns: number | undefined): Span | undefined => (ns === undefined ? undefined : spanOf(ns))
  return openEngine({
    origin,
    mode: 'replay',
    host: manifest.host.name,
    startedAt: instantAt(epochOf(BigInt(manifest.startedNs)), origin),
    budgetBytes: settings.budgetBytes,
    interval: settings.interval ?? spanAt(intervalNs),
    late: settings.late ?? spanAt(lateNs),
    vrid: settings.vrid ?? vrid,
    links: interfaces.length > 1 ? interfaces : [],
    link,
    parts,
    ...(guests === undefined ? {} : { guests }),
    isHeartbeat: filter !== undefined,
    ...(settings.onAdvert === undefined ? {} : { onAdvert: settings.onAdvert }),
    ...(manifest.devices === undefined ? {} : { devices: manifest.devices }),
    clockPair:
      clocks === undefined
        ? undefined
        : { real: instantAt(epochOf(BigInt(clocks.realtimeNs)), origin), monotonicNs: Number(clocks.monotonicNs) },
  })
}

export function openPlayer(bundle: Bundle, settings: ReplaySettings): Player {
  return bundle.manifest.imported === undefined
    ? openTapePlayer(bundle, settings)
    : openImportedPlayer(bundle, bundle.manifest.imported, settings)
}

/** A bundle that was made of files has no tape: they are played as a report over the files plays them. */
function openImportedPlayer(
  bundle: Bundle,
  imported: NonNullable<Manifest['imported']>,
  settings: ReplaySettings,
): Player {
  const origin = epochOf(BigInt(bundle.manifest.originNs))
  const play = openImportPlay(sourcesOf(bundle, imported), {
    ...settings,
    origin,
    begins: beginOf(imported),
    host: bundle.manifest.host.name,
    onProgress: () => undefined,
    onDamage: () => undefined,
  })
  const steps = stepsOf(bundle, origin, play)
  let now = instantAt(beginOf(imported), origin)
  let isOver = false
  return {
    engine: play.engine,
    finished: () => play.finished(),
    get now() {
      return now
    },
    get isOver() {
      return isOver
    },
    async playTo(to, isEnough) {
      while (!isOver && now < to && !isEnough()) {
        const { value, done } = await steps.next()
        if (done === true) isOver = true
        else now = instantOf(Math.max(now, value))
      }
    },
    stopHere: () => play.stopHere(),
    async close() {
      await steps.return(undefined)
    },
  }
}

/** What could not be read of the files when the bundle was made is known from its beginning. */
async function* stepsOf(bundle: Bundle, origin: Epoch, play: ImportPlay): AsyncGenerator<Instant> {
  for (const spot of await readBlindSpots(bundle, origin)) play.engine.blind(spot)
  yield* play.steps()
}

function openTapePlayer(bundle: Bundle, settings: ReplaySettings): Player {
  const { manifest } = bundle
  const origin = epochOf(BigInt(manifest.originNs))
  const engine = engineOf(manifest, settings)
  const steps = readTape(bundle)
  const start = instantAt(epochOf(BigInt(manifest.startedNs)), origin)
  let now = start
  let ticked = start
  let next: TapeStep | undefined
  let isOver = false

  /** In steps, as live; a clock that was stepped back is followed at once. */
  function tickTo(at: Instant): void {
    if (at < ticked - second) ticked = at
    if (at - ticked > mostTicks * tickNs) ticked = instantOf(at - mostTicks * tickNs)
    while (ticked + tickNs <= at) {
      ticked = instantOf(ticked + tickNs)
      engine.tick(ticked)
    }
  }

  function take(step: TapeStep): void {
    now = step.at
    tickTo(step.at)
    if (step.kind === 'blind') engine.blind(step.spot)
    else if (step.kind === 'kept') engine.keepOnly(step.windows)
    else engine.take(step.output)
  }

  function finish(): void {
    isOver = true
    const { closed } = manifest
    const parts = manifest.settings.parts.map((part) => engine.heardOf('tcpdump', part) ?? now)
    now =
      closed === undefined
        ? instantOf(Math.max(now, ...parts))
        : instantOf(Math.max(now, instantAt(epochOf(BigInt(closed.atNs)), origin)))
    tickTo(now)
    engine.tick(now)
    engine.end()
  }

  function finished(): FinishedSession {
    const from = engine.firstPacketAt ?? start
    const heard = manifest.settings.parts.map((part) => engine.heardOf('tcpdump', part) ?? from)
    return finishedSessionOf(engine, {
      origin,
      host: manifest.host.name,
      vantage: manifest.vantage,
      from,
      to: instantOf(Math.max(from, ...heard)),
      overdue: engine.snapshot({ late: undefined }).overdue,
    })
  }

  return {
    engine,
    finished,
    get now() {
      return now
    },
    get isOver() {
      return isOver
    },
    async playTo(to, isEnough) {
      while (!isOver && !isEnough()) {
        if (next === undefined) {
          const { value, done } = await steps.next()
          if (done === true) {
            finish()
            return
          }
          next = value
        }
        if (next.at > to) {
          now = instantOf(Math.max(now, to))
          tickTo(now)
          return
        }
        take(next)
        next = undefined
      }
    },
    // All probes have come equally far, and nothing after it is shown.
    stopHere: () => engine.end(true),
    async close() {
      await steps.return(undefined)
    },
  }
}
