// Runs one tool until told to stop: start, bytes, death, a pause, the next life. Knows no tool (that is its ToolSpec)
// and never throws at what a child does; everything it sees is told to the listener.
//
//   waiting ──▶ living ──▶ dead ──▶ waiting (0.5 s, 1 s, 2 s … 30 s; 0.5 s again after a good minute)
//      └── stop() ─┴──────────┴──▶ ended           dead without a byte and refused ──▶ absent, for good
//
// Silence is judged by a tick. If the tick itself comes late we stood still ourselves: that is told, and the time is
// not held against the child.

import { after, between, instantOf, millisecond, spanOf, type Instant } from '../time/instant.ts'
import { startChild, type Child } from './child.ts'
import type { OutputListener } from './output.ts'
import type { OwnClock } from './own-clock.ts'
import { createSpeech } from './speech.ts'
import { formatEnding, ownPart, type Ending, type ToolSpec } from './tool-spec.ts'

const tickMs = 250
/** Longer than this without reading its pipe, for whatever reason of ours, is told. */
const stallMs = 1000
/** A child that ended well although nobody told it to: perhaps a Ctrl-C for the whole group; stop() is on its way. */
const politeMs = 1000

/** What came of the first life: bytes, or an end without any. */
export type FirstWord =
  | { readonly kind: 'speaks'; readonly afterMs: number }
  | { readonly kind: 'failed'; readonly reason: string; readonly remedy: string | undefined }

export interface Supervised {
  readonly spec: ToolSpec
  readonly firstWord: Promise<FirstWord>
  pid(): number | undefined
  /** Stops reading its pipe: the child waits in write(), nothing queues here. What it then loses it counts itself. */
  pause(): void
  resume(): void
  /** Starts it again with its step-th narrowing; 0: all of it. Nothing where it is asked for just that, or has no such step. */
  narrow(step: number, because: string): void
  /** Idempotent; true for a child that is already dead, too. */
  stop(): Promise<void>
}

interface Life {
  readonly child: Child
  readonly startedAt: Instant
  heardAt: Instant
  isSilent: boolean
  hasSpoken: boolean
  beatAt: Instant
  beats: number
  /** Given up on by us, with the reason. */
  givenUp: string | undefined
}

