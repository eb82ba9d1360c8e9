// Between the session and React: holds the newest snapshot and the operator's choices, and answers with a frame.
//
// An overdue advert counts up here, between snapshots: the session's clock is carried on by our own. What is not heard
// of for long is not carried on for ever: an engine that has gone silent is a fault, not an advert that is late.

import type { Snapshot, SnapshotRequest } from '../session/snapshot.ts'
import { after, spanOf } from '../time/instant.ts'
import { frameOf, type Frame, type Size } from './frame.ts'
import { commandOf } from './keys.ts'
import { initialState, keyPaneOf, reduce, type Command, type ScreenState, type Stage } from './state.ts'

/** What the screen needs of a session. */
export interface SnapshotSource {
  /** Calls back when there is a new snapshot; returns what ends that. */
  subscribe(listener: () => void): () => void
  snapshot(): Snapshot
  ask(request: SnapshotRequest): void
}

/** What the reducer does not carry out. */
type Outward = Extract<Command, { kind: 'quit' | 'suspend' | 'repaint' }>['kind']

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
  onCommand(kind: Outward): void
  /** Monotonic, milliseconds. */
  nowMs(): number
}

/** While something is overdue, so often; else only so that the running time goes on. */
const countingMs = 200
const restingMs = 1000
/** Rates, gaps and counts: a frame of 120 × 40 costs Ink 20 to 30 ms, so they wait for one another. */
const figuresMs = 400
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
function headlineOf({ late, overdue, selected, probes, flows, fault }: Snapshot): string {
  return JSON.stringify([
    late.length,
    late.at(-1)?.number,
    overdue.map((one) => one.flow),
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

  const current = (): Snapshot => carriedOn(latest, parts.nowMs() - heardMs)
  const frame = (): Frame => (made ??= frameOf(current(), state, parts.size(), parts.form))
  const stage = (): Stage => ({ snapshot: current(), pageRows: frame().pageRows, scrollRows: frame().scrollRows })
  const drawWithin = (ms: number): void => {
    const at = parts.nowMs() + ms
    if (timerMs <= at) return
    clearTimeout(timer)
    timerMs = at
    timer = setTimeout(draw, ms)
  }
  function draw(): void {
    clearTimeout(timer)
    timerMs = Infinity
    made = undefined
    drawnMs = parts.nowMs()
    for (const listener of listeners) listener()
    drawWithin(latest.overdue.length > 0 ? countingMs : restingMs)
  }
  const hear = (): void => {
    const snapshot = source.snapshot()
    if (snapshot === latest) return
    latest = snapshot
    heardMs = parts.nowMs()
    const told = headline
    headline = headlineOf(snapshot)
    if (headline === told) drawWithin(Math.max(0, figuresMs - (heardMs - drawnMs)))
    else draw()
  }
  const carryOut = (command: Command): void => {
    switch (command.kind) {
      case 'quit':
      case 'suspend':
      case 'repaint':
        parts.onCommand(command.kind)
        return
      case 'step':
      case 'newest':
      case 'oldest':
      case 'open':
      case 'close':
      case 'scroll':
      case 'pause':
      case 'help':
        break
    }
    const before = state
    state = reduce(state, command, stage())
    if (state === before) return
    if (state.selected !== before.selected) source.ask({ late: state.selected })
    draw()
  }

  const unsubscribe = source.subscribe(hear)
  drawWithin(latest.overdue.length > 0 ? countingMs : restingMs)
  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    frame,
    redraw: draw,
    press(key) {
      const command = commandOf(key, keyPaneOf(state))
      if (command !== undefined) carryOut(command)
    },
    close() {
      clearTimeout(timer)
      unsubscribe()
      listeners.clear()
    },
  }
}
