// Files that others captured, played through the engine: which file is what, in which order, and what is missing.
//
//   host, iostat   first: they are small, and clock steps must be known before the packets
//   pcap           all of them side by side, always the one that is behind, so that they merge in order of time
//   scap, sysdig   last: the late adverts are known by now, and what lies around them is kept when memory runs short
//
// What a file does not cover is a blind spot: before it begins, behind its end, and where it is damaged. What is not
// given at all is said as a probe that is absent, so that no verdict rests on what nobody looked at.

import { basename } from 'node:path'
import { Fault } from '../capture/fault.ts'
import type { ProbeName } from '../events/probe.ts'
import {
  after,
  epochOf,
  instantAt,
  instantOf,
  second,
  spanOf,
  type Epoch,
  type Instant,
  type Span,
  type Window,
} from '../time/instant.ts'
import { readCaptureDrops } from './captured-log.ts'
import { coveredBy, tellOpen, type Covered } from './coverage.ts'
import { openEngine, type Engine } from './engine.ts'
import { finishedSessionOf, type FinishedSession } from './finished.ts'
import { firstOf, partNames, peekAll, peekAs, type ImportFiles, type Source } from './import-sources.ts'
import type { Peek } from './peek-file.ts'
import { playFile, type Play } from './play-file.ts'

export interface ImportSettings {
  readonly files: ImportFiles
  readonly interval: Span | undefined
  readonly late: Span | undefined
  readonly vrid: number | undefined
  readonly budgetBytes: number
  /** Told now and then which file is being read, and how much of it has been. */
  readonly onProgress: (path: string, unpackedBytes: number) => void
  /** Told what a person should know and no report says: a file that is not used. */
  readonly onNotice: (text: string) => void
}

const absent: readonly (readonly [ProbeName, reason: string, remedy: string])[] = [
  ['sysdig', 'no system calls or switches were given', 'Give them with --scap FILE (sysdig -w FILE).'],
  ['iostat', 'no disk figures were given', 'Give them with --iostat FILE (S_TIME_FORMAT=ISO iostat -dxt -o JSON 1).'],
  ['host', 'no samples of the host were given', 'Give them with --host FILE (whylate record makes one).'],
]

function tellProbes(engine: Engine, sources: readonly Source[], at: Instant): void {
  for (const probe of ['tcpdump', 'sysdig', 'iostat', 'host'] as const) {
    const own = sources.filter((one) => one.probe === probe)
    if (own.length > 0) {
      const detail = own.map((one) => basename(one.peek.path)).join(', ')
      engine.take({ kind: 'started', probe, at, pid: undefined, tool: 'file', version: '', detail })
      continue
    }
    const [, reason, remedy] = absent.find(([name]) => name === probe) ?? []
    if (reason !== undefined && remedy !== undefined) engine.take({ kind: 'absent', probe, at, reason, remedy })
  }
}

/** Whole seconds, well before the first packet: what is slightly older still has a positive time. */
function originOf(sources: readonly Source[]): { readonly origin: Epoch; readonly begins: Instant } {
  const first = firstOf(sources)
  const origin = epochOf((first / 1_000_000_000n) * 1_000_000_000n - 10_000_000_000n)
  return { origin, begins: instantAt(first, origin) }
}

/** All captures side by side, always the one that is behind. */
async function playCaptures(engine: Engine, plays: readonly Play[]): Promise<void> {
  const open = new Set(plays)
  const heardOf = (play: Play): number => engine.heardOf('tcpdump', play.part) ?? -Infinity
  while (open.size > 0) {
    const [behind] = [...open].toSorted((a, b) => heardOf(a) - heardOf(b))
    if (behind !== undefined && !(await behind.next())) open.delete(behind)
    const until = Math.min(...[...open].map(heardOf))
    if (Number.isFinite(until)) engine.tick(instantOf(until))
  }
}

/** A late advert waits two intervals and a second for what follows it; then it is what it is. */
function settlingTime(engine: Engine): Span {
  const longest = Math.max(0, ...engine.flows().map((flow) => flow.interval))
  return spanOf(2 * longest + 1.5 * second)
}

