// Files that others captured, played through the engine: in which order, and what is missing.
//
//   host, iostat   first: they are small, and clock steps must be known before the packets
//   pcap           all of them side by side, always the one that is behind, so that they merge in order of time
//   log            then: its lines are held against the gaps
//   scap, sysdig   last: the late adverts are known by now, and what lies around them is kept when memory runs short
//
// What a file does not cover is a blind spot: before it begins, behind its end, and where it is damaged. What is not
// given at all is said as a probe that is absent, so that no verdict rests on what nobody looked at. The files of a
// bundle that was made of them are played in the same way: so both say the same.

import type { BlindSpot, ProbeName } from '../../events/probe.ts'
import type { Overdue } from '../../diagnose/finding.ts'
import {
  after,
  instantAt,
  instantOf,
  second,
  spanOf,
  type Epoch,
  type Instant,
  type Span,
  type Window,
} from '../../time/instant.ts'
import { coveredBy, tellOpen, type Covered } from './coverage.ts'
import { openEngine, type Engine, type EngineOptions } from '../../engine/engine.ts'
import { finishedSessionOf, type FinishedSession } from '../../engine/finished.ts'
import { kernelPlays } from './kernel-plays.ts'
import { partNames, type Source } from './import-sources.ts'
import { playFile, type Play, type OnProgress } from './play-file.ts'

export interface ImportPlaySettings {
  /** The machine, for a screen that shows it from the beginning. */
  readonly host: string
  readonly origin: Epoch
  /** The first packet. */
  readonly begins: Epoch
  readonly interval: Span | undefined
  readonly late: Span | undefined
  readonly vrid: number | undefined
  readonly budgetBytes: number
  readonly onAdvert?: EngineOptions['onAdvert']
  readonly onProgress: OnProgress
  readonly onDamage: (spot: BlindSpot) => void
}

export interface ImportPlay {
  readonly engine: Engine
  /** Plays it all; yields how far it has come after each piece. */
  steps(): AsyncGenerator<Instant>
  /** Nothing is played any more: what has not been read until now is a blind spot. */
  stopHere(): void
  /** Once it has been played to its end. */
  finished(): FinishedSession
}

const absent: readonly (readonly [ProbeName, reason: string, remedy: string])[] = [
  ['sysdig', 'no system calls or switches were given', 'Give them with --scap FILE (sysdig -w FILE).'],
  ['iostat', 'no disk figures were given', 'Give them with --iostat FILE (S_TIME_FORMAT=ISO iostat -dxt -o JSON 1).'],
  ['host', 'no samples of the host were given', 'Give them with --host FILE (whylate record makes one).'],
]

function tellProbes(engine: Engine, sources: readonly Source[], at: Instant): void {
  for (const probe of ['tcpdump', 'sysdig', 'iostat', 'host', 'log'] as const) {
    const own = sources.filter((one) => one.probe === probe)
    // Kernels are told one by one, as they are played.
    if (own.length > 0 && probe === 'sysdig') continue
    if (own.length > 0) {
      const detail = own.map((one) => one.name).join(', ')
      engine.take({ kind: 'started', probe, at, pid: undefined, tool: 'file', version: '', detail })
      continue
    }
    const [, reason, remedy] = absent.find(([name]) => name === probe) ?? []
    if (reason !== undefined && remedy !== undefined) engine.take({ kind: 'absent', probe, at, reason, remedy })
  }
}

/** A late advert waits two intervals and a second for what follows it; then it is what it is. */
function settlingTime(engine: Engine): Span {
  const longest = Math.max(0, ...engine.flows().map((flow) => flow.interval))
  return spanOf(2 * longest + 1.5 * second)
}

/** Rows of one kernel's files that came too late to be put in their place. */
function tellRefused(engine: Engine, capture: Window): void {
  for (const { vantage } of engine.kernels()) {
    const refused = vantage.store.calls.refused + vantage.store.switches.refused
    const reason = `${refused} events were out of order and could not be placed`
    const remedy = 'give one file for each stretch of time'
    if (refused > 0) engine.blind({ source: 'sysdig', ...capture, reason, remedy }, vantage.part)
  }
}

/** All captures side by side, always the one that is behind. */
async function* playSideBySide(engine: Engine, plays: readonly Play[]): AsyncGenerator<Instant> {
  const open = new Set(plays)
  const heardOf = (play: Play): number => engine.heardOf('tcpdump', play.source.part) ?? -Infinity
  while (open.size > 0) {
    const [behind] = [...open].toSorted((a, b) => heardOf(a) - heardOf(b))
    if (behind !== undefined && !(await behind.next())) open.delete(behind)
    const until = Math.min(...[...open].map(heardOf))
    if (!Number.isFinite(until)) continue
    engine.tick(instantOf(until))
    yield instantOf(until)
  }
}

