// A live session without a screen, and the bundle that it leaves. The tee between the children and the engine is all there
// is to it: what the bundle plays is what the engine heard.

import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { arch, release } from 'node:os'
import { Fault } from '../capture/fault.ts'
import type { OutputListener } from '../capture/output.ts'
import type { OwnClock } from '../capture/own-clock.ts'
import { formatIso } from '../time/format.ts'
import { epochAt, instantOf, type Instant } from '../time/instant.ts'
import { bundlePathOf } from '../bundle/bundle-folder.ts'
import { startTicksOf } from '../bundle/process-start.ts'
import { openBundleWriter, type BundleSettings, type BundleWriter } from '../bundle/bundle-writer.ts'
import { withoutGuestCommands } from '../bundle/guest-secrets.ts'
import { bundleSchema } from '../bundle/manifest.ts'
import type { EngineOptions } from '../engine/engine.ts'
import { openLive, type LiveSession, type LiveSettings } from './live.ts'
import type { Snapshot } from '../engine/snapshot.ts'

export interface RecordSettings extends LiveSettings {
  /** -o: a name, or a directory that exists. */
  readonly path: string
  readonly keepsSecrets: boolean
  /** Ends when the bundle has become so large, or after so many late adverts. */
  readonly maxSizeBytes: number | undefined
  readonly maxLate: number | undefined
  /** A flight recording: so many bytes of what the kernel engine says wait in memory. undefined: everything is kept. */
  readonly flightBytes: number | undefined
  readonly program: { readonly version: string; readonly commandLine: readonly string[] }
}

export interface Recording {
  readonly path: string
  readonly session: LiveSession
  readonly sizeBytes: number
  /** What the disk was too slow for, or what could not be understood. */
  readonly lostBytes: number
  /** Resolves with the reason when the recording has to end: it is large enough, or the disk takes no more. */
  readonly over: Promise<RecordEnd>
  /** Sentences that its user should know, since they were last asked for. */
  takeNotices(): readonly string[]
  /** Ends the children, writes what they still said, closes the bundle. Idempotent. */
  stop(because: string): Promise<Snapshot>
}

export interface RecordEnd {
  readonly because: string
  /** Nobody asked for it. */
  readonly isRefusal: boolean
}

const noticesHeld = 100

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

function writerOf(): { readonly pid: number; readonly startTicks?: string; readonly boot?: string } {
  const startTicks = startTicksOf(textOf('/proc/self/stat') ?? '')
  const boot = textOf('/proc/sys/kernel/random/boot_id')
  return {
    pid: process.pid,
    ...(startTicks === undefined ? {} : { startTicks }),
    ...(boot === undefined ? {} : { boot }),
  }
}

function manifestOf(settings: RecordSettings, options: EngineOptions): BundleSettings['manifest'] {
  const { origin, clockPair, link } = options
  const words = settings.program.commandLine
  const commandLine = settings.keepsSecrets ? [...words] : withoutGuestCommands(words)
  const epochText = (at: Instant): string => String(epochAt(at, origin))
  const { netns, filter, vrid, interval, late, interfaces } = settings
  return {
    schema: bundleSchema,
    madeBy: { program: 'whylate', version: settings.program.version, commandLine },
    writer: writerOf(),
    originNs: String(origin),
    startedNs: epochText(options.startedAt),
    host: { name: options.host, kernel: release(), arch: arch() },
    vantage: netns === undefined ? 'host' : 'netns',
    ...(clockPair === undefined
      ? {}
      : { clocks: { realtimeNs: epochText(clockPair.real), monotonicNs: String(Math.round(clockPair.monotonicNs)) } }),
    settings: {
      interfaces: [...interfaces],
      parts: [...options.parts],
      ...(options.guests === undefined ? {} : { guests: [...options.guests] }),
      ...(netns === undefined ? {} : { netns }),
      ...(filter === undefined ? {} : { filter }),
      ...(vrid === undefined ? {} : { vrid }),
      ...(interval === undefined ? {} : { intervalNs: interval }),
      ...(late === undefined ? {} : { lateNs: late }),
      ...(link === undefined ? {} : { link }),
    },
    ...(options.devices === undefined ? {} : { devices: { ...options.devices } }),
  }
}

/** Throws a Fault where the bundle cannot be made, and for what was typed wrong. */
export async function openRecord(settings: RecordSettings): Promise<Recording> {
  let opened: { readonly writer: BundleWriter; readonly clock: OwnClock } | undefined
  let end: (reason: RecordEnd) => void = () => undefined
  const over = new Promise<RecordEnd>((resolve) => (end = resolve))

  async function openTee(options: EngineOptions, clock: OwnClock): Promise<OutputListener> {
    const writer = await openBundleWriter({
      path: await bundlePathOf(settings.path, formatIso(epochAt(options.startedAt, options.origin))),
      manifest: manifestOf(settings, options),
      keepsSecrets: settings.keepsSecrets,
      ...(settings.flightBytes === undefined ? {} : { flight: { budgetBytes: settings.flightBytes } }),
      now: () => clock.now(),
      onRound() {
        if (settings.maxSizeBytes !== undefined && writer.sizeBytes >= settings.maxSizeBytes)
          end({ because: 'it has reached its size (--max-size)', isRefusal: false })
      },
    })
    opened = { writer, clock }
    return (output) => writer.take(output)
  }

  let session: LiveSession
  try {
    session = await openLive(settings, openTee)
  } catch (error) {
    // What was typed wrong leaves nothing behind.
    await opened?.writer.close(instantOf(0), 'it could not begin')
    if (opened !== undefined) await rm(opened.writer.path, { recursive: true, force: true })
    throw error
  }
  if (opened === undefined) throw new Fault('The recorder was not opened.', '')
  const { writer, clock } = opened
  writer.refused.then(
    (because) => end({ because, isRefusal: true }),
    () => undefined,
  )
  let notices: string[] = []
  const look = (snapshot: Snapshot): void => {
    for (const sentence of writer.look(snapshot)) if (notices.length < noticesHeld) notices.push(sentence)
  }
  const unsubscribe = session.subscribe(() => {
    const snapshot = session.snapshot()
    look(snapshot)
    const late = snapshot.late.at(-1)?.number ?? 0
    const settled = snapshot.late.filter((one) => one.isSettled).length
    if (settings.maxLate !== undefined && late >= settings.maxLate && settled >= settings.maxLate)
      end({ because: 'it has seen as many late adverts as it was to (--max-late)', isRefusal: false })
  })
  let stopping: Promise<Snapshot> | undefined

  async function stop(because: string): Promise<Snapshot> {
    unsubscribe()
    try {
      const last = await session.stop()
      look(last)
      return last
    } finally {
      await writer.close(clock.now(), because)
    }
  }

  return {
    path: writer.path,
    session,
    get sizeBytes() {
      return writer.sizeBytes
    },
    get lostBytes() {
      return writer.lostBytes
    },
    over,
    takeNotices() {
      const told = notices
      notices = []
      return told
    },
    stop: (because) => (stopping ??= stop(because)),
  }
}
