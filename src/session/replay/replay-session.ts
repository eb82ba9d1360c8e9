// A bundle for a screen: read once, then a position in it that is moved, played and stepped.
//
//   reading ──end, or stopped──▶ paused at the end ◀──▶ playing ◀──▶ on the way to a position
//
// Without --speed it stands at its end, where all there is to say is said; with it, it plays from the beginning.

import { setTimeout as sleep } from 'node:timers/promises'
import { longestMark, type Mark } from '../../events/mark.ts'
import { before, epochOf, instantAt, instantOf, spanOf, type Instant, type Span } from '../../time/instant.ts'
import { openBundle, type Bundle } from '../../bundle/bundle.ts'
import type { UnpackSettings } from '../../bundle/tar-archive.ts'
import { appendMark, formatMarkLine, readMarks } from '../../bundle/mark-lines.ts'
import type { ReplaySettings } from './replay-player.ts'
import { openPosition, type ReplayPosition } from './replay-position.ts'
import { openReading } from './replay-reading.ts'
import type { WindowView } from '../../diagnose/finding.ts'
import type { Reading, ReplayView, Snapshot, SnapshotRequest } from '../../engine/snapshot.ts'
import { indexKeyOf, readIndex, windowsKept, writeIndex, type ReadingIndex } from './reading-index.ts'
import type { Transport } from './transport.ts'

export interface ReplaySession extends Transport {
  subscribe(listener: () => void): () => void
  snapshot(): Snapshot
  ask(request: SnapshotRequest): void
  /** A note at this moment; how it is kept, in a sentence. */
  note(text: string, at: Instant): Promise<string>
  readonly bundle: Pick<Bundle, 'path' | 'remarks' | 'complaints'>
  stop(): Promise<void>
  /** Rejects when the engine itself fails: a defect of ours. */
  readonly failure: Promise<never>
}

export interface ReplayBegin {
  /** Defined: it plays from the beginning, so many times as fast as it was. */
  readonly speed: number | undefined
  /** What a reading came to is kept beside the bundle by this version of the program, where it took so long or longer. */
  readonly index?: { readonly program: string; readonly fromMs: number }
}

const spanAt = (ns: number | undefined): Span | undefined => (ns === undefined ? undefined : spanOf(ns))

const sliceMs = 12
const restMs = 40
const snapshotMs = 200
/** Reading goes before drawing what will be drawn anew. */
const readingMs = 500
/** A stopped process is not behind when it goes on. */
const longestRestMs = 250