async function tellLogs(engine: Engine, logs: readonly Peek[], at: Instant, settings: ImportSettings): Promise<void> {
  for (const { path } of logs) {
    const total = await readCaptureDrops(path)
    if (total !== undefined) engine.take({ kind: 'drops', probe: 'tcpdump', at, total })
    else settings.onNotice(`${path}: what keepalived logged is not used yet`)
  }
}

/** Rows of files that overlap in time and came too late to be put in their place. */
function tellRefused(engine: Engine, capture: Window): void {
  const { calls, switches } = engine.store
  const refused = calls.refused + switches.refused
  if (refused === 0) return
  const reason = `${refused} events of files that overlap in time could not be placed`
  engine.blind({ source: 'sysdig', ...capture, reason, remedy: 'give one file for each stretch of time' })
}

function openImportEngine(
  settings: ImportSettings,
  sources: readonly Source[],
  origin: Epoch,
  begins: Instant,
): Engine {
  const { interval, late, vrid, budgetBytes } = settings
  const engine = openEngine({
    origin,
    mode: 'replay',
    host: '',
    startedAt: begins,
    budgetBytes,
    interval,
    late,
    vrid,
    links: [],
    ...partNames(sources),
    isHeartbeat: false,
    clockPair: undefined,
  })
  tellProbes(engine, sources, begins)
  return engine
}

export async function importFiles(settings: ImportSettings): Promise<FinishedSession> {
  const { files } = settings
  if (files.pcaps.length === 0)
    throw new Fault('Without a packet capture nobody can say what was late.', 'Give one with --pcap FILE.', 2)
  const sources = await peekAll(files)
  const logs: Peek[] = []
  for (const path of files.logs) logs.push(await peekAs('--log', path))
  const { origin, begins } = originOf(sources)
  const engine = openImportEngine(settings, sources, origin, begins)

  const playsOf = (probe: ProbeName): Play[] =>
    sources
      .filter((one) => one.probe === probe)
      .map(({ part, peek: { path, beginsAt } }) => {
        const first = beginsAt === undefined ? undefined : instantAt(beginsAt, origin)
        return playFile(engine, { probe, part, path, beginsAt: first, at: begins, onProgress: settings.onProgress })
      })
      .toSorted((a, b) => (a.beginsAt ?? 0) - (b.beginsAt ?? 0))
  const playInTurn = async (probe: ProbeName, onPiece: () => void): Promise<Covered[]> => {
    const covered: Covered[] = []
    for (const play of playsOf(probe)) {
      while (await play.next()) onPiece()
      covered.push(coveredBy(engine, play))
    }
    return covered
  }

  const host = await playInTurn('host', () => undefined)
  const iostat = await playInTurn('iostat', () => undefined)
  const captures = playsOf('tcpdump')
  await playCaptures(engine, captures)
  const ends = captures.map((one) => engine.heardOf('tcpdump', one.part) ?? begins)
  const capture = { from: engine.firstPacketAt ?? begins, to: instantOf(Math.max(begins, ...ends)) }
  await tellLogs(engine, logs, capture.to, settings)
  // Past what the intake holds back of several captures, so that all of it counts.
  engine.tick(after(capture.to, spanOf(0.25 * second)))
  // As it stood with the last packet: nobody looked later, and the next one may have been a moment away.
  const overdue = engine.overdueAt(capture.to)
  const settled = after(capture.to, settlingTime(engine))
  engine.tick(settled)
  const kernel = await playInTurn('sysdig', () => engine.tick(settled))
  engine.end()

  for (const play of captures) tellOpen(engine, 'tcpdump', [coveredBy(engine, play)], capture)
  tellOpen(engine, 'host', host, capture)
  tellOpen(engine, 'iostat', iostat, capture)
  tellOpen(engine, 'sysdig', kernel, capture)
  tellRefused(engine, capture)
  const machine = sources.find((one) => one.peek.host !== undefined)?.peek.host ?? ''
  return finishedSessionOf(engine, { origin, host: machine, vantage: 'imported', ...capture, overdue })
}
