// Between the session and React: holds the newest snapshot and the operator's choices, and answers with a frame.
//
// An overdue advert counts up here, between snapshots: the session's clock is carried on by our own. What is not heard
// of for long is not carried on for ever: an engine that has gone silent is a fault, not an advert that is late.

import type { WindowView } from '../diagnose/finding.ts'
import type { Snapshot, SnapshotRequest } from '../engine/snapshot.ts'
import type { Transport } from '../session/replay/transport.ts'
import { after, spanOf, type Instant } from '../time/instant.ts'
import { errandsOf, type Errand } from './errands.ts'
import { frameOf, viewOf, type Frame } from './frame.ts'
import type { Size } from './cells.ts'
import { commandOf } from './keys.ts'
import { reduce } from './reduce.ts'
import { requestOf } from './request.ts'
import { layoutOf } from './timeline/layout.ts'
import type { ExportForm } from './prompt.ts'
import { initialState, keyPlaceOf, shownOf, type ScreenState, type Stage } from './state.ts'
import type { Command } from './command.ts'

/** What the screen needs of a session. */
export interface SnapshotSource {
  /** Calls back when there is a new snapshot; returns what ends that. */
  subscribe(listener: () => void): () => void
  snapshot(): Snapshot
  ask(request: SnapshotRequest): void
  /** Keeps the operator's note; how, in a sentence. */
  note(text: string, at: Instant): Promise<string>
  /** Only of a replay. */
  readonly transport?: Transport | undefined
}

/** Writes a window to a file; where, or why not, in a sentence. */
export type ExportWindow = (view: WindowView, snapshot: Snapshot, form: ExportForm) => Promise<Exported>

export interface Exported {
  readonly sentence: string
  readonly isWritten: boolean
}

/** What concerns the terminal. */
type Outward = Extract<Errand, { kind: 'quit' | 'suspend' | 'repaint' }>['kind']

export interface LiveFrame {
  readonly subscribe: (listener: () => void) => () => void
  /** The same object until something changes. */
  readonly frame: () => Frame
  readonly press: (key: string) => void
  /** After a resize. */
  readonly redraw: () => void
  readonly close: () => void
}

export interface LiveFrameParts {
  readonly source: SnapshotSource
  size(): Size
  readonly form: 'utf8' | 'ascii'
  readonly exportWindow: ExportWindow
  onCommand(kind: Outward): void
  /** A defect of ours that came of an errand. */
  onDefect(defect: unknown): void
  /** Monotonic, milliseconds. */
  nowMs(): number
}

/** While something is overdue, so often; else only so that the running time goes on. */
const countingMs = 200
const restingMs = 1000
/** Rates, gaps and counts: over a slow line each frame is a few hundred bytes, so they wait for one another. */
const figuresMs = 400
/** The clock of a replay that plays. */
const playingMs = 200
/** A live session tells at least each second how long it has been running. */
const silenceMs = 5000

/** The snapshot as it would be now; a replay has a clock of its own. */
function carriedOn(snapshot: Snapshot, ageMs: number): Snapshot {
  if (snapshot.mode === 'replay') return snapshot
  const fault =
    ageMs < silenceMs
      ? snapshot.fault
      : `No news from the engine for ${(ageMs / 1000).toFixed(0)} s: what stands below is as old as that.`
  const by = spanOf(ageMs < silenceMs ? ageMs * 1e6 : 0)
  return { ...snapshot, now: after(snapshot.now, by), runningFor: spanOf(snapshot.runningFor + by), fault }
}

/** What is drawn at once when it changes. */
function headlineOf({
  late,
  overdue,
  selected,
  beside,
  timeline,
  probes,
  flows,
  fault,
  marks,
  replay,
}: Snapshot): string {
  return JSON.stringify([
    marks.length,
    replay === undefined ? undefined : [replay.isPaused, replay.speed, replay.isSeeking, replay.reading === undefined],

    late.length,
    late.at(-1)?.number,
    overdue.map((one) => one.flow),
    [
      timeline?.from,
      timeline?.to,
      timeline?.columns,
      timeline?.events?.from,
      timeline?.events?.lane,
      beside?.late.number,
    ],
    [selected?.late.number, selected?.late.wire, selected?.late.isSettled, selected?.facts.length],
    probes.map((probe) => probe.state),
    flows.map((flow) => flow.state),
    fault,
  ])
}