export function openImportPlay(sources: readonly Source[], settings: ImportPlaySettings): ImportPlay {
  const { origin, interval, late, vrid, budgetBytes, onProgress, onDamage } = settings
  const begins = instantAt(settings.begins, origin)
  const engine = openEngine({
    origin,
    mode: 'replay',
    host: settings.host,
    startedAt: begins,
    budgetBytes,
    interval,
    late,
    vrid,
    links: [],
    ...partNames(sources),
    isHeartbeat: false,
    ...(settings.onAdvert === undefined ? {} : { onAdvert: settings.onAdvert }),
    clockPair: undefined,
  })
  tellProbes(engine, sources, begins)
  let ended: { readonly capture: Window; readonly overdue: readonly Overdue[] } | undefined

  /** And the vantage that each is being read into, once it is. */
  const unread = new Map<Source, string | undefined>(sources.map((source) => [source, undefined]))
  const play = (source: Source, at: Instant, part = source.part, life = 0): Play => {
    const onRead = (): void => void unread.delete(source)
    unread.set(source, part)
    return playFile(engine, { ...source, part }, { origin, at, life, onProgress, onDamage, onRead })
  }

  const playsOf = (probe: ProbeName, at: Instant): Play[] =>
    sources
      .filter((one) => one.probe === probe)
      .map((source) => play(source, at))
      .toSorted((a, b) => (a.beginsAt ?? 0) - (b.beginsAt ?? 0))

  async function* inTurn(probe: ProbeName, now: Instant): AsyncGenerator<Instant, Covered[]> {
    const covered: Covered[] = []
    for (const one of playsOf(probe, probe === 'log' ? now : begins)) {
      try {
        while (await one.next()) yield now
      } finally {
        await one.close()
      }
      covered.push(coveredBy(engine, one))
    }
    return covered
  }

  const instantOfSource = ({ beginsAt }: Source): Instant | undefined =>
    beginsAt === undefined ? undefined : instantAt(beginsAt, origin)
  const kernels = kernelPlays(
    engine,
    sources.filter((one) => one.probe === 'sysdig').map((source) => ({ source, beginsAt: instantOfSource(source) })),
    begins,
    (source, part, life) => play(source, begins, part, life),
  )

  async function* steps(): AsyncGenerator<Instant> {
    const host = yield* inTurn('host', begins)
    const iostat = yield* inTurn('iostat', begins)
    const captures = playsOf('tcpdump', begins)
    try {
      yield* playSideBySide(engine, captures)
    } finally {
      for (const one of captures) await one.close()
    }
    const ends = captures.map((one) => engine.heardOf('tcpdump', one.source.part) ?? begins)
    const capture = { from: engine.firstPacketAt ?? begins, to: instantOf(Math.max(begins, ...ends)) }
    yield* inTurn('log', capture.to)
    // Past what the intake holds back of several captures, so that all of it counts.
    engine.tick(after(capture.to, spanOf(0.25 * second)))
    engine.endCaptures(capture.to)
    // As it stood with the last packet: nobody looked later, and the next one may have been a moment away.
    const overdue = engine.overdueAt(capture.to)
    const settled = after(capture.to, settlingTime(engine))
    engine.tick(settled)
    for await (const _ of kernels.steps()) {
      engine.tick(settled)
      yield settled
    }
    engine.end()
    for (const one of captures) tellOpen(engine, 'tcpdump', [coveredBy(engine, one)], capture)
    tellOpen(engine, 'host', host, capture)
    tellOpen(engine, 'iostat', iostat, capture)
    kernels.tellOpen(capture, true)
    tellRefused(engine, capture)
    ended = { capture, overdue }
    yield settled
  }

  /** From where it was read to: of a kernel by its own clock, and one that was not begun could be the host's. */
  function tellUnread({ probe, name }: Source, part: string | undefined): void {
    const heard = part === undefined ? undefined : engine.heardOf(probe, part)
    const reason = `${name} was ${heard === undefined ? 'not read' : 'read only to here'}: reading was stopped`
    const spot = {
      source: probe,
      from: heard ?? begins,
      to: undefined,
      reason,
      remedy: 'Open it again and let it read.',
    }
    engine.blind(spot, probe === 'sysdig' ? part : undefined)
  }

  function stopHere(): void {
    const from = engine.firstPacketAt ?? begins
    const heard = partNames(sources).parts.map((part) => engine.heardOf('tcpdump', part) ?? from)
    engine.end(true)
    for (const [source, part] of unread) tellUnread(source, part)
    kernels.tellOpen({ from, to: instantOf(Math.max(from, ...heard)) }, false)
  }

  /** The name of a guest is not the one of the host. */
  const isElsewhere = ({ probe, part }: Source): boolean =>
    probe === 'sysdig' &&
    engine.kernels().some(({ vantage, placing }) => vantage.part === part && placing.kind !== 'here')

  return {
    engine,
    steps,
    stopHere,
    finished() {
      const capture = ended?.capture ?? { from: begins, to: begins }
      const host = sources.find((one) => one.host !== undefined && !isElsewhere(one))?.host ?? ''
      const frame = { origin, host, vantage: 'imported' as const, ...capture, overdue: ended?.overdue ?? [] }
      return finishedSessionOf(engine, frame)
    },
  }
}
