// A live session: children on one side, the engine on the other, and nothing in between that waits.

import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { createSenderFinder } from '../capture/host/sender-finder.ts'
import { openHostSampler } from '../capture/host/host-sampler.ts'
import { readLinks } from '../capture/links.ts'
import type { OutputListener } from '../capture/output.ts'
import { openOwnClock, type OwnClock } from '../capture/own-clock.ts'
import { startProbes, type ProbeOptions, type RunningProbes } from '../capture/probes.ts'
import type { Instant, Span } from '../time/instant.ts'
import { createBackOff, strainOf, type BackOffLimits } from './back-off.ts'
import type { EngineOptions } from '../engine/engine.ts'
import { openEngineWorker, type EngineHost } from '../engine/engine-host.ts'
import { createSessionNotes } from './session-notes.ts'
import type { Snapshot, SnapshotRequest } from '../engine/snapshot.ts'
import { holdYoungGeneration } from './young-generation.ts'

export interface LiveSettings extends Omit<ProbeOptions, 'watched'> {
  readonly vrid: number | undefined
  readonly interval: Span | undefined
  readonly late: Span | undefined
  readonly budgetBytes: number
  /** When the kernel engine is asked for less; the usual limits without it. */
  readonly backOff?: BackOffLimits
}

export interface LiveSession {
  subscribe(listener: () => void): () => void
  snapshot(): Snapshot
  ask(request: SnapshotRequest): void
  /** A note at this moment; how it is kept, in a sentence. */
  note(text: string, at: Instant): Promise<string>
  /** Ends every child, reads what they still said, and gives the last snapshot. Idempotent. */
  stop(): Promise<Snapshot>
  /** Rejects when the engine itself fails: a defect of ours. */
  readonly failure: Promise<never>
}

/** Names of block devices by their numbers, `254:0` -> `vda`: proc(5), /proc/partitions. */
function readDevices(): Readonly<Record<string, string>> {
  try {
    const lines = readFileSync('/proc/partitions', 'utf8').matchAll(
      /^ *(?<major>\d+) +(?<minor>\d+) +\d+ (?<name>\S+)$/gm,
    )
    return Object.fromEntries(
      [...lines].map(({ groups }) => [`${groups?.['major']}:${groups?.['minor']}`, groups?.['name'] ?? '']),
    )
  } catch {
    // Not on Linux, or hidden: numbers are shown as numbers.
    return {}
  }
}

/** A few kilobytes each; a flow that is late all the time would fill the memory with what is on the screen no more. */
const lateKept = 5000

/** New taps come and go on a compute node: their numbers are looked up this often. */
const linksEveryMs = 5000

/** Who can send, as far as one quick look tells: what bpftrace watches in full from its start. */
function watchedNow(interfaces: readonly string[]): ProbeOptions['watched'] {
  const finder = createSenderFinder()
  finder.scan()
  for (let steps = 0; steps < 10_000 && !finder.step(); steps++);
  const senders = finder.senders({ threadsOf: () => [] })
  // bpftrace takes a few of them at most: those on the links that were asked for come first.
  const isWanted = (links: readonly string[]): boolean => links.some((link) => interfaces.includes(link))
  return senders
    .toSorted((a, b) => Number(isWanted(b.links)) - Number(isWanted(a.links)))
    .map((sender) => ({ pid: sender.pid, kind: sender.kind }))
}

function watchLinks(
  netns: string | undefined,
  first: ReadonlyMap<number, string>,
  clock: OwnClock,
  listener: OutputListener,
): NodeJS.Timeout {
  const tell = (links: ReadonlyMap<number, string>): void =>
    listener({ kind: 'links', probe: 'tcpdump', at: clock.now(), names: Object.fromEntries(links) })
  tell(first)
  return setInterval(() => {
    // A namespace that is gone is tcpdump's news, not ours.
    readLinks(netns).then(tell, () => undefined)
  }, linksEveryMs).unref()
}

/** Hears everything that the engine hears, and must return at once, too: a recorder. */
export type OpenTee = (options: EngineOptions, clock: OwnClock) => Promise<OutputListener>

/** Loads the engine only where it runs. */
async function openEngine(options: EngineOptions): Promise<EngineHost> {
  if (!import.meta.url.endsWith('.ts')) return openEngineWorker(options)
  const { openEngineHere } = await import('../engine/engine-here.ts')
  return openEngineHere(options)
}

/** Starts everything. Throws a Fault for what was typed wrong; what cannot run here is a blind spot. */
export async function openLive(settings: LiveSettings, openTee?: OpenTee): Promise<LiveSession> {
  const clock = openOwnClock()
  const guests = (settings.guests ?? []).map(({ name }) => name)
  const link = settings.interfaces.length === 1 ? settings.interfaces[0] : undefined
  const options: EngineOptions = {
    origin: clock.origin,
    mode: 'live',
    host: hostname(),
    startedAt: clock.now(),
    budgetBytes: settings.budgetBytes,
    interval: settings.interval,
    late: settings.late,
    vrid: settings.vrid,
    links: settings.interfaces.length > 1 ? settings.interfaces : [],
    link,
    parts: [''],
    ...(guests.length === 0 ? {} : { guests }),
    isHeartbeat: settings.filter !== undefined,
    devices: readDevices(),
    clockPair: clock.pair(),
    lateKept,
  }
  const tee = await openTee?.(options, clock)
  const engine = await openEngine(options)
  let stopping: Promise<Snapshot> | undefined
  // That our own children end when we stop them is no news and no blind spot.
  const listener: OutputListener = (output) => {
    if (stopping !== undefined && output.kind === 'ended') return
    tee?.(output)
    engine.take(output)
  }
  let probes: RunningProbes
  try {
    probes = await startProbes(
      { ...settings, watched: settings.engine === 'none' ? [] : watchedNow(settings.interfaces) },
      clock,
      listener,
      [
        (own, listening) => {
          const sampler = openHostSampler({ origin: own.origin }, listening)
          return Promise.resolve({ stop: () => sampler.close() })
        },
      ],
    )
  } catch (error) {
    await engine.end()
    throw error
  }
  const backOff = createBackOff(settings.backOff)
  const unsubscribe = engine.subscribe(() => {
    if (stopping !== undefined) return
    const strain = strainOf(engine.snapshot())
    const step = strain === undefined ? undefined : backOff.feel(strain, probes.narrowings())
    if (step !== undefined) probes.narrow(step.step, step.because)
  })
  const notes = createSessionNotes()
  const watching = watchLinks(settings.netns, probes.links, clock, listener)
  const letYoungGenerationGrow = holdYoungGeneration()
  async function end(): Promise<Snapshot> {
    clearInterval(watching)
    letYoungGenerationGrow()
    unsubscribe()
    engine.hold()
    await probes.stop()
    return engine.end()
  }
  return {
    subscribe: (listening) => engine.subscribe(listening),
    snapshot: () => notes.with(engine.snapshot()),
    ask: (request) => engine.ask(request),
    note(text, at) {
      notes.add(at, text)
      return Promise.resolve('Noted for this session; it is printed when whylate ends.')
    },
    stop: () => (stopping ??= end()),
    failure: engine.failure,
  }
}