export function createLiveFrame(parts: LiveFrameParts): LiveFrame {
  const { source } = parts
  const listeners = new Set<() => void>()
  let state: ScreenState = initialState
  let latest = source.snapshot()
  let heardMs = parts.nowMs()
  let headline = headlineOf(latest)
  let made: Frame | undefined
  let drawnMs = heardMs
  let timer: NodeJS.Timeout | undefined
  let timerMs = Infinity
  let turn: NodeJS.Immediate | undefined
  let asked = JSON.stringify({ late: undefined })

  const current = (): Snapshot => carriedOn(latest, parts.nowMs() - heardMs)
  const frame = (): Frame => (made ??= frameOf(current(), state, parts.size(), parts.form))
  const stage = (): Stage => ({
    snapshot: current(),
    columns: layoutOf(parts.size().columns - 1).columns,
    pageRows: frame().pageRows,
    scrollRows: frame().scrollRows,
  })
  const drawWithin = (ms: number): void => {
    const at = parts.nowMs() + ms
    if (timerMs <= at) return
    clearTimeout(timer)
    timerMs = at
    timer = setTimeout(drawSoon, ms)
  }
  /** A replay tells of each of its moments itself. */
  function drawByItself(): void {
    if (latest.mode === 'live') drawWithin(latest.overdue.length > 0 ? countingMs : restingMs)
  }
  /** A frame that nobody asked for lets the keys go first that have come meanwhile; theirs then shows what it would have. */
  function drawSoon(): void {
    clearTimeout(timer)
    timerMs = Infinity
    turn ??= setImmediate(draw)
  }
  function draw(): void {
    clearTimeout(timer)
    clearImmediate(turn)
    turn = undefined
    timerMs = Infinity
    made = undefined
    drawnMs = parts.nowMs()
    for (const listener of listeners) listener()
    drawByItself()
  }
  const hear = (): void => {
    const snapshot = source.snapshot()
    if (snapshot === latest) return
    latest = snapshot
    heardMs = parts.nowMs()
    askAnew()
    const told = headline
    headline = headlineOf(snapshot)
    const restMs = snapshot.mode === 'replay' ? playingMs : figuresMs
    if (headline === told) drawWithin(Math.max(0, restMs - (heardMs - drawnMs)))
    else draw()
  }
  /** What is wanted now, once. */
  const askAnew = (): void => {
    const wanted = requestOf(latest, state, parts.size())
    const key = JSON.stringify(wanted)
    if (key === asked) return
    asked = key
    source.ask(wanted)
  }
  const say = (text: string, isWrong: boolean): void => carryOut({ kind: 'say', said: { text, isWrong } })
  const writeWindow = async (form: ExportForm): Promise<void> => {
    const view = viewOf(latest, state)
    if (view === undefined) {
      say('The window is still being read: press e again.', true)
      return
    }
    const { sentence, isWritten } = await parts.exportWindow(view, shownOf(current(), state), form)
    say(sentence, !isWritten)
  }
  const later = (work: Promise<void>): void => void work.catch((defect: unknown) => parts.onDefect(defect))
  const run = (errand: Errand): void => {
    const { transport } = source
    switch (errand.kind) {
      case 'quit':
      case 'suspend':
      case 'repaint':
        return parts.onCommand(errand.kind)
      case 'play':
        return transport?.play()
      case 'seek':
        return transport?.seek(errand.to)
      case 'moment':
        return transport?.step(errand.by)
      case 'speed':
        return transport?.setSpeed(errand.to)
      case 'stop-reading':
        return transport?.stopReading()
      case 'note':
        return later(source.note(errand.text, errand.at).then((sentence) => say(sentence, false)))
      case 'export':
        return later(writeWindow(errand.form))
    }
  }
  function carryOut(command: Command): void {
    const before = state
    const on = stage()
    state = reduce(state, command, on)
    for (const errand of errandsOf(command, before, state, on.snapshot)) run(errand)
    if (state === before) return
    askAnew()
    draw()
  }

  const unsubscribe = source.subscribe(hear)
  drawByItself()
  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    frame,
    redraw() {
      askAnew()
      draw()
    },
    press(key) {
      const command = commandOf(key, keyPlaceOf(latest, state))
      if (command !== undefined) carryOut(command)
    },
    close() {
      clearTimeout(timer)
      clearImmediate(turn)
      unsubscribe()
      listeners.clear()
    },
  }
}