/** Throws a Fault for what is no bundle. */
export async function openReplay(
  path: string,
  settings: ReplaySettings,
  begin: ReplayBegin,
  opening: UnpackSettings = {},
): Promise<ReplaySession> {
  const bundle = await openBundle(path, opening)
  const { manifest } = bundle
  const origin = epochOf(BigInt(manifest.originNs))
  const startedAt = instantAt(epochOf(BigInt(manifest.startedNs)), origin)
  const windows = new Map<number, WindowView>()
  const reading = openReading(bundle, settings, (view) => {
    if (begin.index === undefined) return
    windows.set(view.late.number, view)
    windows.delete(view.late.number - windowsKept)
  })
  const key = begin.index === undefined ? undefined : await indexKeyOf(bundle, settings, begin.index.program)
  let known = key === undefined ? undefined : await readIndex(bundle, key)
  const { engine } = reading
  const listeners = new Set<() => void>()
  let marks: readonly Mark[] = await readMarks(bundle, origin)
  let position: ReplayPosition | undefined
  let request: SnapshotRequest = { late: undefined }
  let isPaused = true
  let speed = begin.speed ?? 1
  let at = startedAt
  let target: Instant | undefined
  let steppedMs = performance.now()
  let postedMs = performance.now()
  let isAsked = false
  let version = 0
  let isStopping = false
  let wake: () => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const failure = new Promise<never>((_, reject) => (fail = reject))
  failure.catch(() => undefined)

  /** A bundle that was made of files ends with its last packet: its player goes on until all has settled. */
  const lastPacket = (): number =>
    Math.max(engine.store.adverts.lastAt ?? -Infinity, engine.store.traffic.lastAt ?? -Infinity)
  const isImported = manifest.imported !== undefined
  const end = (): Instant =>
    instantOf(Math.max(startedAt, isImported && reading.progress === undefined ? lastPacket() : reading.now))
  const hasEnded = (): boolean => at >= end()
  const isReading = (): boolean => reading.progress !== undefined

  /** What the last reading came to, for as long as this one takes. */
  function madeBefore(index: ReadingIndex, progress: Reading): Snapshot {
    const { late, beside } = request
    const chosen = late ?? index.snapshot.late.at(-1)?.number
    const windowOf = (number: number | undefined): WindowView | undefined =>
      number === undefined ? undefined : index.windows.get(number)
    return {
      ...index.snapshot,
      version: ++version,
      marks,
      selected: windowOf(chosen),
      beside: windowOf(beside),
      replay: { ...replayView(), to: index.snapshot.now, reading: { ...progress, isAgain: true } },
    }
  }

  const replayView = (): ReplayView => ({
    path: bundle.path,
    from: startedAt,
    to: end(),
    isPaused: isPaused || isReading(),
    speed,
    reading: reading.progress,
    isSeeking: target !== undefined,
  })

  function made(): Snapshot {
    const { progress } = reading
    if (known !== undefined && progress !== undefined) return madeBefore(known, progress)
    const isAll = isReading() || hasEnded() || position === undefined
    const now = isReading() ? reading.now : at
    // The newest at or before the position, unless one is asked for.
    const chosen =
      request.late ?? (isReading() ? undefined : (engine.late.findLast((one) => one.at <= now)?.number ?? 0))
    const whole = engine.snapshot({ ...request, late: chosen })
    const scene = reading.sceneAt(at)
    const capture = scene?.probes.find((probe) => probe.name === 'tcpdump')?.state
    const isBlind = capture !== 'ok' && capture !== 'degraded'
    const sentBy = new Map(whole.flows.map(({ id, sender, guest }) => [id, { sender, guest }]))
    return {
      ...whole,
      version: ++version,
      host: manifest.host.name,
      now,
      runningFor: spanOf(now - startedAt),
      marks,
      replay: replayView(),
      ...(isAll || position === undefined
        ? {}
        : { flows: position.flows().map((flow) => ({ ...flow, ...sentBy.get(flow.id) })) }),
      ...(position === undefined || (isAll && !isImported) ? {} : { overdue: isBlind ? [] : position.overdue() }),
      ...(isAll || scene === undefined ? {} : { probes: scene.probes, own: { ...whole.own, ...scene.own } }),
    }
  }

  let snapshot = made()

  function post(): void {
    snapshot = made()
    postedMs = performance.now()
    isAsked = false
    for (const listener of listeners) listener()
  }

  const isDue = (): boolean => performance.now() - postedMs >= snapshotMs

  async function readAll(): Promise<void> {
    while (!isStopping && (await reading.readOn(sliceMs)))
      if (isAsked || performance.now() - postedMs >= readingMs) post()
    if (isStopping) return
    position = openPosition({
      store: engine.store,
      clockSteps: engine.evidence.clockSteps,
      interval: settings.interval ?? spanAt(manifest.settings.intervalNs),
      late: settings.late ?? spanAt(manifest.settings.lateNs),
    })
    if (begin.speed === undefined) {
      at = end()
      while (isImported && !position.goTo(at, sliceMs)) await sleep(0)
    } else isPaused = false
    steppedMs = performance.now()
    post()
    await keepIndex()
  }

  /** What took long is kept: of a whole reading, that stands at its end, of files that were not written to meanwhile. */
  async function keepIndex(): Promise<void> {
    const isWorthIt = begin.index !== undefined && reading.isWhole && reading.spentMs >= begin.index.fromMs
    const isWanted = isWorthIt && known === undefined && hasEnded()
    known = undefined
    if (isWanted && key !== undefined && key === (await indexKeyOf(bundle, settings, begin.index.program))) {
      const whole = { ...made(), selected: undefined, beside: undefined, timeline: undefined }
      await writeIndex(bundle, key, { snapshot: whole, windows: new Map(windows) })
    }
    windows.clear()
  }

  /** Moves as far as it has to by now; false when it stands. */
  function move(): boolean {
    const nowMs = performance.now()
    const passedMs = Math.min(nowMs - steppedMs, longestRestMs)
    steppedMs = nowMs
    if (position === undefined) return false
    const aim = target
    if (aim === undefined && isPaused) return false
    const to = aim ?? instantOf(Math.min(end(), at + passedMs * 1e6 * speed))
    // At its end the whole engine says it all.
    const isThere = (to >= end() && !isImported) || position.goTo(to, sliceMs)
    if (!isThere) {
      // What is played too fast for this machine is played as fast as it can.
      if (aim === undefined) at = position.now
      return true
    }
    at = to
    target = undefined
    const isAtEnd = hasEnded()
    if (isAtEnd) isPaused = true
    if (aim !== undefined || isAtEnd || isDue()) post()
    return !isPaused
  }

  async function run(): Promise<void> {
    await readAll()
    while (!isStopping) {
      const isMoving = move()
      if (isAsked) post()
      if (target !== undefined) {
        if (isDue()) post()
        await sleep(0)
        continue
      }
      const woken = new Promise<void>((resolve) => (wake = resolve))
      await (isMoving ? Promise.race([sleep(restMs), woken]) : woken)
    }
  }

  const change = (): void => {
    isAsked = true
    wake()
  }

  const running = run().catch((error: unknown) => fail(error))

  async function close(): Promise<void> {
    isStopping = true
    wake()
    await running
    await reading.close()
    await bundle.close()
  }
  let closing: Promise<void> | undefined

  return {
    bundle,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    snapshot: () => snapshot,
    ask(asked) {
      request = asked
      change()
    },
    play() {
      if (isReading()) return
      // From the end it begins anew.
      if (isPaused && hasEnded()) target = startedAt
      isPaused = !isPaused
      steppedMs = performance.now()
      change()
    },
    seek(to) {
      if (isReading()) return
      target = instantOf(Math.min(end(), Math.max(startedAt, to)))
      change()
    },
    step(by) {
      if (isReading()) return
      isPaused = true
      const from = target ?? at
      target = by > 0 ? nextOf(from) : previousOf(from)
      change()
    },
    setSpeed(to) {
      speed = to
      change()
    },
    stopReading() {
      reading.stop()
      wake()
    },
    async note(text, noted) {
      const mark: Mark = { at: noted, text: text.slice(0, longestMark) }
      marks = [...marks, mark].toSorted((a, b) => a.at - b.at)
      change()
      const why = bundle.isDirectory
        ? await appendMark(bundle.path, formatMarkLine(mark.at, mark.text, origin))
        : 'a packed bundle is not written to; unpack it with tar xzf to keep notes'
      return why === undefined
        ? `Noted, and kept in ${bundle.path}.`
        : `Noted for as long as this screen is open. It is not kept in ${bundle.path}: ${why}.`
    },
    stop: () => (closing ??= close()),
    failure,
  }

  /** The next advert, note, or begin of a blind spot. */
  function nextOf(from: Instant): Instant {
    const advert = engine.store.adverts.slices({ from: instantOf(from + 1), to: end() })[0]
    const moments = [
      advert?.at[advert.from] ?? Infinity,
      ...marks.map((mark) => mark.at).filter((one) => one > from),
      ...engine.evidence.blindSpots.map((spot) => spot.from).filter((one) => one > from),
    ]
    return instantOf(Math.min(end(), ...moments))
  }

  function previousOf(from: Instant): Instant {
    const moments = [
      engine.store.adverts.lastBefore(before(from, spanOf(1)))?.at ?? -Infinity,
      ...marks.map((mark) => mark.at).filter((one) => one < from),
      ...engine.evidence.blindSpots.map((spot) => spot.from).filter((one) => one < from),
    ]
    return instantOf(Math.max(startedAt, ...moments))
  }
}