export function supervise(spec: ToolSpec, clock: OwnClock, listener: OutputListener): Supervised {
  let life: Life | undefined
  let spoken = 0
  let waitMs = 0
  let wait: NodeJS.Timeout | undefined
  let saidWaiting: string | undefined
  let stopping: Promise<void> | undefined
  let pausedAt: Instant | undefined
  let ticked = clock.now()
  let poked = ticked
  let lifeEnded: Promise<void> = Promise.resolve()
  let hear: (word: FirstWord) => void = () => undefined
  const firstWord = new Promise<FirstWord>((resolve) => (hear = resolve))

  let step = 0

  const own = ownPart(spec)
  const say = (text: string): void => listener({ kind: 'said', ...own, at: clock.now(), text })
  const speech = createSpeech(spec, clock, listener)

  function asked(): ToolSpec {
    const argv = spec.narrowings?.[step - 1]?.argv
    return argv === undefined ? spec : { ...spec, argv }
  }

  function start(): void {
    wait = undefined
    const obstacle = spec.waitsFor?.()
    if (obstacle !== undefined) {
      if (obstacle !== saidWaiting) say(`${spec.tool} waits: ${obstacle}`)
      saidWaiting = obstacle
      wait = setTimeout(start, 1000)
      return
    }
    saidWaiting = undefined
    speech.begin()
    const now = clock.now()
    const child = startChild(asked(), { bytes, line: (text) => speech.line(text) })
    if (pausedAt !== undefined) child.pause()
    life = {
      child,
      startedAt: now,
      heardAt: now,
      isSilent: false,
      hasSpoken: false,
      givenUp: undefined,
      beatAt: now,
      beats: 0,
    }
    const begun = life
    lifeEnded = child.ended.then((ending) => bury(begun, ending))
  }

  function tellStarted(of: Life, at: Instant): void {
    of.hasSpoken = true
    spoken++
    const { tool, argv } = asked()
    const leavesOut = spec.narrowings?.[step - 1]?.leavesOut
    const { version = spec.version, detail, pids = [] } = speech.introduced ?? {}
    const told = detail === undefined ? spec.detail : `${detail}, by ${spec.detail}`
    const inside = pids.length === 0 ? {} : { inside: pids }
    const less = leavesOut === undefined ? {} : { leavesOut }
    listener({
      kind: 'started',
      ...own,
      at,
      pid: of.child.pid,
      tool,
      version,
      detail: told,
      argv,
      ...inside,
      ...less,
    })
    hear({ kind: 'speaks', afterMs: between(of.startedAt, at) / millisecond })
  }

  function bytes(chunk: Uint8Array): void {
    const at = clock.now()
    if (life === undefined) return
    life.heardAt = at
    life.isSilent = false
    if (!life.hasSpoken) tellStarted(life, at)
    listener({ kind: 'bytes', probe: spec.probe, at, life: spoken - 1, part: spec.part, bytes: chunk })
  }

  function bury(dead: Life, ending: Ending): void {
    speech.end()
    const at = clock.now()
    const { refused, cause } = speech
    const reason = dead.givenUp ?? sentenceOf(spec.process ?? spec.tool, ending, cause ?? refused?.reason)
    life = undefined
    const isOver = stopping !== undefined || spec.restart.kind === 'never' || ending.kind === 'stuck'
    if (!dead.hasSpoken) hear({ kind: 'failed', reason, remedy: refused?.remedy })
    if (!dead.hasSpoken && refused !== undefined && stopping === undefined) {
      listener({ kind: 'absent', ...own, at, reason, remedy: refused.remedy })
      finish()
      return
    }
    const ended = stopping === undefined ? reason : stoppedSentence(spec, ending)
    if (dead.hasSpoken || stopping === undefined)
      listener({ kind: 'ended', ...own, at, reason: ended, willRestart: !isOver })
    if (isOver) finish()
    else wait = setTimeout(start, nextWaitMs(dead, ending, at))
  }

  function nextWaitMs(dead: Life, ending: Ending, at: Instant): number {
    if (spec.restart.kind === 'never') return 0
    const { firstMs, mostMs, goodMs } = spec.restart
    const isGood = between(dead.startedAt, at) >= goodMs * millisecond
    waitMs = isGood || waitMs === 0 ? firstMs : Math.min(mostMs, waitMs * 2)
    return ending.kind === 'exited' && ending.code === 0 ? Math.max(waitMs, politeMs) : waitMs
  }

  function tick(): void {
    const now = clock.now()
    const late = between(ticked, now) - tickMs * millisecond
    ticked = now
    speech.tick()
    if (life === undefined) return
    if (late > stallMs * millisecond) {
      life.heardAt = instantOf(Math.min(now, after(life.heardAt, spanOf(late))))
      say(`whylate itself stood still for ${seconds(late)} and did not read ${spec.tool}; see its drops`)
    }
    if (spec.poke !== undefined && between(poked, now) >= spec.poke.everyMs * millisecond) {
      poked = now
      life.child.poke(spec.poke.signal)
    }
    beat(life, now)
    if (!life.hasSpoken && isQuietlyUp(life, now)) tellStarted(life, now)
    if (pausedAt === undefined && stopping === undefined) judgeSilence(life, now)
  }

  function isQuietlyUp(of: Life, now: Instant): boolean {
    if (spec.startsQuietlyAfterMs === undefined || speech.refused !== undefined) return false
    return speech.introduced !== undefined || between(of.startedAt, now) >= spec.startsQuietlyAfterMs * millisecond
  }

  /** Numbered in each life; what it does not read is dropped by its child. */
  function beat(of: Life, now: Instant): void {
    const { lifeline } = spec
    if (lifeline === undefined || between(of.beatAt, now) < lifeline.beatMs * millisecond) return
    of.beatAt = now
    of.child.tell(lifeline.beat(++of.beats))
  }

  function judgeSilence(of: Life, now: Instant): void {
    const allowed = spec.silence
    if (allowed === undefined || of.givenUp !== undefined) return
    const quiet = between(of.heardAt, now)
    if (quiet < (of.hasSpoken ? allowed.afterMs : allowed.firstMs) * millisecond) return
    if (!of.isSilent) listener({ kind: 'silent', ...own, at: now, since: of.heardAt })
    of.isSilent = true
    if (!allowed.restarts && quiet < (allowed.restartsAfterMs ?? Infinity) * millisecond) return
    of.givenUp = `${spec.tool} said nothing for ${seconds(quiet)} and was stopped`
    of.child.stop()
  }

  const ticking = setInterval(tick, tickMs).unref()

  function finish(): void {
    clearInterval(ticking)
    clearTimeout(wait)
    hear({ kind: 'failed', reason: `${spec.tool} was stopped before it said anything`, remedy: undefined })
  }

  async function end(): Promise<void> {
    clearTimeout(wait)
    life?.child.stop()
    await lifeEnded
    finish()
  }

  start()
  return {
    spec,
    firstWord,
    pid: () => life?.child.pid,
    pause() {
      pausedAt ??= clock.now()
      life?.child.pause()
    },
    resume() {
      if (pausedAt === undefined) return
      const stalled = between(pausedAt, clock.now())
      pausedAt = undefined
      if (life === undefined) return
      life.heardAt = clock.now()
      if (stalled > stallMs * millisecond)
        say(`whylate did not read ${spec.tool} for ${seconds(stalled)}: it could not keep up; see its drops`)
      life.child.resume()
    },
    narrow(wanted, because) {
      if (wanted === step || wanted > (spec.narrowings?.length ?? 0) || stopping !== undefined) return
      step = wanted
      if (life === undefined) return
      life.givenUp = `${spec.tool} is started anew: ${because}`
      life.child.stop()
    },
    stop: () => (stopping ??= end()),
  }
}

const seconds = (span: number): string => `${(span / 1e9).toFixed(1)} s`

function sentenceOf(tool: string, ending: Ending, because: string | undefined): string {
  return `${tool} ${formatEnding(ending)}${because === undefined ? '' : `: ${because}`}`
}

function stoppedSentence(spec: ToolSpec, ending: Ending): string {
  if (ending.kind === 'stuck') return `${spec.tool} ${formatEnding(ending)}`
  if (ending.kind === 'killed' && ending.signal === 'SIGKILL')
    return `stopped; ${spec.tool} did not obey SIGINT for ${seconds(spec.killAfterMs * 1e6)} and was killed`
  return 'stopped'
}
