// `whylate record`: the probes without a screen, into a bundle, until somebody or something ends it.
//
// It has to outlive its terminal: SIGHUP ends it cleanly like SIGINT and SIGTERM, a second one changes nothing, and a
// stderr that is gone is no reason to stop.

import { setTimeout as sleep } from 'node:timers/promises'
import { printable } from '../report/printable.ts'
import { openRecord, type Recording } from '../session/record.ts'
import type { Snapshot } from '../engine/snapshot.ts'
import { exitCode, type ExitCode } from './exit-code.ts'
import type { LiveOptions } from './live-options.ts'
import { tellProgress } from './record-progress.ts'
import { formatSize } from './size.ts'
import { answer, notice } from './say.ts'
import { settingsOf } from './settings.ts'
import { formatUnit } from './systemd-unit.ts'
import { readVersion } from './version.ts'

export interface RecordOptions extends LiveOptions {
  readonly output?: string
  readonly maxSize?: number
  readonly maxLate?: number
  readonly flight?: boolean
  readonly flightMemory: number
  readonly keepSecrets?: boolean
  readonly quiet?: boolean
  readonly systemd?: boolean
}

const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const asked: Readonly<Record<(typeof endings)[number], string>> = {
  SIGINT: 'it was interrupted (SIGINT)',
  SIGTERM: 'it was asked to end (SIGTERM)',
  SIGHUP: 'its terminal is gone (SIGHUP)',
}

async function untilOver(recording: Recording, forNs: number | undefined, signalled: Promise<string>): Promise<string> {
  const over = new AbortController()
  const time =
    forNs === undefined
      ? new Promise<never>(() => undefined)
      : sleep(forNs / 1e6, 'its time is over (--for)', { signal: over.signal })
  time.catch(() => undefined)
  const full = recording.over.then(({ because }) => because)
  try {
    return await Promise.race([signalled, full, time, recording.session.failure])
  } finally {
    over.abort()
  }
}

export async function runRecord(options: RecordOptions, argv: readonly string[]): Promise<ExitCode> {
  if (options.systemd === true) {
    answer(formatUnit(argv))
    return exitCode.done
  }
  let hangUp: (because: string) => void = () => undefined
  let isHungUp = false
  const signalled = new Promise<string>((resolve) => (hangUp = resolve))
  for (const signal of endings)
    process.on(signal, () => {
      isHungUp ||= signal === 'SIGHUP'
      hangUp(asked[signal])
    })
  // A terminal that is gone gives EIO; there is nobody left to tell.
  process.stderr.on('error', () => undefined)
  const recording = await openRecord({
    ...settingsOf(options),
    path: options.output ?? '.',
    keepsSecrets: options.keepSecrets === true,
    maxSizeBytes: options.maxSize,
    maxLate: options.maxLate,
    flightBytes: options.flight === true ? options.flightMemory : undefined,
    program: { version: readVersion(), commandLine: argv },
  })
  const isQuiet = options.quiet === true
  if (!isQuiet) notice(`whylate: recording to ${recording.path}; Ctrl-C, SIGTERM or SIGHUP ends it`)
  const limits = {
    startedMs: performance.now(),
    forMs: options.for === undefined ? undefined : options.for / 1e6,
    maxSizeBytes: options.maxSize,
    maxLate: options.maxLate,
  }
  const quieten = isQuiet ? () => undefined : tellProgress(recording, limits)
  let isRefused = false
  void recording.over.then(({ isRefusal }) => (isRefused = isRefusal))
  let because = 'a defect of whylate'
  let last: Snapshot | undefined
  try {
    because = await untilOver(recording, options.for, signalled)
  } finally {
    quieten()
    last = await recording.stop(because)
  }
  return conclude(recording, last, { because, isRefused, isQuiet, isHungUp })
}

interface Conclusion {
  readonly because: string
  readonly isRefused: boolean
  readonly isQuiet: boolean
  readonly isHungUp: boolean
}

function conclude(recording: Recording, { flows, late, fault }: Snapshot, how: Conclusion): ExitCode {
  if (!how.isQuiet || how.isRefused) notice(`whylate: ended because ${how.because}`)
  if (how.isRefused) notice(`  Make room, or give another -o; whylate replay ${recording.path} reads what there is`)
  const adverts = flows.reduce((sum, flow) => sum + flow.adverts, 0)
  const summary = `${recording.path}: ${adverts} adverts, ${late.at(-1)?.number ?? 0} late, ${formatSize(recording.sizeBytes)}`
  if (!how.isHungUp && !how.isQuiet) answer(`${printable(summary)}\n`)
  if (how.isRefused || (fault !== undefined && flows.length === 0)) {
    if (fault !== undefined) notice(`whylate: ${fault}`)
    return exitCode.cannotRun
  }
  return late.length > 0 ? exitCode.late : exitCode.done
}
